//! Requests that two readers may read in two ways. Each is answered once, or the connection ends; what stands behind it is never
//! served as somebody else's request unless it is one by every reading.

use futures_util::future::join_all;
use meetpoint_scorecard::{Goal, figure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::support::PATIENCE;
use crate::support::chat::assert_unharmed;
use crate::support::handshake;
use crate::support::http;
use crate::support::server::Server;

/// What would be answered 200 with an `instanceId`, were it read as a request.
const SMUGGLED: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

/// The head of a request to an API, with these further lines.
fn post(lines: &str) -> String {
    format!("POST /poll HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{lines}\r\n\r\n")
}

/// Where the lengths contradict each other or are none: nothing behind the head may be taken for a request.
fn ambiguous() -> Vec<String> {
    let lines = [
        "Content-Length: 2\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 2",
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: 3\r\nContent-Length: 2",
        "Content-Length: 2, 3",
        "Content-Length: 2,",
        "Content-Length: +2",
        "Content-Length: -2",
        "Content-Length: 0x2",
        "Content-Length: 2 2",
        "Content-Length: 2e0",
        "Content-Length: 99999999999999999999",
        "Content-Length : 2",
        " Content-Length: 2",
        "Content-Length:\r\n 2",
        "Content-Length: 2\0",
        "Transfer-Encoding : chunked",
        " Transfer-Encoding: chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: chunked\0",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding: chun\x0bked",
        "Transfer-Encoding\0: chunked",
        "X: y\rTransfer-Encoding: chunked",
    ];
    lines.map(|line| post(line) + SMUGGLED).into()
}

/// Chunks that are none.
fn chunks() -> Vec<String> {
    let bodies = [
        "0x2\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "+2\r\n{}\r\n0\r\n\r\n",
        "2 2\r\n{}\r\n0\r\n\r\n",
        "2\n{}\r\n0\r\n\r\n",
        "2\r\n{}0\r\n\r\n",
        "2\r\n{}\r\n\r\n",
        "ffffffffffffffffff\r\n{}",
        "\r\n2\r\n{}\r\n0\r\n\r\n",
    ];
    bodies.map(|body| post("Transfer-Encoding: chunked") + body + SMUGGLED).into()
}

/// Requests for a socket that are refused, with bytes behind them that nobody may read.
fn upgrades() -> Vec<String> {
    let text = |headers: &[(&str, &str)]| String::from_utf8(handshake::request("/ws", headers)).expect("text");
    let whole = text(&[]);
    vec![
        text(&[("Content-Length", &SMUGGLED.len().to_string())]) + SMUGGLED,
        text(&[("Transfer-Encoding", "chunked")]) + "0\r\n\r\n" + SMUGGLED,
        text(&[("Content-Length", "4"), ("Transfer-Encoding", "chunked")]) + SMUGGLED,
        whole.replace("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8") + SMUGGLED,
        whole.replace("Sec-WebSocket-Key: ", "Sec-WebSocket-Key: x") + SMUGGLED,
        whole.replace("Upgrade: websocket", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA") + SMUGGLED,
        whole.replace("/ws ", "/ws?appID=x&side=A ") + SMUGGLED,
    ]
}

/// All that comes back on one connection until the server ends it.
async fn heard(server: &Server, request: &str) -> String {
    let (mut reading, mut writing) = http::connect(server.address).await.into_split();
    // A refusal may come, and the connection end, while the rest is being pushed.
    let _ = writing.write_all(request.as_bytes()).await;
    let mut heard = Vec::new();
    let _ = timeout(PATIENCE, reading.read_to_end(&mut heard)).await.expect("the end of the connection");
    String::from_utf8_lossy(&heard).into_owned()
}

#[tokio::test]
async fn no_request_is_answered_twice() {
    let server = Server::start().await;
    let refused = [ambiguous(), chunks()].concat();
    let all = join_all(refused.iter().map(async |request| (request, heard(&server, request).await))).await;
    for (request, heard) in all {
        assert!(heard.matches("HTTP/1.1 ").count() <= 1, "{request:?} got {heard:?}");
        assert!(!heard.contains("instanceId"), "{request:?} got {heard:?}");
    }
    figure("B6", "ambiguous requests, raw", (refused.len() + upgrades().len()) as f64, "", Goal::AtLeast(30.0));
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn what_stands_behind_a_refused_upgrade_is_not_served() {
    let server = Server::start().await;
    for request in upgrades() {
        let heard = heard(&server, &request).await;
        assert_eq!(heard.matches("HTTP/1.1 ").count(), 1, "{request:?} got {heard:?}");
        assert!(heard.starts_with("HTTP/1.1 4") && !heard.contains("instanceId"), "{request:?} got {heard:?}");
    }
    assert_unharmed(&server).await;
}

/// Bytes behind the request are the socket's: they are not read before the 101, and not as HTTP.
#[tokio::test]
async fn what_stands_behind_an_accepted_upgrade_is_the_socket_s() {
    let server = Server::start().await;
    let request = String::from_utf8(handshake::request("/ws", &[])).expect("text") + SMUGGLED;
    let heard = heard(&server, &request).await;
    assert!(heard.starts_with("HTTP/1.1 101"), "{heard:?}");
    assert!(heard.matches("HTTP/1.1 ").count() == 1 && !heard.contains("instanceId"), "{heard:?}");
    assert_unharmed(&server).await;
}
