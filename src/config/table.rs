//! The table of the settings: one row for each.

mod chat;
mod kept;

use std::time::Duration;

use self::{
    chat::{MATCHING, RESUME, ROOMS},
    kept::{OFFERS, STORAGE},
};
use super::{
    grammar::{NetworkList, Number, OneOf, OriginList, Seconds, Size, Switch, Text, Token},
    original,
    setting::{Alias, At, Group, InFile, Setting},
    settings::{FrameReader, LogFormat},
    text,
    units::ByteSize,
};

const NONE: Duration = Duration::ZERO;
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Short enough for tests, long enough that pings cost nothing.
const SHORTEST_HEARTBEAT: Duration = Duration::from_millis(100);

const KIB: ByteSize = ByteSize::new(1024);
const MIB: ByteSize = ByteSize::new(1024 * 1024);
const SMALLEST_MESSAGE_LIMIT: ByteSize = ByteSize::new(1025);
const LARGEST_MESSAGE_LIMIT: ByteSize = ByteSize::new(16 * 1024 * 1024);
const SMALLEST_BUFFER: ByteSize = ByteSize::new(512);
const LARGEST_OUTBOX: ByteSize = ByteSize::new(64 * 1024 * 1024);
/// No connection is faster.
const LARGEST_RATE: ByteSize = ByteSize::new(1024 * 1024 * 1024);
const LARGEST_BODY: ByteSize = ByteSize::new(16 * 1024 * 1024);

/// How long codes, rooms and mailboxes may live.
const ROOM_LIVES: Seconds = Seconds(Duration::from_millis(100), Duration::from_secs(7 * 24 * 3600));
/// How often one address may come in a minute.
const RATES: Number<u32> = Number(0, 1_000_000);

const FILE: Text = Text { takes: "the path of a file", read: text::file };
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
pub(super) static GROUPS: &[&Group] =
    &[&LISTENING, &CLIENTS, &ORIGINS, &MATCHING, &ROOMS, &RESUME, &SOCKETS, &RENDEZVOUS, &STORAGE, &OFFERS, &OPERATION];

/// The variables that are given together.
pub(super) const TLS: [&str; 2] = ["TLS_CERT_FILE", "TLS_KEY_FILE"];

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
        Setting::new(
            "REUSE_PORT",
            "reuse-port",
            &At(|s| &mut s.listen.reuse_port, Switch),
            "Share the port with the process that follows this one, so that no connection is refused in between; that one \
             waits for the database file",
        ),
        Setting::new(
            "TLS_CERT_FILE",
            "tls-cert-file",
            &At(|s| &mut s.tls.cert_file, FILE),
            "Certificate, its chain behind it: HTTPS and wss instead of HTTP and ws; read again when it changes",
        )
        .unset("none"),
        Setting::new(
            "TLS_KEY_FILE",
            "tls-key-file",
            &At(|s| &mut s.tls.key_file, FILE),
            "Private key of the certificate; both files are given, or none",
        )
        .unset("none"),
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
        .live()
        .alias(Alias::Joined("CORS_ORIGINS"))
        .unset("empty"),
        Setting::new(
            "ALLOW_MISSING_ORIGIN",
            "allow-missing-origin",
            &At(|s| &mut s.origins.allow_missing, Switch),
            "Let chat requests without an Origin pass although a list is set",
        )
        .live(),
        Setting::new("DEV", "dev", &At(|s| &mut s.origins.dev, Switch), "Without a list of origins, allow all of them")
            .live(),
    ],
};

static CLIENTS: Group = Group {
    heading: "Clients",
    settings: &[
        Setting::new(
            "TRUSTED_PROXIES",
            "trusted-proxies",
            &At(|s| &mut s.trusted_proxies, NetworkList),
            "Proxies whose X-Forwarded-For tells a client's address; from anybody else it is not believed",
        )
        .unset("empty"),
        Setting::new(
            "MAX_CONNECTIONS",
            "max-connections",
            &At(|s| &mut s.arrivals.max_connections, Number(1, 10_000_000)),
            "Connections at a time; beyond them 503",
        ).live()
        .unset("64 less than the process may open files"),
        Setting::new(
            "MAX_CONNECTIONS_PER_IP",
            "max-connections-per-ip",
            &At(|s| &mut s.arrivals.max_per_address, Number(0, 10_000_000)),
            "Connections at a time from one address or IPv6 /64, behind TRUSTED_PROXIES its WebSockets; beyond them 429; 0 \
             means any",
        ).live(),
        Setting::new(
            "MAX_CONNECTS_PER_SECOND",
            "max-connects-per-second",
            &At(|s| &mut s.arrivals.per_second, Number(0, 1_000_000)),
            "New connections in a second from all addresses, after a burst of four times as many; beyond them 503; 0 means \
             any",
        ).live(),
        Setting::new(
            "HTTP_RATE_PER_MIN",
            "http-rate-per-min",
            &At(|s| &mut s.rates.http_per_minute, RATES),
            "Requests in a minute from one address, probes and metrics not counted; 0 means any",
        )
        .live(),
        Setting::new(
            "WS_RATE_PER_MIN",
            "ws-rate-per-min",
            &At(|s| &mut s.rates.ws_per_minute, RATES),
            "New WebSockets in a minute from one address; 0 means any",
        )
        .live(),
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
        .unset("64KiB on chat, 1MiB on A/B")
        .original(original::max_message),
        Setting::new(
            "WS_READ_BUF",
            "ws-read-buf",
            &At(|s| &mut s.socket.read_buffer, Size(SMALLEST_BUFFER, MIB)),
            "Bytes read from a socket at once, into a buffer that each thread has for all",
        )
        .live()
        .alias(Alias::Same("WS_READ_BUFFER")),
        Setting::new(
            "WS_READER",
            "ws-reader",
            &At(
                |s| &mut s.socket.reader,
                OneOf(&[("in-place", FrameReader::InPlace), ("tungstenite", FrameReader::Tungstenite)]),
            ),
            "Who reads ordinary frames: the server where they lie, or tungstenite, which reads all others anyhow",
        )
        .live(),
        Setting::new(
            "WS_WRITE_BUF",
            "ws-write-buf",
            &At(|s| &mut s.socket.write_buffer, Size(SMALLEST_BUFFER, MIB)),
            "Initial write buffer of a connection",
        )
        .live()
        .alias(Alias::Same("WS_WRITE_BUFFER")),
        Setting::new(
            "OUTBOX_MAX_BYTES",
            "outbox-max-bytes",
            &At(|s| &mut s.socket.outbox_max_bytes, Size(KIB, LARGEST_OUTBOX)),
            "Unsent bytes above which a client is closed as a slow consumer; at least WS_MAX_MSG and 1KiB; A/B has room \
             for two anyway",
        ),
        Setting::new(
            "OUTBOX_MAX_FRAMES",
            "outbox-max-frames",
            &At(|s| &mut s.socket.outbox_max_frames, Number(1, 65_536)),
            "Unsent frames above which a client is closed as a slow consumer",
        )
        .live(),
        Setting::new(
            "MAX_MSG_PER_SECOND",
            "max-msg-per-second",
            &At(|s| &mut s.socket.max_messages_per_second, Number(0, 1_000_000)),
            "Messages per second that a connection may keep up; 0 means any",
        )
        .live(),
        Setting::new(
            "MAX_BYTES_PER_SECOND",
            "max-bytes-per-second",
            &At(|s| &mut s.socket.max_bytes_per_second, Size(ByteSize::new(0), LARGEST_RATE)),
            "Bytes of messages per second that a connection may keep up; 0 means any",
        )
        .live(),
        Setting::new(
            "HTTP_MAX_BODY",
            "http-max-body",
            &At(|s| &mut s.max_body, Size(KIB, LARGEST_BODY)),
            "Limit of an HTTP request's body",
        )
        .live(),
    ],
};

static RENDEZVOUS: Group = Group {
    heading: "Rendezvous",
    settings: &[
        Setting::new(
            "ROOM_TTL",
            "room-ttl",
            &At(|s| &mut s.noisy.room_ttl, ROOM_LIVES),
            "How long a code is good, and how long frames wait for a side that is not there",
        ),
        Setting::new(
            "MAILBOX_TTL",
            "mailbox-ttl",
            &At(|s| &mut s.noisy.mailbox_ttl, ROOM_LIVES),
            "How long a mailbox is kept after its last use",
        ),
        Setting::new(
            "CODE_DIGITS",
            "code-digits",
            &At(|s| &mut s.noisy.code_digits, Number(4, 8)),
            "Digits of a code; one more by itself while more than half of the codes are in use",
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
        )
        .live(),
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
            "ADMIN_TOKEN",
            "admin-token",
            &At(|s| &mut s.secrets.admin, Token),
            "Opens the metrics and the status page, as bearer or as password; without one they are open to all",
        )
        .hidden()
        .unset("none"),
        Setting::new(
            "ADMIN_TOKEN_FILE",
            "admin-token-file",
            &InFile(|s| &mut s.secrets.admin, Token),
            "File that holds the token, instead of ADMIN_TOKEN",
        )
        .instead_of("ADMIN_TOKEN")
        .unset("none"),
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
        )
        .live(),
        Setting::new(
            "LOG_FORMAT",
            "log-format",
            &At(|s| &mut s.log.format, OneOf(&[("text", LogFormat::Text), ("json", LogFormat::Json)])),
            "Shape of the log",
        ),
        Setting::new(
            "LOG_ADDRESSES",
            "log-addresses",
            &At(|s| &mut s.log.addresses, Switch),
            "Log the addresses of clients whole, and not only their networks (/24, for IPv6 /48)",
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
