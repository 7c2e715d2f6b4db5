//! Sessions without sockets: what a client is told can be read from its outbox's wire at once.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderValue, header::ORIGIN};
use meetpoint::{
    core::{
        chance::Chance,
        clock::Clock,
        lobby::Lobby,
        matchmaker::Rules,
        outbox::{Bounds, Line, Outbox, Wire, log},
        sessions::{Limits, Sessions},
        topics::Topics,
        turn::Turn,
    },
    dialects::{
        Dialect, Ending, Opening, Session,
        chat::{Chat, RoomRules},
    },
    guard::{guess::Guesses, token::Tokens},
    telemetry::metrics::Metrics,
};
use meetpoint_protocol::{ClientId, ConnId, Timestamp, ws};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::io::AsyncWrite;

/// A wire that takes everything at once, until it is told how much more it takes.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<Reel>>);

#[derive(Default)]
struct Reel {
    bytes: Vec<u8>,
    left: Option<usize>,
}

impl Wire for Tape {
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let reel = &mut *self.0.lock();
        let taken = reel.left.unwrap_or(bytes.len()).min(bytes.len());
        if taken == 0 && !bytes.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        reel.bytes.extend_from_slice(&bytes[..taken]);
        reel.left = reel.left.map(|left| left - taken);
        Ok(taken)
    }
}

impl AsyncWrite for Tape {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.try_write(bytes) {
            Err(full) if full.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            written => Poll::Ready(written),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The chat without a server, and its time.
pub struct Stage {
    pub lobby: Arc<Lobby>,
    pub topics: Arc<Topics>,
    pub now: Instant,
    bounds: Bounds,
    chance: Arc<Chance>,
    chat: Arc<Chat>,
    entered: AtomicU64,
}

/// Nobody ever reaches these.
const UNBOUNDED: Bounds = Bounds { bytes: 1 << 20, frames: 1000, kept: 4096 };
const ROOMS: RoomRules = RoomRules { max_per_client: 100, is_global: true, listing: true, max_answer: 1 << 19 };

pub fn requeueing(on_partner_leave: bool, on_next: bool) -> Rules {
    Rules {
        requeue_on_partner_leave: on_partner_leave,
        requeue_on_next: on_next,
        rematch_cooldown: Duration::from_secs(5),
        rematch_memory: 3,
    }
}

impl Stage {
    pub fn new(rules: Rules) -> Self {
        Self::with(rules, ROOMS, 1000, UNBOUNDED)
    }

    /// `capacity` is that of a room, `bounds` are those of each client's outbox.
    pub fn with(rules: Rules, rooms: RoomRules, capacity: usize, bounds: Bounds) -> Self {
        let chance = Arc::new(Chance::from_seed(1));
        let lobby = Arc::new(Lobby::new(rules, chance.clone()));
        let topics = Arc::new(Topics::new(capacity, chance.clone()));
        let metrics = Metrics::new(&[], &[]).expect("names of metrics");
        let now = Instant::now();
        let log = log::Bounds { frames: bounds.frames, bytes: bounds.bytes };
        let chat = Arc::new(Chat {
            lobby: lobby.clone(),
            topics: topics.clone(),
            sessions: Sessions::new(Limits { window: Duration::ZERO, log, away_bytes: 0 }),
            rooms,
            tokens: Tokens::new(&[1; 32]),
            guesses: Guesses::of_secrets(),
            meter: metrics.sessions.clone(),
            refused: metrics.rate_limited.resume.clone(),
            chance: chance.clone(),
            clock: Clock::new(now, || Timestamp::from_millis(0), || Timestamp::from_millis(0)),
            ping_interval: Duration::from_secs(20),
            max_message: 65_536,
        });
        Self { lobby, topics, now, bounds, chance, chat, entered: AtomicU64::new(0) }
    }

    pub fn enter(&self) -> Puppet {
        self.enter_from(None)
    }

    /// From a page of that origin, if from any.
    pub fn enter_from(&self, origin: Option<&'static str>) -> Puppet {
        let conn = ConnId(self.entered.fetch_add(1, Ordering::Relaxed));
        let tape = Tape::default();
        let client = ClientId::from_random(self.chance.id());
        let outbox = Outbox::new(client, conn, self.chat.words(), self.bounds, Box::new(tape.clone()));
        let headers: HeaderMap = origin.map(|origin| (ORIGIN, HeaderValue::from_static(origin))).into_iter().collect();
        let opening =
            Opening { query: None, headers: &headers, client: IpAddr::V4(Ipv4Addr::LOCALHOST), now: self.now };
        let Ok(entry) = self.chat.admit(&opening) else { panic!("the chat takes everybody") };
        let session = entry(outbox.clone(), &mut Turn::new(self.now));
        Puppet { id: client.to_string(), tape, line: Line::new(outbox), session }
    }

    /// Time passes; cooldowns end.
    pub fn pass(&mut self, time: Duration) {
        self.now += time;
        self.lobby.cooled(&mut Turn::new(self.now));
    }
}

pub struct Puppet {
    pub id: String,
    tape: Tape,
    line: Line,
    session: Box<dyn Session>,
}

impl Puppet {
    pub fn say(&mut self, text: &str, now: Instant) {
        self.session.text(text, &mut Turn::new(now));
    }

    pub fn cut(self, now: Instant) {
        self.end(Ending::Cut, now);
    }

    pub fn end(mut self, ending: Ending, now: Instant) {
        self.session.closed(ending, &mut Turn::new(now));
        self.line.end();
    }

    /// Its socket takes so many bytes more, and then nothing.
    pub fn stall(&self, bytes: usize) {
        self.tape.0.lock().left = Some(bytes);
    }

    /// Its socket takes everything again, and first what has waited.
    pub fn flow(&self) {
        self.tape.0.lock().left = None;
        let written = self.line.poll_rest(&mut Context::from_waker(Waker::noop()));
        assert!(written.is_ready(), "nothing is in the way");
    }

    /// Whether the server is about to close it, because it does not read.
    pub fn is_given_up(&self) -> bool {
        self.line.outbox().closing().is_some()
    }

    /// All frames since the last call that have come whole.
    pub fn heard(&self) -> Vec<Value> {
        let bytes = &mut self.tape.0.lock().bytes;
        let mut frames = Vec::new();
        let mut at = 0;
        while let Some((header, frame)) = first_frame(&bytes[at..]) {
            frames.push(serde_json::from_slice(&frame[header..]).expect("JSON"));
            at += frame.len();
        }
        bytes.drain(..at);
        frames
    }
}

/// A frame with the length of its header, unless a part of it is still to come.
fn first_frame(bytes: &[u8]) -> Option<(usize, &[u8])> {
    /// By the byte that says how long the payload is, or how that is said (RFC 6455 section 5.2).
    const HEADERS: [(u8, usize); 3] = [(127, 10), (126, 4), (0, 2)];
    let length = bytes.get(1)? & 0x7f;
    let (_, header) = HEADERS.into_iter().find(|(least, _)| length >= *least)?;
    let frame = bytes.get(..header).and_then(|_| bytes.get(..ws::frame_len(bytes)))?;
    Some((header, frame))
}
