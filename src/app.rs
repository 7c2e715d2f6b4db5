//! The composition root: the only place that names concrete dialects and backends.

pub mod check;
pub mod reload;
mod rules;
mod tasks;

use std::{
    error::Error,
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwap;
use meetpoint_protocol::{RoomId, Timestamp};
use serde_json::Map;
use tokio::time::Instant;
use tracing::warn;

use crate::{
    config::{Settings, Socket, StorageType},
    core::{
        book::{self, Book, CodeRules, Journal, Kept},
        chance::Chance,
        clock::Clock,
        lobby::Lobby,
        registry::Registry,
        sessions::Sessions,
        sides::Sides,
        topics::Topics,
    },
    dialects::{
        Busy, Dialect,
        chat::Chat,
        noisy::{
            Noisy,
            rendezvous::{self, Rendezvous},
        },
        rondevu::{self, Rondevu, offers::Strangers},
    },
    guard::{
        address::TrustedProxies, admin::Admin, connections::Connections, credentials::Credentials, guess::Guesses,
        origin::OriginPolicy, token::Tokens, window::Window,
    },
    server::{About, Api, Index, Server, accept, drain::Drain, wire::Listener},
    store::{
        memory::Memory,
        sqlite::{Sqlite, Unusable, WhenTaken, Writing},
    },
    telemetry::{logs::Addresses, metrics::Metrics, stalls},
};

pub use self::rules::caps;

/// A server that is put together.
pub struct App {
    pub server: Arc<Server>,
    chat: Arc<Chat>,
    /// The storage's thread, where there is one.
    writing: Option<Writing>,
    cleanup_interval: Duration,
    /// How long the drain may take.
    grace: ArcSwap<Duration>,
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
    build_at(settings, chance, clock())
}

/// The same by a clock of the caller's.
///
/// # Errors
/// As [`build`].
pub fn build_at(settings: &Settings, chance: Chance, clock: Clock) -> Result<App, Fault> {
    let chance = Arc::new(chance);
    let version = settings.version.clone().unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned());
    let build = [("version", version.as_str()), ("package", env!("CARGO_PKG_VERSION"))];
    let metrics = Metrics::new(&Server::end_labels(), &build).map_err(Fault::Metrics)?;
    let lobby = Arc::new(Lobby::new(rules::matching(settings), chance.clone()));
    let (book, writing) = open_book(settings, &chance, &clock)?;
    let sides = Arc::new(Sides::new(book.clone(), clock.clone(), rules::kept_for_sides(settings)));
    let secret = settings.secrets.auth.as_ref().map_or_else(|| chance.bytes(), |key| *key.reveal());
    let socket = &settings.socket;
    let topics = Arc::new(Topics::new(settings.rooms.max_size, chance.clone()));
    let chat = Arc::new(Chat {
        lobby: lobby.clone(),
        topics: topics.clone(),
        sessions: Sessions::new(rules::kept_sessions(settings)),
        rooms: rules::rooms(settings),
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
    let max_body = Arc::new(AtomicUsize::new(settings.max_body.bytes()));
    let server = Arc::new(Server {
        admin: Admin::new(settings.secrets.admin.clone()),
        about: About { version, instance_id, started: Instant::now().into_std() },
        apis: apis(settings, (&book, &chance, &clock), &secret, &metrics, &proxies, &max_body),
        away: Box::new({
            let chat = chat.clone();
            move || chat.sessions.census()
        }),
        book,
        chance,
        clock,
        connections: Connections::new(rules::caps(settings), Instant::now().into_std()),
        dialects,
        drain: Drain::default(),
        http_rate: Window::new(settings.rates.http_per_minute),
        limits: ArcSwap::from_pointee(rules::limits(socket)),
        lobby,
        log_addresses: Addresses { whole: settings.log.addresses },
        max_body,
        metrics,
        metrics_route: settings.metrics_route.clone(),
        next_conn: Default::default(),
        origins: OriginPolicy::new(&settings.origins),
        proxies,
        registry: Registry::default(),
        sides,
        topics,
        ws_rate: Window::new(settings.rates.ws_per_minute),
    });
    Ok(App {
        server,
        chat,
        writing,
        cleanup_interval: settings.offers.cleanup_interval,
        grace: ArcSwap::from_pointee(settings.shutdown_grace),
    })
}

impl App {
    /// Serves until the server has been drained.
    pub async fn serve<L: Listener>(&self, listener: L) {
        tokio::select! {
            // In this order: chance that no seed governs would make each run of a simulation another.
            biased;
            () = accept::serve(listener, self.server.clone()) => {}
            () = tasks::watch_cooldowns(self.server.clone()) => {}
            () = tasks::watch_sessions(&self.server, &self.chat) => {}
            () = tasks::sweep(&self.server, self.cleanup_interval) => {}
            () = tasks::retire(&self.server) => {}
            () = tasks::deliver(&self.server) => {}
            () = stalls::watch(&self.server.metrics.stalls) => {}
        }
    }

    /// From now on these settings hold, as far as they may change.
    fn apply(&self, settings: &Settings) {
        let server = &self.server;
        server.connections.set_caps(rules::caps(settings));
        server.http_rate.set(settings.rates.http_per_minute);
        server.limits.store(Arc::new(rules::limits(&settings.socket)));
        server.max_body.store(settings.max_body.bytes(), Relaxed);
        server.origins.set(&settings.origins);
        server.ws_rate.set(settings.rates.ws_per_minute);
        self.grace.store(Arc::new(settings.shutdown_grace));
    }

    /// Tells everybody to go, and returns when all have gone or the time is over.
    pub async fn drain(&self) {
        self.server.drain(**self.grace.load()).await;
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
            let when_taken = if settings.listen.reuse_port { WhenTaken::Wait } else { WhenTaken::Refuse };
            let file = Sqlite::open(&storage.path, storage.sync, when_taken).map_err(unusable)?;
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
    max_body: &Arc<AtomicUsize>,
) -> Vec<Api> {
    if settings.secrets.auth.is_none() {
        warn!("AUTH_SECRET is not set: credentials of the offers API and resume tokens end with this process");
    }
    let rondevu = Arc::new(Rondevu {
        book: book.clone(),
        clock: clock.clone(),
        chance: chance.clone(),
        credentials: Credentials::new(secret),
        strangers: Strangers::new(proxies.clone(), metrics.rate_limited.credentials.clone()),
        offers: settings.offers.clone(),
        max_body: max_body.clone(),
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
        max_body: max_body.clone(),
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
