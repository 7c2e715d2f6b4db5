//! The table of the settings: one row for each.

use std::time::Duration;

use super::{
    grammar::{Key, Millis, Number, OneOf, OriginList, Seconds, Size, Switch, Text},
    original,
    setting::{Alias, At, Group, InFile, Setting},
    settings::{LogFormat, StorageSync, StorageType},
    text,
    units::ByteSize,
};

const NONE: Duration = Duration::ZERO;
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Short enough for tests, long enough that pings cost nothing.
const SHORTEST_HEARTBEAT: Duration = Duration::from_millis(100);
/// How long offers and sessions may live.
const LIVES: Millis = Millis(Duration::from_millis(100), Duration::from_secs(30 * 24 * 3600));
const SHORTEST_CLEANUP: Duration = Duration::from_millis(10);

const KIB: ByteSize = ByteSize::new(1024);
const MIB: ByteSize = ByteSize::new(1024 * 1024);
const SMALLEST_MESSAGE_LIMIT: ByteSize = ByteSize::new(1025);
const LARGEST_MESSAGE_LIMIT: ByteSize = ByteSize::new(16 * 1024 * 1024);
const SMALLEST_BUFFER: ByteSize = ByteSize::new(512);
const LARGEST_OUTBOX: ByteSize = ByteSize::new(64 * 1024 * 1024);
const LARGEST_BODY: ByteSize = ByteSize::new(16 * 1024 * 1024);
/// As far as the machine can count.
const LARGEST_STORE: ByteSize = ByteSize::new(MIB.bytes().saturating_mul(64 * 1024));

const NAME: Text = Text { takes: "printable ASCII, at most 128 characters", read: text::name };

/// Every setting, in the order of the groups.
pub(super) fn all() -> impl Iterator<Item = &'static Setting> {
    GROUPS.iter().flat_map(|group| group.settings)
}

/// Where a server listens: all that a probe of it must know.
pub(super) fn address() -> impl Iterator<Item = &'static Setting> {
    LISTENING.settings.iter()
}

/// The groups, in the order of the help.
pub(super) static GROUPS: &[&Group] = &[&LISTENING, &ORIGINS, &MATCHING, &SOCKETS, &STORAGE, &OFFERS, &OPERATION];

static LISTENING: Group = Group {
    heading: "Listening",
    settings: &[
        Setting::new(
            "HOST",
            "host",
            &At(|s| &mut s.listen.host, Text { takes: "an IP address or a host name", read: text::host }),
            "Address to bind",
        ),
        Setting::new(
            "PORT",
            "port",
            &At(|s| &mut s.listen.port, Number(u16::MIN, u16::MAX)),
            "Port to bind; 0 takes a free one",
        )
        .original(original::port),
    ],
};

static ORIGINS: Group = Group {
    heading: "Origins",
    settings: &[
        Setting::new(
            "ALLOWED_ORIGIN",
            "allowed-origin",
            &At(|s| &mut s.origins.allowed, OriginList),
            "Pages that may use the server; empty or * means all, but none when empty with DEV=false",
        )
        .alias(Alias::Joined("CORS_ORIGINS"))
        .unset("empty"),
        Setting::new(
            "ALLOW_MISSING_ORIGIN",
            "allow-missing-origin",
            &At(|s| &mut s.origins.allow_missing, Switch),
            "Let chat requests without an Origin pass although a list is set",
        ),
        Setting::new("DEV", "dev", &At(|s| &mut s.origins.dev, Switch), "Without a list of origins, allow all of them"),
    ],
};

static MATCHING: Group = Group {
    heading: "Matching",
    settings: &[
        Setting::new(
            "REQUEUE_ON_PARTNER_LEAVE",
            "requeue-on-partner-leave",
            &At(|s| &mut s.matching.requeue_on_partner_leave, Switch),
            "Match a client again, first in line, when its partner has gone",
        ),
        Setting::new(
            "REQUEUE_ON_NEXT",
            "requeue-on-next",
            &At(|s| &mut s.matching.requeue_on_next, Switch),
            "Match a client again when it says next, instead of waiting for available",
        ),
        Setting::new(
            "REMATCH_COOLDOWN",
            "rematch-cooldown",
            &At(|s| &mut s.matching.rematch_cooldown, Seconds(NONE, DAY)),
            "How long a pair that parted stays apart when nobody else waits",
        ),
        Setting::new(
            "REMATCH_MEMORY",
            "rematch-memory",
            &At(|s| &mut s.matching.rematch_memory, Number(0, 64)),
            "How many of its last partners a client avoids while others wait",
        ),
    ],
};

static SOCKETS: Group = Group {
    heading: "Connections",
    settings: &[
        Setting::new(
            "HEARTBEAT",
            "heartbeat",
            &At(|s| &mut s.socket.heartbeat, Seconds(SHORTEST_HEARTBEAT, HOUR)),
            "Ping interval; a connection silent for two of them is dead",
        )
        .alias(Alias::Same("WS_HEARTBEAT"))
        .original(original::heartbeat),
        Setting::new(
            "WS_MAX_MSG",
            "ws-max-msg",
            &At(|s| &mut s.socket.max_message, Size(SMALLEST_MESSAGE_LIMIT, LARGEST_MESSAGE_LIMIT)),
            "Limit of a message and of a frame",
        )
        .unset("64KiB on chat")
        .original(original::max_message),
        Setting::new(
            "WS_READ_BUF",
            "ws-read-buf",
            &At(|s| &mut s.socket.read_buffer, Size(SMALLEST_BUFFER, MIB)),
            "Initial read buffer of a connection",
        )
        .alias(Alias::Same("WS_READ_BUFFER")),
        Setting::new(
            "WS_WRITE_BUF",
            "ws-write-buf",
            &At(|s| &mut s.socket.write_buffer, Size(SMALLEST_BUFFER, MIB)),
            "Initial write buffer of a connection",
        )
        .alias(Alias::Same("WS_WRITE_BUFFER")),
        Setting::new(
            "OUTBOX_MAX_BYTES",
            "outbox-max-bytes",
            &At(|s| &mut s.socket.outbox_max_bytes, Size(KIB, LARGEST_OUTBOX)),
            "Unsent bytes above which a client is closed as a slow consumer; at least WS_MAX_MSG and 1KiB",
        ),
        Setting::new(
            "OUTBOX_MAX_FRAMES",
            "outbox-max-frames",
            &At(|s| &mut s.socket.outbox_max_frames, Number(1, 65_536)),
            "Unsent frames above which a client is closed as a slow consumer",
        ),
        Setting::new(
            "MAX_MSG_PER_SECOND",
            "max-msg-per-second",
            &At(|s| &mut s.socket.max_messages_per_second, Number(0, 1_000_000)),
            "Messages per second that a connection may keep up; 0 means any",
        ),
        Setting::new(
            "HTTP_MAX_BODY",
            "http-max-body",
            &At(|s| &mut s.max_body, Size(KIB, LARGEST_BODY)),
            "Limit of an HTTP request's body",
        ),
    ],
};

static STORAGE: Group = Group {
    heading: "Storage",
    settings: &[
        Setting::new(
            "STORAGE_TYPE",
            "storage-type",
            &At(|s| &mut s.storage.kind, OneOf(&[("sqlite", StorageType::Sqlite), ("memory", StorageType::Memory)])),
            "What keeps sessions, offers and names: a database file, or the process alone",
        ),
        Setting::new(
            "STORAGE_PATH",
            "storage-path",
            &At(|s| &mut s.storage.path, Text { takes: "the path of a file, or :memory:", read: text::file }),
            "Database file of STORAGE_TYPE=sqlite, made when there is none",
        ),
        Setting::new(
            "STORAGE_SYNC",
            "storage-sync",
            &At(|s| &mut s.storage.sync, OneOf(&[("full", StorageSync::Full), ("normal", StorageSync::Normal)])),
            "When SQLite waits for the disk: at each commit, or so that a power failure costs the latest",
        ),
    ],
};

static OFFERS: Group = Group {
    heading: "Offers",
    settings: &[
        Setting::new(
            "AUTH_SECRET",
            "auth-secret",
            &At(|s| &mut s.auth_secret, Key),
            "Key of the credentials that /register gives out; a flag can be seen by everybody on the machine",
        )
        .hidden()
        .unset("random"),
        Setting::new(
            "AUTH_SECRET_FILE",
            "auth-secret-file",
            &InFile(|s| &mut s.auth_secret, Key),
            "File that holds the key, instead of AUTH_SECRET",
        )
        .instead_of("AUTH_SECRET")
        .unset("none"),
        Setting::new(
            "SESSION_TIMEOUT",
            "session-timeout",
            &At(|s| &mut s.offers.session_timeout, LIVES),
            "How long a session of the sessions API lives",
        ),
        Setting::new(
            "OFFER_DEFAULT_TTL",
            "offer-default-ttl",
            &At(|s| &mut s.offers.default_ttl, LIVES),
            "How long an offer lives that asks for no time",
        ),
        Setting::new(
            "OFFER_MIN_TTL",
            "offer-min-ttl",
            &At(|s| &mut s.offers.min_ttl, LIVES),
            "Shortest life of an offer, whatever it asks for",
        ),
        Setting::new(
            "OFFER_MAX_TTL",
            "offer-max-ttl",
            &At(|s| &mut s.offers.max_ttl, LIVES),
            "Longest life of an offer, whatever it asks for",
        ),
        Setting::new(
            "ANSWERED_OFFER_TTL",
            "answered-offer-ttl",
            &At(|s| &mut s.offers.answered_ttl, LIVES),
            "How long an answered offer of the tags API stays",
        ),
        Setting::new(
            "CLEANUP_INTERVAL",
            "cleanup-interval",
            &At(|s| &mut s.offers.cleanup_interval, Millis(SHORTEST_CLEANUP, DAY)),
            "How often what has expired is removed",
        ),
        Setting::new(
            "MAX_OFFERS_PER_REQUEST",
            "max-offers-per-request",
            &At(|s| &mut s.offers.max_per_request, Number(1, 10_000)),
            "Offers in one request",
        ),
        Setting::new(
            "MAX_OFFERS_PER_OWNER",
            "max-offers-per-owner",
            &At(|s| &mut s.offers.max_per_owner, Number(1, 1_000_000)),
            "Offers that one owner may have at a time",
        ),
        Setting::new(
            "MAX_OFFERS",
            "max-offers",
            &At(|s| &mut s.offers.max, Number(1, 10_000_000)),
            "Offers that there may be at a time",
        ),
        Setting::new(
            "MAX_STORED_BYTES",
            "max-stored-bytes",
            &At(|s| &mut s.offers.max_stored, Size(MIB, LARGEST_STORE)),
            "What offers, candidates and names may take together; spent nonces get an eighth besides",
        ),
        Setting::new(
            "MAX_TOPICS_PER_OFFER",
            "max-topics-per-offer",
            &At(|s| &mut s.offers.max_topics, Number(1, 1000)),
            "Topics or tags of one offer",
        ),
        Setting::new(
            "MAX_BATCH_SIZE",
            "max-batch-size",
            &At(|s| &mut s.offers.max_batch, Number(1, 1000)),
            "Calls in one RPC request",
        ),
    ],
};

static OPERATION: Group = Group {
    heading: "Operation",
    settings: &[
        Setting::new(
            "SHUTDOWN_GRACE",
            "shutdown-grace",
            &At(|s| &mut s.shutdown_grace, Seconds(NONE, HOUR)),
            "How long connections may take to close after SIGTERM or SIGINT",
        ),
        Setting::new(
            "METRICS_ROUTE",
            "metrics-route",
            &At(
                |s| &mut s.metrics_route,
                Text { takes: "a path such as /metrics that is not one of the server's own", read: text::route },
            ),
            "Path of the Prometheus metrics",
        ),
        Setting::new(
            "LOG_LEVEL",
            "log-level",
            &At(
                |s| &mut s.log.level,
                Text {
                    takes: "off, error, warn, info, debug, trace, or directives such as info,meetpoint=debug",
                    read: text::log_filter,
                },
            ),
            "What is logged",
        ),
        Setting::new(
            "LOG_FORMAT",
            "log-format",
            &At(|s| &mut s.log.format, OneOf(&[("text", LogFormat::Text), ("json", LogFormat::Json)])),
            "Shape of the log",
        ),
        // `--version` prints the version of the program, as everywhere.
        Setting::new("VERSION", "announced-version", &At(|s| &mut s.version, NAME), "Version that the server tells")
            .unset("built-in"),
        Setting::new(
            "INSTANCE_ID",
            "instance-id",
            &At(|s| &mut s.instance_id, NAME),
            "Name of this process among its like",
        )
        .unset("random"),
    ],
};
