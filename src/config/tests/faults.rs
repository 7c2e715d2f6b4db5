//! What is refused, and in which words.

use std::{ffi::OsString, os::unix::ffi::OsStringExt, time::Duration};

use proptest::prelude::*;

use super::{OTHER_VALUES, faults, refused, run, served};
use crate::config::{Refusal, load, table};

#[test]
fn two_names_of_one_setting_must_agree() {
    assert_eq!(served(&[], &[("HEARTBEAT", "60"), ("WS_HEARTBEAT", "1m")]).socket.heartbeat, Duration::from_secs(60));
    assert_eq!(
        faults(&[], &[("HEARTBEAT", "20s"), ("WS_HEARTBEAT", "30s"), ("WS_READ_BUF", "512"), ("WS_READ_BUFFER", "x")]),
        [
            "invalid HEARTBEAT: 20s and WS_HEARTBEAT: 30s (expected only one of the two names, or the same value)",
            "invalid WS_READ_BUFFER: x (expected a size from 512B to 1MiB, a bare number is bytes)",
        ]
    );
}

#[test]
fn the_texts_of_the_original_are_kept() {
    for (variable, value, line) in [
        ("PORT", "70000", "invalid PORT: 70000"),
        ("PORT", "abc", "invalid PORT: abc"),
        ("PORT", "-1", "invalid PORT: -1"),
        ("WS_MAX_MSG", "1024", "WS_MAX_MSG too small: 1024"),
        ("WS_MAX_MSG", "1KiB", "WS_MAX_MSG too small: 1KiB"),
        ("WS_MAX_MSG", "0", "WS_MAX_MSG too small: 0"),
        ("WS_MAX_MSG", "-5", "WS_MAX_MSG too small: -5"),
        ("WS_HEARTBEAT", "0", "WS_HEARTBEAT must be >0"),
        ("WS_HEARTBEAT", "-20s", "WS_HEARTBEAT must be >0"),
        ("HEARTBEAT", "0ms", "WS_HEARTBEAT must be >0"),
        ("HEARTBEAT", "-1", "WS_HEARTBEAT must be >0"),
    ] {
        assert_eq!(refused(&[], &[(variable, value)]), (vec![line.to_owned()], 1));
    }
    assert_eq!(faults(&["--port", "70000"], &[]), ["invalid PORT: 70000 (--port)"]);
    assert_eq!(faults(&["--heartbeat", "-1"], &[]), ["WS_HEARTBEAT must be >0 (--heartbeat)"]);
}

#[test]
fn the_exit_code_is_the_originals_when_all_faults_are() {
    let original = [("PORT", "70000"), ("WS_MAX_MSG", "1024"), ("HEARTBEAT", "0"), ("TLS_KEY_FILE", "key.pem")];
    assert_eq!(refused(&[], &original).1, 1);
    assert_eq!(refused(&["--port", "70000"], &[]).1, 1, "the same fault in a flag");
    let own = [
        (&["--log-format", "xml"][..], &[][..]),
        (&["--prot", "80"], &[]),
        (&[], &[("HEARTBEAT", "99ms")]),
        (&[], &[("WS_MAX_MSG", "17MiB")]),
        (&[], &[("HEARTBEAT", "20s"), ("WS_HEARTBEAT", "30s")]),
        (&[], &[("WS_MAX_MSG", "1MiB")]),
    ];
    for (args, variables) in own {
        assert_eq!(refused(args, variables).1, 2, "{args:?} {variables:?}");
        assert_eq!(refused(args, &[variables, &[("PORT", "70000")]].concat()).1, 2, "beside one of the original's");
    }
    assert_eq!(refused(&["healthcheck"], &[("PORT", "70000")]).1, 2, "a probe was none of the original's");
}

#[test]
fn values_out_of_range_or_unreadable_are_faults_with_their_name() {
    for (variable, values) in [
        ("HOST", &["a b", "http://a"][..]),
        ("REUSE_PORT", &["on"]),
        ("TLS_CERT_FILE", &["a\tb"]),
        ("TLS_KEY_FILE", &["a\0b"]),
        ("TRUSTED_PROXIES", &["localhost", "10.0.0.0/33", "::1/129", "10.0.0.0/8 10.0.0.1", "10.0.0.0/8,a", "private"]),
        ("HTTP_RATE_PER_MIN", &["1000001", "-1", "1.5", "off"]),
        ("WS_RATE_PER_MIN", &["1000001", "-1"]),
        ("ALLOWED_ORIGIN", &["https://a b"]),
        ("DEV", &["on", "2", "t"]),
        ("REMATCH_COOLDOWN", &["25h", "5 s", "-1", "soon"]),
        ("REMATCH_MEMORY", &["65", "-1", "3.5"]),
        ("MAX_TOPICS_PER_CLIENT", &["0", "1001", "-1"]),
        ("MAX_ROOM_SIZE", &["1", "100001"]),
        ("TOPIC_SCOPE", &["host", "none"]),
        ("TOPIC_LISTING", &["off"]),
        ("RESUME_WINDOW", &["99ms", "1ms", "3601", "-1", "never"]),
        ("RESUME_MAX_FRAMES", &["15", "65537"]),
        ("RESUME_MAX_BYTES", &["1", "65MiB"]),
        ("HEARTBEAT", &["99ms", "1h1ms", "abc"]),
        ("WS_MAX_MSG", &["17MiB", "64KB", "abc"]),
        ("WS_READ_BUF", &["511", "1025KiB"]),
        ("WS_WRITE_BUF", &["0", "2MiB"]),
        ("OUTBOX_MAX_BYTES", &["65MiB", "1"]),
        ("OUTBOX_MAX_FRAMES", &["0", "65537"]),
        ("MAX_MSG_PER_SECOND", &["1000001", "4294967296"]),
        ("HTTP_MAX_BODY", &["1023", "17MiB", "0"]),
        ("ROOM_TTL", &["99ms", "0", "-1", "169h", "604801", "10 m"]),
        ("MAILBOX_TTL", &["99ms", "0", "8d"]),
        ("CODE_DIGITS", &["3", "9", "four"]),
        ("STORAGE_TYPE", &["postgres", "sqlite3"]),
        ("STORAGE_PATH", &["a\tb"]),
        ("STORAGE_SYNC", &["off", "extra"]),
        ("SESSION_TIMEOUT", &["99", "0", "-1", "721h", "5 m"]),
        ("OFFER_DEFAULT_TTL", &["0", "99ms"]),
        ("OFFER_MIN_TTL", &["0", "1d"]),
        ("OFFER_MAX_TTL", &["721h", "never"]),
        ("ANSWERED_OFFER_TTL", &["0", "2592000001"]),
        ("CLEANUP_INTERVAL", &["9", "0", "25h"]),
        ("MAX_OFFERS_PER_REQUEST", &["0", "10001", "-1"]),
        ("MAX_OFFERS_PER_OWNER", &["0", "1000001"]),
        ("MAX_OFFERS", &["0", "10000001"]),
        ("MAX_STORED_BYTES", &["0", "1023KiB", "65GiB", "1TiB"]),
        ("MAX_TOPICS_PER_OFFER", &["0", "1001"]),
        ("MAX_BATCH_SIZE", &["0", "1001"]),
        ("SHUTDOWN_GRACE", &["61m"]),
        (
            "METRICS_ROUTE",
            &["metrics", "/", "/ws", "/healthz", "/readyz", "/health", "/rpc", "/a/offer", "/peers/a", "/rooms"],
        ),
        ("LOG_LEVEL", &["verbose", "meetpoint=loud"]),
        ("LOG_FORMAT", &["xml"]),
        ("VERSION", &["é"]),
        ("INSTANCE_ID", &["a\tb"]),
    ] {
        let Some(setting) = table::all().find(|setting| setting.variable == variable) else { panic!("{variable}") };
        for value in values {
            for (name, lines) in [
                (variable.to_owned(), faults(&[], &[(variable, value)])),
                (setting.dashed(), faults(&[&format!("--{}={value}", setting.flag)], &[])),
            ] {
                let expected = setting.value.takes();
                assert_eq!(lines, [format!("invalid {name}: {} (expected {expected})", value.escape_debug())]);
            }
        }
    }
}

#[test]
fn outbox_and_log_must_hold_a_whole_message() {
    for variable in ["OUTBOX_MAX_BYTES", "RESUME_MAX_BYTES"] {
        let line = format!(
            "invalid {variable}: 64KiB beside WS_MAX_MSG: 64KiB \
             (expected at least 65KiB: a whole message and 1KiB more)"
        );
        assert_eq!(faults(&[], &[(variable, "64KiB")]), [line]);
        served(&[], &[(variable, "2049"), ("WS_MAX_MSG", "1025")]);
    }
    let line = |variable| {
        format!(
            "invalid {variable}: 256KiB beside --ws-max-msg: 1MiB \
             (expected at least 1025KiB: a whole message and 1KiB more)"
        )
    };
    let large = ["--ws-max-msg", "1MiB"];
    assert_eq!(faults(&large, &[]), [line("OUTBOX_MAX_BYTES")]);
    let small = ("RESUME_MAX_BYTES", "256KiB");
    assert_eq!(faults(&large, &[small]), ["OUTBOX_MAX_BYTES", "RESUME_MAX_BYTES"].map(line));
    assert_eq!(faults(&large, &[small, ("OUTBOX_MAX_BYTES", "2MiB")]), [line("RESUME_MAX_BYTES")]);
    served(&large, &[small, ("OUTBOX_MAX_BYTES", "2MiB"), ("RESUME_WINDOW", "0")]);
    served(&large, &[("OUTBOX_MAX_BYTES", "2MiB"), ("RESUME_MAX_BYTES", "1025KiB")]);
    let both = served(&large, &[("OUTBOX_MAX_BYTES", "2MiB")]);
    assert_eq!(both.resume_max_bytes(), both.socket.outbox_max_bytes, "one follows the other");
    let unreadable = faults(&large, &[("OUTBOX_MAX_BYTES", "?"), ("RESUME_WINDOW", "0")]);
    assert_eq!(unreadable.len(), 1, "the default in its place contradicts nothing: {unreadable:?}");
}

#[test]
fn a_window_is_long_enough_or_none() {
    for (text, millis) in [("0", 0), ("0ms", 0), ("100ms", 100), ("30", 30_000), ("1h", 3_600_000)] {
        let resume = served(&[], &[("RESUME_WINDOW", text)]).resume;
        assert_eq!(resume.window, Duration::from_millis(millis), "{text}");
    }
}

#[test]
fn the_life_of_an_offer_is_between_the_shortest_and_the_longest() {
    assert_eq!(
        faults(&[], &[("OFFER_DEFAULT_TTL", "1000")]),
        ["invalid OFFER_DEFAULT_TTL: 1s beside OFFER_MIN_TTL: 1m (expected at least 1m)"]
    );
    assert_eq!(
        faults(&["--offer-default-ttl", "25h"], &[]),
        ["invalid --offer-default-ttl: 25h beside OFFER_MAX_TTL: 24h (expected at most 24h)"]
    );
    assert_eq!(
        faults(&[], &[("OFFER_DEFAULT_TTL", "2m"), ("OFFER_MIN_TTL", "2m"), ("OFFER_MAX_TTL", "1m")]),
        [
            "invalid OFFER_DEFAULT_TTL: 2m beside OFFER_MAX_TTL: 1m (expected at most 1m)",
            "invalid OFFER_MAX_TTL: 1m beside OFFER_MIN_TTL: 2m (expected at least 2m)",
        ]
    );
    let [line] = faults(&[], &[("OFFER_MIN_TTL", "1d"), ("OFFER_MAX_TTL", "1m")]).try_into().expect("one fault");
    assert!(line.starts_with("invalid OFFER_MIN_TTL: 1d "), "the default in its place contradicts nothing: {line}");
    let fixed = served(&[], &[("OFFER_DEFAULT_TTL", "5s"), ("OFFER_MIN_TTL", "5s"), ("OFFER_MAX_TTL", "5s")]).offers;
    assert_eq!([fixed.default_ttl, fixed.min_ttl, fixed.max_ttl], [Duration::from_secs(5); 3]);
}

#[test]
fn all_faults_are_told_together() {
    let lines = faults(
        &["--log-format", "xml", "--outbox-max-bytes", "1KiB"],
        &[("PORT", "70000"), ("HEARTBEAT", "0"), ("DEV", "maybe"), ("LOG_FORMAT", "json")],
    );
    assert_eq!(
        lines,
        [
            "invalid PORT: 70000",
            "invalid DEV: maybe (expected true, false, 1, 0, yes or no)",
            "WS_HEARTBEAT must be >0",
            "invalid --log-format: xml (expected text or json)",
            "invalid --outbox-max-bytes: 1KiB beside WS_MAX_MSG: 64KiB \
             (expected at least 65KiB: a whole message and 1KiB more)",
        ]
    );
}

#[test]
fn a_value_that_is_not_unicode_is_a_fault() {
    let bad = || OsString::from_vec(vec![b'a', 0xff]);
    let by_variable = load([OsString::from("meetpoint")], |name| (name == "HOST").then(bad));
    let line = |name| Err(Refusal::misconfigured(vec![format!("invalid {name}: a\u{fffd} (expected valid Unicode)")]));
    assert_eq!(by_variable, line("HOST"));
    assert_eq!(load(["meetpoint".into(), "--host".into(), bad()], |_| None), line("--host"));
}

#[test]
fn flags_that_make_no_sense_are_told_in_the_words_of_clap() {
    let lines = faults(&["--prot", "80"], &[]).join("\n");
    assert!(lines.contains("unexpected argument '--prot'") && lines.contains("'--port'"), "{lines}");
    assert!(faults(&["--port"], &[]).join("\n").contains("a value is required"));
    assert!(faults(&["serve"], &[]).join("\n").contains("unrecognized subcommand"));
}

proptest! {
    #[test]
    fn no_value_panics_and_every_fault_is_one_line(index in 0..OTHER_VALUES.len(), value in "\\PC*|[\0-\u{ff}]{0,20}") {
        let Some(setting) = table::all().nth(index) else { panic!("{index}") };
        for result in [run(&[], &[(setting.variable, &value)]), run(&[&format!("--{}={value}", setting.flag)], &[])] {
            if let Err(refusal) = result {
                let Refusal::Faults { lines, .. } = refusal else { panic!("{refusal:?}") };
                prop_assert!(lines.len() == 1 && !lines[0].contains(char::is_control), "{:?}", lines);
            }
        }
    }
}
