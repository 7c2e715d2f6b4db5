//! Upgrade requests with something wrong: the answer names it.

use std::time::{Duration, Instant};

use crate::support::chat::assert_unharmed;
use crate::support::handshake::{self, UPGRADE};
use crate::support::http::{self, Response};
use crate::support::server::Server;

/// A refusal is no work; this is for a busy machine, below the five seconds after which an unfinished request is given up.
const AT_ONCE: Duration = Duration::from_secs(3);

/// The correct upgrade request with one header replaced, or removed where there is no new value.
fn spoilt(name: &str, value: Option<&str>) -> Vec<u8> {
    let kept = UPGRADE.into_iter().filter(|(header, _)| *header != name);
    let headers: Vec<_> = kept.chain(value.map(|value| (name, value))).collect();
    http::head("GET /ws HTTP/1.1", &headers)
}

async fn ask(server: &Server, request: &[u8]) -> Option<Response> {
    let asked = Instant::now();
    let answer = http::exchange(server.address, request).await;
    assert!(asked.elapsed() < AT_ONCE, "{} took {:?}", request.escape_ascii(), asked.elapsed());
    answer
}

async fn assert_refused(server: &Server, request: &[u8], status: u16, named: &str) -> Response {
    let answer = ask(server, request).await.expect("a refusal says why");
    assert_eq!(answer.status, status, "{} got {answer:?}", request.escape_ascii());
    let sentence = answer.error();
    assert!(sentence.to_lowercase().contains(&named.to_lowercase()), "{sentence:?} does not name {named}");
    answer
}

#[tokio::test]
async fn a_request_that_asks_for_no_websocket_is_told_to() {
    let server = Server::start().await;
    for value in [None, Some("h2c"), Some("websocketx")] {
        let answer = assert_refused(&server, &spoilt("Upgrade", value), 426, "Upgrade").await;
        assert_eq!(answer.header("upgrade"), Some("websocket"));
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn a_request_without_connection_upgrade_is_told_so() {
    let server = Server::start().await;
    for value in [None, Some("keep-alive"), Some("close"), Some("upgraded")] {
        assert_refused(&server, &spoilt("Connection", value), 400, "Connection").await;
    }
}

#[tokio::test]
async fn a_key_must_be_sixteen_bytes_of_base64() {
    let server = Server::start().await;
    for value in [
        None,
        Some("short"),
        Some(""),
        Some("dGhlIHNhbXBsZSBub25jZQ"),
        Some("dGhlIHNhbXBsZSBub25jZXMgbG9uZ2Vy"),
        Some("!!!!!!!!!!!!!!!!!!!!!!=="),
    ] {
        assert_refused(&server, &spoilt("Sec-WebSocket-Key", value), 400, "Sec-WebSocket-Key").await;
    }
}

#[tokio::test]
async fn another_version_is_told_the_one_that_is_spoken() {
    let server = Server::start().await;
    for value in ["0", "8", "12", "99", "thirteen", "13, 8", ""] {
        let request = spoilt("Sec-WebSocket-Version", Some(value));
        let answer = assert_refused(&server, &request, 426, "Sec-WebSocket-Version").await;
        assert_eq!(answer.header("sec-websocket-version"), Some("13"));
    }
}

#[tokio::test]
async fn a_post_is_no_upgrade() {
    let server = Server::start().await;
    let request = http::head("POST /ws HTTP/1.1", &UPGRADE);
    let answer = assert_refused(&server, &request, 405, "").await;
    assert!(answer.header("allow").is_some_and(|allowed| allowed.contains("GET")), "{answer:?}");
}

#[tokio::test]
async fn what_browsers_and_proxies_write_differently_is_accepted() {
    let server = Server::start().await;
    let upgraded = [
        spoilt("Connection", Some("keep-alive, Upgrade")),
        spoilt("Connection", Some("upgrade,keep-alive")),
        spoilt("Connection", Some("UPGRADE")),
        spoilt("Upgrade", Some("WebSocket")),
        spoilt("Upgrade", Some("websocket, h2c")),
        handshake::request("/ws?token=a%20b&x=%zz", &[]),
        handshake::request("http://meetpoint.test/ws", &[]),
        handshake::request("/ws", &[("Sec-WebSocket-Extensions", "constructor")]),
        handshake::request("/ws", &[("Sec-WebSocket-Extensions", "a; b=\"; c, d;;;,,,")]),
        handshake::request("/ws", &[("Cookie", &"c".repeat(4000))]),
    ];
    for request in upgraded {
        let answer = ask(&server, &request).await.expect("an upgrade is answered");
        assert_eq!(answer.status, 101, "{} got {answer:?}", request.escape_ascii());
    }
}

#[tokio::test]
async fn nothing_optional_is_ever_agreed_to() {
    let server = Server::start().await;
    for extensions in ["permessage-deflate", "permessage-deflate; client_max_window_bits, x-webkit-deflate-frame"] {
        let offered = [("Sec-WebSocket-Extensions", extensions), ("Sec-WebSocket-Protocol", "chat, superchat")];
        let answer = ask(&server, &handshake::request("/ws", &offered)).await.expect("an upgrade is answered");
        assert_eq!(answer.status, 101);
        assert_eq!(answer.header("sec-websocket-extensions"), None);
        assert_eq!(answer.header("sec-websocket-protocol"), None);
    }
}

#[tokio::test]
async fn headers_are_bounded_in_size_and_number() {
    let server = Server::start().await;
    let filler = "x".repeat(1000);
    let giant = "x".repeat(64 * 1024);
    let many = [("X-Small", "1"); 101];
    let large = [("X-Large", filler.as_str()); 66];
    for headers in [&[("X-Giant", giant.as_str())][..], &many, &large] {
        for path in ["/ws", "/healthz"] {
            let request = handshake::request(path, headers);
            let answer = ask(&server, &request).await;
            assert_eq!(answer.expect("a refusal says why").status, 431);
        }
    }
    let long = format!("/{giant}");
    let answer = ask(&server, &handshake::request(&long, &[])).await.expect("a refusal says why");
    assert!([414, 431].contains(&answer.status), "{answer:?}");
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn what_is_no_http_at_all_is_refused_at_once() {
    let server = Server::start().await;
    let upgrade = String::from_utf8(handshake::request("/ws", &[])).unwrap();
    let requests = [
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "\0\0\0\0\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        "GET /ws\r\n\r\n".to_owned(),
        "GET /ws HTTP/9.9\r\n\r\n".to_owned(),
        "GET /w s HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        upgrade.replace("GET", "GET\0"),
        upgrade.replace("/ws", "/w\0s"),
        upgrade.replace("13\r\n", "13\0\r\n"),
        upgrade.replace("Upgrade: ", "Upgrade : "),
        upgrade.replace("Upgrade: ", " Upgrade: "),
        upgrade.replace("Host: ", "Ho\u{e9}st: "),
        upgrade.replace("HTTP/1.1", "HTTP/1.0"),
        upgrade.replace("HTTP/1.1", "http/1.1"),
        upgrade.replace("Host: meetpoint.test\r\n", "Content-Length: x\r\n"),
        upgrade.replace("Host: ", "Content-Length: 1\r\nContent-Length: 2\r\nHost: "),
        upgrade.replace("Host: ", "Transfer-Encoding: chunked, gzip\r\nHost: "),
    ];
    for request in requests {
        if let Some(answer) = ask(&server, request.as_bytes()).await {
            let refused = (400..500).contains(&answer.status) || answer.status == 505;
            assert!(refused, "{request:?} got {answer:?}");
        }
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn an_upgrade_with_a_body_is_refused() {
    const BODY: &[u8] = b"5\r\nhello\r\n0\r\n\r\n";
    let server = Server::start().await;
    for framing in [("Content-Length", "15"), ("Transfer-Encoding", "chunked")] {
        let request = [&handshake::request("/ws", &[framing]), BODY].concat();
        let answer = ask(&server, &request).await.expect("a refusal says why");
        assert!((400..500).contains(&answer.status), "{framing:?} got {answer:?}");
    }
    assert_unharmed(&server).await;
}
