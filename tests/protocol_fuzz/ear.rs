//! What one client hears, and whether it may: who speaks to it is its partner or shares a topic with it, and what names a room names its own.

use std::{collections::BTreeSet, sync::Arc};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::Value;

/// The names of all rooms: none can be made of another by a letter or two.
pub struct Names {
    pub topics: Vec<String>,
    /// Of rooms with two sides.
    pub apps: Vec<String>,
}

impl Names {
    pub fn new(seed: u64) -> Self {
        let mut chance = StdRng::seed_from_u64(seed);
        let mut uuid = || {
            let bytes: [u8; 16] = chance.random();
            uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
        };
        Self { topics: (0..8).map(|_| uuid()).collect(), apps: (0..25).map(|_| uuid()).collect() }
    }
}

/// What a client knows.
pub struct Ear {
    /// The name of its room with two sides.
    place: String,
    names: Arc<Names>,
    /// The partner of the last match, until it left.
    partner: Option<String>,
    topics: BTreeSet<String>,
    /// Clients that were heard of.
    pub peers: Vec<String>,
    /// Its number of the last item of mail.
    pub mail: u64,
}

impl Ear {
    pub fn new(place: &str, names: Arc<Names>) -> Self {
        let (partner, topics, peers) = (None, BTreeSet::new(), Vec::new());
        Self { place: place.to_owned(), names, partner, topics, peers, mail: 0 }
    }

    /// # Panics
    /// It is not for this client.
    pub fn hear(&mut self, text: &str) {
        let frame: Value = serde_json::from_str(text).unwrap_or_else(|fault| panic!("{fault}: {text}"));
        self.look_for_names(&frame, text);
        let word = |name: &str| frame[name].as_str().map(str::to_owned);
        match frame["type"].as_str() {
            Some("matched") => {
                self.partner = word("partnerId");
                self.peers.extend(word("partnerId"));
            }
            Some("partner-left") => self.partner = None,
            Some("joined") => self.topics.extend(word("topic")),
            Some("left") => drop(word("topic").map(|topic| self.topics.remove(&topic))),
            Some("peer-joined") => self.peers.extend(frame["peer"]["clientId"].as_str().map(str::to_owned)),
            Some("message" | "offer" | "answer" | "ice") if frame["from"].is_string() => match word("topic") {
                Some(topic) => assert!(self.topics.contains(&topic), "not in that topic: {text}"),
                None => {
                    let from = word("from");
                    let is_known = from == self.partner || from.is_some_and(|from| self.peers.contains(&from));
                    assert!(is_known || !self.topics.is_empty(), "a stranger: {text}");
                }
            },
            _ => {}
        }
        if let Some(seq) = frame["seq"].as_u64() {
            self.mail = seq;
        }
        // Enough to speak to.
        let many = self.peers.len().saturating_sub(16);
        self.peers.drain(..many);
    }

    /// Whatever names a room that is there names the one in which it was said.
    fn look_for_names(&self, frame: &Value, text: &str) {
        match frame {
            Value::Object(members) => {
                if let Some(room) = members.get("room").and_then(Value::as_str) {
                    let is_another = self.names.apps.iter().any(|app| app == room && *app != self.place);
                    assert!(!is_another, "said in another room than {}: {text}", self.place);
                }
                if let (Some(topic), Some(said_in)) = (frame["topic"].as_str(), frame["data"]["topic"].as_str()) {
                    let is_another = topic != said_in && self.names.topics.iter().any(|name| name == said_in);
                    assert!(!is_another, "said in another topic: {text}");
                }
                members.values().for_each(|value| self.look_for_names(value, text));
            }
            Value::Array(items) => items.iter().for_each(|item| self.look_for_names(item, text)),
            _ => {}
        }
    }
}
