//! `meetpoint healthcheck` of a server with TLS.

use crate::certificate::{Pair, Place};
use crate::client::Client;
use crate::support::server::{Server, run};

/// The exit code and what is told.
async fn asked(arguments: &[&str], settings: &[(&str, &str)]) -> (i32, String) {
    let output = run(&[&["healthcheck"], arguments].concat(), settings).await;
    (output.status.code().expect("an exit code"), String::from_utf8(output.stderr).expect("text"))
}

#[tokio::test]
async fn a_server_with_tls_is_asked_over_tls() {
    let pair = Pair::new();
    let place = Place::with(&pair);
    let server = place.serve(&[]).await;
    let (port, cert) = (server.address.port().to_string(), place.text("cert.pem"));
    let well = (0, String::new());
    assert_eq!(asked(&[], &[("PORT", &port), ("TLS_CERT_FILE", &cert)]).await, well);
    assert_eq!(asked(&["--port", &port, "--tls-cert-file", &cert], &[]).await, well);
    assert_eq!(asked(&["--url", &format!("https://127.0.0.1:{port}/healthz")], &[]).await, well);
    assert_eq!(asked(&["--url", &format!("https://localhost:{port}/readyz")], &[]).await, well);
    let (code, told) = asked(&[], &[("PORT", &port)]).await;
    assert!(code == 1 && told.contains("answered: HTTP/1.1 400 Bad Request"), "{told}");
    let (code, told) = asked(&["--url", &format!("https://127.0.0.1:{port}/nothing")], &[]).await;
    assert!(code == 1 && told.contains("answered: HTTP/1.1 404 Not Found"), "{told}");
}

#[tokio::test]
async fn files_that_the_server_has_not_taken_make_it_no_worse() {
    let (old, new) = (Pair::new(), Pair::new());
    let place = Place::with(&old);
    let server = place.serve(&[]).await;
    let (port, cert, key) = (server.address.port().to_string(), place.text("cert.pem"), place.text("key.pem"));
    let settings = [("PORT", port.as_str()), ("TLS_CERT_FILE", &cert), ("TLS_KEY_FILE", &key)];
    place.put("cert.pem", &new.cert_pem);
    assert_eq!(asked(&[], &settings).await.0, 0);
    place.put("cert.pem", "no certificate");
    assert_eq!(asked(&[], &settings).await.0, 0);
    assert_eq!(Client::trusting(&old.cert).get(server.address, "/healthz").await.status, 200);
}

#[tokio::test]
async fn a_server_without_tls_is_not_well_over_tls() {
    let server = Server::start().await;
    let port = server.address.port().to_string();
    let (code, told) = asked(&["--timeout=3s"], &[("PORT", &port), ("TLS_CERT_FILE", "cert.pem")]).await;
    assert!(code == 1 && told.contains("cannot be asked"), "{told}");
}
