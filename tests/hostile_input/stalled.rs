//! Connections that never finish what they began.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};

use crate::support::chat::{assert_unharmed, pair, part, talk};
use crate::support::http;
use crate::support::server::Server;

/// A handshake may take 5 s; the rest is for a busy machine.
const LIMIT: Duration = Duration::from_millis(6500);

const BEGINNINGS: [&str; 7] = [
    "",
    "G",
    "GET /ws HTTP/1.1\r\n",
    "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ",
    "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
    "PRI * HTTP/2.0\r\n\r\n",
    // A whole request, and then half of another on the same connection.
    "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost:",
];

const EACH: usize = 20;

#[tokio::test]
async fn half_open_handshakes_are_gone_in_time_and_disturb_nobody() {
    let server = Server::start().await;
    let mut stalled = JoinSet::new();
    for beginning in BEGINNINGS {
        for _ in 0..EACH {
            let stream = http::connect(server.address).await;
            stalled.spawn(async move { (beginning, hang_up(stream, beginning).await) });
        }
    }
    for _ in 0..EACH {
        let stream = http::connect(server.address).await;
        stalled.spawn(async move { ("one byte after another", dribble(stream).await) });
    }
    let (mut one, mut other) = pair(&server).await;
    let all_gone = async {
        while let Some(ended) = stalled.join_next().await {
            let (beginning, after) = ended.unwrap();
            assert!(after < LIMIT, "{beginning:?} was kept for {after:?}");
        }
    };
    let honest = async {
        let mut tick = interval(Duration::from_millis(50));
        loop {
            tick.tick().await;
            talk(&mut one, &mut other).await;
        }
    };
    tokio::select! {
        () = all_gone => {}
        () = honest => unreachable!("honest talk never ends"),
    }
    part(one, other).await;
    assert_unharmed(&server).await;
}

/// How long the server keeps a connection that began so and then says nothing.
async fn hang_up(mut stream: TcpStream, beginning: &str) -> Duration {
    let began = Instant::now();
    let _ = stream.write_all(beginning.as_bytes()).await;
    drain(&mut stream).await;
    began.elapsed()
}

/// How long the server listens to a header that grows without end.
async fn dribble(mut stream: TcpStream) -> Duration {
    let began = Instant::now();
    let (mut reading, mut writing) = stream.split();
    let forever = async {
        let _ = writing.write_all(b"GET /healthz HTTP/1.1\r\nX: ").await;
        while writing.write_all(b"x").await.is_ok() {
            sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::select! {
        () = forever => {}
        () = drain(&mut reading) => {}
    }
    began.elapsed()
}

async fn drain(stream: &mut (impl AsyncReadExt + Unpin)) {
    let mut scrap = [0; 1024];
    let _ = timeout(LIMIT, async { while let Ok(1..) = stream.read(&mut scrap).await {} }).await;
}
