//! Somebody sets the system's clock while the server runs: nothing expires for it, nothing stays for ever, and only what is signed is
//! judged by the new time.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use meetpoint_scorecard::{Goal, figure};
use serde_json::json;
use tempfile::NamedTempFile;
use tokio::time::{sleep, timeout};

use crate::crowd::{Crowd, Line};
use crate::place::{Place, path, settings};
use crate::support::PATIENCE;
use crate::support::chat::{pair, talk};
use crate::support::rondevu::client::{OfferPeer, Tagger, refusal, result};
use crate::support::rondevu::keys::{fresh_nonce, signed_text};
use crate::support::rondevu::now;
use crate::support::server::{Server, meetpoint};

/// What stands between a program and the system's clock, and reads from a file how far that is off. Debian's package `faketime` has it.
fn false_clock() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.filter_map(Result::ok);
    folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1")).find(|library| library.exists())
}

/// The system's clock as a server sees it.
struct Clock(NamedTempFile);

impl Clock {
    fn set(&self, seconds: i64) {
        fs::write(self.0.path(), format!("{seconds:+}\n")).expect("room for a word");
    }
}

async fn start(place: &Place, library: PathBuf) -> (Server, Clock) {
    let clock = Clock(NamedTempFile::new().expect("a file"));
    clock.set(0);
    let (library, offset) = (path(&library), path(clock.0.path()));
    let clock_settings = [
        ("LD_PRELOAD", library.as_str()),
        ("FAKETIME_TIMESTAMP_FILE", &offset),
        ("FAKETIME_NO_CACHE", "1"),
        // As on a real machine: timers go by a clock that nobody can set.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ("OFFER_MIN_TTL", "100ms"),
    ];
    let file = path(&place.file());
    let server = Server::launch(meetpoint(&[], &[&settings(&file)[..], &clock_settings].concat())).await;
    (server, clock)
}

const SHORT: Duration = Duration::from_secs(2);

/// Publishes something that is to be there for a short time, under a topic of its own.
async fn publish_short(peer: &OfferPeer, topic: &str) -> Instant {
    let published = Instant::now();
    peer.offered(json!({"sdp": topic, "topics": [topic], "ttl": SHORT.as_millis() as u64})).await;
    published
}

async fn is_there(server: &Server, topic: &str) -> bool {
    let path = format!("/offers/by-topic/{topic}");
    Line::new(server.address, false).hear("GET", &path, &[], "").await.json()["total"] == 1
}

/// Waits until what was published then is gone, which must be neither early nor never.
async fn gone(server: &Server, topic: &str, published: Instant) {
    const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
    let gone = async {
        while is_there(server, topic).await {
            sleep(BETWEEN_LOOKS).await;
        }
    };
    assert!(timeout(PATIENCE, gone).await.is_ok(), "{topic} never expires");
    assert!(published.elapsed() >= SHORT, "{topic} has expired after {:?}", published.elapsed());
}

/// Whether a request is taken that was signed when it was so many seconds later than now.
async fn takes_signed(server: &Server, seconds: i64) -> bool {
    let tagger = Tagger::new(server.address, 1);
    let (time, nonce, params) =
        (now() + seconds * 1000, fresh_nonce(), json!({"tags": ["t"], "offers": [{"sdp": "s"}]}));
    let signature = tagger.key.sign(&signed_text(time, &nonce, "publishOffer", &params));
    let auth = json!({"publicKey": tagger.key.public_hex(), "timestamp": time, "nonce": nonce, "signature": signature});
    let request = json!([{"method": "publishOffer", "params": params, "auth": auth}]);
    let reply = Line::new(server.address, false).reply(&request).await;
    if reply["success"] == true {
        result(reply);
        return true;
    }
    let why = refusal(&reply);
    assert!(why.contains("Timestamp"), "{why}");
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_of_the_clock_expires_nothing_and_keeps_nothing_for_ever() {
    const HOUR: i64 = 3600;
    const STEPS: [i64; 4] = [HOUR, -HOUR, 0, 24 * HOUR];
    /// Changes that are acknowledged after each step.
    const CHANGES: usize = 40;
    let Some(library) = false_clock() else {
        println!("SKIPPED: libfaketime is not installed: `make tools` installs it");
        return;
    };
    let place = Place::new();
    let (mut server, clock) = start(&place, library).await;
    let mut crowd = Crowd::unsigned(server.address, 400).await;
    let peer = OfferPeer::register(server.address).await;
    let (mut one, mut other) = pair(&server).await;
    crowd.work_for(server.address, CHANGES).await;
    let mut at = 0;
    for step in STEPS {
        let before = format!("before-{step}");
        let published = publish_short(&peer, &before).await;
        assert!(takes_signed(&server, at).await, "at {at}");
        // In the midst of the work.
        let (tally, address) = (crowd.tally(), server.address);
        let half = tally.counts().done + CHANGES / 2;
        let stepped = async {
            tally.until(|counts| counts.done >= half).await;
            clock.set(step);
        };
        tokio::join!(crowd.work_for(address, CHANGES), stepped);
        let after = format!("after-{step}");
        let published_after = publish_short(&peer, &after).await;
        assert!(takes_signed(&server, step).await && !takes_signed(&server, at).await, "from {at} to {step}");
        talk(&mut one, &mut other).await;
        gone(&server, &before, published).await;
        gone(&server, &after, published_after).await;
        crowd.check(address).await;
        at = step;
    }
    server.assert_no_panic();
    server.kill().await;
    figure("F12", "steps of the clock under load, of an hour and more", STEPS.len() as f64, "", Goal::Told);
    figure("F12", "what expired before its time", 0.0, "", Goal::Exactly(0.0));
    figure("F12", "what outlived its time", 0.0, "", Goal::Exactly(0.0));
    figure("F12", "signatures judged by another clock than the wall's", 0.0, "", Goal::Exactly(0.0));
}
