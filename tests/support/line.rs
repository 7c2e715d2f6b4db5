//! An HTTP connection that is kept open from request to request, from an address of one's own choice: for whoever has much
//! to ask, or has to be somebody else.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bytes::BytesMut;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::http::{self, Response};
use super::{PATIENCE, canary};

pub struct Line {
    stream: TcpStream,
    buffer: BytesMut,
}

impl Line {
    pub async fn open(server: SocketAddr) -> Self {
        Self::from(Ipv4Addr::LOCALHOST, server).await
    }

    /// From any address of the loopback.
    pub async fn from(source: Ipv4Addr, server: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::new(IpAddr::V4(source), 0)).expect("an address of the loopback");
        let connected = timeout(PATIENCE, socket.connect(server)).await.expect("the server accepts");
        let stream = connected.expect("the server listens");
        stream.set_nodelay(true).expect("a socket option");
        Self { stream, buffer: BytesMut::new() }
    }

    pub async fn post(&mut self, path: &str, body: &str) -> Response {
        self.write(&post(path, body)).await;
        self.answer().await
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        canary::request(bytes);
        let written = timeout(PATIENCE, self.stream.write_all(bytes)).await.expect("the server reads");
        written.expect("the server keeps the connection");
    }

    /// The answer to the first request that has none yet.
    pub async fn answer(&mut self) -> Response {
        let answer = timeout(PATIENCE, http::read_response(&mut self.stream, &mut self.buffer, false)).await;
        answer.expect("the server answers").expect("the server keeps the connection")
    }
}

/// A whole request whose body, where it has one, is JSON.
pub fn post(path: &str, body: &str) -> Vec<u8> {
    request("POST", path, if body.is_empty() { &[] } else { &[("Content-Type", "application/json")] }, body)
}

/// A whole request for a connection that is kept open.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let length = body.len().to_string();
    let mut bytes =
        http::head(&format!("{method} {path} HTTP/1.1"), &[headers, &[("Content-Length", &length)]].concat());
    bytes.extend(body.bytes());
    bytes
}

/// Sends the same request `count` times, over so many connections at once, and gives the answers.
pub async fn many(server: SocketAddr, connections: usize, count: usize, request: &[u8]) -> Vec<Response> {
    let mut asking = JoinSet::new();
    for number in 0..connections {
        let (request, share) = (request.to_owned(), count / connections + usize::from(number < count % connections));
        asking.spawn(async move {
            let mut line = Line::open(server).await;
            let mut answers = Vec::with_capacity(share);
            for _ in 0..share {
                line.write(&request).await;
                answers.push(line.answer().await);
            }
            answers
        });
    }
    asking.join_all().await.into_iter().flatten().collect()
}

/// How many answers there are of each status.
pub fn statuses(answers: &[Response]) -> BTreeMap<u16, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(answer.status).or_default() += 1;
    }
    counts
}
