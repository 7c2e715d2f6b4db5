//! New mail around a newcomer's first words: heard once, in order, and not only by those who greet.

use std::time::Duration;

use meetpoint::config::Settings;
use tokio::time::advance;

use super::{HELLO, ROOM_FULL, next, seat, silent};
use crate::pipes::{Client, Memory};

const MILLISECOND: Duration = Duration::from_millis(1);

/// A sender at side A, and whoever is at side B.
async fn room(memory: &Memory, query: &str) -> [Client; 2] {
    let mut sender = seat(memory, "side=A").await;
    sender.say(HELLO).await;
    let reader = seat(memory, query).await;
    assert_eq!(next(&mut sender).await, ROOM_FULL);
    [sender, reader]
}

async fn send(sender: &mut Client, item: u64) {
    sender.say(&format!(r#"{{"type":"send","to":"B","payload":{item},"id":{item}}}"#)).await;
    assert!(next(sender).await.contains(r#""type":"sent""#));
}

fn item(query: &str, seq: u64) -> String {
    match query {
        "side=B" => format!("{{\"payload\":{seq},\"seq\":{seq},\"type\":\"send\"}}\n"),
        _ => format!(r#"{{"type":"deliver","seq":{seq},"payload":{seq}}}"#),
    }
}

const DIALECTS: [&str; 2] = ["side=B", "side=B&sid=s-1"];

#[tokio::test(start_paused = true)]
async fn what_comes_before_the_first_hello_is_heard_once() {
    for query in DIALECTS {
        let memory = Memory::start(&Settings::default());
        let [mut sender, mut reader] = room(&memory, query).await;
        send(&mut sender, 1).await;
        reader.say(HELLO).await;
        send(&mut sender, 2).await;
        for heard in [ROOM_FULL.to_owned(), item(query, 1), item(query, 2)] {
            assert_eq!(next(&mut reader).await, heard);
        }
        silent(&mut reader, Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_never_greets_hears_what_is_new_after_200_ms() {
    for query in DIALECTS {
        let memory = Memory::start(&Settings::default());
        let [mut sender, mut reader] = room(&memory, query).await;
        send(&mut sender, 1).await;
        silent(&mut reader, 190 * MILLISECOND).await;
        advance(20 * MILLISECOND).await;
        assert_eq!(next(&mut reader).await, ROOM_FULL);
        assert_eq!(next(&mut reader).await, item(query, 1));
        send(&mut sender, 2).await;
        assert_eq!(next(&mut reader).await, item(query, 2));
    }
}

/// A slow network: the published client would take what it hears twice for two things.
#[tokio::test(start_paused = true)]
async fn a_late_first_hello_does_not_repeat_what_a_socket_with_a_sid_has_heard() {
    let memory = Memory::start(&Settings::default());
    let [mut sender, mut reader] = room(&memory, "side=B&sid=s-1").await;
    advance(300 * MILLISECOND).await;
    send(&mut sender, 1).await;
    assert_eq!(next(&mut reader).await, ROOM_FULL);
    assert_eq!(next(&mut reader).await, item("sid", 1));
    reader.say(HELLO).await;
    send(&mut sender, 2).await;
    assert_eq!(next(&mut reader).await, item("sid", 2));
    silent(&mut reader, Duration::from_secs(1)).await;
}
