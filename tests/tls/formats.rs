//! The files that others make: openssl, in all the forms that it has for keys.

use std::fs;
use std::path::Path;

use tokio::process::Command;

use crate::certificate::Place;
use crate::support::server::{Server, run};

/// Runs commands of a shell in a folder.
async fn shell(commands: &str, place: &Place) {
    let output = Command::new("/bin/sh").args(["-ec", commands]).current_dir(place.path("")).output().await;
    let output = output.expect("a shell");
    assert!(output.status.success(), "{commands}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A certificate for the key that is there.
const CERTIFY: &str = "openssl req -x509 -key key.pem -subj /CN=localhost -days 1 -out cert.pem";

async fn is_well(server: &Server, place: &Place) {
    let port = server.address.port().to_string();
    let output = run(&["healthcheck"], &[("PORT", &port), ("TLS_CERT_FILE", &place.text("cert.pem"))]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn keys_of_every_form_are_taken() {
    for (key, begins) in [
        ("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem", "-----BEGIN PRIVATE KEY-----"),
        ("openssl genrsa -traditional -out key.pem 2048", "-----BEGIN RSA PRIVATE KEY-----"),
        ("openssl ecparam -name prime256v1 -genkey -noout -out key.pem", "-----BEGIN EC PRIVATE KEY-----"),
        ("openssl ecparam -name prime256v1 -genkey -out key.pem", "-----BEGIN EC PARAMETERS-----"),
        ("openssl ecparam -name secp384r1 -genkey -noout -out key.pem", "-----BEGIN EC PRIVATE KEY-----"),
        ("openssl genpkey -algorithm ED25519 -out key.pem", "-----BEGIN PRIVATE KEY-----"),
    ] {
        let place = Place::new();
        shell(&format!("{key}\n{CERTIFY}"), &place).await;
        assert!(fs::read_to_string(place.path("key.pem")).expect("a key").starts_with(begins), "{key}");
        is_well(&place.serve(&[]).await, &place).await;
    }
}

#[tokio::test]
async fn a_key_with_a_password_is_refused_by_what_it_is() {
    let place = Place::new();
    shell(&format!("openssl genrsa -out plain.pem 2048; cp plain.pem key.pem\n{CERTIFY}"), &place).await;
    shell("openssl pkcs8 -topk8 -in plain.pem -out key.pem -passout pass:secret", &place).await;
    let (cert, key) = (place.text("cert.pem"), place.text("key.pem"));
    let output = run(&[], &[("TLS_CERT_FILE", &cert), ("TLS_KEY_FILE", &key)]).await;
    let told = format!("invalid TLS_KEY_FILE: {key}: the key is encrypted (expected one without a password)\n");
    assert_eq!((String::from_utf8_lossy(&output.stderr).into_owned(), output.status.code()), (told, Some(2)));
}

#[tokio::test]
async fn the_command_in_the_readme_makes_a_pair_that_is_trusted_for_localhost() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the README");
    let begin = readme.find("openssl req -x509").expect("a command");
    let command = readme[begin..].split("TLS_CERT_FILE=").next().expect("the first of two commands");
    let place = Place::new();
    shell(command, &place).await;
    let server = place.serve(&[]).await;
    is_well(&server, &place).await;
    // As a person would: the name is in it, and the address.
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("https://{host}:{}/healthz", server.address.port());
        let output = Command::new("curl")
            .args(["-sS", "--noproxy", "*", "--cacert", "cert.pem", &url])
            .current_dir(place.path(""))
            .output()
            .await
            .expect("curl");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
