//! Requests with more than one reading. Each hides another request where one of the readings has a body, and the other a new request.

use crate::support::handshake::UPGRADE;

/// What is hidden.
const HIDDEN: &str = "GET /topics HTTP/1.1\r\nHost: meetpoint.test\r\n\r\n";

/// The end of a chunked body, and behind it what is hidden.
fn ended() -> String {
    format!("0\r\n\r\n{HIDDEN}")
}

/// A chunk that holds what is hidden, and the end.
fn chunk() -> String {
    format!("{:x}\r\n{HIDDEN}\r\n0\r\n\r\n", HIDDEN.len())
}

fn ask(start: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("{start}\r\nHost: meetpoint.test\r\n{headers}\r\n\r\n{body}").into_bytes()
}

fn post(headers: &str, body: &str) -> Vec<u8> {
    ask("POST /rendezvous/redeem HTTP/1.1", &format!("Content-Type: application/json\r\n{headers}"), body)
}

/// An upgrade with some of its headers spoilt, and further ones.
fn upgrade(start: &str, spoilt: &[(&str, &str)], further: &str, body: &str) -> Vec<u8> {
    let headers = UPGRADE.iter().map(|(name, value)| {
        let value = spoilt.iter().find(|(spoilt, _)| spoilt == name).map_or(*value, |(_, value)| *value);
        format!("{name}: {value}\r\n")
    });
    let headers: String = headers.collect();
    ask(start, &format!("{headers}{further}X-End: 1"), body)
}

pub fn cases() -> Vec<(String, Vec<u8>)> {
    let named = lengths().into_iter().chain(codings()).chain(chunks()).chain(bodies()).chain(upgrades());
    let cases: Vec<_> = named.map(|(name, bytes)| (name.to_owned(), bytes)).collect();
    cases.into_iter().chain(spellings()).collect()
}

/// Lengths that can be read in two ways.
fn lengths() -> Vec<(&'static str, Vec<u8>)> {
    let all = HIDDEN.len();
    let with = |headers: String| post(&headers, HIDDEN);
    vec![
        ("two lengths, 0 last", with(format!("Content-Length: {all}\r\nContent-Length: 0"))),
        ("two lengths, 0 first", with(format!("Content-Length: 0\r\nContent-Length: {all}"))),
        ("a length twice", with(format!("Content-Length: {all}\r\nContent-Length: {all}"))),
        ("a list of lengths", with(format!("Content-Length: 0, {all}"))),
        ("a list of one length", with(format!("Content-Length: {all}, {all}"))),
        ("a length with a sign", with("Content-Length: +0".to_owned())),
        ("a negative length", with("Content-Length: -1".to_owned())),
        ("a hexadecimal length", with(format!("Content-Length: {all:#x}"))),
        ("a length with a space in it", with(format!("Content-Length: 0 {all}"))),
        ("a length beyond 64 bits", with("Content-Length: 18446744073709551616".to_owned())),
        ("a length with a fraction", with("Content-Length: 0.0".to_owned())),
        ("an empty length", with("Content-Length:".to_owned())),
        ("a space before the colon of a length", with(format!("Content-Length : {all}"))),
        ("a length with zeros before it", with(format!("Content-Length: 0000000000{all}"))),
        ("a folded length", with(format!("Content-Length:\r\n {all}"))),
        ("an underscore in the name of a length", with(format!("Content_Length: {all}\r\nContent-Length: 0"))),
        ("a length that is named as hop by hop", with(format!("Connection: Content-Length\r\nContent-Length: {all}"))),
        ("a length that waits for leave", with(format!("Expect: 100-continue\r\nContent-Length: {all}"))),
    ]
}

/// Spellings of chunked beside a length: either may win, for both readers alike.
fn spellings() -> Vec<(String, Vec<u8>)> {
    let spellings = [
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: CHUNKED",
        "transfer-encoding:chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding:\tchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding: \u{b}chunked",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: chunked\0",
        "Transfer-Encoding: chunked\r\nConnection: Transfer-Encoding",
        "Transfer_Encoding: chunked",
        " Transfer-Encoding: chunked",
        "X: y\nTransfer-Encoding: chunked",
        "X: y\rTransfer-Encoding: chunked",
        "\0Transfer-Encoding: chunked",
    ];
    let both = spellings.iter().flat_map(|spelling| {
        let (ended, chunk) = (ended(), chunk());
        let length_over_all = post(&format!("Content-Length: {}\r\n{spelling}", ended.len()), &ended);
        let length_of_the_size = post(&format!("{spelling}\r\nContent-Length: 4"), &chunk);
        let spelling = spelling.escape_debug();
        [
            (format!("{spelling} behind a length"), length_over_all),
            (format!("{spelling} before a length"), length_of_the_size),
        ]
    });
    both.collect()
}

/// Chunked alone, where it may not be, or under another version.
fn codings() -> Vec<(&'static str, Vec<u8>)> {
    let old = |headers: &str, body: &str| ask("POST /rendezvous/redeem HTTP/1.0", headers, body);
    vec![
        ("chunked in HTTP/1.0", old("Transfer-Encoding: chunked\r\nConnection: keep-alive", &ended())),
        (
            "chunked and a length in HTTP/1.0",
            old(&format!("Transfer-Encoding: chunked\r\nContent-Length: {}", ended().len()), &ended()),
        ),
        ("gzip alone", post("Transfer-Encoding: gzip", HIDDEN)),
        ("gzip, chunked", post("Transfer-Encoding: gzip, chunked", &ended())),
        ("chunked, chunked", post("Transfer-Encoding: chunked, chunked", &ended())),
    ]
}

/// Chunks that end in two places.
fn chunks() -> Vec<(&'static str, Vec<u8>)> {
    let with = |body: String| post("Transfer-Encoding: chunked", &body);
    vec![
        ("a size beyond 64 bits", with(format!("10000000000000000\r\n\r\n{HIDDEN}"))),
        ("a hexadecimal size with its mark", with(format!("0x0\r\n\r\n{HIDDEN}"))),
        ("a size with a sign", with(format!("-0\r\n\r\n{HIDDEN}"))),
        ("a size with words behind it", with(format!("0 x\r\n\r\n{HIDDEN}"))),
        ("a line feed in an extension", with(format!("0;a\nb\r\n\r\n{HIDDEN}"))),
        ("a size that ends in a line feed", with(format!("0\n\n{HIDDEN}"))),
        ("a size that ends in a carriage return", with(format!("0\r\r\n{HIDDEN}"))),
        ("more data than the size says", with(format!("1\r\n{HIDDEN}\r\n0\r\n\r\n"))),
        ("data without an end of line", with(format!("2\r\n{{}}0\r\n\r\n{HIDDEN}"))),
        ("a length in the trailer", with(format!("0\r\nContent-Length: {}\r\n\r\n{HIDDEN}", HIDDEN.len()))),
        ("a request in the trailer", with(format!("0\r\n{HIDDEN}"))),
    ]
}

/// Bodies where none is expected, and heads with two ends or two hosts.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let length = format!("Content-Length: {}", HIDDEN.len());
    vec![
        ("GET with a length", ask("GET /healthz HTTP/1.1", &length, HIDDEN)),
        ("GET with chunks", ask("GET /healthz HTTP/1.1", "Transfer-Encoding: chunked", &chunk())),
        ("HEAD with a length", ask("HEAD /healthz HTTP/1.1", &format!("{length}\r\nConnection: close"), HIDDEN)),
        ("a length in an absolute form", ask("POST http://other.test/rendezvous/redeem HTTP/1.1", &length, HIDDEN)),
        ("two hosts", ask("GET /healthz HTTP/1.1", "Host: other.test\r\nConnection: close", "")),
        ("a header without a colon", ask("GET /healthz HTTP/1.1", &format!("no colon\r\n{length}"), HIDDEN)),
        ("a line feed for an end of the head", format!("GET /healthz HTTP/1.1\nHost: a\n\n{HIDDEN}").into_bytes()),
        ("a request line of HTTP/0.9", format!("GET /healthz\r\n{HIDDEN}").into_bytes()),
        ("the preface of HTTP/2", format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{HIDDEN}").into_bytes()),
        ("an empty line first", format!("\r\n\r\n{HIDDEN}").into_bytes()),
        (
            "a request line in tabs",
            format!("GET\t/healthz\tHTTP/1.1\r\nHost: a\r\n{length}\r\n\r\n{HIDDEN}").into_bytes(),
        ),
        ("two requests at once", format!("{HIDDEN}{HIDDEN}").into_bytes()),
    ]
}

/// Upgrades that are made, refused or of something else, and what is said before the answer.
fn upgrades() -> Vec<(&'static str, Vec<u8>)> {
    let ws = "GET /ws HTTP/1.1";
    let length = format!("Content-Length: {}\r\n", HIDDEN.len());
    vec![
        ("a request before the 101", upgrade(ws, &[], "", HIDDEN)),
        ("an upgrade with a length", upgrade(ws, &[], &length, HIDDEN)),
        ("an upgrade with chunks", upgrade(ws, &[], "Transfer-Encoding: chunked\r\n", &chunk())),
        ("a request behind a version that is refused", upgrade(ws, &[("Sec-WebSocket-Version", "0")], "", HIDDEN)),
        ("a body of a version that is refused", upgrade(ws, &[("Sec-WebSocket-Version", "0")], &length, HIDDEN)),
        ("a request behind a key that is refused", upgrade(ws, &[("Sec-WebSocket-Key", "x")], "", HIDDEN)),
        ("an upgrade to h2c", upgrade(ws, &[("Upgrade", "h2c")], "HTTP2-Settings: AAMAAABkAAQAAP__\r\n", HIDDEN)),
        ("an upgrade to two protocols", upgrade(ws, &[("Upgrade", "h2c, websocket")], "", HIDDEN)),
        ("an upgrade to something else", upgrade(ws, &[("Upgrade", "x")], "", HIDDEN)),
        ("an upgrade of nothing of the sort", upgrade("GET /healthz HTTP/1.1", &[], "", HIDDEN)),
        ("an upgrade by POST", upgrade("POST /ws HTTP/1.1", &[], &length, HIDDEN)),
        ("an upgrade that nobody asked to be carried", upgrade(ws, &[("Connection", "keep-alive")], "", HIDDEN)),
        ("an upgrade of HTTP/1.0", upgrade("GET /ws HTTP/1.0", &[], "", HIDDEN)),
    ]
}
