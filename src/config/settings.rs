//! The settings as the rest of the server sees them: plain data, already checked.

use std::time::Duration;

use super::{
    arrivals::Arrivals,
    cidr::Cidr,
    origin::OriginPattern,
    secret::{Key, Secret, is_same},
    tls::Tls,
    units::{ByteSize, show_duration},
};

/// Everything the server can be told. [`Settings::default`] is what it does when told nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    pub listen: Listen,
    pub tls: Tls,
    /// The networks of proxies that tell the truth in `X-Forwarded-For`.
    pub trusted_proxies: Vec<Cidr>,
    pub arrivals: Arrivals,
    pub rates: Rates,
    pub origins: Origins,
    pub matching: Matching,
    pub rooms: Rooms,
    pub resume: Resume,
    pub socket: Socket,
    pub noisy: Noisy,
    pub storage: Storage,
    pub offers: Offers,
    pub secrets: Secrets,
    /// The limit of an HTTP request's body, 1 KiB to 16 MiB.
    pub max_body: ByteSize,
    /// How long a drain may take before what is left is cut; 0 to 1 hour.
    pub shutdown_grace: Duration,
    /// The path of the Prometheus text; starts with `/` and is none of the server's own paths.
    pub metrics_route: String,
    pub log: Log,
    /// The version that the server tells; `None` is the one it was built as.
    pub version: Option<String>,
    /// The name of this process among its like; `None` lets the server draw a random one.
    pub instance_id: Option<String>,
}

/// What only the server and those who run it may know.
#[derive(Clone, Default, Debug)]
pub struct Secrets {
    /// The key of the credentials that the offers API gives out; `None` lets the server draw a random one, and all
    /// credentials die with the process.
    pub auth: Option<Key>,
    /// What opens the metrics and the status page; `None` leaves them open.
    pub admin: Option<Secret>,
}

impl Secrets {
    /// The variables of those that may be guessed.
    pub fn weak(&self) -> impl Iterator<Item = &'static str> {
        let auth = self.auth.as_ref().filter(|key| key.is_weak()).map(|_| "AUTH_SECRET");
        let admin = self.admin.as_ref().filter(|token| token.is_weak()).map(|_| "ADMIN_TOKEN");
        auth.into_iter().chain(admin)
    }
}

impl PartialEq for Secrets {
    fn eq(&self, other: &Self) -> bool {
        is_same(self.auth.as_ref(), other.auth.as_ref(), |one, other| one.is(other.reveal()))
            && is_same(self.admin.as_ref(), other.admin.as_ref(), |one, other| one.is(other.reveal().as_bytes()))
    }
}

impl Eq for Secrets {}

/// Where the listener binds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listen {
    /// An IP address without brackets, or a host name.
    pub host: String,
    /// 0 lets the system choose a free one.
    pub port: u16,
    /// Whether other processes may listen there, too, and go on when this one ends. Never with a database file, which is one process's alone.
    pub reuse_port: bool,
}

/// How often one address may come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rates {
    /// Requests to the HTTP routes in a minute, probes and metrics not counted; 0 means any.
    pub http_per_minute: u32,
    /// Upgrades to WebSockets in a minute; 0 means any.
    pub ws_per_minute: u32,
}

/// Which pages may open a socket.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origins {
    /// As given, in order, without repetitions.
    pub allowed: Vec<OriginPattern>,
    /// Whether a request without an Origin passes although a list is set.
    pub allow_missing: bool,
    /// Whether an empty list allows every origin (true) or no browser's (false).
    pub dev: bool,
}

/// Who meets whom, and when again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Matching {
    /// Whether a client whose partner went is matched again without asking.
    pub requeue_on_partner_leave: bool,
    /// Whether `next` also asks for the next partner, or the client must send `available`.
    pub requeue_on_next: bool,
    /// How long a pair that parted stays apart when nobody else waits; 0 to 24 hours.
    pub rematch_cooldown: Duration,
    /// How many of its last partners a client avoids while somebody else waits; 0 to 64.
    pub rematch_memory: usize,
}

/// The topics in which clients of the chat wire meet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rooms {
    /// Topics that a client may be in at a time, 1 to 1000.
    pub max_per_client: usize,
    /// Members that a topic may have at a time, 2 to 100000.
    pub max_size: usize,
    pub scope: TopicScope,
    /// Whether clients are told which topics there are.
    pub listing: bool,
}

/// Which clients that name the same topic meet in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TopicScope {
    /// Those with the same Origin; those without one among themselves.
    Origin,
    /// All.
    Global,
}

/// The sessions of the chat wire that outlive their socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resume {
    /// How long a session waits for a new socket, 100 ms to 1 hour; zero lets none do so.
    pub window: Duration,
    /// So many frames may come for a session while it has no socket; 16 to 65536.
    pub max_frames: usize,
    /// Above this many bytes of frames that its client has not acknowledged a session ends; holds a whole message and [`Socket::OUTBOX_SPARE`], unless
    /// there is no window. `None` is [`Socket::outbox_max_bytes`].
    pub max_bytes: Option<ByteSize>,
}

/// Who reads frames that are whole, unfragmented data. All others are tungstenite's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameReader {
    /// The server, where they lie.
    InPlace,
    /// tungstenite, which copies them.
    Tungstenite,
}

/// The bounds of one connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Socket {
    /// The interval of pings, 100 ms to 1 hour; a connection silent for two of them is dead.
    pub heartbeat: Duration,
    /// The limit of a message and of a frame, above 1024 bytes; `None` leaves each wire its own
    /// ([`Socket::CHAT_MAX_MESSAGE`] and [`Socket::NOISY_MAX_MESSAGE`]).
    pub max_message: Option<ByteSize>,
    /// Bytes read at once, 512 bytes to 1 MiB.
    pub read_buffer: ByteSize,
    /// Who reads ordinary frames.
    pub reader: FrameReader,
    /// The initial write buffer, 512 bytes to 1 MiB.
    pub write_buffer: ByteSize,
    /// Above this many unsent bytes a client is a slow consumer; holds a whole message and
    /// [`Socket::OUTBOX_SPARE`].
    pub outbox_max_bytes: ByteSize,
    /// Above this many unsent frames a client is a slow consumer; 1 to 65536.
    pub outbox_max_frames: usize,
    /// The rate a client may keep up; 0 means any.
    pub max_messages_per_second: u32,
    /// The bytes of messages a client may keep up in a second, up to 1 GiB; 0 means any.
    pub max_bytes_per_second: ByteSize,
}

impl Socket {
    /// The message limit of the chat wire when none is set.
    pub const CHAT_MAX_MESSAGE: ByteSize = ByteSize::new(64 * 1024);

    /// The message limit between the sides of a NoisyTransfer room when none is set.
    pub const NOISY_MAX_MESSAGE: ByteSize = ByteSize::new(1024 * 1024);

    /// What an outbox has room for beyond the largest message: a relayed frame is longer than the one that came in.
    pub const OUTBOX_SPARE: ByteSize = ByteSize::new(1024);
}

/// The rendezvous by code, and what is kept for a side that is away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Noisy {
    /// How long a code may be redeemed, how long it is not minted again after that, and how long frames wait for a side
    /// that is not there; 100 ms to 7 days.
    pub room_ttl: Duration,
    /// How long a mailbox is kept after its last use, 100 ms to 7 days.
    pub mailbox_ttl: Duration,
    /// The digits of a code as long as at most half of such codes are in use, 4 to 8.
    pub code_digits: u8,
}

/// Where sessions, offers, names, codes and mail are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Storage {
    pub kind: StorageType,
    /// The database's file, made when there is none, or `:memory:`; only SQLite uses it.
    pub path: String,
    pub sync: StorageSync,
}

/// What keeps the data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StorageType {
    /// A database file, which survives a restart.
    Sqlite,
    /// The process alone.
    Memory,
}

/// When SQLite waits for the disk (its `PRAGMA synchronous`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StorageSync {
    /// At each commit: a power failure loses nothing that was answered.
    Full,
    /// Twice a second: a power failure may lose the commits of the last second, a crash of the process none.
    Normal,
}

/// How long offers and sessions live, and how many there may be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offers {
    /// The life of a session of the sessions API, 100 ms to 30 days.
    pub session_timeout: Duration,
    /// The life of an offer that asks for none; from [`Offers::min_ttl`] to [`Offers::max_ttl`].
    pub default_ttl: Duration,
    /// The shortest life of an offer, 100 ms to 30 days.
    pub min_ttl: Duration,
    /// The longest life of an offer, 100 ms to 30 days; not below [`Offers::min_ttl`].
    pub max_ttl: Duration,
    /// How long an answered offer of the tags API stays, 100 ms to 30 days.
    pub answered_ttl: Duration,
    /// How often what has expired is removed, 10 ms to 24 hours.
    pub cleanup_interval: Duration,
    /// Offers in one request, 1 to 10000.
    pub max_per_request: usize,
    /// Offers that one owner may have at a time, 1 to 1000000.
    pub max_per_owner: usize,
    /// Offers that there may be at a time, 1 to 10000000.
    pub max: usize,
    /// Everything that offers, candidates, names and mail keep, together; 1 MiB to 64 GiB. Spent nonces, codes, frames
    /// for sides that are not there, and frames for sessions without a socket, get an eighth each besides.
    pub max_stored: ByteSize,
    /// Topics or tags of one offer, 1 to 1000.
    pub max_topics: usize,
    /// Calls in one RPC request, 1 to 1000.
    pub max_batch: usize,
}

/// What is logged, and in which shape.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Log {
    /// A level (`info`) or filter directives (`info,meetpoint=debug`) that `tracing_subscriber::EnvFilter` reads.
    pub level: String,
    pub format: LogFormat,
    /// Whether clients' addresses are logged whole.
    pub addresses: bool,
}

/// The shape of a log line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line, for collectors.
    Json,
}

/// Two settings that are fine by themselves and exclude each other.
pub(super) struct Contradiction {
    /// The variable and the value that cannot stay.
    pub refused: (&'static str, String),
    /// The variable and the value that it cannot stay beside.
    pub beside: (&'static str, String),
    /// What would do instead.
    pub expected: String,
}

impl Settings {
    /// What a resumable session may have unacknowledged: as much as may be unsent, unless it is set.
    pub fn resume_max_bytes(&self) -> ByteSize {
        self.resume.max_bytes.unwrap_or(self.socket.outbox_max_bytes)
    }

    pub(super) fn contradictions(&self) -> Vec<Contradiction> {
        let outbox = self.socket.holds_a_message("OUTBOX_MAX_BYTES", self.socket.outbox_max_bytes);
        let log = self.socket.holds_a_message("RESUME_MAX_BYTES", self.resume_max_bytes());
        let log = log.filter(|_| !self.resume.window.is_zero() && self.resume.max_bytes.is_some());
        outbox.into_iter().chain(log).chain(self.offers.lives()).collect()
    }
}

impl Storage {
    /// The path with which SQLite keeps everything in the process.
    pub const IN_MEMORY: &str = ":memory:";
}

impl Socket {
    /// That a bound on what a client has yet to get could not hold a whole message of the chat wire.
    fn holds_a_message(&self, variable: &'static str, bound: ByteSize) -> Option<Contradiction> {
        let limit = self.max_message.unwrap_or(Self::CHAT_MAX_MESSAGE);
        let needed = ByteSize::new(limit.bytes() + Self::OUTBOX_SPARE.bytes());
        (bound < needed).then(|| Contradiction {
            refused: (variable, bound.to_string()),
            beside: ("WS_MAX_MSG", limit.to_string()),
            expected: format!("at least {needed}: a whole message and {} more", Self::OUTBOX_SPARE),
        })
    }
}

impl Offers {
    /// The lives that are shorter than the shortest or longer than the longest.
    fn lives(&self) -> impl Iterator<Item = Contradiction> {
        let default = ("OFFER_DEFAULT_TTL", self.default_ttl);
        let (min, max) = (("OFFER_MIN_TTL", self.min_ttl), ("OFFER_MAX_TTL", self.max_ttl));
        let said = |(variable, life): (_, Duration)| (variable, show_duration(life));
        let order = move |fits: bool, refused, beside: (_, Duration), bound| {
            let expected = format!("{bound} {}", show_duration(beside.1));
            (!fits).then(|| Contradiction { refused: said(refused), beside: said(beside), expected })
        };
        [
            order(default.1 >= min.1, default, min, "at least"),
            order(default.1 <= max.1, default, max, "at most"),
            order(max.1 >= min.1, max, min, "at least"),
        ]
        .into_iter()
        .flatten()
    }
}
