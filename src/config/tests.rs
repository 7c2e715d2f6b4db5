//! The rules from outside: arguments and variables in, a command or lines out.

mod clients;
mod faults;
mod file;
mod probe;
mod secrets;
mod tls;

use std::{ffi::OsString, time::Duration};

use super::{
    Arrivals, ByteSize, Command, FrameReader, Log, LogFormat, Noisy, Offers, Origins, Rates, Refusal, Resume, Rooms,
    Secrets, Settings, Socket, Storage, StorageSync, StorageType, Tls, TopicScope, load, settings_markdown, table,
};

type Variables<'a> = &'a [(&'a str, &'a str)];

fn run(args: &[&str], variables: Variables) -> Result<Command, Refusal> {
    let args = ["meetpoint"].iter().chain(args).map(OsString::from);
    load(args, |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value)))
}

fn served(args: &[&str], variables: Variables) -> Settings {
    match run(args, variables) {
        Ok(Command::Serve(settings)) => settings,
        other => panic!("{args:?} {variables:?}: {other:?}"),
    }
}

fn faults(args: &[&str], variables: Variables) -> Vec<String> {
    refused(args, variables).0
}

/// The lines and the exit code.
fn refused(args: &[&str], variables: Variables) -> (Vec<String>, u8) {
    match run(args, variables) {
        Err(Refusal::Faults { lines, exit_code }) => (lines, exit_code),
        other => panic!("{args:?} {variables:?}: {other:?}"),
    }
}

fn told(args: &[&str]) -> String {
    match run(args, &[]) {
        Err(Refusal::Told(text)) => text,
        other => panic!("{args:?}: {other:?}"),
    }
}

#[test]
fn nothing_given_is_the_documented_defaults() {
    let settings = served(&[], &[]);
    assert_eq!(settings, Settings::default());
    assert_eq!((settings.listen.host.as_str(), settings.listen.port), ("0.0.0.0", 8080));
    assert_eq!(settings.resume_max_bytes().bytes(), 262_144);
    assert_eq!((settings.tls, settings.trusted_proxies), (Tls::default(), vec![]));
    let arrivals = Arrivals { max_connections: None, max_per_address: 256, per_second: 5000 };
    assert_eq!(settings.arrivals, arrivals);
    assert_eq!(settings.rates, Rates { http_per_minute: 0, ws_per_minute: 0 });
    assert_eq!(settings.origins, Origins { allowed: vec![], allow_missing: false, dev: true });
    assert!(settings.matching.requeue_on_partner_leave && settings.matching.requeue_on_next);
    assert_eq!((settings.matching.rematch_cooldown, settings.matching.rematch_memory), (Duration::from_secs(5), 3));
    let rooms = Rooms { max_per_client: 16, max_size: 1000, scope: TopicScope::Origin, listing: true };
    assert_eq!(settings.rooms, rooms);
    let window = Duration::from_secs(30);
    assert_eq!(settings.resume, Resume { window, max_frames: 256, max_bytes: None });
    assert_eq!((settings.socket.heartbeat, settings.socket.max_message), (Duration::from_secs(20), None));
    assert_eq!((settings.socket.read_buffer.bytes(), settings.socket.write_buffer.bytes()), (65_536, 4096));
    assert_eq!(settings.socket.reader, FrameReader::InPlace);
    assert_eq!((settings.socket.outbox_max_bytes.bytes(), settings.socket.outbox_max_frames), (262_144, 256));
    assert_eq!(settings.socket.max_messages_per_second, 100);
    assert_eq!(settings.socket.max_bytes_per_second.bytes(), 1_048_576);
    let ten_minutes = Duration::from_secs(600);
    assert_eq!(settings.noisy, Noisy { room_ttl: ten_minutes, mailbox_ttl: ten_minutes, code_digits: 4 });
    assert_eq!(settings.max_body.bytes(), 1_048_576);
    let path = "./meetpoint.db".to_owned();
    assert_eq!(settings.storage, Storage { kind: StorageType::Sqlite, path, sync: StorageSync::Full });
    assert_eq!(settings.secrets, Secrets::default());
    let offers = Offers {
        session_timeout: Duration::from_millis(300_000),
        default_ttl: Duration::from_millis(60_000),
        min_ttl: Duration::from_millis(60_000),
        max_ttl: Duration::from_millis(86_400_000),
        answered_ttl: Duration::from_millis(30_000),
        cleanup_interval: Duration::from_millis(60_000),
        max_per_request: 100,
        max_per_owner: 1000,
        max: 100_000,
        max_stored: ByteSize::new(536_870_912),
        max_topics: 50,
        max_batch: 100,
    };
    assert_eq!(settings.offers, offers);
    assert_eq!((settings.shutdown_grace, settings.metrics_route.as_str()), (Duration::from_secs(10), "/metrics"));
    assert_eq!(settings.log, Log { level: "info".into(), format: LogFormat::Text, addresses: false });
    assert_eq!((settings.version, settings.instance_id), (None, None));
}

/// A readable value for every setting that is not its default.
const OTHER_VALUES: Variables = &[
    ("HOST", "::1"),
    ("PORT", "0"),
    ("REUSE_PORT", "1"),
    ("TLS_CERT_FILE", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")),
    ("TLS_KEY_FILE", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")),
    ("TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
    ("MAX_CONNECTIONS", "10000000"),
    ("MAX_CONNECTIONS_PER_IP", "0"),
    ("MAX_CONNECTS_PER_SECOND", "1"),
    ("HTTP_RATE_PER_MIN", "1000000"),
    ("WS_RATE_PER_MIN", "1"),
    ("ALLOWED_ORIGIN", "https://app.example"),
    ("ALLOW_MISSING_ORIGIN", "yes"),
    ("DEV", "FALSE"),
    ("REQUEUE_ON_PARTNER_LEAVE", "No"),
    ("REQUEUE_ON_NEXT", "0"),
    ("REMATCH_COOLDOWN", "0"),
    ("REMATCH_MEMORY", "0"),
    ("MAX_TOPICS_PER_CLIENT", "1000"),
    ("MAX_ROOM_SIZE", "2"),
    ("TOPIC_SCOPE", "Global"),
    ("TOPIC_LISTING", "no"),
    ("RESUME_WINDOW", "0"),
    ("RESUME_MAX_FRAMES", "16"),
    ("RESUME_MAX_BYTES", "65KiB"),
    ("HEARTBEAT", "100ms"),
    ("WS_MAX_MSG", "1025"),
    ("WS_READ_BUF", "512"),
    ("WS_READER", "tungstenite"),
    ("WS_WRITE_BUF", "1 MiB"),
    ("OUTBOX_MAX_BYTES", "65KiB"),
    ("OUTBOX_MAX_FRAMES", "1"),
    ("MAX_MSG_PER_SECOND", "0"),
    ("MAX_BYTES_PER_SECOND", "1GiB"),
    ("HTTP_MAX_BODY", "1024"),
    ("ROOM_TTL", "100ms"),
    ("MAILBOX_TTL", "168h"),
    ("CODE_DIGITS", "8"),
    ("STORAGE_TYPE", "Memory"),
    ("STORAGE_PATH", ":memory:"),
    ("STORAGE_SYNC", "NORMAL"),
    ("AUTH_SECRET", "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"),
    ("AUTH_SECRET_FILE", concat!(env!("CARGO_MANIFEST_DIR"), "/src/config/tests/auth_secret.hex")),
    ("SESSION_TIMEOUT", "1500"),
    ("OFFER_DEFAULT_TTL", "2m"),
    ("OFFER_MIN_TTL", "1000"),
    ("OFFER_MAX_TTL", "720h"),
    ("ANSWERED_OFFER_TTL", "100"),
    ("CLEANUP_INTERVAL", "10"),
    ("MAX_OFFERS_PER_REQUEST", "1"),
    ("MAX_OFFERS_PER_OWNER", "1000000"),
    ("MAX_OFFERS", "10000000"),
    ("MAX_STORED_BYTES", "64GiB"),
    ("MAX_TOPICS_PER_OFFER", "2"),
    ("MAX_BATCH_SIZE", "1000"),
    ("SHUTDOWN_GRACE", "1m30s"),
    ("METRICS_ROUTE", "/internal/metrics"),
    ("ADMIN_TOKEN", "00112233445566778899aabbccddeeff"),
    ("ADMIN_TOKEN_FILE", concat!(env!("CARGO_MANIFEST_DIR"), "/src/config/tests/auth_secret.hex")),
    ("LOG_LEVEL", "info,meetpoint=debug"),
    ("LOG_FORMAT", "JSON"),
    ("LOG_ADDRESSES", "yes"),
    ("VERSION", "9.9"),
    ("INSTANCE_ID", "blue-7"),
];

/// Settings that are refused without others.
const NOT_ALONE: [&str; 2] = ["TLS_CERT_FILE", "TLS_KEY_FILE"];

#[test]
fn every_setting_is_a_variable_and_a_flag_and_the_flag_wins() {
    assert_eq!(OTHER_VALUES.len(), table::all().count());
    for (setting, (variable, value)) in table::all().zip(OTHER_VALUES) {
        assert_eq!(setting.variable, *variable);
        if NOT_ALONE.contains(variable) {
            continue;
        }
        let by_variable = served(&[], &[(variable, value)]);
        assert_ne!(by_variable, Settings::default(), "{variable}");
        assert_eq!(by_variable, served(&[&setting.dashed(), value], &[]), "{variable}");
        assert_eq!(
            by_variable,
            served(&[&format!("--{}= {value}  ", setting.flag)], &[(variable, "\t")]),
            "{variable}"
        );
        assert_eq!(by_variable, served(&[], &[(variable, &format!("\n{value} "))]), "whitespace around {variable}");
        assert_eq!(Settings::default(), served(&[], &[(variable, " ")]), "an empty {variable} is unset");
        assert_eq!(Settings::default(), served(&[&setting.dashed(), ""], &[(variable, value)]), "an empty flag");
        if !setting.default().is_empty() && setting.unset.is_empty() {
            assert_eq!(Settings::default(), served(&[&setting.dashed(), &setting.default()], &[(variable, value)]));
        }
        for name in setting.variables().skip(1) {
            assert_eq!(by_variable, served(&[], &[(name, value)]), "{name}");
            assert_eq!(by_variable, served(&[], &[(name, value), (variable, value)]), "{name} says the same");
            assert_eq!(by_variable, served(&[], &[(name, value), (variable, "")]), "{name} beside an empty {variable}");
            assert_eq!(
                by_variable,
                served(&[&setting.dashed(), value], &[(name, "?!\u{7}")]),
                "a flag wins over {name}"
            );
        }
    }
}

#[test]
fn rows_are_in_order() {
    for setting in table::all() {
        let kebab = setting.variable.to_ascii_lowercase().replace('_', "-");
        // The one flag that could not have its variable's name.
        assert_eq!(setting.flag, if kebab == "version" { "announced-version" } else { &kebab });
        assert!(!setting.default().is_empty(), "{} shows no default", setting.variable);
        let twins = table::all().flat_map(|other| other.variables()).filter(|name| *name == setting.variable);
        assert_eq!(twins.count(), 1, "{}", setting.variable);
    }
    let limit = table::all().find(|setting| setting.variable == "WS_MAX_MSG").map(|setting| setting.unset);
    let told = format!("{} on chat, {} on A/B", Socket::CHAT_MAX_MESSAGE, Socket::NOISY_MAX_MESSAGE);
    assert_eq!(limit, Some(told.as_str()));
    super::command_line::command().debug_assert();
}

#[test]
fn a_switch_without_a_value_is_on() {
    let settings = served(&["--allow-missing-origin", "--dev", "no"], &[]);
    assert!(settings.origins.allow_missing && !settings.origins.dev);
}

#[test]
fn origins_under_both_names_are_joined() {
    let both = [("ALLOWED_ORIGIN", " https://a.example ,, b.example"), ("CORS_ORIGINS", "b.example,*,")];
    let joined: Vec<_> = served(&[], &both).origins.allowed.iter().map(ToString::to_string).collect();
    assert_eq!(joined, ["https://a.example", "b.example", "*"]);
    assert_eq!(served(&[], &[("CORS_ORIGINS", " , ")]).origins.allowed, []);
    let [fault] = faults(&[], &[("ALLOWED_ORIGIN", "a b"), ("CORS_ORIGINS", "c")]).try_into().expect("one fault");
    assert!(fault.starts_with("invalid ALLOWED_ORIGIN and CORS_ORIGINS: a b,c (expected "), "{fault}");
}

#[test]
fn a_bare_duration_is_milliseconds_where_the_original_said_so() {
    let bare = [
        ("SESSION_TIMEOUT", "1500"),
        ("OFFER_DEFAULT_TTL", "2000"),
        ("OFFER_MIN_TTL", "1000"),
        ("OFFER_MAX_TTL", "90000"),
        ("ANSWERED_OFFER_TTL", "0.5s"),
        ("CLEANUP_INTERVAL", "10"),
        ("REMATCH_COOLDOWN", "10"),
    ];
    let Settings { offers, matching, .. } = served(&[], &bare);
    let millis = [
        offers.session_timeout,
        offers.default_ttl,
        offers.min_ttl,
        offers.max_ttl,
        offers.answered_ttl,
        offers.cleanup_interval,
        matching.rematch_cooldown,
    ]
    .map(|duration| duration.as_millis());
    assert_eq!(millis, [1500, 2000, 1000, 90_000, 500, 10, 10_000]);
}

#[test]
fn help_tells_every_setting() {
    let help = told(&["--help"]);
    for setting in table::all() {
        let row = [setting.dashed(), setting.default()].into_iter().chain(setting.variables().map(str::to_owned));
        for part in row {
            assert!(help.contains(&part), "{part}");
        }
    }
    for group in table::GROUPS {
        assert!(help.contains(&format!("\n{}:\n", group.heading)), "{}", group.heading);
    }
    assert_eq!(told(&["--version"]).trim(), concat!("meetpoint ", env!("CARGO_PKG_VERSION")));
    assert!(told(&["healthcheck", "--help"]).contains("--timeout"));
}

#[test]
fn the_readme_table_has_a_row_for_every_setting() {
    let markdown = settings_markdown();
    assert_eq!(markdown.lines().count(), table::all().count() + 2);
    assert!(
        markdown.contains("\n| `HEARTBEAT` (`WS_HEARTBEAT`) | `--heartbeat` | `20s` | a duration from 100ms to 1h, ")
    );
}
