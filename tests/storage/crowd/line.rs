//! A client's connection: kept open from request to request, or made anew for each.

use std::net::SocketAddr;

use bytes::BytesMut;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Told;
use crate::support::PATIENCE;
use crate::support::http::{self, Response};

/// What every wire says when the storage takes nothing.
pub const UNAVAILABLE: &str = "Storage unavailable, try again later";

pub struct Line {
    server: SocketAddr,
    keeps: bool,
    stream: Option<TcpStream>,
    buffer: BytesMut,
}

impl Line {
    pub fn new(server: SocketAddr, keeps: bool) -> Self {
        Self { server, keeps, stream: None, buffer: BytesMut::new() }
    }

    pub fn server(&self) -> SocketAddr {
        self.server
    }

    /// The whole answer, or None when the server is gone before it came.
    pub async fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<Response> {
        let answer = timeout(PATIENCE, self.exchange(method, path, headers, body)).await;
        answer.unwrap_or_else(|_| panic!("the server neither answers {method} {path} nor hangs up"))
    }

    /// An answer that must come.
    pub async fn hear(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let answer = self.ask(method, path, headers, body).await;
        answer.unwrap_or_else(|| panic!("no answer to {method} {path}"))
    }

    /// Asks a REST API for a change.
    pub async fn change(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Told<Value> {
        match self.ask(method, path, headers, &body.to_string()).await {
            None => Told::Nothing,
            Some(answer) if answer.status == 200 => Told::Done(answer.json()),
            Some(answer) => {
                assert_unavailable(&answer, &json!({"error": UNAVAILABLE}));
                Told::Refused
            }
        }
    }

    /// Asks an RPC API for a change: with a request by itself, or with an array that holds one.
    pub async fn call(&mut self, request: &Value) -> Told<Value> {
        let Some(answer) = self.ask("POST", "/rpc", &[], &request.to_string()).await else { return Told::Nothing };
        if answer.status == 200 {
            let mut reply = answer.json();
            let reply = if request.is_array() { &mut reply[0] } else { &mut reply };
            assert_eq!(reply["success"], true, "{request} was answered {reply}");
            return Told::Done(reply["result"].take());
        }
        let refused = if request.is_array() {
            json!([{"success": false, "error": UNAVAILABLE, "errorCode": "STORAGE_UNAVAILABLE"}])
        } else {
            json!({"success": false, "error": UNAVAILABLE})
        };
        assert_unavailable(&answer, &refused);
        Told::Refused
    }

    /// The RPC reply to a request that must be answered.
    pub async fn reply(&mut self, request: &Value) -> Value {
        let answer = self.hear("POST", "/rpc", &[], &request.to_string()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let mut reply = answer.json();
        if request.is_array() { reply[0].take() } else { reply }
    }

    async fn exchange(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<Response> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => TcpStream::connect(self.server).await.ok()?,
        };
        let length = body.len().to_string();
        let framing =
            [("Content-Length", length.as_str()), ("Connection", if self.keeps { "keep-alive" } else { "close" })];
        let mut request = http::head(&format!("{method} {path} HTTP/1.1"), &[headers, &framing].concat());
        request.extend(body.bytes());
        stream.write_all(&request).await.ok()?;
        let answer = http::read_response(&mut stream, &mut self.buffer, false).await?;
        let length: usize = answer.header("content-length")?.parse().ok()?;
        if self.keeps {
            self.stream = Some(stream);
        }
        // A connection may end within a body.
        (answer.body.len() == length).then_some(answer)
    }
}

fn assert_unavailable(answer: &Response, body: &Value) {
    let told = (answer.status, answer.header("retry-after"), answer.json());
    assert_eq!(told, (503, Some("1"), body.clone()), "{answer:?}");
}
