//! The opening handshake (RFC 6455 section 4.1), polite by default and wrong on demand.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bytes::BytesMut;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::time::timeout;

use super::PATIENCE;
use super::http::{self, Response};
use super::peer::{Manners, Peer};
use super::schema::Dialect;

/// The RFC's own sample nonce, and what a server must make of it (section 1.3).
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// The headers of a correct upgrade request, to be sent as they are or spoilt.
pub const UPGRADE: [(&str, &str); 4] =
    [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", KEY)];

pub struct Handshake<'a> {
    pub path: &'a str,
    /// Sent beside the correct upgrade headers.
    pub headers: Vec<(&'a str, &'a str)>,
    pub manners: Manners,
    /// Size of the kernel's receive buffer: a small one makes a client that does not read felt soon.
    pub receive_buffer: Option<u32>,
    /// The address to come from: any of the loopback's.
    pub source: Option<Ipv4Addr>,
}

impl Default for Handshake<'_> {
    fn default() -> Self {
        Self { path: "/ws", headers: Vec::new(), manners: Manners::default(), receive_buffer: None, source: None }
    }
}

impl Handshake<'_> {
    /// The open socket, or the HTTP answer that refused it.
    pub async fn open(self, server: SocketAddr) -> Result<Peer, Response> {
        let socket = TcpSocket::new_v4().expect("a socket");
        if let Some(bytes) = self.receive_buffer {
            socket.set_recv_buffer_size(bytes).expect("a size the kernel takes");
        }
        if let Some(source) = self.source {
            socket.bind(SocketAddr::new(IpAddr::V4(source), 0)).expect("an address of the loopback");
        }
        let connected = timeout(PATIENCE, socket.connect(server)).await.expect("the server accepts");
        let mut stream = connected.expect("the server listens");
        // As browsers do; else a small frame waits for the acknowledgement of the one before.
        stream.set_nodelay(true).expect("a socket option");
        let request = request(self.path, &self.headers);
        stream.write_all(&request).await.expect("the server reads");
        let mut buffer = BytesMut::new();
        let answer = http::read_response(&mut stream, &mut buffer, false);
        let answer = timeout(PATIENCE, answer).await.expect("the server answers the upgrade");
        let answer = answer.expect("the server does not hang up on an upgrade");
        if answer.status != 101 {
            return Err(answer);
        }
        assert_eq!(answer.header("sec-websocket-accept"), Some(ACCEPT));
        assert_eq!(answer.header("sec-websocket-extensions"), None, "no extension is ever agreed to");
        Ok(Peer::new(stream, buffer, self.manners, Dialect::of(self.path)))
    }
}

/// A whole upgrade request with further headers.
pub fn request(path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    http::head(&format!("GET {path} HTTP/1.1"), &[&UPGRADE, headers].concat())
}
