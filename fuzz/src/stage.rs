//! Sessions without sockets, on a server that is made anew for each input: what they are told can be read at once.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http::HeaderMap;
use meetpoint::{
    core::{
        book::{Book, CodeRules, Kept, Limits as BookLimits},
        chance::Chance,
        clock::Clock,
        lobby::Lobby,
        matchmaker::Rules,
        outbox::{Bounds, Line, Outbox, Wire, log},
        sessions::{Limits, Sessions},
        sides::{self, Sides},
        topics::Topics,
        turn::Turn,
    },
    dialects::{
        Dialect, Ending, Flow, Opening, Session,
        chat::{Chat, RoomRules},
        noisy::Noisy,
    },
    guard::{guess::Guesses, token::Tokens},
    store::memory::Memory,
    telemetry::metrics::Metrics,
};
use meetpoint_protocol::{ClientId, ConnId, Timestamp, ws};
use tokio::io::AsyncWrite;

/// When every input begins.
pub const BEGIN: Timestamp = Timestamp::from_millis(1_733_404_800_000);

const WINDOW: Duration = Duration::from_secs(60);
const BOUNDS: Bounds = Bounds { bytes: 1 << 16, frames: 64, kept: 1024 };

/// Limits of a book that an input can reach.
pub const BOOK: BookLimits = BookLimits {
    per_owner: 8,
    offers: 32,
    bytes: 1 << 18,
    answered_tags: Duration::from_secs(30),
    codes: CodeRules { digits: 4, ttl: WINDOW },
    mailbox_ttl: Duration::from_secs(600),
};

pub fn book(chance: &Arc<Chance>) -> Arc<Book> {
    Arc::new(Book::new(Arc::new(Memory), Kept::default(), BOOK, chance.clone(), BEGIN))
}

/// The chat and the A/B wire with all that they hold.
pub struct Stage {
    pub now: Instant,
    chance: Arc<Chance>,
    chat: Arc<Chat>,
    noisy: Noisy,
    entered: u64,
}

thread_local! {
    /// Names are registered once; nothing is asserted of what is counted.
    pub static METRICS: Metrics = Metrics::new(&[], &[]).expect("names of metrics");
    static START: Instant = Instant::now();
}

impl Stage {
    pub fn new() -> Self {
        let (chance, now) = (Arc::new(Chance::from_seed(1)), START.with(|start| *start));
        let clock = Clock::new(now, || BEGIN, || BEGIN);
        let rules = Rules {
            requeue_on_partner_leave: true,
            requeue_on_next: true,
            rematch_cooldown: Duration::from_secs(5),
            rematch_memory: 2,
        };
        let (meter, refused, noisy) = METRICS
            .with(|metrics| (metrics.sessions.clone(), metrics.rate_limited.resume.clone(), metrics.noisy.clone()));
        let log = log::Bounds { frames: 16, bytes: 1 << 15 };
        let chat = Arc::new(Chat {
            lobby: Arc::new(Lobby::new(rules, chance.clone())),
            topics: Arc::new(Topics::new(3, chance.clone())),
            sessions: Sessions::new(Limits { window: WINDOW, log, away_bytes: 1 << 16 }),
            rooms: RoomRules { max_per_client: 3, is_global: true, listing: true, max_answer: 1 << 14 },
            tokens: Tokens::new(&[1; 32]),
            guesses: Guesses::of_secrets(),
            meter,
            refused,
            chance: chance.clone(),
            clock: clock.clone(),
            ping_interval: Duration::from_secs(20),
            max_message: 65_536,
        });
        let limits = sides::Limits { ttl: WINDOW, kept: 1 << 16 };
        let sides = Arc::new(Sides::new(book(&chance), clock.clone(), limits));
        let noisy = Noisy { sides, meter: noisy, clock, max_message: 65_536 };
        Self { now, chance, chat, noisy, entered: 0 }
    }

    pub fn turn(&self) -> Turn {
        Turn::new(self.now)
    }

    /// A client with this query; `None` where it is refused.
    pub fn enter(&mut self, query: Option<&str>) -> Option<Client> {
        let dialect: &dyn Dialect = if self.noisy.claims(query) { &self.noisy } else { &self.chat };
        let headers = HeaderMap::new();
        let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let entry = dialect.admit(&Opening { query, headers: &headers, client, now: self.now }).ok()?;
        self.entered += 1;
        let (id, tape) = (ClientId::from_random(self.chance.id()), Tape::default());
        let outbox =
            Outbox::new(id, ConnId(self.entered), dialect.words(), dialect.outbox(BOUNDS), Box::new(tape.clone()));
        let session = entry(outbox.clone(), &mut self.turn());
        Some(Client { line: Line::new(outbox), session, tape })
    }

    /// Time passes: cooldowns and windows end.
    pub fn pass(&mut self, time: Duration) {
        self.now += time;
        let mut turn = self.turn();
        self.chat.lobby.cooled(&mut turn);
        self.chat.sessions.expire(&mut turn);
        self.noisy.sides.retire(self.now);
    }

    /// When everybody has gone and enough time has passed, nothing is left.
    pub fn assert_empty(&mut self) {
        self.pass(3 * WINDOW);
        let lobby = self.chat.lobby.census(self.now);
        assert_eq!((lobby.waiting, lobby.pairs), (0, 0), "the lobby");
        assert_eq!(self.chat.topics.census(), (0, 0), "topics");
        assert_eq!(self.chat.sessions.census(), (0, 0), "sessions without sockets");
        assert_eq!((self.noisy.sides.attendance().rooms, self.noisy.sides.kept()), (0, 0), "sides");
    }
}

/// One connection.
pub struct Client {
    line: Line,
    session: Box<dyn Session>,
    tape: Tape,
}

impl Client {
    /// Acts, and goes on as the session says; whether the connection does.
    fn act(&mut self, stage: &Stage, act: impl FnOnce(&mut dyn Session, &mut Turn) -> Flow) -> bool {
        let mut turn = stage.turn();
        self.line.follow();
        if self.line.outbox().closing().is_some() {
            return false;
        }
        match act(&mut *self.session, &mut turn) {
            Flow::Continue => {}
            Flow::Close(_) => return false,
            Flow::Become(successor) => {
                self.session = successor.session;
                self.line = successor.line.unwrap_or_else(|| self.line.clone());
            }
        }
        true
    }

    pub fn text(&mut self, text: &str, stage: &Stage) -> bool {
        self.act(stage, |session, turn| session.text(text, turn))
    }

    pub fn binary(&mut self, bytes: &[u8], stage: &Stage) -> bool {
        self.act(stage, |session, turn| session.binary(bytes, turn))
    }

    pub fn pong(&mut self, payload: &[u8], stage: &Stage) -> bool {
        self.act(stage, |session, _| {
            session.pong(payload, Some(Duration::from_millis(1)));
            Flow::Continue
        })
    }

    /// What its task would do when the session's deadline has come.
    pub fn due(&mut self, stage: &Stage) -> bool {
        self.session.deadline().is_none_or(|due| due > stage.now) || self.act(stage, |session, turn| session.due(turn))
    }

    pub fn end(mut self, ending: Ending, stage: &Stage) {
        self.session.closed(ending, &mut stage.turn());
        self.line.follow();
        self.line.end();
    }

    /// The texts that its socket was sent since the last call.
    pub fn heard(&mut self, stage: &Stage) -> Vec<String> {
        self.line.release(&mut stage.turn());
        let bytes = std::mem::take(&mut *self.tape.0.lock().unwrap_or_else(PoisonError::into_inner));
        let (mut rest, mut heard) = (&bytes[..], Vec::new());
        while !rest.is_empty() {
            let (frame, behind) = rest.split_at(ws::frame_len(rest));
            if frame[0] & 0x0f == ws::Opcode::Text as u8 {
                let header = [2, 4, 10][usize::from(frame[1] > 125) + usize::from(frame[1] > 126)];
                heard.push(String::from_utf8(frame[header..].to_vec()).expect("text"));
            }
            rest = behind;
        }
        heard
    }
}

/// A socket that takes everything.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<Vec<u8>>>);

impl Wire for Tape {
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }
}

impl AsyncWrite for Tape {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.try_write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
