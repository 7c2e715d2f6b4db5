//! Starts that are refused, before anything is started.

use std::fs;

use crate::certificate::{Pair, Place};
use crate::support::server::run;

/// What is told, and the exit code.
async fn refused(settings: &[(&str, &str)]) -> (String, i32) {
    let output = run(&[], settings).await;
    assert!(output.stdout.is_empty());
    (String::from_utf8(output.stderr).expect("text"), output.status.code().expect("an exit code"))
}

#[tokio::test]
async fn what_the_original_refused_is_told_in_its_words_with_its_exit_code() {
    let place = Place::with(&Pair::new());
    let (cert, key, absent) = (place.text("cert.pem"), place.text("key.pem"), place.text("absent.pem"));
    let unreadable = format!("server error: open {absent}: no such file or directory\n");
    let both = "both TLS_CERT_FILE and TLS_KEY_FILE must be set, or none\n";
    for (settings, told) in [
        (&[("TLS_CERT_FILE", cert.as_str())][..], both),
        (&[("TLS_KEY_FILE", &key)], both),
        (&[("TLS_CERT_FILE", &absent), ("TLS_KEY_FILE", &key)], &unreadable),
        (&[("TLS_CERT_FILE", &cert), ("TLS_KEY_FILE", &absent)], &unreadable),
        (&[("PORT", "70000")], "invalid PORT: 70000\n"),
        (&[("WS_MAX_MSG", "1024")], "WS_MAX_MSG too small: 1024\n"),
        (&[("WS_HEARTBEAT", "0s")], "WS_HEARTBEAT must be >0\n"),
        (&[("PORT", "70000"), ("WS_HEARTBEAT", "0s")], "invalid PORT: 70000\nWS_HEARTBEAT must be >0\n"),
    ] {
        assert_eq!(refused(settings).await, (told.to_owned(), 1), "{settings:?}");
    }
    let mixed = refused(&[("TLS_CERT_FILE", &cert), ("DEV", "maybe")]).await;
    assert_eq!(mixed, (format!("invalid DEV: maybe (expected true, false, 1, 0, yes or no)\n{both}"), 2));
}

#[tokio::test]
async fn a_folder_is_no_file() {
    let place = Place::with(&Pair::new());
    fs::create_dir(place.path("folder")).expect("a folder");
    let (folder, key) = (place.text("folder"), place.text("key.pem"));
    let told = format!("server error: read {folder}: is a directory\n");
    assert_eq!(refused(&[("TLS_CERT_FILE", &folder), ("TLS_KEY_FILE", &key)]).await, (told, 1));
}

#[tokio::test]
async fn files_that_are_no_pair_stop_the_start() {
    let (pair, other) = (Pair::new(), Pair::new());
    let place = Place::with(&pair);
    place.put("other.pem", &other.key_pem);
    place.put("empty.pem", "");
    let [cert, key, other, empty] = ["cert.pem", "key.pem", "other.pem", "empty.pem"].map(|name| place.text(name));
    for (cert, key, told) in [
        (
            &cert,
            &other,
            format!(
                "invalid TLS_KEY_FILE: {other} beside TLS_CERT_FILE: {cert} (expected the key of the first certificate)\n"
            ),
        ),
        (
            &empty,
            &key,
            format!(
                "invalid TLS_CERT_FILE: {empty}: no certificate is in it \
                 (expected PEM: the server's certificate, its chain behind it)\n"
            ),
        ),
        (
            &cert,
            &empty,
            format!(
                "invalid TLS_KEY_FILE: {empty}: no key is in it \
                 (expected PEM: a private key of PKCS#8, PKCS#1 or SEC1)\n"
            ),
        ),
    ] {
        assert_eq!(refused(&[("TLS_CERT_FILE", cert), ("TLS_KEY_FILE", key)]).await, (told, 2));
    }
}

#[tokio::test]
async fn nothing_is_made_before_the_certificate_is_read() {
    let place = Place::new();
    let (database, empty) = (place.text("meetpoint.db"), place.text("empty.pem"));
    place.put("empty.pem", "");
    let settings = [
        ("STORAGE_TYPE", "sqlite"),
        ("STORAGE_PATH", database.as_str()),
        ("TLS_CERT_FILE", &empty),
        ("TLS_KEY_FILE", &empty),
    ];
    assert_eq!(refused(&settings).await.1, 2);
    assert!(!place.path("meetpoint.db").exists());
}
