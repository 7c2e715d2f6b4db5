//! Who asks again and again for a side that is taken is made to wait.

use std::time::Duration;

use futures_util::StreamExt;
use meetpoint::config::{Settings, Socket};
use tokio::time::{Instant, advance};
use tokio_tungstenite::tungstenite::Message;

use super::{HELLO, ROOM_FULL, next, seat};
use crate::pipes::{Client, Memory};

const MILLISECOND: Duration = Duration::from_millis(1);

/// Reads all the time, so that pings are answered.
fn attend(mut holder: Client) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move { while let Some(Ok(_)) = holder.socket.next().await {} })
}

/// How long it takes until a newcomer is refused.
async fn refusal(memory: &Memory) -> Duration {
    let start = Instant::now();
    let mut newcomer = seat(memory, "side=A").await;
    assert_eq!(newcomer.hear_close().await, (1008, "side A busy".to_owned()));
    start.elapsed()
}

/// Long heartbeats: only a newcomer's arrival makes the server ask whether the holder lives.
fn settings() -> Settings {
    let socket = Socket { heartbeat: Duration::from_secs(600), ..Settings::default().socket };
    Settings { socket, ..Settings::default() }
}

#[tokio::test(start_paused = true)]
async fn after_three_refusals_in_ten_seconds_each_takes_longer() {
    let memory = Memory::start(&settings());
    let mut holder = seat(&memory, "side=A").await;
    holder.say(HELLO).await;
    let _attending = attend(holder);
    let mut waited = Vec::new();
    for _ in 0..9 {
        waited.push(refusal(&memory).await);
    }
    for first in &waited[..3] {
        assert!(*first < 50 * MILLISECOND, "{waited:?}");
    }
    let seconds: Vec<u64> = waited[3..].iter().map(|waited| (*waited + 50 * MILLISECOND).as_secs()).collect();
    assert_eq!(seconds, [1, 2, 4, 8, 15, 15], "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn who_asks_rarely_is_refused_at_once() {
    let memory = Memory::start(&settings());
    let mut holder = seat(&memory, "side=A").await;
    holder.say(HELLO).await;
    let _attending = attend(holder);
    for _ in 0..10 {
        assert!(refusal(&memory).await < 50 * MILLISECOND);
        tokio::time::sleep(Duration::from_secs(6)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_side_that_becomes_free_meanwhile_is_had_at_once() {
    let memory = Memory::start(&settings());
    let mut holder = seat(&memory, "side=A").await;
    holder.say(HELLO).await;
    let mut other = seat(&memory, "side=B").await;
    other.say(HELLO).await;
    assert_eq!(next(&mut holder).await, ROOM_FULL);
    assert_eq!(next(&mut other).await, ROOM_FULL);
    let attending = attend(holder);
    let mut waited = Vec::new();
    for _ in 0..6 {
        waited.push(refusal(&memory).await);
    }
    assert!(waited[5] > Duration::from_secs(3), "{waited:?}");
    let mut newcomer = seat(&memory, "side=A").await;
    newcomer.say(r#"{"type":"offer","sdp":"waited"}"#).await;
    advance(Duration::from_secs(1)).await;
    attending.abort();
    let start = Instant::now();
    loop {
        let words = next(&mut other).await;
        if words.contains("waited") {
            break;
        }
    }
    assert_eq!(next(&mut newcomer).await, ROOM_FULL);
    assert!(start.elapsed() < 3 * Duration::from_secs(1), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_never_answers_is_replaced_after_two_seconds() {
    let memory = Memory::start(&settings());
    let mut ghost = seat(&memory, "side=A").await;
    ghost.say(HELLO).await;
    let mut other = seat(&memory, "side=B").await;
    other.say(HELLO).await;
    assert_eq!(next(&mut other).await, ROOM_FULL);
    let start = Instant::now();
    let mut newcomer = seat(&memory, "side=A").await;
    newcomer.say(HELLO).await;
    assert_eq!(next(&mut newcomer).await, ROOM_FULL);
    let waited = start.elapsed();
    assert!(waited >= 1900 * MILLISECOND && waited <= 2100 * MILLISECOND, "{waited:?}");
    assert_eq!(ghost.hear_close().await, (4409, "replaced".to_owned()));
    let heard = other.heard().await;
    assert!(heard.iter().all(|frame| frame["type"] == "room_full"), "{heard:?}");
}

#[tokio::test(start_paused = true)]
async fn any_word_of_the_holder_is_an_answer() {
    let memory = Memory::start(&settings());
    let mut holder = seat(&memory, "side=A").await;
    holder.say(HELLO).await;
    let start = Instant::now();
    let mut newcomer = seat(&memory, "side=A").await;
    advance(Duration::from_secs(1)).await;
    // It reads nothing, so that it answers no ping.
    holder.say(r#"{"type":"ice","cand":null}"#).await;
    assert_eq!(newcomer.hear_close().await, (1008, "side A busy".to_owned()));
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(holder.heard().await.is_empty());
    assert!(!matches!(holder.socket.next().await, Some(Ok(Message::Close(_)))));
}
