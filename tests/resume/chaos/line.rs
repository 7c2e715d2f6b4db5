//! Strangers that look for one another, meet, and look again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::{SETTINGS, assert_cut_everywhere, assert_forgotten, chance, cuts, seed};
use crate::support::proxy::{Cut, Proxy};
use crate::support::resumable::{Acknowledges, Resumable};
use crate::support::server::Server;

const STRANGERS: usize = 20;
/// Of each stranger.
const CUTS: usize = 10;
/// What a connection carries one way at most, in bytes: who waits says little.
const LIFETIME: u64 = 2_500;
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Debug, PartialEq)]
enum Pairing {
    Idle,
    Waiting,
    Seated { room: String, partner: String },
}

struct Stranger {
    client: Resumable,
    proxy: Proxy,
    pairing: Pairing,
    /// The rooms it sat in: with whom, and whether as the initiator.
    met: BTreeMap<String, (String, bool)>,
    /// An end of the match that it ended itself may be on its way.
    left: bool,
    /// How many strangers have suffered all their cuts; then all go home, in the middle of whatever they do.
    cut: Arc<AtomicUsize>,
}

impl Stranger {
    async fn enter(server: &Server, seed: u64, number: usize, cut: Arc<AtomicUsize>) -> Self {
        let proxy = Proxy::with(server.address, cuts(&mut chance(seed, number), CUTS, LIFETIME)).await;
        let client = Resumable::enter(proxy.address, Acknowledges::WithPongs).await;
        Self { client, proxy, pairing: Pairing::Idle, met: BTreeMap::new(), left: false, cut }
    }

    fn is_over(&self) -> bool {
        self.cut.load(Ordering::Relaxed) == STRANGERS
    }

    async fn look(mut self) -> Self {
        let mut counted = false;
        while !self.is_over() {
            if !counted && self.proxy.done().len() == CUTS {
                counted = true;
                self.cut.fetch_add(1, Ordering::Relaxed);
            }
            if self.pairing == Pairing::Idle {
                self.client.say(&json!({"type": "available"})).await;
                self.pairing = Pairing::Waiting;
            }
            if let Some(frame) = self.client.hear_until(Instant::now() + Duration::from_millis(100)).await {
                self.hear(&frame).await;
            }
        }
        // Whatever was decided before is heard before the answer to what is said last.
        self.leave().await;
        while self.client.unacknowledged() > 0 {
            if let Some(frame) = self.client.hear_until(Instant::now() + Duration::from_millis(100)).await {
                self.hear(&frame).await;
            }
        }
        self
    }

    async fn leave(&mut self) {
        self.client.say(&json!({"type": "leave"})).await;
        (self.pairing, self.left) = (Pairing::Idle, true);
    }

    async fn hear(&mut self, frame: &Value) {
        let text = |name: &str| frame[name].as_str().unwrap_or_else(|| panic!("no {name} in {frame}")).to_owned();
        match (frame["type"].as_str().expect("a type"), &self.pairing) {
            ("matched", pairing) => {
                assert!(!matches!(pairing, Pairing::Seated { .. }), "{} has a partner: {frame}", self.client.id);
                let (room, partner) = (text("roomId"), text("partnerId"));
                let initiates = frame["initiator"].as_bool().expect("a role");
                assert_eq!(self.met.insert(room.clone(), (partner.clone(), initiates)), None, "{room} twice");
                // Else it was made before the server heard of the end.
                if *pairing == Pairing::Waiting {
                    self.client.say(&json!({"type": "offer", "sdp": room})).await;
                    (self.pairing, self.left) = (Pairing::Seated { room, partner }, false);
                }
            }
            ("offer", Pairing::Seated { room, partner }) => {
                assert_eq!(*frame, json!({"type": "offer", "from": partner, "sdp": room}));
                self.leave().await;
            }
            ("partner-left", Pairing::Seated { .. }) => {
                assert!(self.is_over(), "{} hears the end before what its partner says first", self.client.id);
                self.pairing = Pairing::Idle;
            }
            ("partner-left", _) => {
                assert!(std::mem::take(&mut self.left), "{} had no partner: {frame}", self.client.id)
            }
            ("partner-away" | "partner-back", _) => {}
            // Of a match that this one knew nothing of when it left.
            ("offer", Pairing::Idle) if self.left => {}
            ("error", Pairing::Idle) if self.is_over() => assert_eq!(frame["code"], "NOT_PAIRED"),
            (_, pairing) => panic!("{} is {pairing:?} and hears {frame}", self.client.id),
        }
    }
}

#[tokio::test]
async fn strangers_under_cuts_meet_two_by_two() {
    let seed = seed();
    let server =
        Server::with(&[&SETTINGS[..], &[("MAX_MSG_PER_SECOND", "0"), ("MAX_BYTES_PER_SECOND", "0")]].concat()).await;
    let before = server.resident_bytes();
    let cut = Arc::new(AtomicUsize::new(0));
    let mut looking = JoinSet::new();
    for number in 0..STRANGERS {
        let stranger = Stranger::enter(&server, seed, number, Arc::clone(&cut)).await;
        looking.spawn(stranger.look());
    }
    let strangers = timeout(PATIENCE, looking.join_all()).await.expect("everybody comes to an end");
    let done: Vec<Cut> = strangers.iter().flat_map(|stranger| stranger.proxy.done()).collect();
    assert_cut_everywhere(&done, STRANGERS * CUTS, &strangers.iter().map(|one| &one.client).collect::<Vec<_>>());

    let mut rooms: BTreeMap<&str, Vec<(&str, &str, bool)>> = BTreeMap::new();
    for stranger in &strangers {
        for (room, (partner, initiates)) in &stranger.met {
            rooms.entry(room).or_default().push((&stranger.client.id, partner, *initiates));
        }
    }
    println!("{} matches", rooms.len());
    assert!(rooms.len() > STRANGERS);
    for (room, seats) in &rooms {
        let [(one, of_one, one_initiates), (other, of_other, other_initiates)] = seats[..] else {
            panic!("{room} was {seats:?}");
        };
        assert_eq!((one, other), (of_other, of_one), "{room}");
        assert_ne!(one_initiates, other_initiates, "{room}");
    }
    drop(strangers);
    assert_forgotten(&server, before).await;
}
