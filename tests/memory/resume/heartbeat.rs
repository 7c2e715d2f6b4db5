//! What the heartbeat means to a session.

use std::time::Duration;

use futures_util::StreamExt;
use meetpoint::config::Settings;
use serde_json::json;
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::Message;

use super::{SOON, WINDOW, enter, pair};
use crate::pipes::{Client, Memory};

const HEARTBEAT: Duration = Duration::from_secs(20);

async fn pinged(client: &mut Client) -> String {
    loop {
        match client.socket.next().await {
            Some(Ok(Message::Ping(payload))) => return String::from_utf8(payload.to_vec()).expect("a count"),
            Some(Ok(_)) => {}
            other => panic!("a ping expected, {other:?} heard"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_ping_tells_how_many_frames_were_sent() {
    let memory = Memory::start(&Settings::default());
    let (mut client, _) = enter(&memory).await;
    assert_eq!(pinged(&mut client).await, "0", "one follows at once");
    for count in 1..5 {
        client.say(r#"{"type":"ping"}"#).await;
        client.hear("pong").await;
        let start = Instant::now();
        assert_eq!(pinged(&mut client).await, count.to_string());
        assert!(start.elapsed() <= HEARTBEAT, "{:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn silence_is_a_cut_and_not_the_end() {
    let memory = Memory::start(&Settings::default());
    let [(mut frozen, mut ticket), (mut partner, _)] = pair(&memory).await;
    let start = Instant::now();
    partner.hear("partner-away").await;
    assert!(start.elapsed() <= 2 * HEARTBEAT + SOON, "{:?}", start.elapsed());
    assert_eq!(frozen.hear_close().await, (4010, "ping timeout".to_owned()));
    partner.say(&json!({"type": "offer", "sdp": "meanwhile"}).to_string()).await;
    sleep(Duration::from_secs(10)).await;
    let mut thawed = ticket.back(&memory).await;
    partner.hear("partner-back").await;
    assert_eq!(thawed.hear("offer").await["sdp"], "meanwhile");
    drop(frozen);
    assert!(partner.heard().await.is_empty(), "the socket before has nothing to do with it any more");
}

#[tokio::test(start_paused = true)]
async fn who_stays_silent_is_lost_a_window_later() {
    let memory = Memory::start(&Settings::default());
    let [(_frozen, ticket), (mut partner, _)] = pair(&memory).await;
    partner.hear("partner-away").await;
    let start = Instant::now();
    assert_eq!(partner.hear("partner-left").await["reason"], "timeout");
    assert!(start.elapsed() + SOON >= WINDOW && start.elapsed() <= WINDOW + SOON, "{:?}", start.elapsed());
    ticket.refused(&memory, "expired").await;
}

#[tokio::test(start_paused = true)]
async fn a_successor_does_not_inherit_the_silence_of_the_socket_before() {
    let memory = Memory::start(&Settings::default());
    let [(frozen, mut ticket), (mut partner, _)] = pair(&memory).await;
    let alive = async {
        sleep(2 * HEARTBEAT - Duration::from_secs(1)).await;
        let mut back = ticket.back(&memory).await;
        let start = Instant::now();
        // It answers pings as long as it listens.
        let beats = async {
            loop {
                pinged(&mut back).await;
            }
        };
        assert!(tokio::time::timeout(3 * HEARTBEAT, beats).await.is_err());
        start.elapsed()
    };
    let quiet = async {
        loop {
            match partner.socket.next().await {
                Some(Ok(Message::Ping(_))) => {}
                other => panic!("{other:?} heard"),
            }
        }
    };
    tokio::select! {
        elapsed = alive => assert_eq!(elapsed, 3 * HEARTBEAT),
        () = quiet => {}
    }
    drop(frozen);
}
