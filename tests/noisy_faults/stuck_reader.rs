//! A client that never reads but lives: its own trouble.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::interval;

use crate::support::frame::{self, FIN, PONG};
use crate::support::handshake::Handshake;
use crate::support::metrics::sample;
use crate::support::noisy::{PEER_LEFT, ROOM_FULL, Seat, assert_unharmed, pair, path, room};
use crate::support::server::Server;

const OTHERS: u32 = 20;
const FRAMES: usize = 200;
const UNLIMITED_RATE: [(&str, &str); 2] = [("MAX_MSG_PER_SECOND", "0"), ("MAX_BYTES_PER_SECOND", "0")];

/// Both sides of a room talk; how long each frame took.
async fn relay(mut a: Seat, mut b: Seat) -> (Seat, Seat, Vec<Duration>) {
    let mut took = Vec::with_capacity(2 * FRAMES);
    for number in 0..FRAMES {
        let words = json!({"type": "ice", "cand": number, "fill": "x".repeat(512)}).to_string();
        for _ in 0..2 {
            let sent = Instant::now();
            a.send_text(&words).await;
            b.hears(&words).await;
            took.push(sent.elapsed());
            std::mem::swap(&mut a, &mut b);
        }
    }
    (a, b, took)
}

/// All the others talk at the same time.
async fn relay_all(pairs: Vec<(Seat, Seat)>) -> (Vec<(Seat, Seat)>, [Duration; 2]) {
    let mut relaying = JoinSet::new();
    for (a, b) in pairs {
        relaying.spawn(relay(a, b));
    }
    let (mut pairs, mut all) = (Vec::new(), Vec::new());
    for (a, b, took) in relaying.join_all().await {
        pairs.push((a, b));
        all.extend(took);
    }
    all.sort();
    (pairs, [all[all.len() / 2], all[all.len() * 99 / 100]])
}

#[tokio::test]
async fn a_peer_that_never_reads_but_pongs_stops_nobody() {
    let server = Server::with(&[UNLIMITED_RATE[0], UNLIMITED_RATE[1], ("WS_HEARTBEAT", "2s")]).await;
    let app = room(0);
    let mut sender = Seat::join(&server, &app, "A").await;
    let handshake = Handshake { path: &path(&app, "B"), receive_buffer: Some(4096), ..Handshake::default() };
    let mut stuck = Seat::enter(server.address, handshake).await;
    sender.hears(ROOM_FULL).await;
    stuck.hears(ROOM_FULL).await;
    let mut pairs = Vec::new();
    for number in 1..=OTHERS {
        pairs.push(pair(&server, &room(number)).await);
    }
    let (pairs, without) = relay_all(pairs).await;

    stuck.pause();
    let pongs = async {
        let mut beat = interval(Duration::from_millis(300));
        loop {
            beat.tick().await;
            // Until the server has had enough of it.
            let _ = stuck.write(&frame::masked(FIN | PONG, b"alive")).await;
        }
    };
    let flood = async {
        let words = json!({"type": "offer", "sdp": "x".repeat(32 * 1024)}).to_string();
        loop {
            sender.send_text(&words).await;
            sender.settle().await;
            if let Some(heard) = sender.heard().await.first() {
                assert_eq!(*heard, json!({"type": "peer_left"}));
                return;
            }
        }
    };
    let flooded = async {
        tokio::select! {
            () = flood => {}
            () = pongs => unreachable!("it pongs for ever"),
        }
    };
    let ((_, with), ()) = tokio::join!(relay_all(pairs), flooded);
    println!("p50 and p99 of {OTHERS} other rooms: {without:?} without, {with:?} with somebody who never reads");

    assert_eq!(sample(server.address, r#"meetpoint_connections_closed_total{reason="slow_consumer"}"#).await, 1.0);
    stuck.resume();
    // The farewell may not fit any more; then the connection is cut.
    let closed = stuck.end().await;
    assert!([4008, 1006].contains(&closed.code), "{closed:?}");
    let mut back = Seat::join(&server, &app, "B").await;
    back.hears(ROOM_FULL).await;
    back.terminate().await;
    sender.hears(ROOM_FULL).await;
    sender.hears(PEER_LEFT).await;
    assert_unharmed(&server).await;
}
