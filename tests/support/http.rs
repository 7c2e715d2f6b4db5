//! HTTP/1.1 by hand: a test that sends broken requests must not have its bytes repaired by a library.

use std::net::SocketAddr;

use bytes::{Buf, BytesMut};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::{PATIENCE, canary};

#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    /// Names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name)?;
        Some(&found.1)
    }

    /// All values of a header that may come in several lines, as one list.
    pub fn all(&self, name: &str) -> Option<String> {
        let found = self.headers.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let found: Vec<&str> = found.collect();
        (!found.is_empty()).then(|| found.join(", "))
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|fault| panic!("{fault} in the body of {self:?}"))
    }

    /// The sentence of a body `{"error": sentence}`.
    pub fn error(&self) -> String {
        let sentence = self.json()["error"].take();
        sentence.as_str().unwrap_or_else(|| panic!("no error sentence in {self:?}")).to_owned()
    }
}

pub async fn get(server: SocketAddr, path: &str) -> Response {
    request(server, "GET", path, &[], "").await
}

pub async fn request(server: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let length = body.len().to_string();
    let framing = [("Connection", "close"), ("Content-Length", &length)];
    let mut bytes = head(&format!("{method} {path} HTTP/1.1"), &[headers, &framing].concat());
    bytes.extend(body.bytes());
    let answer = exchange(server, &bytes).await;
    answer.unwrap_or_else(|| panic!("no answer to {method} {path}"))
}

/// A request's head with a Host and its empty last line.
pub fn head(request_line: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let mut head = format!("{request_line}\r\nHost: meetpoint.test\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// Sends bytes as they are; None when the server hung up without an answer.
pub async fn exchange(server: SocketAddr, bytes: &[u8]) -> Option<Response> {
    let bodyless = bytes.starts_with(b"HEAD ");
    canary::request(bytes);
    let (mut reading, mut writing) = connect(server).await.into_split();
    let mut buffer = BytesMut::new();
    let answer = read_response(&mut reading, &mut buffer, bodyless);
    // A refusal may come while the request is still being pushed, and a refused push is no reason to miss it.
    let push = async {
        let _ = writing.write_all(bytes).await;
        std::future::pending().await
    };
    tokio::select! {
        answer = timeout(PATIENCE, answer) => answer.expect("the server answers or hangs up"),
        () = push => unreachable!("the push never resolves"),
    }
}

pub async fn connect(server: SocketAddr) -> TcpStream {
    let stream = timeout(PATIENCE, TcpStream::connect(server)).await.expect("the server accepts");
    stream.expect("the server listens")
}

/// Reads one response and leaves what follows it in `buffer`. None when the stream ended before it was whole.
pub async fn read_response(
    stream: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
    bodyless: bool,
) -> Option<Response> {
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if !more(stream, buffer).await {
            return None;
        }
    };
    let head = buffer.split_to(end);
    let mut response = parse_head(std::str::from_utf8(&head).ok()?)?;
    if bodyless || response.status == 101 {
        return Some(response);
    }
    let length = response.header("content-length").map(|length| length.parse().expect("a number"));
    while buffer.len() < length.unwrap_or(usize::MAX) && more(stream, buffer).await {}
    let body = buffer.copy_to_bytes(length.unwrap_or(buffer.len()).min(buffer.len()));
    response.body = String::from_utf8(body.into()).ok()?;
    canary::message(&response.body);
    if response.status >= 400 || response.header("content-type").is_some_and(|kind| kind.contains("version=0.0.4")) {
        canary::told(&response.body);
    }
    Some(response)
}

async fn more(stream: &mut (impl AsyncRead + Unpin), buffer: &mut BytesMut) -> bool {
    matches!(stream.read_buf(buffer).await, Ok(1..))
}

fn parse_head(head: &str) -> Option<Response> {
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    Some(Response { status, headers, body: String::new() })
}
