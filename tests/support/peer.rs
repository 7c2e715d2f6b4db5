//! One end of an open WebSocket. A task of its own reads and, unless told otherwise, answers pings and closes like a
//! browser does while its page is busy; the test takes what arrived from a queue.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::thread;

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;

use super::frame::{self, BINARY, CLOSE, FIN, Frame, PING, PONG, TEXT};
use super::schema::{self, Dialect};
use super::{PATIENCE, canary};

/// More than any test lets pile up, so that only `pause` ever stops the reading.
const QUEUE: usize = 1 << 17;

#[derive(Clone, Copy)]
pub struct Manners {
    pub answers_pings: bool,
    pub answers_close: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Self { answers_pings: true, answers_close: true }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Incoming {
    Text(String),
    Binary(Bytes),
    Ping(Bytes),
    Pong(Bytes),
    Closed(Closed),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Closed {
    /// 1005 for a close frame without a code, 1006 for no close frame at all (RFC 6455 section 7.1.5).
    pub code: u16,
    pub reason: String,
}

pub struct Peer {
    wire: Arc<Wire>,
    reading: watch::Sender<bool>,
    incoming: mpsc::Receiver<Incoming>,
    /// What arrived before the pong that a round trip waited for.
    earlier: VecDeque<Incoming>,
    round_trips: u64,
    ended: bool,
    reader: JoinSet<()>,
}

impl Peer {
    /// `buffer` holds what the server sent together with its handshake.
    pub fn new(stream: TcpStream, buffer: BytesMut, manners: Manners, dialect: Dialect) -> Self {
        let wire = Arc::new(Wire { stream, writing: Mutex::new(()) });
        let (reading, gate) = watch::channel(true);
        let (arrived, incoming) = mpsc::channel(QUEUE);
        let mut reader = JoinSet::new();
        reader.spawn(read(Arc::clone(&wire), buffer, gate, (manners, dialect), arrived));
        Self { wire, reading, incoming, earlier: VecDeque::new(), round_trips: 0, ended: false, reader }
    }

    pub async fn send(&self, message: Value) {
        self.send_text(&message.to_string()).await;
    }

    pub async fn send_text(&self, words: &str) {
        canary::message(words);
        self.write(&frame::text(words)).await.expect("the server keeps the connection");
    }

    /// Sends bytes as they are; an attacker's may fail, as the server may have had enough.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.wire.send(bytes).await
    }

    pub async fn close(&self, code: u16, reason: &str) {
        let payload = [&code.to_be_bytes(), reason.as_bytes()].concat();
        self.write(&frame::masked(FIN | CLOSE, &payload)).await.expect("the server keeps the connection");
    }

    /// Cuts the connection without a farewell: the server's kernel gets a reset.
    pub async fn terminate(mut self) {
        self.reader.abort_all();
        while let Some(read) = self.reader.join_next().await {
            assert_unfailed(read);
        }
        self.wire.stream.set_zero_linger().expect("a socket option");
    }

    /// Stops reading the socket, as a frozen process does.
    pub fn pause(&self) {
        self.reading.send_replace(false);
    }

    pub fn resume(&self) {
        self.reading.send_replace(true);
    }

    /// The next message or close; pings of the server are no messages.
    pub async fn next(&mut self) -> Incoming {
        loop {
            match self.arrival().await {
                Incoming::Ping(_) => {}
                other => return other,
            }
        }
    }

    pub async fn hear_text(&mut self) -> String {
        match self.next().await {
            Incoming::Text(words) => words,
            other => panic!("expected a text message, got {other:?}"),
        }
    }

    pub async fn hear(&mut self) -> Value {
        let words = self.hear_text().await;
        canary::message(&words);
        serde_json::from_str(&words).unwrap_or_else(|fault| panic!("{fault} in {words}"))
    }

    pub async fn closed(&mut self) -> Closed {
        match self.next().await {
            Incoming::Closed(closed) => closed,
            other => panic!("expected the end of the connection, got {other:?}"),
        }
    }

    /// Waits for the end, whatever comes before it.
    pub async fn end(&mut self) -> Closed {
        loop {
            if let Incoming::Closed(closed) = self.next().await {
                return closed;
            }
        }
    }

    pub async fn ping(&self, payload: &[u8]) {
        self.write(&frame::masked(FIN | PING, payload)).await.expect("the server keeps the connection");
    }

    pub async fn pinged(&mut self) -> Bytes {
        loop {
            if let Incoming::Ping(payload) = self.arrival().await {
                return payload;
            }
        }
    }

    /// Returns when the server has worked through everything sent before; keeps what arrived meanwhile for later.
    pub async fn settle(&mut self) {
        assert!(self.settled().await, "no pong but the end after {:?}", self.earlier);
    }

    /// The same with somebody whom the server may have closed; false if it has.
    pub async fn settled(&mut self) -> bool {
        self.round_trips += 1;
        let payload = format!("round trip {}", self.round_trips);
        // A push may find the connection gone; the reading will tell.
        let _ = self.write(&frame::masked(FIN | PING, payload.as_bytes())).await;
        let mut seen = std::mem::take(&mut self.earlier);
        loop {
            match self.arrival().await {
                Incoming::Pong(back) if back == payload => break,
                other => seen.push_back(other),
            }
            if self.ended {
                break;
            }
        }
        self.earlier = seen;
        !self.ended
    }

    /// All that was said to this client until the server had worked through what it sent.
    pub async fn heard(&mut self) -> Vec<Value> {
        self.settle().await;
        let said = std::mem::take(&mut self.earlier).into_iter();
        said.filter_map(|arrival| match arrival {
            Incoming::Text(words) => Some(serde_json::from_str(&words).expect("the server speaks JSON")),
            _ => None,
        })
        .collect()
    }

    /// Proves that nothing was sent to this client: a pong comes back first.
    pub async fn silence(&mut self) {
        self.settle().await;
        self.earlier.retain(|arrival| !matches!(arrival, Incoming::Ping(_)));
        assert_eq!(self.earlier, [], "expected silence");
    }

    /// What the server has said by now and nobody has asked for; its pings are no words.
    pub async fn unheard(&mut self) -> Vec<Incoming> {
        self.settle().await;
        let unheard = std::mem::take(&mut self.earlier).into_iter();
        unheard.filter(|arrival| !matches!(arrival, Incoming::Ping(_))).collect()
    }

    /// Whether the end of the connection has been heard.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    async fn arrival(&mut self) -> Incoming {
        let arrival = self.arrived().await;
        self.ended |= matches!(arrival, Incoming::Closed(_));
        arrival
    }

    async fn arrived(&mut self) -> Incoming {
        if let Some(earlier) = self.earlier.pop_front() {
            return earlier;
        }
        let arrival = timeout(PATIENCE, self.incoming.recv()).await.expect("something arrives in time");
        arrival.expect("the connection has not been seen to end before")
    }
}

/// What was said and not as described fails the test, also when nobody asked for it.
impl Drop for Peer {
    fn drop(&mut self) {
        while let Some(read) = self.reader.try_join_next() {
            assert_unfailed(read);
        }
    }
}

fn assert_unfailed(read: Result<(), JoinError>) {
    let failed = read.is_err_and(|end| end.is_panic());
    assert!(!failed || thread::panicking(), "the reading failed");
}

/// A TCP stream that two tasks write to: the test its messages, the reader its pongs.
struct Wire {
    stream: TcpStream,
    writing: Mutex<()>,
}

impl Wire {
    async fn send(&self, mut bytes: &[u8]) -> io::Result<()> {
        let _whole_frames = self.writing.lock().await;
        while !bytes.is_empty() {
            self.stream.writable().await?;
            match self.stream.try_write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(full) if full.kind() == ErrorKind::WouldBlock => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// False at the end of the stream.
    async fn receive(&self, buffer: &mut BytesMut, gate: &mut watch::Receiver<bool>) -> bool {
        loop {
            if gate.wait_for(|open| *open).await.is_err() {
                return false;
            }
            tokio::select! {
                biased;
                _ = gate.changed() => {}
                _ = self.stream.readable() => match self.stream.try_read_buf(buffer) {
                    Ok(0) => return false,
                    Ok(_) => return true,
                    Err(empty) if empty.kind() == ErrorKind::WouldBlock => {}
                    Err(_) => return false,
                },
            }
        }
    }
}

async fn read(
    wire: Arc<Wire>,
    mut buffer: BytesMut,
    mut gate: watch::Receiver<bool>,
    (manners, dialect): (Manners, Dialect),
    arrived: mpsc::Sender<Incoming>,
) {
    loop {
        while let Some(frame) = frame::decode(&mut buffer) {
            // A reply may find the connection gone; the reading will tell.
            if let Some(reply) = reply(&frame, manners) {
                let _ = wire.send(&reply).await;
            }
            let incoming = understand(frame);
            if let Incoming::Text(words) = &incoming {
                schema::judge(dialect, words);
            }
            let ended = matches!(incoming, Incoming::Closed(_));
            if arrived.send(incoming).await.is_err() || ended {
                return;
            }
        }
        if !wire.receive(&mut buffer, &mut gate).await {
            let cut = Closed { code: 1006, reason: String::new() };
            let _ = arrived.send(Incoming::Closed(cut)).await;
            return;
        }
    }
}

fn reply(frame: &Frame, manners: Manners) -> Option<Vec<u8>> {
    let opcode = match frame.opcode {
        PING if manners.answers_pings => PONG,
        CLOSE if manners.answers_close => CLOSE,
        _ => return None,
    };
    Some(frame::masked(FIN | opcode, &frame.payload))
}

fn understand(Frame { opcode, payload }: Frame) -> Incoming {
    let text = |bytes: Bytes| String::from_utf8(bytes.into()).expect("the server sends UTF-8");
    match opcode {
        TEXT => Incoming::Text(text(payload)),
        BINARY => Incoming::Binary(payload),
        PING => Incoming::Ping(payload),
        PONG => Incoming::Pong(payload),
        CLOSE => {
            let code = payload.get(..2).map_or(1005, |code| u16::from_be_bytes([code[0], code[1]]));
            Incoming::Closed(Closed { code, reason: text(payload.slice(payload.len().min(2)..)) })
        }
        unknown => panic!("the server sent opcode {unknown}"),
    }
}
