//! `check-config` and `config`: what a start would do, without one.

use std::fs;

use tempfile::TempDir;

use crate::support::server::{Server, run};

fn folder() -> (TempDir, String) {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().to_str().expect("Unicode").to_owned();
    (folder, path)
}

/// What was said on standard output and on standard error, and the exit code.
async fn told(arguments: &[&str], settings: &[(&str, &str)]) -> (String, String, Option<i32>) {
    let ended = run(arguments, settings).await;
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (text(ended.stdout), text(ended.stderr), ended.status.code())
}

#[tokio::test]
async fn a_configuration_that_would_do_is_ok_and_nothing_is_left_behind() {
    let (folder, path) = folder();
    let database = format!("{path}/meetpoint.db");
    let settings = [("STORAGE_TYPE", "sqlite"), ("STORAGE_PATH", database.as_str())];
    assert_eq!(told(&["check-config"], &settings).await, ("ok\n".into(), String::new(), Some(0)));
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 0);
    let _server = Server::with(&settings).await;
    assert_eq!(told(&["check-config"], &settings).await.2, Some(0), "beside a server that has the file");
}

#[tokio::test]
async fn everything_that_would_stop_a_start_is_told_with_its_exit_code() {
    let (_folder, path) = folder();
    let faulty = format!("{path}/faulty.env");
    fs::write(&faulty, "PORT=70000\nLOG_FORMAT=xml\nPROT=80\n").expect("a file");
    let (cert, key) = (format!("{path}/cert.pem"), format!("{path}/key.pem"));
    fs::write(&cert, "no certificate").expect("a file");
    fs::write(&key, "no key").expect("a file");
    let nowhere = format!("{path}/nowhere/meetpoint.db");
    let tls = [("TLS_CERT_FILE", cert.as_str()), ("TLS_KEY_FILE", key.as_str())];
    let storage = [("STORAGE_TYPE", "sqlite"), ("STORAGE_PATH", nowhere.as_str())];
    for (arguments, settings, lines) in [
        (&["--config", faulty.as_str()][..], vec![("PORT", ""), ("LOG_FORMAT", "")], 3),
        (&[], tls.to_vec(), 1),
        (&[], [tls, storage].concat(), 2),
        (&[], vec![("TLS_CERT_FILE", "/nowhere"), ("TLS_KEY_FILE", key.as_str())], 1),
        (&[], storage.to_vec(), 1),
        (&[], vec![("STORAGE_TYPE", "sqlite"), ("STORAGE_PATH", path.as_str())], 1),
    ] {
        let (said, faults, code) = told(&[&["check-config"], arguments].concat(), &settings).await;
        assert_eq!((said.as_str(), faults.lines().count()), ("", lines), "{faults}");
        let (_, why, started) = told(arguments, &settings).await;
        assert_eq!(code, started, "check: {faults} start: {why}");
        assert_ne!(code, Some(0));
    }
}

#[tokio::test]
async fn what_holds_is_shown_with_where_it_comes_from() {
    let (said, _, code) = told(&["config", "--log-level=debug"], &[("METRICS_ROUTE", "/figures")]).await;
    assert_eq!(code, Some(0));
    let line = |name| said.lines().find(|line| line.starts_with(name)).expect(name).split_whitespace().last();
    assert_eq!(
        (line("LOG_LEVEL "), line("METRICS_ROUTE "), line("HEARTBEAT ")),
        (Some("flag"), Some("environment"), Some("default"))
    );
}
