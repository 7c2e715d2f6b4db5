//! The subcommand `healthcheck`.

use std::time::Duration;

use super::{Variables, faults, run};
use crate::config::{Command, Healthcheck};

fn probe(args: &[&str], variables: Variables) -> Healthcheck {
    match run(args, variables) {
        Ok(Command::Healthcheck(healthcheck)) => healthcheck,
        other => panic!("{args:?} {variables:?}: {other:?}"),
    }
}

#[test]
fn a_probe_asks_where_the_server_listens() {
    let default = Healthcheck {
        host: "127.0.0.1".into(),
        port: 8080,
        tls: false,
        path: "/healthz".into(),
        timeout: Duration::from_secs(3),
    };
    assert_eq!(probe(&["healthcheck"], &[]), default);
    // What the server does with its other settings is no matter of a probe.
    assert_eq!(probe(&["healthcheck"], &[("WS_MAX_MSG", "bad")]), default);
    let address = |args: &[&str], variables| {
        let Healthcheck { host, port, tls, path, .. } = probe(args, variables);
        format!("{host} {port} {path}{}", if tls { " over TLS" } else { "" })
    };
    assert_eq!(address(&["healthcheck"], &[("HOST", "::"), ("PORT", "99")]), "::1 99 /healthz");
    assert_eq!(address(&["healthcheck"], &[("HOST", "10.0.0.7")]), "10.0.0.7 8080 /healthz");
    assert_eq!(address(&["--port", "98", "healthcheck"], &[("PORT", "99")]), "127.0.0.1 98 /healthz");
    assert_eq!(address(&["healthcheck", "--port", "97", "--host=[::]"], &[]), "::1 97 /healthz");
    assert_eq!(address(&["healthcheck", "--url", "http://a.example"], &[("PORT", "bad")]), "a.example 80 /");
    assert_eq!(address(&["healthcheck", "--url", "http://[::1]:81/readyz?a=b"], &[]), "::1 81 /readyz?a=b");
    assert_eq!(address(&["healthcheck", "--url", "https://a.example"], &[]), "a.example 443 / over TLS");
    assert_eq!(address(&["healthcheck", "--url", "https://a:81/b"], &[]), "a 81 /b over TLS");
    let cert = [("TLS_CERT_FILE", "/nowhere/cert.pem"), ("TLS_KEY_FILE", "/nowhere/key.pem")];
    assert_eq!(address(&["healthcheck"], &cert), "127.0.0.1 8080 /healthz over TLS");
    assert_eq!(address(&["healthcheck"], &cert[..1]), "127.0.0.1 8080 /healthz over TLS");
    assert_eq!(address(&["healthcheck", "--tls-cert-file=a"], &[]), "127.0.0.1 8080 /healthz over TLS");
    assert_eq!(
        address(&["--tls-cert-file=a", "--tls-key-file=b", "healthcheck"], &[]),
        "127.0.0.1 8080 /healthz over TLS"
    );
    assert_eq!(address(&["healthcheck", "--url", "http://a.example/"], &cert), "a.example 80 /");
    assert_eq!(probe(&["healthcheck", "--timeout", "1.5"], &[]).timeout, Duration::from_millis(1500));
}

#[test]
fn a_probe_that_cannot_ask_says_why() {
    assert_eq!(faults(&["healthcheck", "--timeout=0"], &[("PORT", "70000"), ("HOST", "a b")]).len(), 3);
    assert!(faults(&["healthcheck"], &[("PORT", "0")])[0].starts_with("invalid PORT: 0 (expected "));
    for url in [
        "",
        "a",
        "/healthz",
        "wss://a",
        "https://",
        "http://",
        "http://a:0/",
        "http://a:70000/",
        "http://u:p@a/",
        "http://a b",
    ] {
        let lines = faults(&["healthcheck", "--url", url], &[]);
        assert!(lines.len() == 1 && lines[0].starts_with(&format!("invalid --url: {url} (expected ")), "{lines:?}");
    }
}
