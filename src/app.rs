//! The composition root: the only place that names concrete dialects and backends.

use std::{
    error::Error,
    fmt, io,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use meetpoint_protocol::{RoomId, Timestamp};
use serde_json::Map;
use tokio::{
    task::yield_now,
    time::{Instant, interval, sleep_until},
};
use tracing::warn;

use crate::{
    config::{FrameReader, Settings, Socket, StorageType, TopicScope},
    core::{
        book::{self, Book, CodeRules, Journal, Kept},
        chance::Chance,
        clock::Clock,
        lobby::Lobby,
        matchmaker::Rules,
        outbox::{Bounds, log},
        registry::Registry,
        sessions::{self, Sessions},
        sides::{self, Sides},
        topics::Topics,
        turn::Turn,
    },
    dialects::{
        Busy, Dialect,
        chat::{Chat, RoomRules},
        noisy::{
            Noisy,
            rendezvous::{self, Rendezvous},
        },
        rondevu::{self, Rondevu},
    },
    guard::{
        address::TrustedProxies, credentials::Credentials, guess::Guesses, origin::OriginPolicy, token::Tokens,
        window::Window,
    },
    server::{About, Api, Index, Limits, Server, accept, drain::Drain, wire::Listener},
    store::{
        memory::Memory,
        sqlite::{Sqlite, Unusable, Writing},
    },
    telemetry::metrics::Metrics,
};

/// How often what has expired is taken out of memory, where nobody looks anyway.
const RETIRE_EVERY: Duration = Duration::from_secs(1);

/// A server that is put together.
pub struct App {
    pub server: Arc<Server>,
    chat: Arc<Chat>,
    /// The storage's thread, where there is one.
    writing: Option<Writing>,
    cleanup_interval: Duration,
}

/// Why a server cannot be put together.
#[derive(Debug)]
pub enum Fault {
    Metrics(prometheus::Error),
    /// The file's name and what is wrong with it.
    Storage(String, Unusable),
    Thread(io::Error),
}

/// Puts the server together, with what its storage has kept.
///
/// # Errors
/// The storage cannot be used, or the metrics are not what Prometheus takes.
pub fn build(settings: &Settings, chance: Chance) -> Result<App, Fault> {
    let chance = Arc::new(chance);
    let clock = clock();
    let version = settings.version.clone().unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned());
    let build = [("version", version.as_str()), ("package", env!("CARGO_PKG_VERSION"))];
    let metrics = Metrics::new(&Server::end_labels(), &build).map_err(Fault::Metrics)?;
    let lobby = Arc::new(Lobby::new(rules(settings), chance.clone()));
    let (book, writing) = open_book(settings, &chance, &clock)?;
    let sides = Arc::new(Sides::new(book.clone(), clock.clone(), kept_for_sides(settings)));
    let secret = settings.auth_secret.as_ref().map_or_else(|| chance.bytes(), |secret| *secret.bytes());
    let socket = &settings.socket;
    let topics = Arc::new(Topics::new(settings.rooms.max_size, chance.clone()));
    let chat = Arc::new(Chat {
        lobby: lobby.clone(),
        topics: topics.clone(),
        sessions: Sessions::new(kept_sessions(settings)),
        rooms: room_rules(settings),
        tokens: Tokens::from_secret(&secret),
        guesses: Guesses::of_secrets(),
        meter: metrics.sessions.clone(),
        refused: metrics.rate_limited.resume.clone(),
        chance: chance.clone(),
        clock: clock.clone(),
        ping_interval: socket.heartbeat,
        max_message: socket.max_message.unwrap_or(Socket::CHAT_MAX_MESSAGE).bytes(),
    });
    // The chat takes whatever the others do not.
    let dialects: Vec<Box<dyn Dialect>> = vec![
        Box::new(Noisy {
            sides: sides.clone(),
            meter: metrics.noisy.clone(),
            clock: clock.clone(),
            max_message: socket.max_message.unwrap_or(Socket::NOISY_MAX_MESSAGE).bytes(),
        }),
        Box::new(chat.clone()),
    ];
    let instance_id =
        settings.instance_id.clone().unwrap_or_else(|| format!("inst-{}", RoomId::from_random(chance.id())));
    let proxies = TrustedProxies::new(&settings.trusted_proxies);
    let server = Arc::new(Server {
        about: About { version, instance_id, started: Instant::now().into_std() },
        apis: apis(settings, (&book, &chance, &clock), &secret, &metrics, &proxies),
        away: Box::new({
            let chat = chat.clone();
            move || chat.sessions.census()
        }),
        book,
        chance,
        clock,
        connections: Default::default(),
        dialects,
        drain: Drain::default(),
        http_rate: Window::new(settings.rates.http_per_minute),
        limits: limits(socket),
        lobby,
        metrics,
        metrics_route: settings.metrics_route.clone(),
        origins: OriginPolicy::new(&settings.origins),
        proxies,
        registry: Registry::default(),
        sides,
        topics,
        ws_rate: Window::new(settings.rates.ws_per_minute),
    });
    Ok(App { server, chat, writing, cleanup_interval: settings.offers.cleanup_interval })
}

impl App {
    /// Serves until the server has been drained.
    pub async fn serve<L: Listener>(&self, listener: L) {
        tokio::select! {
            () = accept::serve(listener, self.server.clone()) => {}
            () = watch_cooldowns(self.server.clone()) => {}
            () = watch_sessions(&self.server, &self.chat) => {}
            () = sweep(&self.server, self.cleanup_interval) => {}
            () = retire(&self.server) => {}
            () = deliver(&self.server) => {}
        }
    }

    /// Lets go of the storage, when what waits is written.
    pub fn close(self) {
        if let Some(writing) = self.writing {
            writing.close();
        }
    }
}

/// Opens the storage and reads what it has kept.
fn open_book(settings: &Settings, chance: &Arc<Chance>, clock: &Clock) -> Result<(Arc<Book>, Option<Writing>), Fault> {
    let offers = &settings.offers;
    let limits = book::Limits {
        per_owner: offers.max_per_owner,
        offers: offers.max,
        bytes: offers.max_stored.bytes(),
        answered_tags: offers.answered_ttl,
        codes: CodeRules { digits: settings.noisy.code_digits, ttl: settings.noisy.room_ttl },
        mailbox_ttl: settings.noisy.mailbox_ttl,
    };
    let new =
        |journal: Arc<dyn Journal>, kept: Kept| Arc::new(Book::new(journal, kept, limits, chance.clone(), clock.now()));
    let storage = &settings.storage;
    match storage.kind {
        StorageType::Memory => Ok((new(Arc::new(Memory), Kept::default()), None)),
        StorageType::Sqlite => {
            let unusable = |problem| Fault::Storage(storage.path.clone(), problem);
            let file = Sqlite::open(&storage.path, storage.sync).map_err(unusable)?;
            let book = new(file.journal(), file.load().map_err(unusable)?);
            let writing = file.write_for(&book).map_err(Fault::Thread)?;
            Ok((book, Some(writing)))
        }
    }
}

/// The protocols over plain requests.
fn apis(
    settings: &Settings,
    (book, chance, clock): (&Arc<Book>, &Arc<Chance>, &Clock),
    secret: &[u8; 32],
    metrics: &Metrics,
    proxies: &TrustedProxies,
) -> Vec<Api> {
    if settings.auth_secret.is_none() {
        warn!("AUTH_SECRET is not set: credentials of the offers API and resume tokens end with this process");
    }
    let rondevu = Arc::new(Rondevu {
        book: book.clone(),
        clock: clock.clone(),
        chance: chance.clone(),
        credentials: Credentials::new(secret),
        offers: settings.offers.clone(),
        max_body: settings.max_body.bytes(),
    });
    let [sessions, offers, rpc] = rondevu::routes(&rondevu);
    let of_sessions = rondevu.clone();
    let topics: Box<Index> = Box::new(move |headers, query| rondevu::sessions::index(&of_sessions, headers, query));
    let stats: Box<Index> = Box::new(move |_, _| rondevu::rpc::index(&rondevu));
    let api = |(routes, cors, busy), index| Api { routes, cors, busy, index };
    let rendezvous = Arc::new(Rendezvous {
        book: book.clone(),
        clock: clock.clone(),
        guesses: Guesses::new(),
        proxies: proxies.clone(),
        refused: metrics.rate_limited.guess.clone(),
        max_body: settings.max_body.bytes(),
    });
    let codes = (rendezvous::routes(rendezvous), &rendezvous::CORS, rendezvous::busy as Busy);
    let nothing = || -> Box<Index> { Box::new(|_, _| Map::new()) };
    vec![api(sessions, topics), api(offers, nothing()), api(rpc, stats), api(codes, nothing())]
}

/// Begins with the system's time and goes on by the runtime's, which tests and simulations stop.
fn clock() -> Clock {
    let wall = || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    };
    let (begun, start) = (wall(), Instant::now());
    Clock::new(start.into_std(), move || begun.plus(start.elapsed()), wall)
}

/// Removes what has expired from the storage.
async fn sweep(server: &Server, every: Duration) {
    let mut ticks = interval(every);
    loop {
        ticks.tick().await;
        while let Ok((more, commit)) = server.book.sweep(server.clock.now()) {
            if commit.wait().await.is_err() || !more {
                break;
            }
            yield_now().await;
        }
    }
}

/// Takes what has expired out of memory before anybody has to wait for it.
async fn retire(server: &Server) {
    let mut ticks = interval(RETIRE_EVERY);
    loop {
        ticks.tick().await;
        while !server.book.retire(server.clock.now()) {
            yield_now().await;
        }
        server.sides.retire(Instant::now().into_std());
    }
}

/// Shows mail when it is durable.
async fn deliver(server: &Server) {
    loop {
        let parcel = server.sides.next_parcel().await;
        in_turn(server, |turn| server.sides.settle(parcel, turn));
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metrics(error) => error.fmt(f),
            Self::Storage(path, problem) => write!(f, "cannot use the storage {path}: {problem}"),
            Self::Thread(error) => write!(f, "cannot start the storage's thread: {error}"),
        }
    }
}

impl Error for Fault {}

/// Matches those whose re-match cooldown ends.
async fn watch_cooldowns(server: Arc<Server>) {
    loop {
        let next = in_turn(&server, |turn| server.lobby.cooled(turn));
        until(next, server.lobby.deadline_moved()).await;
    }
}

/// Ends the sessions that nobody has come back to.
async fn watch_sessions(server: &Server, chat: &Chat) {
    loop {
        let next = in_turn(server, |turn| chat.sessions.expire(turn));
        until(next, chat.sessions.moved()).await;
    }
}

fn in_turn<R>(server: &Server, act: impl FnOnce(&mut Turn) -> R) -> R {
    let mut turn = Turn::new(Instant::now().into_std());
    let done = act(&mut turn);
    server.metrics.absorb(&mut turn.tally);
    done
}

/// Waits until then, if there is anything to wait for, or until it may be earlier.
async fn until(deadline: Option<std::time::Instant>, moved: impl Future<Output = ()>) {
    match deadline {
        Some(deadline) => tokio::select! {
            () = sleep_until(deadline.into()) => {}
            () = moved => {}
        },
        None => moved.await,
    }
}

fn rules(settings: &Settings) -> Rules {
    let matching = &settings.matching;
    Rules {
        requeue_on_partner_leave: matching.requeue_on_partner_leave,
        requeue_on_next: matching.requeue_on_next,
        rematch_cooldown: matching.rematch_cooldown,
        rematch_memory: matching.rematch_memory,
    }
}

fn kept_for_sides(settings: &Settings) -> sides::Limits {
    /// The part of all bytes that frames may take which are kept for sides that are not there.
    const SHARE: usize = 8;
    sides::Limits { ttl: settings.noisy.room_ttl, kept: settings.offers.max_stored.bytes() / SHARE }
}

fn kept_sessions(settings: &Settings) -> sessions::Limits {
    /// The part of all bytes that may wait for clients that have lost their sockets.
    const SHARE: usize = 8;
    let resume = &settings.resume;
    sessions::Limits {
        window: resume.window,
        log: log::Bounds { frames: resume.max_frames, bytes: settings.resume_max_bytes().bytes() },
        away_bytes: settings.offers.max_stored.bytes() / SHARE,
    }
}

fn room_rules(settings: &Settings) -> RoomRules {
    let rooms = &settings.rooms;
    // Half of what may wait for a client, so that an answer never makes it slow.
    let most = settings.socket.outbox_max_bytes.min(settings.resume_max_bytes()).bytes();
    RoomRules {
        max_per_client: rooms.max_per_client,
        is_global: rooms.scope == TopicScope::Global,
        listing: rooms.listing,
        max_answer: most / 2,
    }
}

fn limits(socket: &Socket) -> Limits {
    Limits {
        heartbeat: socket.heartbeat,
        read_buffer: socket.read_buffer.bytes(),
        reads_in_place: socket.reader == FrameReader::InPlace,
        outbox: Bounds {
            bytes: socket.outbox_max_bytes.bytes(),
            frames: socket.outbox_max_frames,
            kept: socket.write_buffer.bytes(),
        },
        messages_per_second: socket.max_messages_per_second,
    }
}
