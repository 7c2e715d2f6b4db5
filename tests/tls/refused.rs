//! What is no TLS, or none that is safe.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::certificate::{Pair, Place};
use crate::client::{Client, assert_unharmed};
use crate::support::PATIENCE;
use crate::support::http;

/// TLS's record types (RFC 8446 §5.1).
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
/// The alerts that end a connection: no version, or nothing of a version, in common (§6.2).
const FATAL: u8 = 2;
const HANDSHAKE_FAILURE: u8 = 40;
const PROTOCOL_VERSION: u8 = 70;

/// All that the server says to these bytes until it ends the connection.
async fn answer(server: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = http::connect(server).await;
    let mut heard = Vec::new();
    // The server may have ended the connection before everything was written, and hanging up resets what it has not read.
    let _ = stream.write_all(bytes).await;
    let _ = timeout(PATIENCE, stream.read_to_end(&mut heard)).await.expect("the server ends the connection");
    heard
}

/// The greeting of a client that knows no more than this version: without extensions, with suites of that time.
fn client_hello(major: u8, minor: u8) -> Vec<u8> {
    let suites = [0xc0, 0x13, 0xc0, 0x14, 0x00, 0x2f, 0x00, 0x35];
    let mut body = vec![major, minor];
    body.extend([7; 32]);
    body.push(0);
    body.extend([0, suites.len() as u8]);
    body.extend(suites);
    body.extend([1, 0]);
    let mut message = vec![1, 0, 0, body.len() as u8];
    message.extend(body);
    let mut record = vec![HANDSHAKE, 3, 1, 0, message.len() as u8];
    record.extend(message);
    record
}

#[tokio::test]
async fn plain_http_is_told_to_come_with_tls() {
    let pair = Pair::new();
    let place = Place::with(&pair);
    let server = place.serve(&[]).await;
    let upload =
        [http::head("POST /answer HTTP/1.1", &[("Content-Length", "1000000")]), vec![b'x'; 1_000_000]].concat();
    let requests = [
        http::head("GET /healthz HTTP/1.1", &[("Connection", "close")]),
        http::head("GET /ws HTTP/1.1", &[("Upgrade", "websocket"), ("Connection", "Upgrade")]),
        b"GET / HTTP/1.0\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"G".to_vec(),
        upload,
    ];
    for request in requests {
        let mut stream = http::connect(server.address).await;
        let (mut reading, mut writing) = stream.split();
        let mut rest = bytes::BytesMut::new();
        let (_, answer) =
            tokio::join!(writing.write_all(&request), http::read_response(&mut reading, &mut rest, false));
        let answer = answer.expect("an answer");
        assert_eq!((answer.status, answer.header("connection")), (400, Some("close")));
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(answer.body, "Client sent an HTTP request to an HTTPS server.\n");
        assert_eq!(timeout(PATIENCE, reading.read(&mut [0])).await.expect("the end").expect("an orderly end"), 0);
    }
    assert_unharmed(&server, &pair.cert).await;
}

#[tokio::test]
async fn versions_that_are_not_safe_any_more_are_refused() {
    let pair = Pair::new();
    let place = Place::with(&pair);
    let server = place.serve(&[]).await;
    for (major, minor) in [(3, 0), (3, 1), (3, 2)] {
        let heard = answer(server.address, &client_hello(major, minor)).await;
        let [ALERT, 3, _, 0, 2, FATAL, HANDSHAKE_FAILURE | PROTOCOL_VERSION] = heard[..] else {
            panic!("{major}.{minor}: {heard:?}")
        };
    }
    assert_unharmed(&server, &pair.cert).await;
}

#[tokio::test]
async fn garbage_harms_nobody() {
    let pair = Pair::new();
    let place = Place::with(&pair);
    let server = place.serve(&[]).await;
    let client = Client::trusting(&pair.cert);
    let [mut one, mut other] = client.pair(server.address).await;
    let hello = client_hello(3, 3);
    let garbage = [
        vec![0; 100_000],
        vec![0xff; 100_000],
        vec![HANDSHAKE; 100_000],
        vec![0x80, 0x2e, 1, 0, 2, 0, 0x15],
        [&[HANDSHAKE, 3, 1, 0xff, 0xff][..], &[1; 0xffff]].concat(),
        [&hello[..], &hello].concat(),
        hello.iter().rev().copied().collect(),
        hello,
    ];
    for bytes in garbage {
        let heard = answer(server.address, &bytes).await;
        assert!(matches!(heard.first(), None | Some(&ALERT)), "{heard:?}");
        crate::client::talk(&mut one, &mut other).await;
    }
    assert_unharmed(&server, &pair.cert).await;
}

#[tokio::test]
async fn who_does_not_trust_the_certificate_goes_without_harm() {
    let pair = Pair::new();
    let place = Place::with(&pair);
    let server = place.serve(&[]).await;
    let distrust = Client::trusting(&Pair::new().cert).connect(server.address).await.expect_err("a stranger");
    assert!(distrust.to_string().contains("certificate"), "{distrust}");
    assert_unharmed(&server, &pair.cert).await;
}
