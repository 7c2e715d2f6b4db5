//! A client that does not say which session it is for.

use std::time::Duration;

use meetpoint::config::Settings;
use tokio::time::{Instant, sleep};

use super::{SOON, enter, open};
use crate::pipes::Memory;

const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn a_hello_that_never_comes_is_waited_for_five_seconds() {
    let memory = Memory::start(&Settings::default());
    let mut silent = open(&memory).await.expect("an upgrade");
    let start = Instant::now();
    assert_eq!(silent.hear_close().await, (4011, "hello timeout".to_owned()));
    assert!(start.elapsed() >= PATIENCE - SOON && start.elapsed() <= PATIENCE + SOON, "{:?}", start.elapsed());
    drop(silent);
    sleep(SOON).await;
    assert!(memory.server.registry.is_empty());
    assert_eq!((memory.server.away)(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn whatever_else_is_said_does_not_make_it_wait_longer() {
    let memory = Memory::start(&Settings::default());
    let mut talker = open(&memory).await.expect("an upgrade");
    let start = Instant::now();
    for _ in 0..4 {
        sleep(Duration::from_secs(1)).await;
        talker.say(r#"{"type":"available"}"#).await;
        assert_eq!(talker.hear("error").await["code"], "INVALID_FORMAT");
    }
    assert_eq!(talker.hear_close().await, (4011, "hello timeout".to_owned()));
    assert!(start.elapsed() <= PATIENCE + SOON, "{:?}", start.elapsed());
    assert_eq!(memory.server.lobby.census(Instant::now().into_std()).waiting, 0);
}

#[tokio::test(start_paused = true)]
async fn a_hello_in_the_last_moment_is_good() {
    let memory = Memory::start(&Settings::default());
    let mut late = open(&memory).await.expect("an upgrade");
    sleep(PATIENCE - SOON).await;
    late.say(r#"{"type":"hello"}"#).await;
    late.hear("ready").await;
    sleep(2 * PATIENCE).await;
    assert!(late.heard().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn plain_sockets_are_not_waited_for() {
    let memory = Memory::start(&Settings::default());
    let mut plain = memory.client().await;
    let (mut session, _) = enter(&memory).await;
    sleep(2 * PATIENCE).await;
    assert!(plain.heard().await.is_empty() && session.heard().await.is_empty());
}
