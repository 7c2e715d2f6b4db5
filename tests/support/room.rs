//! A member of topics, in the words a test uses.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::chat::Guest;
use super::handshake::Handshake;
use super::metrics;
use super::server::Server;

/// Every error of the rooms with its message.
const ERRORS: [(&str, &str); 10] = [
    ("NOT_IN_TOPIC", "Not in this topic"),
    ("TARGET_GONE", "No such peer here"),
    ("TOPIC_FULL", "The topic is full"),
    ("TOO_MANY_TOPICS", "In too many topics"),
    ("INVALID_TOPIC", "A topic is a text of 1 to 256 UTF-16 units"),
    ("INFO_TOO_LARGE", "info is larger than 1 KiB"),
    ("LISTING_DISABLED", "Topics are not listed here"),
    ("INVALID_FORMAT", "Invalid message format"),
    ("UNKNOWN_TYPE", "Unknown message type"),
    ("RATE_LIMIT", "Too many messages"),
];

/// An id of the right shape that nobody has.
pub const NOBODY: &str = "5f0f6a3e-9b1c-4d2e-8f70-1234567890ab";

pub struct Member(Guest);

impl Deref for Member {
    type Target = Guest;
    fn deref(&self) -> &Guest {
        &self.0
    }
}

impl DerefMut for Member {
    fn deref_mut(&mut self) -> &mut Guest {
        &mut self.0
    }
}

impl Member {
    pub async fn enter(server: &Server) -> Self {
        Self::with(server, Handshake::default()).await
    }

    /// From a page of that origin.
    pub async fn from_page(server: &Server, origin: &str) -> Self {
        Self::with(server, Handshake { headers: vec![("Origin", origin)], ..Handshake::default() }).await
    }

    pub async fn with(server: &Server, handshake: Handshake<'_>) -> Self {
        Self(Guest::enter(server, handshake).await)
    }

    pub async fn terminate(self) {
        self.0.terminate().await;
    }

    /// Says something and hears the answer.
    pub async fn ask(&mut self, request: Value) -> Value {
        self.send(request).await;
        self.hear().await
    }

    /// The answer to joining a topic.
    pub async fn join(&mut self, topic: &str) -> Value {
        self.ask(json!({"type": "join", "topic": topic})).await
    }

    /// Joins with something to tell the others.
    pub async fn join_as(&mut self, topic: &str, info: Value) -> Value {
        self.ask(json!({"type": "join", "topic": topic, "info": info})).await
    }

    /// Leaves a topic and hears so.
    pub async fn leave(&mut self, topic: &str) {
        let left = self.ask(json!({"type": "leave", "topic": topic})).await;
        assert_eq!(left, json!({"type": "left", "topic": topic}));
    }

    pub async fn publish(&self, topic: &str, data: impl Into<Value>) {
        self.send(json!({"type": "publish", "topic": topic, "data": data.into()})).await;
    }

    /// The first page of a topic's other members: what the server knows.
    pub async fn peers(&mut self, topic: &str) -> Value {
        self.ask(json!({"type": "peers", "topic": topic})).await
    }

    /// The topics that this client may see, with the number of members of each.
    pub async fn topics(&mut self) -> Vec<(String, u64)> {
        listed(&self.ask(json!({"type": "topics"})).await)
    }

    /// This member as one hears of it that came before it, or after it.
    pub fn as_peer(&self, came_later: bool) -> Value {
        json!({"clientId": self.id, "initiator": came_later})
    }

    pub async fn hears(&mut self, expected: Value) {
        assert_eq!(self.hear().await, expected);
    }

    /// Hears that somebody came, without a user or info.
    pub async fn hears_arrival(&mut self, topic: &str, who: &Member) {
        self.hears(json!({"type": "peer-joined", "topic": topic, "peer": who.as_peer(false)})).await;
    }

    pub async fn hears_departure(&mut self, topic: &str, who: &str, reason: &str) {
        self.hears(json!({"type": "peer-left", "topic": topic, "clientId": who, "reason": reason})).await;
    }

    pub async fn hears_message(&mut self, topic: &str, from: &Member, data: impl Into<Value>) {
        self.hears(json!({"type": "message", "topic": topic, "from": from.id, "data": data.into()})).await;
    }

    /// Says something that is answered with this error, with the request's `ref` in it.
    pub async fn refused_for(&mut self, request: Value, code: &str) {
        let expected = error(code, request.get("ref"));
        let heard = self.ask(request.clone()).await;
        assert_eq!(heard, expected, "the answer to {request}");
    }
}

/// An error of the rooms as it stands on the wire.
pub fn error(code: &str, reference: Option<&Value>) -> Value {
    let known = ERRORS.iter().find(|(known, _)| *known == code);
    let (_, message) = known.unwrap_or_else(|| panic!("{code} is no error of the rooms"));
    let mut error = json!({"type": "error", "code": code, "message": message});
    if let Some(reference) = reference {
        error["ref"] = reference.clone();
    }
    error
}

/// What a frame `topics` lists.
pub fn listed(frame: &Value) -> Vec<(String, u64)> {
    assert_eq!(frame["type"], "topics", "{frame}");
    let entries = frame["topics"].as_array().expect("a list").iter();
    let text = |entry: &Value| entry["topic"].as_str().expect("a topic").to_owned();
    entries.map(|entry| (text(entry), entry["count"].as_u64().expect("a count"))).collect()
}

/// The ids of the peers that a frame lists, in its order.
pub fn ids(frame: &Value) -> Vec<&str> {
    let peers = frame["peers"].as_array().unwrap_or_else(|| panic!("no peers in {frame}"));
    peers.iter().map(|peer| peer["clientId"].as_str().expect("an id")).collect()
}

/// Members of a topic in the order in which they joined; each has heard of all the others.
pub async fn room<const N: usize>(server: &Server, topic: &str) -> [Member; N] {
    let mut members: Vec<Member> = Vec::with_capacity(N);
    for _ in 0..N {
        let mut newcomer = Member::enter(server).await;
        assert_eq!(ids(&newcomer.join(topic).await), members.iter().map(|member| &member.id).collect::<Vec<_>>());
        for member in &mut members {
            member.hears_arrival(topic, &newcomer).await;
        }
        members.push(newcomer);
    }
    members.try_into().unwrap_or_else(|_| unreachable!("as many as were asked for"))
}

/// The fields of a frame as they were written.
pub fn fields(frame: &str) -> BTreeMap<String, Box<RawValue>> {
    serde_json::from_str(frame).unwrap_or_else(|fault| panic!("{fault} in {frame}"))
}

/// How many topics there are, and how many members they have together, as the metrics tell.
pub async fn census(server: &Server) -> (f64, f64) {
    let samples = metrics::scrape(server.address).await;
    (samples["meetpoint_topics"], samples["meetpoint_topic_members"])
}
