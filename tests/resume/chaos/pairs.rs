//! Pairs that talk both ways.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::{SETTINGS, WINDOW, assert_cut_everywhere, assert_forgotten, chance, cuts, holdings, seed};
use crate::support;
use crate::support::metrics::sample;
use crate::support::proxy::{Cut, Proxy};
use crate::support::resumable::{Acknowledges, Resumable};
use crate::support::server::Server;

const PAIRS: usize = 50;
/// Of each client: a thousand in all.
const CUTS: usize = 10;
/// What a connection carries one way at most, in bytes.
const LIFETIME: u64 = 4_000;
/// What a client keeps before it waits for the server; the log of its partner holds more.
const UNACKNOWLEDGED: usize = 100;
const PATIENCE: Duration = Duration::from_secs(120);

/// One of a pair, and what it knows.
struct Talker {
    client: Resumable,
    /// Its own, and its partner's: both talk until both have suffered all their cuts, so that there is always something to cut.
    proxies: [Arc<Proxy>; 2],
    chance: StdRng,
    partner: String,
    said: u64,
    heard: u64,
    partner_is_away: bool,
    said_all: bool,
    heard_all: bool,
}

/// The frame with this number: all three types, mostly small, some over the limits of the frame's length fields.
fn words(number: u64) -> (&'static str, &'static str, Value) {
    let length = match number % 50 {
        0 => 12_000,
        few if few % 10 == 0 => 1_500,
        _ => number * 37 % 200,
    };
    let (kind, field) = [("offer", "sdp"), ("answer", "sdp"), ("ice", "candidate")][number as usize % 3];
    (kind, field, json!({"number": number, "fill": "x".repeat(length as usize)}))
}

impl Talker {
    async fn enter(proxies: [Arc<Proxy>; 2], seed: u64, number: usize) -> Self {
        let chance = chance(seed, number);
        let acknowledges = if number % 4 < 2 { Acknowledges::WithPongs } else { Acknowledges::WithFrames(16) };
        let client = Resumable::enter(proxies[0].address, acknowledges).await;
        Self {
            client,
            proxies,
            chance,
            partner: String::new(),
            said: 0,
            heard: 0,
            partner_is_away: false,
            said_all: false,
            heard_all: false,
        }
    }

    async fn matched(&mut self) {
        let heard = self.client.hear().await;
        assert_eq!(heard["type"], "matched", "{heard}");
        self.partner = heard["partnerId"].as_str().expect("an id").to_owned();
    }

    /// Until both have suffered all their cuts, and have heard so.
    async fn talk(mut self) -> Self {
        self.proxies[0].plan(cuts(&mut self.chance, CUTS, LIFETIME));
        // Not all at the same moment.
        sleep(Duration::from_millis(self.chance.random_range(0..1000))).await;
        self.client.drop_connection();
        while !(self.said_all && self.heard_all && self.client.unacknowledged() == 0) {
            let until = Instant::now() + Duration::from_millis(self.chance.random_range(30..120));
            while let Some(frame) = self.client.hear_until(until).await {
                self.hear(&frame);
            }
            if !self.said_all && self.client.unacknowledged() < UNACKNOWLEDGED {
                self.said += 1;
                let (kind, field, mut content) = words(self.said);
                self.said_all = self.proxies.iter().all(|proxy| proxy.done().len() == CUTS);
                content["last"] = json!(self.said_all);
                self.client.say(&json!({"type": kind, field: content})).await;
            }
        }
        self
    }

    fn hear(&mut self, frame: &Value) {
        match frame["type"].as_str().expect("a type") {
            "partner-away" => {
                assert!(!self.partner_is_away, "away twice");
                self.partner_is_away = true;
            }
            "partner-back" => {
                assert!(self.partner_is_away, "back without having been away");
                self.partner_is_away = false;
            }
            _ => {
                self.heard += 1;
                let (kind, field, mut content) = words(self.heard);
                let last = frame[field]["last"].as_bool();
                content["last"] = json!(last);
                let expected = json!({"type": kind, "from": self.partner, field: content});
                assert_eq!(*frame, expected, "{}, frame {} of its partner", self.client.id, self.heard);
                assert!(!self.heard_all, "something behind the last frame");
                self.heard_all = last == Some(true);
            }
        }
    }

    /// The end of the match, whatever is said before of the partner's coming and going.
    async fn left(&mut self, reason: &str) {
        let until = Instant::now() + WINDOW + support::PATIENCE;
        loop {
            let heard = self.client.hear_until(until).await.expect("the end of the match");
            if heard["type"] == "partner-left" {
                assert_eq!(heard["reason"], reason);
                return;
            }
            self.hear(&heard);
        }
    }
}

/// The ways of a match to end, one after another.
async fn end(pair: usize, one: Talker, mut other: Talker) {
    match pair % 3 {
        0 => {
            one.client.bye().await;
            other.left("left").await;
            other.client.bye().await;
        }
        1 => {
            let Talker { mut client, .. } = one;
            client.drop_connection();
            drop(client);
            other.left("timeout").await;
            let silence = other.client.hear_until(Instant::now() + Duration::from_secs(1)).await;
            assert_eq!(silence, None, "an end is told once");
            other.client.bye().await;
        }
        // Both vanish, and nobody is there to be told.
        _ => drop((one, other)),
    }
}

#[tokio::test]
async fn fifty_pairs_lose_nothing_by_a_thousand_cuts() {
    let seed = seed();
    let server = Server::with(&SETTINGS).await;
    let mut pairs = Vec::new();
    for pair in 0..PAIRS {
        let proxies = [Proxy::to(server.address).await, Proxy::to(server.address).await].map(Arc::new);
        let mut one = Talker::enter(proxies.clone(), seed, 2 * pair).await;
        let [mine, yours] = proxies;
        let mut other = Talker::enter([yours, mine], seed, 2 * pair + 1).await;
        for talker in [&mut one, &mut other] {
            talker.client.say(&json!({"type": "available"})).await;
        }
        one.matched().await;
        other.matched().await;
        assert_eq!((&one.partner, &other.partner), (&other.client.id, &one.client.id));
        pairs.push((one, other));
    }
    let before = server.resident_bytes();

    let begun = Instant::now();
    let mut talking = JoinSet::new();
    for (pair, (one, other)) in pairs.into_iter().enumerate() {
        talking.spawn(async move {
            let ((one, other), pair) = (tokio::join!(one.talk(), other.talk()), pair);
            (pair, one, other)
        });
    }
    let talked = timeout(PATIENCE, talking.join_all()).await.expect("everybody comes to an end");
    let mut done: Vec<Cut> = Vec::new();
    for (_, one, other) in &talked {
        assert_eq!((one.heard, other.heard), (other.said, one.said));
        assert!(!one.partner_is_away || !other.partner_is_away, "both are here");
        done.extend([one, other].into_iter().flat_map(|talker| talker.proxies[0].done()));
    }
    let clients: Vec<_> = talked.iter().flat_map(|(_, one, other)| [&one.client, &other.client]).collect();
    assert_cut_everywhere(&done, 2 * PAIRS * CUTS, &clients);
    let frames: u64 = talked.iter().map(|(_, one, other)| one.said + other.said).sum();
    println!("{frames} frames in {:?}", begun.elapsed());
    assert_eq!(holdings(&server).await["meetpoint_pairs"], PAIRS as f64);
    assert!(sample(server.address, r#"meetpoint_resumes_total{outcome="resumed"}"#).await > 0.0);

    let mut ending = JoinSet::new();
    for (pair, one, other) in talked {
        ending.spawn(end(pair, one, other));
    }
    timeout(PATIENCE, ending.join_all()).await.expect("everybody comes to an end");
    assert_forgotten(&server, before).await;
}
