//! What is said to a side that is not there is kept for it, within bounds.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::noisy::{PEER_LEFT, ROOM_FULL, Seat, pair, room};
use crate::support::server::Server;

const FRAMES: usize = 64;
const KIB: usize = 1024;
const UNLIMITED_RATE: [(&str, &str); 2] = [("MAX_MSG_PER_SECOND", "0"), ("MAX_BYTES_PER_SECOND", "0")];

fn ice(number: usize) -> String {
    json!({"type": "ice", "cand": number}).to_string()
}

#[tokio::test]
async fn frames_for_an_absent_side_are_kept_and_come_in_order_behind_room_full() {
    let server = Server::start().await;
    let app = room(1);
    let mut a = Seat::open(&server, &app, "A").await;
    let early = [
        r#"{"type":"offer","sdp":"early"}"#,
        r#"{ "type" : "ice", "cand":{"candidate":"e"}, "spaces": "kept" }"#,
        r#"{"type":"ICE","cand":null}"#,
        r#"{"type":"sender_ready"}"#,
        r#"{"type":"answer","sdp":"also"}"#,
    ];
    for words in early {
        a.send_text(words).await;
    }
    a.silence().await;
    let mut b = Seat::open(&server, &app, "B").await;
    a.hears(ROOM_FULL).await;
    b.hears(ROOM_FULL).await;
    for words in early {
        b.hears(words).await;
    }
    b.silence().await;
    a.send_text(r#"{"type":"offer","sdp":"late"}"#).await;
    b.hears(r#"{"type":"offer","sdp":"late"}"#).await;
}

#[tokio::test]
async fn what_was_kept_is_heard_once() {
    let server = Server::start().await;
    let app = room(2);
    let (mut a, b) = pair(&server, &app).await;
    b.terminate().await;
    a.hears(PEER_LEFT).await;
    a.send_text(&ice(1)).await;
    a.settle().await;
    let mut b = Seat::join(&server, &app, "B").await;
    a.hears(ROOM_FULL).await;
    b.hears(ROOM_FULL).await;
    b.hears(&ice(1)).await;
    b.terminate().await;
    a.hears(PEER_LEFT).await;
    let mut b = Seat::join(&server, &app, "B").await;
    b.hears(ROOM_FULL).await;
    b.silence().await;
}

#[tokio::test]
async fn of_many_frames_the_oldest_64_are_kept_and_the_sender_hears_of_the_others() {
    let server = Server::with(&UNLIMITED_RATE).await;
    let app = room(3);
    let mut a = Seat::open(&server, &app, "A").await;
    for number in 0..FRAMES {
        a.send_text(&ice(number)).await;
    }
    a.silence().await;
    for number in FRAMES..FRAMES + 2 {
        a.send_text(&ice(number)).await;
        a.refused("BUFFER_FULL", Value::Null).await;
    }
    let mut b = Seat::join(&server, &app, "B").await;
    a.hears(ROOM_FULL).await;
    b.hears(ROOM_FULL).await;
    for number in 0..FRAMES {
        b.hears(&ice(number)).await;
    }
    b.silence().await;
    a.send_text(&ice(FRAMES)).await;
    b.hears(&ice(FRAMES)).await;
}

#[tokio::test]
async fn of_large_frames_256_kib_are_kept() {
    let server = Server::with(&UNLIMITED_RATE).await;
    let app = room(4);
    let mut a = Seat::open(&server, &app, "A").await;
    let large = |number: usize| {
        let frame = json!({"type": "offer", "number": number, "sdp": ""}).to_string();
        frame.replace(r#""sdp":"""#, &format!(r#""sdp":"{}""#, "x".repeat(64 * KIB - frame.len())))
    };
    for number in 0..4 {
        assert_eq!(large(number).len(), 64 * KIB);
        a.send_text(&large(number)).await;
    }
    a.silence().await;
    a.send_text(&ice(4)).await;
    a.refused("BUFFER_FULL", Value::Null).await;
    let mut b = Seat::join(&server, &app, "B").await;
    b.hears(ROOM_FULL).await;
    for number in 0..4 {
        b.hears(&large(number)).await;
    }
    b.silence().await;
}

#[tokio::test]
async fn each_side_and_each_room_has_its_own_bound() {
    let server = Server::with(&UNLIMITED_RATE).await;
    let app = room(5);
    let mut a = Seat::open(&server, &app, "A").await;
    for number in 0..FRAMES {
        a.send_text(&ice(number)).await;
    }
    a.send_text(&ice(FRAMES)).await;
    a.refused("BUFFER_FULL", Value::Null).await;
    let mut other = Seat::open(&server, &room(6), "A").await;
    other.send_text(&ice(0)).await;
    other.silence().await;
    let mut b = Seat::join(&server, &room(6), "B").await;
    b.hears(ROOM_FULL).await;
    b.hears(&ice(0)).await;
    b.silence().await;
}

#[tokio::test]
async fn frames_that_nobody_came_for_are_given_up() {
    let server = Server::with(&[("ROOM_TTL", "1s")]).await;
    let app = room(7);
    let mut a = Seat::open(&server, &app, "A").await;
    a.send_text(&ice(0)).await;
    a.settle().await;
    sleep(Duration::from_millis(1300)).await;
    a.send_text(&ice(1)).await;
    a.settle().await;
    let mut b = Seat::join(&server, &app, "B").await;
    b.hears(ROOM_FULL).await;
    b.hears(&ice(1)).await;
    b.silence().await;
}
