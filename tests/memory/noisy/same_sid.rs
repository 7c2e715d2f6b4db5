//! Whoever comes back by its own name takes its own side again.

use std::time::Duration;

use meetpoint::config::Settings;
use tokio::time::Instant;

use super::{HELLO, ROOM_FULL, next, seat};
use crate::pipes::{Client, Memory};

const NAMED: &str = "side=B&sid=s-1";
const REPLACED: (u16, &str) = (4409, "replaced");
const OFFER: &str = r#"{"type":"offer","sdp":"x"}"#;

/// A side A, and a side B that has spoken.
async fn room(memory: &Memory) -> [Client; 2] {
    let mut a = seat(memory, "side=A").await;
    a.say(HELLO).await;
    let mut b = seat(memory, NAMED).await;
    b.say(HELLO).await;
    assert_eq!(next(&mut a).await, ROOM_FULL);
    assert_eq!(next(&mut b).await, ROOM_FULL);
    [a, b]
}

async fn is_closed(client: &mut Client, (code, reason): (u16, &str)) {
    assert_eq!(client.hear_close().await, (code, reason.to_owned()));
}

/// It hears of the full room, and what the other side says.
async fn is_seated(client: &mut Client, other: &mut Client) {
    assert_eq!(next(client).await, ROOM_FULL);
    other.say(OFFER).await;
    assert_eq!(next(client).await, OFFER);
}

#[tokio::test(start_paused = true)]
async fn whoever_speaks_replaces_its_predecessor_at_once() {
    let memory = Memory::start(&Settings::default());
    let [mut a, mut old] = room(&memory).await;
    for _ in 0..5 {
        let start = Instant::now();
        let mut new = seat(&memory, NAMED).await;
        new.say(HELLO).await;
        is_closed(&mut old, REPLACED).await;
        is_seated(&mut new, &mut a).await;
        assert!(start.elapsed() < Duration::from_millis(10), "{:?}", start.elapsed());
        old = new;
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_newcomers_the_later_one_stays_whoever_speaks_first() {
    for earlier_speaks_first in [true, false] {
        let memory = Memory::start(&Settings::default());
        let [mut a, mut old] = room(&memory).await;
        let mut earlier = seat(&memory, NAMED).await;
        let mut later = seat(&memory, NAMED).await;
        let order = if earlier_speaks_first { [&mut earlier, &mut later] } else { [&mut later, &mut earlier] };
        for seat in order {
            seat.say(HELLO).await;
        }
        is_closed(&mut old, REPLACED).await;
        is_closed(&mut earlier, REPLACED).await;
        is_seated(&mut later, &mut a).await;
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_says_nothing_replaces_nobody_who_lives() {
    let memory = Memory::start(&Settings::default());
    let [_a, mut live] = room(&memory).await;
    let start = Instant::now();
    let mut silent = seat(&memory, NAMED).await;
    let (refused, heard) = tokio::join!(silent.hear_close(), async {
        tokio::time::sleep(Duration::from_millis(250)).await;
        live.heard().await
    });
    assert_eq!(refused, (1008, "side B busy".to_owned()));
    assert!(heard.is_empty(), "{heard:?}");
    assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
}
