//! A certificate is replaced while sockets are open.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::certificate::{Pair, Place};
use crate::client::{Client, talk};
use crate::support::PATIENCE;
use crate::support::server::Server;

/// More than two looks at the files.
const SEEN: Duration = Duration::from_secs(3);

const TAKEN: &str = "took the new certificate";
const NOT_TAKEN: &str = "cannot use the new certificate, the old one stays";

/// Whether new handshakes get this certificate.
async fn presents(server: &Server, pair: &Pair) -> bool {
    Client::trusting(&pair.cert).connect(server.address).await.is_ok()
}

async fn comes_to_present(server: &Server, pair: &Pair) {
    let begun = Instant::now();
    while !presents(server, pair).await {
        assert!(begun.elapsed() < PATIENCE, "the certificate is not taken");
        sleep(Duration::from_millis(50)).await;
    }
}

async fn comes_to_say(server: &Server, words: &str) {
    let begun = Instant::now();
    while said(server, words) == 0 {
        assert!(begun.elapsed() < PATIENCE, "{words} is not said");
        sleep(Duration::from_millis(50)).await;
    }
}

fn said(server: &Server, words: &str) -> usize {
    server.log().iter().filter(|line| line.contains(words)).count()
}

#[tokio::test]
async fn sighup_reads_the_files_again_and_open_sockets_go_on() {
    let (old, new) = (Pair::new(), Pair::new());
    let place = Place::with(&old);
    let server = place.serve(&[]).await;
    let [mut one, mut other] = Client::trusting(&old.cert).pair(server.address).await;
    server.signal("HUP").await;
    comes_to_say(&server, TAKEN).await;
    assert!(presents(&server, &old).await, "the same again");
    place.put("cert.pem", &new.cert_pem);
    place.put("key.pem", &new.key_pem);
    server.signal("HUP").await;
    comes_to_present(&server, &new).await;
    assert!(!presents(&server, &old).await);
    talk(&mut one, &mut other).await;
    let [mut third, mut fourth] = Client::trusting(&new.cert).pair(server.address).await;
    talk(&mut third, &mut fourth).await;
    server.assert_no_panic();
}

#[tokio::test]
async fn files_that_change_are_read_without_being_asked() {
    let pairs = [Pair::new(), Pair::new(), Pair::new()];
    let place = Place::with(&pairs[0]);
    let server = place.serve(&[]).await;
    let [mut one, mut other] = Client::trusting(&pairs[0].cert).pair(server.address).await;
    // Replaced.
    place.put("key.pem", &pairs[1].key_pem);
    place.put("cert.pem", &pairs[1].cert_pem);
    comes_to_present(&server, &pairs[1]).await;
    // Written over.
    fs::write(place.path("cert.pem"), &pairs[2].cert_pem).expect("a file");
    fs::write(place.path("key.pem"), &pairs[2].key_pem).expect("a file");
    comes_to_present(&server, &pairs[2]).await;
    talk(&mut one, &mut other).await;
}

#[tokio::test]
async fn a_link_that_comes_to_lead_elsewhere_is_a_change() {
    let (old, new) = (Pair::new(), Pair::new());
    let place = Place::new();
    for (version, pair) in [("1", &old), ("2", &new)] {
        fs::create_dir(place.path(version)).expect("a folder");
        place.put(&format!("{version}/cert.pem"), &pair.cert_pem);
        place.put(&format!("{version}/key.pem"), &pair.key_pem);
    }
    // As secrets are mounted by Kubernetes: both files change at once, by one link.
    symlink("1", place.path("current")).expect("a link");
    for name in ["cert.pem", "key.pem"] {
        symlink(format!("current/{name}"), place.path(name)).expect("a link");
    }
    let server = place.serve(&[]).await;
    assert!(presents(&server, &old).await);
    symlink("2", place.path("next")).expect("a link");
    fs::rename(place.path("next"), place.path("current")).expect("a link");
    comes_to_present(&server, &new).await;
}

#[tokio::test]
async fn a_pair_that_cannot_be_used_is_told_once_and_the_old_one_stays() {
    let (old, new) = (Pair::new(), Pair::new());
    let place = Place::with(&old);
    let server = place.serve(&[]).await;
    let [mut one, mut other] = Client::trusting(&old.cert).pair(server.address).await;
    place.put("cert.pem", "no certificate");
    comes_to_say(&server, NOT_TAKEN).await;
    sleep(SEEN).await;
    assert_eq!(said(&server, NOT_TAKEN), 1);
    assert_eq!(said(&server, "cert.pem: no certificate is in it"), 1);
    assert!(presents(&server, &old).await);
    // Another problem is another line.
    fs::remove_file(place.path("cert.pem")).expect("a file");
    comes_to_say(&server, "cert.pem: no such file or directory").await;
    assert_eq!(said(&server, NOT_TAKEN), 2);
    assert!(presents(&server, &old).await);
    talk(&mut one, &mut other).await;
    place.put("cert.pem", &new.cert_pem);
    place.put("key.pem", &new.key_pem);
    comes_to_present(&server, &new).await;
}

#[tokio::test]
async fn the_second_half_of_a_pair_may_come_later() {
    let (old, new) = (Pair::new(), Pair::new());
    let place = Place::with(&old);
    let server = place.serve(&[]).await;
    place.put("cert.pem", &new.cert_pem);
    server.signal("HUP").await;
    comes_to_say(&server, NOT_TAKEN).await;
    assert_eq!(said(&server, "(expected the key of the first certificate)"), 1, "{:?}", server.log());
    assert!(presents(&server, &old).await);
    place.put("key.pem", &new.key_pem);
    comes_to_present(&server, &new).await;
}

#[tokio::test]
async fn without_tls_sighup_changes_nothing() {
    let mut server = Server::start().await;
    let (mut one, mut other) = crate::support::chat::pair(&server).await;
    for _ in 0..2 {
        server.signal("HUP").await;
    }
    comes_to_say(&server, "read the configuration again: nothing has changed").await;
    crate::support::chat::talk(&mut one, &mut other).await;
    server.signal("TERM").await;
    assert_eq!(server.exit(PATIENCE).await.expect("the end").code(), Some(0));
}
