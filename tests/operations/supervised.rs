//! What a service manager hears of the server (sd_notify(3)).

use std::{os::unix::net::UnixDatagram, time::Duration};

use tempfile::TempDir;
use tokio::net::UnixDatagram as Ear;
use tokio::time::timeout;

use crate::support::{PATIENCE, server::Server};

struct Manager {
    ear: Ear,
    path: String,
    _folder: TempDir,
}

impl Manager {
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let path = folder.path().join("notify").to_str().expect("Unicode").to_owned();
        let ear = UnixDatagram::bind(&path).expect("a socket");
        ear.set_nonblocking(true).expect("a socket");
        Self { ear: Ear::from_std(ear).expect("a socket"), path, _folder: folder }
    }

    /// The next message that begins so.
    async fn hears(&self, beginning: &str) -> String {
        let mut bytes = [0; 4096];
        let mut earlier = Vec::new();
        loop {
            let heard = timeout(PATIENCE, self.ear.recv(&mut bytes)).await;
            let Ok(heard) = heard else { panic!("no {beginning} but {earlier:?}") };
            let text = String::from_utf8(bytes[..heard.expect("a message")].to_vec()).expect("text");
            if text.starts_with(beginning) {
                return text;
            }
            earlier.push(text);
        }
    }
}

#[tokio::test]
async fn a_service_manager_hears_when_clients_can_come_and_when_the_end_begins() {
    let manager = Manager::new();
    let mut server = Server::with(&[("NOTIFY_SOCKET", &manager.path)]).await;
    let ready = manager.hears("READY=1").await;
    assert!(ready.contains(&format!("\nSTATUS=listening on {}", server.address)), "{ready}");
    server.signal("HUP").await;
    let reloading = manager.hears("RELOADING=1").await;
    let since = reloading.lines().find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
    assert!(since.is_some_and(|micros| micros.parse::<u64>().is_ok()), "{reloading}");
    manager.hears("READY=1").await;
    server.signal("TERM").await;
    manager.hears("STOPPING=1").await;
    assert_eq!(server.exit(PATIENCE).await.and_then(|status| status.code()), Some(0));
}

#[tokio::test]
async fn a_watchdog_is_told_again_and_again_that_the_server_lives() {
    let manager = Manager::new();
    let within = Duration::from_millis(100).as_micros().to_string();
    let _server = Server::with(&[("NOTIFY_SOCKET", &manager.path), ("WATCHDOG_USEC", &within)]).await;
    for _ in 0..5 {
        manager.hears("WATCHDOG=1").await;
    }
}
