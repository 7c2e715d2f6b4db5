//! The end of a server with many clients, on paused time.

use std::time::Duration;

use meetpoint::config::Settings;
use tokio::time::Instant;

use crate::pipes::{Client, Memory};

const GRACE: Duration = Duration::from_secs(10);

async fn crowd(memory: &Memory) -> Vec<Client> {
    let mut clients = Vec::new();
    for _ in 0..100 {
        clients.push(memory.client().await);
    }
    clients
}

#[tokio::test(start_paused = true)]
async fn everybody_is_told_at_a_moment_of_its_own() {
    let memory = Memory::start(&Settings::default());
    let start = Instant::now();
    let told = crowd(&memory).await.into_iter().map(|mut client| async move {
        assert_eq!(client.hear_close().await, (1001, "shutting down".to_owned()));
        start.elapsed()
    });
    let (mut told, ()) = tokio::join!(futures_util::future::join_all(told), memory.server.drain(GRACE));
    told.sort();
    assert!(start.elapsed() <= GRACE && memory.server.registry.is_empty());
    assert!(told[99] <= GRACE.mul_f64(0.8) + Duration::from_millis(10), "{:?}", told[99]);
    assert!(told.windows(10).all(|few| few[9] - few[0] > Duration::from_millis(100)), "too many at once: {told:?}");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_waited_for_who_has_gone() {
    let memory = Memory::start(&Settings::default());
    let clients = crowd(&memory).await;
    let start = Instant::now();
    tokio::join!(memory.server.drain(GRACE), async { drop(clients) });
    assert!(start.elapsed() < Duration::from_millis(100), "{:?}", start.elapsed());
}
