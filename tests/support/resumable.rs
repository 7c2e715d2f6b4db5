//! A client whose session outlives its sockets. It counts, keeps what it said until the server has it, comes back by
//! itself, and checks whatever it is told about the counts: what its caller hears is what was said, once and in order.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::PATIENCE;
use super::frame::{self, CLOSE, FIN, Frame, PING, PONG, TEXT};
use super::schema::{self, Dialect};
use super::{handshake, http};

pub const PATH: &str = "/ws?resumable=1";

/// How often a client that has not heard anything asks whether anybody is there.
const ASKS: Duration = Duration::from_millis(300);

/// Silence, also of an upgrade, after which a connection is given up: a machine under test may be slow, but a client that
/// leaves too early only makes one more cut.
const SILENCE: Duration = Duration::from_secs(1);

/// How a client tells the server what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acknowledges {
    /// By answering protocol pings.
    WithPongs,
    /// With a frame after each so many; pings go unanswered.
    WithFrames(u64),
}

/// How far a connection had come when it was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    Upgrade,
    /// The hello was under way, or its answer.
    Hello,
    /// The answer has been heard, and not yet the ping behind the replay.
    Replay,
    Open,
}

pub struct Resumable {
    pub id: String,
    /// The connections that were lost, in order.
    pub lost: Vec<Stage>,
    server: SocketAddr,
    acknowledges: Acknowledges,
    token: String,
    received: u64,
    acknowledged: u64,
    sent: u64,
    /// The last frames that were sent: those that the server may not have.
    kept: VecDeque<String>,
    /// How much had been sent with each ping that has no answer yet.
    asked: VecDeque<u64>,
    connection: Option<Connection>,
    /// When the last connection was lost that had the session.
    lost_at: Instant,
}

struct Connection {
    stream: TcpStream,
    buffer: BytesMut,
    stage: Stage,
    heard: Instant,
    asked: Instant,
}

impl Resumable {
    /// A session of its own, entered over `server`, which may be a proxy's address.
    pub async fn enter(server: SocketAddr, acknowledges: Acknowledges) -> Self {
        let mut client = Self {
            id: String::new(),
            lost: Vec::new(),
            server,
            acknowledges,
            token: String::new(),
            received: 0,
            acknowledged: 0,
            sent: 0,
            kept: VecDeque::new(),
            asked: VecDeque::new(),
            connection: None,
            lost_at: Instant::now(),
        };
        client.connected().await;
        client
    }

    /// How many frames the server may not have.
    pub fn unacknowledged(&self) -> usize {
        self.kept.len()
    }

    /// Says a frame now, or as soon as there is a connection again.
    pub async fn say(&mut self, message: &Value) {
        let words = message.to_string();
        if let Some(connection) = &mut self.connection
            && connection.write(&frame::text(&words)).await.is_err()
        {
            self.lose();
        }
        self.kept.push_back(words);
        self.sent += 1;
    }

    /// The next frame that is no answer to this client's own pings; None when there is none until then.
    pub async fn hear_until(&mut self, until: Instant) -> Option<Value> {
        loop {
            self.connected().await;
            self.ask().await;
            let Some(connection) = &mut self.connection else { continue };
            let wake = until.min(connection.asked + ASKS).min(connection.heard + SILENCE);
            match timeout_at(wake, connection.next()).await {
                Ok(Ok(heard)) => {
                    if let Some(message) = self.understand(heard).await {
                        return Some(message);
                    }
                }
                Ok(Err(_)) => self.lose(),
                Err(_) if connection.heard.elapsed() >= SILENCE => self.lose(),
                Err(_) if Instant::now() >= until => return None,
                Err(_) => {}
            }
        }
    }

    /// The next frame, which must come.
    pub async fn hear(&mut self) -> Value {
        let heard = self.hear_until(Instant::now() + PATIENCE).await;
        heard.unwrap_or_else(|| panic!("{} hears nothing", self.id))
    }

    /// Goes without a word, and comes back with the next thing to do.
    pub fn drop_connection(&mut self) {
        if let Some(connection) = &self.connection {
            connection.stream.set_zero_linger().expect("a socket option");
        }
        self.connection = None;
        self.lost_at = Instant::now();
    }

    /// Ends the session, and hears that it has ended; what is said to it meanwhile is of no interest.
    pub async fn bye(mut self) {
        self.say(&json!({"type": "bye"})).await;
        self.connected().await;
        let Some(mut connection) = self.connection.take() else { panic!("{} has no connection", self.id) };
        let farewell = async {
            loop {
                let heard = connection.next().await.expect("the server says goodbye");
                if heard.opcode == CLOSE {
                    return heard.payload;
                }
            }
        };
        let payload = timeout(PATIENCE, farewell).await.expect("a goodbye in time");
        assert_eq!(&payload[..], [&1000_u16.to_be_bytes()[..], b"bye"].concat());
    }

    fn lose(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.lost.push(connection.stage);
            self.lost_at = Instant::now();
        }
    }

    /// Asks for a sign of life, which also tells what the server has.
    async fn ask(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        if connection.asked.elapsed() < ASKS {
            return;
        }
        connection.asked = Instant::now();
        self.say(&json!({"type": "ping"})).await;
        self.asked.push_back(self.sent);
    }

    /// What a frame means to the session; given on where it is for the caller.
    async fn understand(&mut self, heard: Frame) -> Option<Value> {
        match heard.opcode {
            TEXT => {
                self.received += 1;
                let message = read(&heard);
                self.acknowledge().await;
                if message["type"] != "pong" {
                    return Some(message);
                }
                let had = self.asked.pop_front().expect("a pong answers a ping");
                self.forget(had);
            }
            PING => {
                let count: u64 = std::str::from_utf8(&heard.payload)
                    .ok()
                    .and_then(|text| text.parse().ok())
                    .unwrap_or_else(|| panic!("a ping says {:?}", heard.payload));
                assert_eq!(count, self.received, "{}: the server's count against what has arrived", self.id);
                let connection = self.connection.as_mut()?;
                connection.stage = Stage::Open;
                if self.acknowledges == Acknowledges::WithPongs
                    && connection.write(&frame::masked(FIN | PONG, &heard.payload)).await.is_err()
                {
                    self.lose();
                }
            }
            CLOSE => panic!("{} is closed: {:?}", self.id, heard.payload),
            other => panic!("{} hears opcode {other}", self.id),
        }
        None
    }

    async fn acknowledge(&mut self) {
        if let Acknowledges::WithFrames(every) = self.acknowledges
            && self.received - self.acknowledged >= every
        {
            self.acknowledged = self.received;
            self.say(&json!({"type": "ack", "received": self.received})).await;
        }
    }

    /// The server has had so many frames.
    fn forget(&mut self, had: u64) {
        let oldest = self.sent - self.kept.len() as u64;
        // A pong that was on its way while the session was resumed tells what is known.
        self.kept.drain(..had.saturating_sub(oldest) as usize);
    }

    /// Comes back, as often as it takes.
    async fn connected(&mut self) {
        let mut patience = 100_u32;
        while self.connection.is_none() {
            patience = patience.checked_sub(1).unwrap_or_else(|| panic!("{} never gets through", self.id));
            if let Err(stage) = self.connect().await {
                self.lost.push(stage);
                sleep(Duration::from_millis(20)).await;
            }
        }
    }

    async fn connect(&mut self) -> Result<(), Stage> {
        let opened = timeout(SILENCE, Connection::open(self.server)).await;
        let mut connection = opened.ok().and_then(Result::ok).ok_or(Stage::Upgrade)?;
        let hello = if self.token.is_empty() {
            json!({"type": "hello"})
        } else {
            json!({"type": "hello", "resume": {"token": self.token, "received": self.received}})
        };
        connection.write(&frame::text(&hello.to_string())).await.map_err(|_| Stage::Hello)?;
        let answer = timeout(SILENCE, connection.next()).await.ok().and_then(Result::ok).ok_or(Stage::Hello)?;
        assert_eq!(answer.opcode, TEXT, "the answer to hello is the first that is said: {:?}", answer.payload);
        let answer = read(&answer);
        let fresh = self.token.is_empty();
        let (expected, away) = (if fresh { "ready" } else { "resumed" }, self.lost_at.elapsed());
        assert_eq!(answer["type"], expected, "{} after {away:?}: {answer}", self.id);
        let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("no {name} in {answer}")).to_owned();
        self.token = text("resumeToken");
        connection.stage = Stage::Replay;
        if fresh {
            self.id = text("clientId");
        } else {
            assert_eq!(answer["clientId"], json!(self.id), "resumed into another's session");
            self.catch_up(&mut connection, answer["received"].as_u64().expect("a count")).await?;
        }
        self.connection = Some(connection);
        Ok(())
    }

    /// Says again what the server has not had.
    async fn catch_up(&mut self, connection: &mut Connection, had: u64) -> Result<(), Stage> {
        let oldest = self.sent - self.kept.len() as u64;
        assert!((oldest..=self.sent).contains(&had), "{}: {had} of {oldest} to {} are had", self.id, self.sent);
        self.forget(had);
        for words in &self.kept {
            connection.write(&frame::text(words)).await.map_err(|_| Stage::Replay)?;
        }
        Ok(())
    }
}

/// What a text frame says, which must be as described.
fn read(text: &Frame) -> Value {
    let words = std::str::from_utf8(&text.payload).expect("the server sends UTF-8");
    schema::judge(Dialect::Chat, words);
    serde_json::from_str(words).expect("the server speaks JSON")
}

impl Connection {
    async fn open(server: SocketAddr) -> io::Result<Self> {
        let mut stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        stream.write_all(&handshake::request(PATH, &[])).await?;
        let mut buffer = BytesMut::new();
        let answer = http::read_response(&mut stream, &mut buffer, false).await.ok_or(io::ErrorKind::UnexpectedEof)?;
        assert_eq!(answer.status, 101, "{answer:?}");
        let now = Instant::now();
        Ok(Self { stream, buffer, stage: Stage::Upgrade, heard: now, asked: now })
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        timeout(SILENCE, self.stream.write_all(bytes)).await?
    }

    /// The next frame; nothing is lost when it is not waited for.
    async fn next(&mut self) -> io::Result<Frame> {
        loop {
            if let Some(frame) = frame::decode(&mut self.buffer) {
                self.heard = Instant::now();
                return Ok(frame);
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
