//! SIGHUP: what changes, what needs a restart, and what is refused as a whole.

use std::{fs, time::Duration};

use meetpoint_scorecard::{Goal, figure};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::support::{
    PATIENCE,
    chat::{Guest, meet, talk},
    handshake::Handshake,
    http,
    server::Server,
};

const DONE: &str = "read the configuration again: ";

/// A server with a file of settings that can be written anew.
struct Configured {
    server: Server,
    path: String,
    _folder: TempDir,
}

impl Configured {
    async fn with(text: &str, environment: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let path = folder.path().join("meetpoint.env").to_str().expect("Unicode").to_owned();
        fs::write(&path, text).expect("a file");
        // What the environment says wins, also where canaries fly.
        let own = [("CONFIG_FILE", path.as_str()), ("LOG_LEVEL", "")];
        let server = Server::with(&[&own[..], environment].concat()).await;
        Self { server, path, _folder: folder }
    }

    /// Writes the file anew and asks for it, and waits until the server says this.
    async fn reload(&self, text: &str, says: &str) {
        fs::write(&self.path, text).expect("a file");
        self.server.signal("HUP").await;
        self.says(says).await;
    }

    async fn says(&self, words: &str) {
        let begun = Instant::now();
        while !self.server.log().iter().any(|line| line.contains(words)) {
            assert!(begun.elapsed() < PATIENCE, "{words} is not said but {:?}", self.server.log());
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// What the answer to a page's request for a socket is.
    async fn page(&self, origin: &str) -> u16 {
        let headers = vec![("Origin", origin)];
        match (Handshake { headers, ..Handshake::default() }).open(self.server.address).await {
            Ok(_) => 101,
            Err(refusal) => refusal.status,
        }
    }

    async fn posts(&self, bytes: usize) -> u16 {
        let body = format!("{{\"code\":\"{}\"}}", "x".repeat(bytes));
        http::request(self.server.address, "POST", "/rendezvous/redeem", &[("Content-Type", "application/json")], &body)
            .await
            .status
    }
}

#[tokio::test]
async fn what_may_change_holds_for_those_who_come_and_calls_go_on() {
    let at = Configured::with("ALLOWED_ORIGIN=https://a.example\n", &[]).await;
    let handshake = || Handshake { headers: vec![("Origin", "https://a.example")], ..Handshake::default() };
    let mut one = Guest::enter(&at.server, handshake()).await;
    let mut other = Guest::enter(&at.server, handshake()).await;
    meet(&mut one, &mut other).await;
    assert_eq!((at.page("https://a.example").await, at.page("https://b.example").await), (101, 403));
    assert_eq!(at.posts(2000).await, 400);
    let told = format!("{DONE}changed ALLOWED_ORIGIN, HTTP_MAX_BODY, LOG_LEVEL");
    at.reload("ALLOWED_ORIGIN=https://b.example\nHTTP_MAX_BODY=1KiB\nLOG_LEVEL=debug\n", &told).await;
    assert_eq!((at.page("https://a.example").await, at.page("https://b.example").await), (403, 101));
    assert_eq!(at.posts(2000).await, 413);
    at.says("\"connected\"").await;
    talk(&mut one, &mut other).await;
    at.reload("ALLOWED_ORIGIN=*\nWS_RATE_PER_MIN=1\n", &format!("{DONE}changed WS_RATE_PER_MIN, ALLOWED_ORIGIN")).await;
    assert_eq!((at.page("https://c.example").await, at.page("https://c.example").await), (101, 429));
    at.reload("ALLOWED_ORIGIN=*\nWS_RATE_PER_MIN=1\n", &format!("{DONE}nothing has changed")).await;
    talk(&mut one, &mut other).await;
    at.server.assert_no_panic();
}

#[tokio::test]
async fn what_needs_a_restart_is_named_and_stays() {
    let at = Configured::with("", &[("WS_MAX_MSG", "32KiB")]).await;
    let text = "HEARTBEAT=5s\nMETRICS_ROUTE=/figures\nMAX_MSG_PER_SECOND=7\nWS_MAX_MSG=2KiB\n";
    at.reload(text, "needs a restart: HEARTBEAT, METRICS_ROUTE").await;
    at.says(&format!("{DONE}changed MAX_MSG_PER_SECOND")).await;
    assert!(!at.server.log().iter().any(|line| line.contains("WS_MAX_MSG")), "the environment wins");
    assert_eq!(http::get(at.server.address, "/metrics").await.status, 200);
    at.reload("", &format!("{DONE}changed MAX_MSG_PER_SECOND")).await;
    let named = at.server.log().iter().filter(|line| line.contains("needs a restart")).count();
    assert_eq!(named, 1, "what is as it was at the start needs none");
}

#[tokio::test]
async fn a_bad_configuration_is_refused_as_a_whole_with_all_its_faults() {
    let at = Configured::with("ALLOWED_ORIGIN=https://a.example\n", &[]).await;
    let bad = "ALLOWED_ORIGIN=https://b.example\nPROT=80\nDEV=maybe\n";
    at.reload(bad, "the new configuration is refused, the old one stays").await;
    at.says(&format!("{}:2: no setting has this name (did you mean PORT?)", at.path)).await;
    at.says("invalid DEV").await;
    let kept = (at.page("https://a.example").await, at.page("https://b.example").await);
    assert_eq!(kept, (101, 403));
    fs::remove_file(&at.path).expect("a file");
    at.server.signal("HUP").await;
    at.says("invalid CONFIG_FILE").await;
    at.reload("ALLOWED_ORIGIN=https://b.example\n", &format!("{DONE}changed ALLOWED_ORIGIN")).await;
    assert_eq!(at.page("https://b.example").await, 101);
    figure("RELOAD", "settings of a faulty configuration that came to hold", 0.0, "", Goal::Exactly(0.0));
}
