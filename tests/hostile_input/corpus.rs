//! Opening handshakes as nobody honest writes them. Each is refused or hung up on, at once, and nothing else happens.

use std::time::{Duration, Instant};

use meetpoint_scorecard::{Goal, figure};

use crate::support::chat::assert_unharmed;
use crate::support::handshake::{self, UPGRADE};
use crate::support::http;
use crate::support::server::Server;

/// Below the five seconds after which an unfinished request is given up: none of these is to come to that.
const NO_HANG: Duration = Duration::from_secs(4);

type Case = (String, Vec<u8>);

/// A correct request with one header instead of another, or without it.
fn spoilt(name: &str, values: &[&str]) -> Case {
    let kept = UPGRADE.into_iter().filter(|(header, _)| *header != name);
    let headers: Vec<_> = kept.chain(values.iter().map(|value| (name, *value))).collect();
    let shown: Vec<_> = values.iter().map(|value| &value[..value.len().min(40)]).collect();
    (format!("{name}: {shown:?}"), http::head("GET /ws HTTP/1.1", &headers))
}

fn with(name: &str, value: &str) -> Case {
    (format!("{name}: {}", &value[..value.len().min(40)]), handshake::request("/ws", &[(name, value)]))
}

fn line(request_line: &str) -> Case {
    (request_line[..request_line.len().min(40)].to_owned(), http::head(request_line, &UPGRADE))
}

/// A correct request with one text in place of another.
fn replaced(from: &str, to: &str) -> Case {
    let request = String::from_utf8(handshake::request("/ws", &[])).expect("text");
    assert!(request.contains(from), "{from:?}");
    (format!("{from:?} is {to:?}"), request.replacen(from, to, 1).into_bytes())
}

fn raw(bytes: &[u8]) -> Case {
    (bytes[..bytes.len().min(40)].escape_ascii().to_string(), bytes.to_owned())
}

fn headers() -> Vec<Case> {
    let key = "dGhlIHNhbXBsZSBub25jZQ==";
    let long = "x".repeat(64 * 1024);
    let many: Vec<_> = (0..10_000).map(|_| ("X", "y")).collect();
    let mut cases = vec![
        spoilt("Upgrade", &[]),
        spoilt("Upgrade", &[""]),
        spoilt("Upgrade", &["h2c"]),
        spoilt("Upgrade", &["websocketx"]),
        spoilt("Upgrade", &["web socket"]),
        spoilt("Upgrade", &["\"websocket\""]),
        spoilt("Upgrade", &["websocket/13"]),
        spoilt("Connection", &[]),
        spoilt("Connection", &[""]),
        spoilt("Connection", &["keep-alive"]),
        spoilt("Connection", &["close"]),
        spoilt("Connection", &["upgraded"]),
        spoilt("Connection", &["Upgrade-Insecure-Requests"]),
        spoilt("Sec-WebSocket-Version", &[]),
        spoilt("Sec-WebSocket-Version", &["13", "8"]),
        spoilt("Sec-WebSocket-Version", &["8", "13"]),
        spoilt("Sec-WebSocket-Key", &[]),
        spoilt("Sec-WebSocket-Key", &[key, key]),
        spoilt("Sec-WebSocket-Key", &[&key[..22]]),
        spoilt("Sec-WebSocket-Key", &[&key.replace('=', "!")]),
        spoilt("Sec-WebSocket-Key", &["dGhlIHNhbXBsZSBub2 jZQ=="]),
        spoilt("Sec-WebSocket-Key", &["========================"]),
        spoilt("Sec-WebSocket-Key", &[&"A".repeat(4000)]),
        ("a giant header".to_owned(), handshake::request("/ws", &[("X", &long)])),
        ("a hundred and one headers".to_owned(), handshake::request("/ws", &[("X", "y"); 101])),
        ("ten thousand headers".to_owned(), handshake::request("/ws", &many)),
    ];
    for version in ["", "0", "7", "8", "12", "14", "99", "013", "13.0", "-13", "0x0d", "13, 8", "thirteen"] {
        cases.push(spoilt("Sec-WebSocket-Version", &[version]));
    }
    for length in ["15", "x", "-1", "+0", "0x0", "18446744073709551616", "1, 2", "0, 15"] {
        cases.push(with("Content-Length", length));
    }
    for coding in ["chunked", "gzip", "chunked, gzip", "xchunked", "identity", "\tchunked"] {
        cases.push(with("Transfer-Encoding", coding));
    }
    cases
}

fn lines() -> Vec<Case> {
    let long = format!("GET /{} HTTP/1.1", "a".repeat(64 * 1024));
    let mut cases: Vec<_> = ["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get", "GETT", "G@T", "BREW"]
        .into_iter()
        .map(|method| line(&format!("{method} /ws HTTP/1.1")))
        .collect();
    for version in ["HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "HTTP/9.9", "http/1.1", "HTTP/1", "ICAP/1.0", ""] {
        cases.push(line(&format!("GET /ws {version}")));
    }
    for target in ["*", "ws", "/ws /ws", "/w\\s", "//ws", "/ws/", "/ws/../ws", "/%77s", "http://", "ftp:", "/ws\u{7f}"]
    {
        cases.push(line(&format!("GET {target} HTTP/1.1")));
    }
    cases.extend([line(&long), line("GET"), line("GET /ws"), line("/ws HTTP/1.1"), line("GET\t/ws\tHTTP/1.1")]);
    cases
}

fn bytes() -> Vec<Case> {
    vec![
        replaced("GET", "GET\0"),
        replaced("/ws", "/w\0s"),
        replaced("/ws", "/w\u{e9}s"),
        replaced("13\r\n", "13\0\r\n"),
        replaced("13\r\n", "13\r\r\n"),
        replaced("Upgrade: ", "Upgrade : "),
        replaced("Upgrade: ", " Upgrade: "),
        replaced("Upgrade: ", "Upgrade\t: "),
        replaced("Upgrade: websocket", "Upgrade: web\r\n socket"),
        replaced("Upgrade: websocket", "Upgrade"),
        replaced("Host: ", ": "),
        replaced("Host: ", "Ho(st: "),
        replaced("Host: ", "Ho\u{e9}st: "),
        replaced("Host: ", "Content-Length: 1\r\nContent-Length: 2\r\nHost: "),
        replaced("Host: ", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nHost: "),
        raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        raw(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
        raw(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"),
        raw(b"EHLO mail.example\r\n\r\n"),
        raw(b"REGISTER sip:meetpoint SIP/2.0\r\n\r\n"),
        raw(b"\0\0\0\0\r\n\r\n"),
        raw(b"\xff\xfe\xfd\xfc\r\n\r\n"),
        raw(b"$4\r\nPING\r\n\r\n"),
        raw(b"<policy-file-request/>\0\r\n\r\n"),
    ]
}

#[tokio::test]
async fn no_hostile_handshake_is_accepted_or_hangs() {
    let server = Server::start().await;
    let cases = [headers(), lines(), bytes()].concat();
    let mut slowest = Duration::ZERO;
    for (name, request) in &cases {
        let asked = Instant::now();
        let answer = http::exchange(server.address, request).await;
        slowest = slowest.max(asked.elapsed());
        assert!(asked.elapsed() < NO_HANG, "{name} took {:?}", asked.elapsed());
        if let Some(answer) = answer {
            let refused = (400..500).contains(&answer.status) || [501, 505].contains(&answer.status);
            assert!(refused, "{name} got {answer:?}");
        }
    }
    assert_unharmed(&server).await;
    figure("B5", "hostile handshakes refused", cases.len() as f64, "", Goal::AtLeast(60.0));
    figure("B5", "slowest refusal", slowest.as_secs_f64() * 1e3, "ms", Goal::AtMost(1000.0));
}

/// A header of 64 MB, in one push and in pieces of a byte, costs no more than the reading of what fits.
#[tokio::test]
async fn a_giant_header_costs_next_to_nothing() {
    const GIANT: usize = 64 * 1000 * 1000;
    const EACH: u32 = 4;
    let server = Server::start().await;
    let mut giant = b"GET /ws HTTP/1.1\r\nHost: meetpoint.test\r\nX: ".to_vec();
    giant.resize(GIANT, b'x');
    let Some(before) = server.cpu() else { return };
    for _ in 0..EACH {
        if let Some(answer) = http::exchange(server.address, &giant).await {
            assert_eq!(answer.status, 431, "{answer:?}");
        }
    }
    let in_one = (server.cpu().unwrap_or_default() - before) / EACH;
    dribble(&server, &giant[..20_000]).await;
    assert_unharmed(&server).await;
    figure("B5", "CPU for a header of 64 MB", in_one.as_secs_f64() * 1e3, "ms", Goal::AtMost(50.0));
}

/// Pushes a byte at a time until the server has had enough.
async fn dribble(server: &Server, bytes: &[u8]) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let stream = http::connect(server.address).await;
    stream.set_nodelay(true).expect("a socket option");
    let (mut reading, mut writing) = stream.into_split();
    let push = async {
        for byte in bytes {
            if writing.write_all(std::slice::from_ref(byte)).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let mut heard = Vec::new();
    let end = tokio::time::timeout(crate::support::PATIENCE, reading.read_to_end(&mut heard));
    tokio::select! {
        end = end => assert!(end.is_ok(), "the server listens for ever"),
        () = push => unreachable!("the push never resolves"),
    }
    assert!(heard.is_empty() || heard.starts_with(b"HTTP/1.1 431"), "{}", heard.escape_ascii());
}
