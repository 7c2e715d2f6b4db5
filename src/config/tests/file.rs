//! The file of settings, and what `config` shows.

use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::{NOT_ALONE, OTHER_VALUES, Variables, faults, refused, run, served};
use crate::config::{Command, Refusal, Settings, table};

fn file(text: &str) -> (NamedTempFile, String) {
    let file = NamedTempFile::new().expect("a temporary file");
    fs::write(&file, text).expect("a temporary file");
    let path = file.path().to_str().expect("Unicode").to_owned();
    (file, path)
}

fn told(args: &[&str], variables: Variables) -> String {
    match run(args, variables) {
        Err(Refusal::Told(text)) => text,
        other => panic!("{args:?}: {other:?}"),
    }
}

#[test]
fn every_setting_can_stand_in_the_file_and_everything_else_wins_over_it() {
    for (setting, (variable, value)) in table::all().zip(OTHER_VALUES) {
        if NOT_ALONE.contains(variable) {
            continue;
        }
        for name in setting.variables() {
            let (_file, path) = file(&format!("{name}={value}\n"));
            let by_file = served(&["--config", &path], &[]);
            assert_eq!(by_file, served(&[], &[(variable, value)]), "{name}");
            assert_eq!(by_file, served(&[], &[("CONFIG_FILE", &path), (name, " ")]), "an empty variable is unset");
            assert_eq!(Settings::default(), served(&[&setting.dashed(), ""], &[("CONFIG_FILE", &path)]), "{name}");
        }
    }
    let (_file, path) = file("PORT=1\nHOST=::1\nWS_HEARTBEAT=5s\nDEV=?\n");
    let settings = served(&["--port=3", "--config", &path], &[("PORT", "2"), ("HEARTBEAT", "6s"), ("DEV", "no")]);
    assert_eq!((settings.listen.port, settings.listen.host.as_str()), (3, "::1"));
    assert_eq!(settings.socket.heartbeat.as_secs(), 6, "the variable wins over the file's alias");
    assert_eq!(served(&["--config="], &[("CONFIG_FILE", &path)]), Settings::default(), "an empty flag names no file");
    match run(&["healthcheck"], &[("CONFIG_FILE", &path)]) {
        Ok(Command::Healthcheck(probe)) => assert_eq!((probe.port, probe.host.as_str()), (1, "::1")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn comments_blank_lines_and_quotes_are_what_they_are_elsewhere() {
    let text = "\u{feff}# a comment\r\n\n ; another\n  PORT = 1 \r\nVERSION=\"a # b\"\nINSTANCE_ID='x=\"y\"'\nLOG_LEVEL=\n\
                LOG_FORMAT=\"\"\nMETRICS_ROUTE=/m\nSTORAGE_PATH=a#b";
    let (_file, path) = file(text);
    let settings = served(&["--config", &path], &[]);
    assert_eq!((settings.listen.port, settings.storage.path.as_str()), (1, "a#b"));
    assert_eq!((settings.version.as_deref(), settings.instance_id.as_deref()), (Some("a # b"), Some("x=\"y\"")));
    assert_eq!(settings.log, Settings::default().log, "an empty value says nothing");
}

#[test]
fn every_fault_has_its_line_and_none_repeats_what_stands_there() {
    let (_file, path) = file(
        "PORT=x\nAUTH_SECRET=hunter2\nPROT=80\nheartbeat=9s\nhunter2\nHUNTER2_HUNTER2=1\nHOST=\"a\nHOST='a' b\n\
         DEV=yes\nDEV=yes\nHEARTBEAT=20s\nWS_HEARTBEAT=30s\nOUTBOX_MAX_BYTES=1KiB\n",
    );
    let line = |number: usize, text: &str| format!("{path}:{number}: {text}");
    assert_eq!(
        faults(&["--config", &path], &[]),
        [
            line(3, "no setting has this name (did you mean PORT?)"),
            line(4, "no setting has this name (did you mean HEARTBEAT?)"),
            line(5, "no setting (expected NAME=value)"),
            line(6, "no setting has this name"),
            line(7, "the quote is not closed"),
            line(8, "something stands behind the closing quote"),
            line(10, "DEV stands in line 9 already"),
            format!("invalid PORT: x ({path}:1)"),
            format!(
                "invalid HEARTBEAT ({path}:11): 20s and WS_HEARTBEAT ({path}:12): 30s \
                 (expected only one of the two names, or the same value)"
            ),
            format!("invalid AUTH_SECRET ({path}:2) (expected 64 hexadecimal digits)"),
            format!(
                "invalid OUTBOX_MAX_BYTES ({path}:13): 1KiB beside WS_MAX_MSG: 64KiB \
                 (expected at least 65KiB: a whole message and 1KiB more)"
            ),
        ]
    );
    let (_file, path) = file("PORT=70000\n");
    let original = (vec![format!("invalid PORT: 70000 ({path}:1)")], 1);
    assert_eq!(refused(&["--config", &path], &[]), original);
    assert_eq!(refused(&["check-config", "--config", &path], &[]), original);
}

#[test]
fn a_file_that_cannot_be_read_or_is_no_text_is_a_fault() {
    let missing = "/nowhere/meetpoint.env: No such file or directory (os error 2)";
    assert_eq!(faults(&["--config", "/nowhere/meetpoint.env"], &[]), [format!("invalid --config: {missing}")]);
    assert_eq!(faults(&[], &[("CONFIG_FILE", "/nowhere/meetpoint.env")]), [format!("invalid CONFIG_FILE: {missing}")]);
    let expected = |path: &str| [format!("invalid --config: {path} (expected a file of at most 64KiB of UTF-8 text)")];
    assert_eq!(faults(&["--config", "/dev/zero"], &[]), expected("/dev/zero"));
    let (large, path) = file(&"#".repeat(64 * 1024 + 1));
    assert_eq!(faults(&["--config", &path], &[]), expected(&path));
    fs::write(&large, [0xff]).expect("a temporary file");
    assert_eq!(faults(&["--config", &path], &[]), expected(&path));
}

#[test]
fn what_holds_is_shown_with_where_it_comes_from_and_secrets_are_not() {
    const SECRET: &str = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
    let (_secret, secret) = file(SECRET);
    let (_file, path) = file(&format!("\nHEARTBEAT=60\nAUTH_SECRET_FILE={secret}"));
    let variables = [("CONFIG_FILE", path.as_str()), ("DEV", "no"), ("ALLOWED_ORIGIN", "a.example, b.example")];
    let rows: Value = serde_json::from_str(&told(&["config", "--json", "--port", "81"], &variables)).expect("JSON");
    let row = |name: &str| {
        let rows = rows.as_array().expect("rows").iter();
        let row = rows.clone().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name}"));
        (row["value"].clone(), row["source"].as_str().expect("a source").to_owned())
    };
    assert_eq!(row("PORT"), (json!("81"), "flag".into()));
    assert_eq!(row("HEARTBEAT"), (json!("1m"), format!("{path}:2")));
    assert_eq!(row("ALLOWED_ORIGIN"), (json!("a.example,b.example"), "environment".into()));
    assert_eq!(row("HOST"), (json!("0.0.0.0"), "default".into()));
    assert_eq!(row("WS_MAX_MSG"), (json!(null), "default".into()));
    assert_eq!(row("AUTH_SECRET_FILE"), (json!(secret), format!("{path}:3")));
    assert_eq!(row("AUTH_SECRET"), (json!("(set)"), "AUTH_SECRET_FILE".into()));
    assert_eq!(rows.as_array().map(Vec::len), Some(table::all().count()));
    let text = told(&["config", "--auth-secret", SECRET], &[("HOST", "::1")]);
    assert!(!text.contains("0011"), "{text}");
    let columns = |name: &str| {
        let line = text.lines().find(|line| line.split_whitespace().next() == Some(name));
        line.unwrap_or_else(|| panic!("{name}")).split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(columns("AUTH_SECRET"), "(set) flag");
    assert_eq!(columns("HOST"), "::1 environment");
    assert_eq!(columns("TLS_CERT_FILE"), "(none) default");
    assert_eq!(columns("VERSION"), "(built-in) default");
    assert_eq!(faults(&["config"], &[("PORT", "x")]), ["invalid PORT: x"]);
}

proptest! {
    #[test]
    fn no_file_panics_and_every_fault_is_one_line(text in "(\\PC|[\0-\u{ff}]|PORT|=|\"|'|\n|#){0,80}") {
        let (_file, path) = file(&text);
        if let Err(refusal) = run(&["--config", &path], &[]) {
            let Refusal::Faults { lines, .. } = refusal else { panic!("{refusal:?}") };
            prop_assert!(lines.iter().all(|line| !line.contains(char::is_control)), "{:?}", lines);
        }
    }
}
