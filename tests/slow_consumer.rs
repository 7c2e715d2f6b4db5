//! A guest that does not read: its own trouble, bounded, and nobody waits for it.

use meetpoint_test_support as support;
use std::time::Duration;

use serde_json::json;
use support::chat::{Guest, assert_unharmed, meet, pair, talk};
use support::handshake::Handshake;
use support::http;
use support::peer::Incoming;
use support::server::Server;
use tokio::time::timeout;

const MIB: u64 = 1024 * 1024;
/// More than the kernel's buffers on both sides of a loopback connection and the outbox together hold.
const ENOUGH: u64 = 64 * MIB;
const UNLIMITED_RATE: [(&str, &str); 2] = [("MAX_MSG_PER_SECOND", "0"), ("MAX_BYTES_PER_SECOND", "0")];

/// A guest whose kernel does not take much for it either.
async fn small(server: &Server) -> Guest {
    Guest::enter(server, Handshake { receive_buffer: Some(4096), ..Handshake::default() }).await
}

/// Sends offers until the sender hears that its partner left, which must happen before ENOUGH is sent.
async fn overwhelm(sender: &mut Guest) {
    let sdp = "x".repeat(32 * 1024);
    for _ in 0..ENOUGH / sdp.len() as u64 {
        sender.offer(&sdp).await;
        sender.settle().await;
        if let Some(words) = sender.heard().await.first() {
            assert_eq!(*words, json!({"type": "partner-left", "reason": "disconnected"}));
            return;
        }
    }
    panic!("a partner that does not read was never given up");
}

#[tokio::test]
async fn a_guest_that_does_not_read_is_given_up_and_its_partner_told() {
    let server = Server::with(&UNLIMITED_RATE).await;
    let (mut sleeper, mut sender) = (small(&server).await, Guest::join(&server).await);
    meet(&mut sleeper, &mut sender).await;
    sleeper.pause();
    overwhelm(&mut sender).await;
    sleeper.resume();
    let closed = loop {
        match sleeper.next().await {
            Incoming::Text(words) => assert!(words.starts_with(r#"{"type":"offer","from":"#), "a torn frame: {words}"),
            Incoming::Closed(closed) => break closed,
            other => panic!("heard {other:?}"),
        }
    };
    // The farewell may not fit any more; then the connection is cut.
    assert!([4008, 1006].contains(&closed.code), "{closed:?}");
    sender.say("leave").await;
    sender.settle().await;
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn others_talk_undisturbed_meanwhile() {
    let server = Server::with(&UNLIMITED_RATE).await;
    let (mut sleeper, mut sender) = (small(&server).await, Guest::join(&server).await);
    meet(&mut sleeper, &mut sender).await;
    let (mut one, mut other) = pair(&server).await;
    let before = server.resident_bytes();
    sleeper.pause();
    let honest = async {
        loop {
            timeout(Duration::from_secs(5), talk(&mut one, &mut other)).await.expect("others do not wait");
        }
    };
    tokio::select! {
        () = overwhelm(&mut sender) => {}
        () = honest => unreachable!("honest talk never ends"),
    }
    if let (Some(before), Some(after)) = (before, server.resident_bytes()) {
        let grown = after.saturating_sub(before);
        assert!(grown < 8 * MIB, "the server has grown by {grown} bytes");
    }
}

#[tokio::test]
async fn slow_consumers_are_counted() {
    let server = Server::with(&UNLIMITED_RATE).await;
    assert_eq!(slow_consumers(&server).await, 0.0);
    let (mut sleeper, mut sender) = (small(&server).await, Guest::join(&server).await);
    meet(&mut sleeper, &mut sender).await;
    sleeper.pause();
    overwhelm(&mut sender).await;
    assert_eq!(slow_consumers(&server).await, 1.0);
}

async fn slow_consumers(server: &Server) -> f64 {
    let metrics = http::get(server.address, "/metrics").await.body;
    let mut samples = metrics.lines().filter(|line| !line.starts_with('#') && line.contains("slow_consumers_total"));
    let sample = samples.next().unwrap_or_else(|| panic!("slow consumers are not counted:\n{metrics}"));
    sample.rsplit_once(' ').and_then(|(_, value)| value.parse().ok()).expect("a sample has a value")
}

#[tokio::test]
async fn a_burst_within_the_rate_makes_nobody_a_slow_consumer_who_reads() {
    const BURST: usize = 390;
    let server = Server::start().await;
    let (one, mut other) = pair(&server).await;
    let candidates: Vec<u8> = (0..BURST)
        .flat_map(|number| support::frame::text(&json!({"type": "ice", "candidate": number}).to_string()))
        .collect();
    one.write(&candidates).await.unwrap();
    for number in 0..BURST {
        assert_eq!(other.hear().await["candidate"], number);
    }
}

#[tokio::test]
async fn the_outbox_s_bounds_can_be_set() {
    let settings = [("OUTBOX_MAX_BYTES", "8MiB"), UNLIMITED_RATE[0], UNLIMITED_RATE[1]];
    let server = Server::with(&settings).await;
    let (sleeper, mut sender) = (small(&server).await, Guest::join(&server).await);
    let (mut sleeper, sdp) = (sleeper, "x".repeat(48 * 1024));
    meet(&mut sleeper, &mut sender).await;
    sleeper.pause();
    // 4 MiB in fewer frames than the other bound.
    for _ in 0..85 {
        sender.offer(&sdp).await;
    }
    sender.silence().await;
    sleeper.resume();
    for _ in 0..85 {
        sleeper.hears_offer(&sender, &sdp).await;
    }
}
