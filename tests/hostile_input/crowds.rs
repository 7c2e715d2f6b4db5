//! Crowds that only hold connections: honest clients come in and talk as before.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use meetpoint_scorecard::{Goal, figure, scale};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::PATIENCE;
use crate::support::chat::{Guest, assert_unharmed, meet, part, talk};
use crate::support::frame::{self, FIN, TEXT};
use crate::support::handshake::{self, Handshake};
use crate::support::server::Server;

/// No address has more connections than it may.
const PER_ADDRESS: usize = 200;

/// The address of the crowd's `number`th. Honest clients are at 127.0.0.1.
fn source(number: usize) -> Ipv4Addr {
    Ipv4Addr::new(127, 1, (number / PER_ADDRESS / 250) as u8, (number / PER_ADDRESS % 250 + 1) as u8)
}

async fn connect(server: &Server, number: usize) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((source(number), 0).into()).expect("an address of the loopback");
    timeout(PATIENCE, socket.connect(server.address)).await.expect("in time").expect("the server listens")
}

/// How long the server keeps a request that never ends.
async fn half_open(mut stream: TcpStream, number: usize) -> Duration {
    let whole = handshake::request("/ws", &[]);
    let body = b"POST /poll HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{";
    let began = Instant::now();
    let _ = match number % 4 {
        0 => Ok(()),
        1 => stream.write_all(&whole[..20]).await,
        2 => stream.write_all(&whole[..whole.len() - 2]).await,
        _ => stream.write_all(body).await,
    };
    let mut scrap = [0; 1024];
    let end = async { while let Ok(1..) = stream.read(&mut scrap).await {} };
    // Four times what the body of a request may take.
    timeout(Duration::from_secs(40), end).await.expect("the server gives up a request that does not come");
    began.elapsed()
}

/// The round trips of pairs that all talk at once, in order.
async fn round_trips(pairs: &mut [(Guest, Guest)], rounds: usize) -> Vec<Duration> {
    let talks = pairs.iter_mut().map(async |(one, other)| {
        let mut took = Vec::new();
        for _ in 0..rounds {
            let began = Instant::now();
            talk(one, other).await;
            took.push(began.elapsed());
        }
        took
    });
    let mut all = join_all(talks).await.concat();
    all.sort_unstable();
    all
}

/// Nobody is left whom the next one could be matched with.
async fn part_all(pairs: Vec<(Guest, Guest)>) {
    for (one, other) in pairs {
        part(one, other).await;
    }
}

fn p99(sorted: &[Duration]) -> f64 {
    sorted[sorted.len() * 99 / 100].as_secs_f64() * 1e3
}

#[tokio::test]
async fn half_open_and_silent_crowds_disturb_nobody() {
    const ROUNDS: usize = 20;
    let (crowd, good) = scale((200, 20), (1000, 100));
    let server = Server::start().await;
    let mut pairs = Vec::new();
    for _ in 0..good / 2 {
        let (mut one, mut other) = (Guest::join(&server).await, Guest::join(&server).await);
        meet(&mut one, &mut other).await;
        pairs.push((one, other));
    }
    let alone = p99(&round_trips(&mut pairs, ROUNDS).await);
    let mut stalled = JoinSet::new();
    for number in 0..crowd {
        let stream = connect(&server, number).await;
        stalled.spawn(async move { (number % 4 == 3, half_open(stream, number).await) });
    }
    let mut silent = Vec::new();
    for number in crowd..2 * crowd {
        let handshake = Handshake { source: Some(source(number)), ..Handshake::default() };
        silent.push(handshake.open(server.address).await.expect("a socket"));
    }
    let attacked = p99(&round_trips(&mut pairs, ROUNDS).await);
    // Newcomers are let in while all of them are there.
    let (mut one, mut other) = (Guest::join(&server).await, Guest::join(&server).await);
    meet(&mut one, &mut other).await;
    let [mut of_heads, mut of_bodies] = [Duration::ZERO; 2];
    while let Some(ended) = stalled.join_next().await {
        let (is_body, kept) = ended.expect("an attacker's task");
        let longest = if is_body { &mut of_bodies } else { &mut of_heads };
        *longest = kept.max(*longest);
    }
    round_trips(&mut pairs, ROUNDS).await;
    part(one, other).await;
    drop(silent);
    part_all(pairs).await;
    assert_unharmed(&server).await;
    figure("A8", "half-open handshakes are gone after", of_heads.as_secs_f64(), "s", Goal::AtMost(6.0));
    figure("A8", "slow bodies are gone after", of_bodies.as_secs_f64(), "s", Goal::AtMost(13.0));
    figure("A8", "p99 of a round trip, alone", alone, "ms", Goal::Told);
    figure("A8", "p99 of a round trip, attacked, in those alone", attacked / alone, "", Goal::AtMost(2.0));
    figure("A8", "good clients refused", 0.0, "", Goal::Exactly(0.0));
}

/// The length of a frame is believed when its payload comes, and not before.
#[tokio::test]
async fn a_crowd_that_announces_without_end_takes_no_memory() {
    let crowd = scale(200, 1000);
    let server = Server::start().await;
    let mut sockets = Vec::new();
    for number in 0..crowd {
        let handshake = Handshake { source: Some(source(number)), ..Handshake::default() };
        sockets.push(handshake.open(server.address).await.expect("a socket"));
    }
    for socket in &mut sockets {
        socket.settle().await;
    }
    let before = server.resident_bytes();
    for (number, socket) in sockets.iter().enumerate() {
        // The limit itself may come; nothing of it does.
        let announced = if number % 2 == 0 { (1 << 63) - 1 } else { 64 * 1024 };
        socket.write(&frame::header(FIN | TEXT, announced)).await.expect("an open socket");
    }
    for (number, socket) in sockets.iter_mut().enumerate() {
        if number % 2 == 0 {
            assert_eq!(socket.end().await.code, 1009, "without waiting for the payload");
        }
    }
    if let (Some(before), Some(after)) = (before, server.resident_bytes()) {
        let grown = after.saturating_sub(before) as f64 / f64::from(crowd as u32) / 1024.0;
        figure("B5", "memory for each frame that is announced and does not come", grown, "KiB", Goal::AtMost(20.0));
    }
    drop(sockets);
    assert_unharmed(&server).await;
}

/// A flood of ten thousand messages costs the flooder its errors, one a second, and its socket; a pair beside it goes on.
#[tokio::test]
async fn a_flood_ends_its_sender_and_nobody_else() {
    const FLOOD: usize = 10_000;
    /// All of them are fewer than a burst, so that nobody is over a rate but the flooder.
    const ROUNDS: usize = 100;
    let server = Server::start().await;
    let (mut one, mut other) = (Guest::join(&server).await, Guest::join(&server).await);
    meet(&mut one, &mut other).await;
    let mut pairs = vec![(one, other)];
    let alone = p99(&round_trips(&mut pairs, ROUNDS).await);
    let mut flooder = Guest::join(&server).await;
    let bytes = frame::text(r#"{"type":"ping"}"#).repeat(FLOOD);
    let began = Instant::now();
    let flood = async {
        // The server may hang up before all is said.
        let _ = flooder.write(&bytes).await;
        let mut errors = 0;
        loop {
            match flooder.next().await {
                crate::support::peer::Incoming::Closed(closed) => break (errors, closed),
                crate::support::peer::Incoming::Text(words) => errors += usize::from(words.contains("RATE_LIMIT")),
                _ => {}
            }
        }
    };
    let ((errors, closed), attacked) = tokio::join!(flood, round_trips(&mut pairs, ROUNDS));
    let seconds = began.elapsed().as_secs() as usize + 1;
    assert!((1..=seconds).contains(&errors), "{errors} errors in {seconds} s");
    assert_eq!((closed.code, closed.reason.as_str()), (4029, "too many messages"));
    round_trips(&mut pairs, ROUNDS).await;
    part_all(pairs).await;
    assert_unharmed(&server).await;
    figure("A10", "errors for ten thousand messages", errors as f64, "", Goal::AtMost(seconds as f64));
    figure("A10", "p99 of a pair beside the flood, in those alone", p99(&attacked) / alone, "", Goal::AtMost(1.2));
}
