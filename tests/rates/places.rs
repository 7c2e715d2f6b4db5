//! How many connections there may be: who is refused hears why without having said a word, and nobody else notices.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use crate::assert_sent_away;
use crate::support::PATIENCE;
use crate::support::chat::{Guest, pair, talk};
use crate::support::handshake::{self, Handshake};
use crate::support::http::{self, Response};
use crate::support::peer::Peer;
use crate::support::server::{self, Server, meetpoint_after};

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
const THERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

async fn connect(server: &Server, source: Ipv4Addr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::new(IpAddr::V4(source), 0)).expect("an address of the loopback");
    timeout(PATIENCE, socket.connect(server.address)).await.expect("in time").expect("the server listens")
}

/// What a connection hears that says nothing, and that nothing comes behind it.
async fn told(mut stream: TcpStream) -> Response {
    let mut buffer = BytesMut::new();
    let answer = timeout(PATIENCE, http::read_response(&mut stream, &mut buffer, false)).await.expect("an answer");
    let answer = answer.expect("an answer before the end");
    let rest = timeout(PATIENCE, stream.read(&mut [0; 16])).await.expect("the end");
    assert!(buffer.is_empty() && matches!(rest, Ok(0) | Err(_)), "{rest:?} behind the answer");
    assert_eq!(answer.header("connection"), Some("close"));
    answer
}

/// Does something until there is a place for it: the server learns of an end a moment after it.
async fn once_there_is_a_place<T, F: Future<Output = Option<T>>>(attempt: impl Fn() -> F) -> T {
    let tries = async {
        loop {
            if let Some(done) = attempt().await {
                return done;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, tries).await.expect("a place becomes free")
}

async fn come_in(server: &Server) -> Peer {
    once_there_is_a_place(async || Handshake::default().open(server.address).await.ok()).await
}

/// What a scrape tells, once there is a place for it.
pub async fn metric(server: &Server, name: &str) -> f64 {
    let page = once_there_is_a_place(async || {
        Some(http::get(server.address, "/metrics").await).filter(|page| page.status == 200)
    });
    let page = page.await;
    let value = page.body.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    value.unwrap_or_else(|| panic!("no {name} in {page:?}"))
}

#[tokio::test]
async fn beyond_the_cap_of_all_connections_the_answer_is_503_and_nobody_is_disturbed() {
    let server = Server::with(&[("MAX_CONNECTIONS", "4")]).await;
    let (mut one, mut other) = pair(&server).await;
    let idle = [connect(&server, HERE).await, connect(&server, HERE).await];
    for _ in 0..5 {
        let refused = told(connect(&server, THERE).await).await;
        assert_eq!((refused.status, refused.header("retry-after")), (503, Some("10")), "{refused:?}");
        assert_eq!(refused.error(), "The server is full");
    }
    talk(&mut one, &mut other).await;
    drop(idle);
    let newcomer = come_in(&server).await;
    talk(&mut one, &mut other).await;
    drop(newcomer);
    assert!(metric(&server, r#"meetpoint_connections_refused_total{reason="full"}"#).await >= 5.0);
    assert_eq!(metric(&server, "meetpoint_tcp_connections_limit").await, 4.0);
    let open = metric(&server, "meetpoint_tcp_connections").await;
    assert!((3.0..=4.0).contains(&open), "{open}");
}

#[tokio::test]
async fn beyond_the_cap_of_an_address_the_answer_is_429_and_other_addresses_come_in() {
    let server = Server::with(&[("MAX_CONNECTIONS_PER_IP", "2")]).await;
    let mine = [connect(&server, HERE).await, connect(&server, HERE).await];
    for _ in 0..5 {
        assert_sent_away(&told(connect(&server, HERE).await).await, 10);
    }
    for _ in 0..2 {
        let elsewhere = Handshake { source: Some(THERE), ..Handshake::default() };
        Guest::enter(&server, elsewhere).await.silence().await;
    }
    drop(mine);
    drop(come_in(&server).await);
    assert!(metric(&server, r#"meetpoint_connections_refused_total{reason="address"}"#).await >= 5.0);
    let advice = server.log().iter().filter(|line| line.contains("TRUSTED_PROXIES")).count();
    assert_eq!(advice, 1, "a proxy that nobody trusts is pointed out once");
}

#[tokio::test]
async fn the_answer_reaches_a_client_that_has_already_said_much() {
    let server = Server::with(&[("MAX_CONNECTIONS_PER_IP", "1")]).await;
    let _mine = connect(&server, HERE).await;
    let body = "x".repeat(200_000);
    for _ in 0..20 {
        assert_sent_away(&http::request(server.address, "POST", "/rpc", &[], &body).await, 10);
    }
}

#[tokio::test]
async fn refusals_that_nobody_takes_hold_few_descriptors_and_not_for_long() {
    /// Refusals under way, and what a busy runtime may not have closed yet.
    const BOUND: usize = 32 + 8;
    let server = Server::with(&[("MAX_CONNECTIONS_PER_IP", "1")]).await;
    let _mine = connect(&server, HERE).await;
    let Some(before) = server.descriptors() else { return };
    let mut deaf = Vec::new();
    for _ in 0..300 {
        deaf.push(connect(&server, HERE).await);
        let held = server.descriptors().unwrap_or_default().saturating_sub(before);
        assert!(held <= BOUND, "{held} descriptors are held");
    }
    let all_gone = async {
        while server.descriptors().is_some_and(|now| now > before) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, all_gone).await.expect("a client that does not hang up is hung up on");
}

#[tokio::test]
async fn behind_a_trusted_proxy_clients_have_places_and_not_the_proxy() {
    let settings = [("MAX_CONNECTIONS_PER_IP", "2"), ("TRUSTED_PROXIES", "127.0.0.0/8")];
    let server = Server::with(&settings).await;
    let idle: Vec<_> = futures_util::future::join_all((0..20).map(|_| connect(&server, HERE))).await;
    let open = async |client: &str| {
        let forwarded = format!("6.6.6.6, {client}");
        let headers = vec![("X-Forwarded-For", &*forwarded)];
        Handshake { headers, ..Handshake::default() }.open(server.address).await
    };
    for client in ["192.0.2.1", "192.0.2.2", "2001:db8:1:2::7"] {
        let mut mine = Vec::new();
        for _ in 0..2 {
            mine.push(open(client).await.unwrap_or_else(|answer| panic!("{client} got {answer:?}")));
        }
        for _ in 0..3 {
            assert_sent_away(&open(client).await.err().expect("one too many"), 10);
        }
        mine.pop().expect("one").terminate().await;
        once_there_is_a_place(async || open(client).await.ok()).await;
    }
    let neighbour = open("2001:db8:1:2:ffff::8").await;
    assert!(neighbour.is_ok() || neighbour.is_err_and(|answer| answer.status == 429), "one network");
    drop(idle);
    assert!(!server.log().iter().any(|line| line.contains("belongs into TRUSTED_PROXIES")));
}

#[tokio::test]
async fn a_refused_upgrade_gives_its_place_back() {
    let settings = [("MAX_CONNECTIONS_PER_IP", "1"), ("TRUSTED_PROXIES", "127.0.0.0/8")];
    let server = Server::with(&settings).await;
    for spoilt in ["Sec-WebSocket-Key", "Sec-WebSocket-Version", "Upgrade", "Connection"] {
        let headers: Vec<_> = handshake::UPGRADE.into_iter().filter(|(name, _)| *name != spoilt).collect();
        let request = http::head("GET /ws HTTP/1.1", &[&headers[..], &[("X-Forwarded-For", "192.0.2.1")]].concat());
        for _ in 0..3 {
            let answer = http::exchange(server.address, &request).await.expect("an answer");
            assert!([400, 426].contains(&answer.status), "{answer:?}");
        }
    }
    let headers = vec![("X-Forwarded-For", "192.0.2.1")];
    assert!(Handshake { headers, ..Handshake::default() }.open(server.address).await.is_ok());
}

#[tokio::test]
async fn a_cap_that_the_descriptors_cannot_hold_stops_the_start() {
    let limited = |cap| meetpoint_after("ulimit -n 200", &[("MAX_CONNECTIONS", cap)]);
    let refused = server::ended(limited("137")).await;
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let line = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(line.starts_with("invalid MAX_CONNECTIONS: 137 (expected at most 136: "), "{line}");
    let server = Server::launch(limited("136")).await;
    assert_eq!(metric(&server, "meetpoint_tcp_connections_limit").await, 136.0);
}

#[tokio::test]
async fn the_soft_limit_of_descriptors_becomes_the_hard_one() {
    let server = Server::launch(meetpoint_after("ulimit -S -n 100; ulimit -H -n 300", &[])).await;
    assert_eq!(metric(&server, "meetpoint_tcp_connections_limit").await, 236.0);
}

#[tokio::test]
async fn what_a_refused_client_says_is_not_read_as_a_request() {
    let server = Server::with(&[("MAX_CONNECTIONS_PER_IP", "1")]).await;
    let _mine = connect(&server, HERE).await;
    let mut refused = connect(&server, HERE).await;
    refused.write_all(&http::head("GET /healthz HTTP/1.1", &[])).await.expect("a socket's buffer");
    assert_sent_away(&told(refused).await, 10);
}
