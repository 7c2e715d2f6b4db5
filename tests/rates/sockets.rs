//! The limit of sockets.

use std::net::Ipv4Addr;

use crate::support::handshake::Handshake;
use crate::support::http::{self, Response};
use crate::support::metrics::sample;
use crate::support::peer::Peer;
use crate::support::server::Server;
use crate::{WINDOW, assert_sent_away};

const CHAT: &str = "/ws";
const NOISY: &str = "/ws?appID=3f2c8a44-7f0b-4e0e-9d8e-0d8f7c1a2b3c&side=A";

async fn limited(per_minute: &str) -> Server {
    Server::with(&[("WS_RATE_PER_MIN", per_minute)]).await
}

async fn open(server: &Server, path: &str, source: Ipv4Addr) -> Result<Peer, Response> {
    Handshake { path, source: Some(source), ..Handshake::default() }.open(server.address).await
}

async fn refused(server: &Server, path: &str) -> Response {
    match open(server, path, Ipv4Addr::LOCALHOST).await {
        Ok(_) => panic!("a socket too many is opened at {path}"),
        Err(answer) => answer,
    }
}

#[tokio::test]
async fn both_wires_share_one_window_and_refuse_in_their_own_words() {
    let server = limited("2").await;
    let _open = (open(&server, CHAT, Ipv4Addr::LOCALHOST).await, open(&server, NOISY, Ipv4Addr::LOCALHOST).await);
    assert!(_open.0.is_ok() && _open.1.is_ok());
    let of_chat = refused(&server, CHAT).await;
    assert_sent_away(&of_chat, WINDOW);
    assert!(!of_chat.error().is_empty());
    let of_noisy = refused(&server, NOISY).await;
    assert_sent_away(&of_noisy, WINDOW);
    assert_eq!(of_noisy.body, "");
    assert!(open(&server, NOISY, Ipv4Addr::new(127, 0, 0, 2)).await.is_ok(), "others are not held");
    assert_eq!(sample(server.address, r#"meetpoint_rate_limited_total{what="ws"}"#).await, 2.0);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_before_it_is_counted() {
    let server = limited("1").await;
    for (path, expected) in [("/ws?appID=x&side=A", 400), (NOISY.trim_end_matches('A'), 400)] {
        for _ in 0..5 {
            assert_eq!(refused(&server, path).await.status, expected, "{path}");
        }
    }
    assert!(open(&server, NOISY, Ipv4Addr::LOCALHOST).await.is_ok());
    assert_eq!(refused(&server, "/ws?appID=x&side=A").await.status, 400);
}

#[tokio::test]
async fn requests_that_are_no_handshake_count() {
    let server = limited("2").await;
    let statuses = [http::get(server.address, NOISY).await.status, http::get(server.address, NOISY).await.status];
    assert_eq!(statuses, [400, 400]);
    assert_sent_away(&refused(&server, NOISY).await, WINDOW);
}

#[tokio::test]
async fn sockets_and_requests_have_windows_of_their_own() {
    let server = Server::with(&[("WS_RATE_PER_MIN", "1"), ("HTTP_RATE_PER_MIN", "1")]).await;
    assert!(open(&server, CHAT, Ipv4Addr::LOCALHOST).await.is_ok());
    assert_eq!(http::get(server.address, "/topics").await.status, 200);
    assert_sent_away(&refused(&server, CHAT).await, WINDOW);
    assert_sent_away(&http::get(server.address, "/topics").await, WINDOW);
}

#[tokio::test]
async fn behind_trusted_proxies_clients_are_counted_and_not_the_proxy() {
    let server = Server::with(&[("WS_RATE_PER_MIN", "1"), ("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    for last in 1..=5 {
        for (forged, expected) in [("6.6.6.6", 101), ("6.6.6.7", 429)] {
            let forwarded = format!("{forged}, 2001:db8:0:{last}::{expected}");
            let headers = vec![("X-Forwarded-For", &*forwarded)];
            let opened = Handshake { path: CHAT, headers, ..Handshake::default() }.open(server.address).await;
            let status = opened.map_or_else(|answer| answer.status, |_| 101);
            assert_eq!(status, expected, "{forwarded}");
        }
    }
}

#[tokio::test]
async fn zero_disables_it() {
    let server = limited("0").await;
    for number in 0..200 {
        let path = if number % 2 == 0 { CHAT } else { NOISY };
        assert!(open(&server, path, Ipv4Addr::LOCALHOST).await.is_ok(), "{number}");
    }
}
