//! A process that has no descriptor left: who is in stays, the others are refused or wait, and nothing spins.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use meetpoint_scorecard::{Goal, figure};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::places::metric;
use crate::support::PATIENCE;
use crate::support::chat::{Guest, assert_unharmed, pair, part, talk};
use crate::support::http;
use crate::support::server::{CROWDED, Server, meetpoint_after};

const FILES: u64 = 256;
const RESERVE: usize = 64;
const SURPLUS: usize = 208;
/// How long the server is watched while it is full.
const WATCHED: Duration = Duration::from_secs(2);

/// What share of one core the server takes while it is watched, and a pair talks at the end of it.
async fn cpu_while_full(server: &Server) -> Option<f64> {
    let (before, began) = (server.cpu()?, Instant::now());
    sleep(WATCHED).await;
    Some((server.cpu()? - before).as_secs_f64() / began.elapsed().as_secs_f64() * 100.0)
}

/// Whether the server says so itself that there is no place.
async fn is_refused(mut stream: TcpStream) -> bool {
    let mut heard = Vec::new();
    let end = timeout(PATIENCE, stream.read_to_end(&mut heard)).await;
    let told = heard.starts_with(b"HTTP/1.1 503 ");
    // Beyond so many refusals at a time a connection just ends.
    assert!(end.is_ok() && (told || heard.is_empty()), "{}", heard.escape_ascii());
    told
}

/// How long it takes until somebody is served again.
async fn recovery(server: &Server) -> Duration {
    let began = Instant::now();
    let served = async {
        while http::request(server.address, "GET", "/healthz", &[], "").await.status != 200 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, served).await.expect("the server serves again");
    began.elapsed()
}

#[tokio::test]
async fn beyond_the_descriptors_clients_are_refused_and_those_who_are_in_go_on() {
    let server = Server::launch(meetpoint_after(&format!("ulimit -n {FILES}"), &[CROWDED])).await;
    let (mut one, mut other) = pair(&server).await;
    let mut inside = Vec::new();
    for _ in 2..FILES as usize - RESERVE {
        inside.push(http::connect(server.address).await);
    }
    // They must not be given up as half-open handshakes meanwhile.
    for stream in &mut inside {
        stream.write_all(&crate::support::handshake::request("/ws", &[])).await.expect("an open connection");
    }
    for stream in &mut inside {
        let mut status = [0; 12];
        timeout(PATIENCE, stream.read_exact(&mut status)).await.expect("in time").expect("an answer");
        assert_eq!(&status, b"HTTP/1.1 101");
    }
    let mut told = 0;
    for _ in 0..SURPLUS {
        told += usize::from(is_refused(http::connect(server.address).await).await);
    }
    assert!(told >= SURPLUS / 2, "{told} of {SURPLUS} are told");
    let cpu = cpu_while_full(&server).await;
    talk(&mut one, &mut other).await;
    drop(inside);
    let recovered = recovery(&server).await;
    talk(&mut one, &mut other).await;
    let counted = metric(&server, r#"meetpoint_connections_refused_total{reason="full"}"#).await;
    assert!(counted >= SURPLUS as f64, "{counted}");
    part(one, other).await;
    assert_unharmed(&server).await;
    figure("F10", "refused clients that hear 503", told as f64 * 100.0 / SURPLUS as f64, "%", Goal::AtLeast(90.0));
    figure("F10", "served again after", recovered.as_secs_f64(), "s", Goal::AtMost(1.0));
    if let Some(cpu) = cpu {
        figure("F10", "CPU while full", cpu, "%", Goal::AtMost(5.0));
    }
}

#[tokio::test]
async fn where_the_system_hands_over_no_connection_they_wait_and_nothing_spins() {
    let server = Server::with(&[CROWDED]).await;
    let (mut one, mut other) = pair(&server).await;
    let process = Pid::from_raw(server.id().cast_signed());
    let Some(used) = server.descriptors() else { return };
    // The server has taken all that it may have, which is as much as the test may.
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = |files| prlimit(process, Resource::Nofile, Rlimit { current: Some(files), maximum });
    // None left, whatever the server thought that it had.
    let before = limit(used as u64).expect("a limit for one's own child");
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let mut stream = http::connect(server.address).await;
        stream.write_all(&http::head("GET /healthz HTTP/1.1", &[("Connection", "close")])).await.expect("the backlog");
        waiting.push(stream);
    }
    let cpu = cpu_while_full(&server).await;
    talk(&mut one, &mut other).await;
    let warnings = || server.log().iter().filter(|line| line.contains("cannot accept connections")).count();
    // Again only where a descriptor has become free meanwhile; ten times a second would be dozens.
    assert!((1..=3).contains(&warnings()), "told once, however long it lasts: {}", warnings());
    prlimit(process, Resource::Nofile, before).expect("the limit as it was");
    let began = Instant::now();
    for stream in &mut waiting {
        let mut heard = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut heard)).await.expect("in time").expect("the end");
        assert!(heard.starts_with(b"HTTP/1.1 200 "), "{}", heard.escape_ascii());
    }
    let recovered = began.elapsed();
    talk(&mut one, &mut other).await;
    assert!(metric(&server, "meetpoint_accept_errors_total").await > 0.0);
    let elsewhere =
        crate::support::handshake::Handshake { source: Some(Ipv4Addr::new(127, 0, 0, 2)), ..Default::default() };
    Guest::enter(&server, elsewhere).await.silence().await;
    figure("F10", "who waited is served after", recovered.as_secs_f64(), "s", Goal::AtMost(1.0));
    if let Some(cpu) = cpu {
        figure("F10", "CPU while no descriptor is free", cpu, "%", Goal::AtMost(5.0));
    }
}
