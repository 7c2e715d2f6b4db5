//! A member that reads when it is asked to and never before. No task of its own, no copies: a thousand of them can hear
//! half a million frames in a moment.

use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::support::frame::{self, CLOSE, Frame, PING, TEXT};
use crate::support::{PATIENCE, handshake, http};

/// A receive buffer for who has much to read, in bytes.
const ROOMY: usize = 1024 * 1024;

pub struct Ear {
    pub id: String,
    stream: TcpStream,
    buffer: BytesMut,
}

impl Ear {
    /// `receive_buffer` is the size of the kernel's, in bytes.
    pub async fn enter(server: SocketAddr, receive_buffer: Option<u32>) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes).expect("a size the kernel takes");
        }
        let mut stream = timeout(PATIENCE, socket.connect(server)).await.expect("in time").expect("the server listens");
        stream.set_nodelay(true).expect("a socket option");
        stream.write_all(&handshake::request("/ws", &[])).await.expect("the server reads");
        let mut buffer = BytesMut::new();
        let answer = timeout(PATIENCE, http::read_response(&mut stream, &mut buffer, false)).await.expect("in time");
        assert_eq!(answer.map(|answer| answer.status), Some(101));
        let mut ear = Self { id: String::new(), stream, buffer };
        let ready: Value = serde_json::from_slice(&ear.hear().await).expect("JSON");
        ear.id = ready["clientId"].as_str().expect("an id").to_owned();
        ear
    }

    pub async fn say(&mut self, frames: &[u8]) {
        let written = timeout(PATIENCE, self.stream.write_all(frames)).await.expect("the server reads");
        written.expect("the server keeps the connection");
    }

    /// The next text.
    pub async fn hear(&mut self) -> Bytes {
        loop {
            match self.next().await {
                Some(Frame { opcode: TEXT, payload }) => return payload,
                Some(Frame { opcode: PING, .. }) => {}
                other => panic!("expected a text, got {:?}", other.map(|frame| (frame.opcode, frame.payload))),
            }
        }
    }

    /// Proves that nothing was sent to this client: a pong comes back first.
    pub async fn silence(&mut self) {
        self.say(&frame::text(&json!({"type": "ping"}).to_string())).await;
        assert_eq!(self.hear().await, r#"{"type":"pong"}"#);
    }

    /// How many whole texts come before the end, and the code of the close frame if there is one.
    pub async fn end(&mut self) -> (usize, Option<u16>) {
        // What is left may be megabytes. Through a window smaller than a segment the kernel sends them in minutes.
        SockRef::from(&self.stream).set_recv_buffer_size(ROOMY).expect("a size the kernel takes");
        let mut texts = 0;
        while let Some(Frame { opcode, payload }) = self.next().await {
            match opcode {
                TEXT => texts += 1,
                CLOSE => return (texts, payload.get(..2).map(|code| u16::from_be_bytes([code[0], code[1]]))),
                _ => {}
            }
        }
        (texts, None)
    }

    async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = frame::decode(&mut self.buffer) {
                return Some(frame);
            }
            self.buffer.reserve(64 * 1024);
            let read =
                timeout(PATIENCE, self.stream.read_buf(&mut self.buffer)).await.expect("something comes in time");
            if !matches!(read, Ok(1..)) {
                return None;
            }
        }
    }
}
