//! The rules from outside: arguments and variables in, a command or lines out.

mod faults;
mod probe;

use std::{ffi::OsString, time::Duration};

use super::{Command, Log, LogFormat, Origins, Refusal, Settings, Socket, load, settings_markdown, table};

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
    match run(args, variables) {
        Err(Refusal::Faults(lines)) => lines,
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
    assert_eq!(settings.origins, Origins { allowed: vec![], allow_missing: false, dev: true });
    assert!(settings.matching.requeue_on_partner_leave && settings.matching.requeue_on_next);
    assert_eq!((settings.matching.rematch_cooldown, settings.matching.rematch_memory), (Duration::from_secs(5), 3));
    assert_eq!((settings.socket.heartbeat, settings.socket.max_message), (Duration::from_secs(20), None));
    assert_eq!((settings.socket.read_buffer.bytes(), settings.socket.write_buffer.bytes()), (4096, 4096));
    assert_eq!((settings.socket.outbox_max_bytes.bytes(), settings.socket.outbox_max_frames), (262_144, 256));
    assert_eq!(settings.socket.max_messages_per_second, 100);
    assert_eq!((settings.shutdown_grace, settings.metrics_route.as_str()), (Duration::from_secs(10), "/metrics"));
    assert_eq!(settings.log, Log { level: "info".into(), format: LogFormat::Text });
    assert_eq!((settings.version, settings.instance_id), (None, None));
}

/// A readable value for every setting that is not its default.
const OTHER_VALUES: Variables = &[
    ("HOST", "::1"),
    ("PORT", "0"),
    ("ALLOWED_ORIGIN", "https://app.example"),
    ("ALLOW_MISSING_ORIGIN", "yes"),
    ("DEV", "FALSE"),
    ("REQUEUE_ON_PARTNER_LEAVE", "No"),
    ("REQUEUE_ON_NEXT", "0"),
    ("REMATCH_COOLDOWN", "0"),
    ("REMATCH_MEMORY", "0"),
    ("HEARTBEAT", "100ms"),
    ("WS_MAX_MSG", "1025"),
    ("WS_READ_BUF", "512"),
    ("WS_WRITE_BUF", "1 MiB"),
    ("OUTBOX_MAX_BYTES", "65KiB"),
    ("OUTBOX_MAX_FRAMES", "1"),
    ("MAX_MSG_PER_SECOND", "0"),
    ("SHUTDOWN_GRACE", "1m30s"),
    ("METRICS_ROUTE", "/internal/metrics"),
    ("LOG_LEVEL", "info,meetpoint=debug"),
    ("LOG_FORMAT", "JSON"),
    ("VERSION", "9.9"),
    ("INSTANCE_ID", "blue-7"),
];

#[test]
fn every_setting_is_a_variable_and_a_flag_and_the_flag_wins() {
    assert_eq!(OTHER_VALUES.len(), table::all().count());
    for (setting, (variable, value)) in table::all().zip(OTHER_VALUES) {
        assert_eq!(setting.variable, *variable);
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
    assert_eq!(limit, Some(format!("{} on chat", Socket::CHAT_MAX_MESSAGE).as_str()));
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
