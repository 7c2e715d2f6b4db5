//! `/rpc` as a client sees it, on a book that keeps nothing on disk and on paused time.

use std::{sync::Arc, time::Duration};

use axum::{body::Body, extract::State};
use ed25519_dalek::{Signer, SigningKey};
use http_body_util::BodyExt;
use meetpoint_protocol::{Timestamp, rondevu::base64};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{sync::watch, time::Instant};

use super::*;
use crate::{
    config::Settings,
    core::{
        book::{Book, Change, Effort, Journal, Kept, Limits, Outcome as Fate, tests::ROOMY},
        chance::Chance,
        clock::Clock,
    },
    dialects::rondevu::offers::Strangers,
    guard::credentials::Credentials,
};

const START: u64 = 1_733_404_800_000;

/// A journal whose commits have one fate, until it is given another.
struct Paper(Mutex<Option<watch::Sender<Fate>>>);

impl Paper {
    fn with(fate: Option<Fate>) -> Option<watch::Sender<Fate>> {
        fate.map(watch::Sender::new)
    }
}

impl Journal for Paper {
    fn is_ready(&self) -> bool {
        self.0.lock().is_some()
    }

    fn append(&self, _: Vec<Change>) -> Commit {
        self.0.lock().as_ref().map_or(Commit::DONE, |fate| Commit::pending(fate.subscribe()))
    }

    fn append_along(&self, _: Vec<Change>) {}

    fn effort(&self) -> Effort {
        Effort::default()
    }
}

pub(super) struct Server {
    pub rondevu: Arc<Rondevu>,
    journal: Arc<Paper>,
}

impl Server {
    pub(super) fn new() -> Self {
        let settings = Settings::default();
        let began = Instant::now();
        let now = move || Timestamp::from_millis(START).plus(began.elapsed());
        let journal = Arc::new(Paper(Mutex::new(Paper::with(Some(Fate::Durable)))));
        let chance = Arc::new(Chance::from_seed(7));
        let limits = Limits { per_owner: 50, offers: 1000, ..ROOMY };
        let book = Book::new(journal.clone(), Kept::default(), limits, chance.clone(), now());
        let rondevu = Rondevu {
            book: Arc::new(book),
            clock: Clock::new(std::time::Instant::now(), now, now),
            chance,
            credentials: Credentials::new(&[7; 32]),
            strangers: Strangers::uncounted(),
            offers: settings.offers,
            max_body: Arc::new((4 << 20).into()),
        };
        Self { rondevu: Arc::new(rondevu), journal }
    }

    /// What becomes of the next commits; `None` takes none.
    fn commits(&self, fate: Option<Fate>) {
        *self.journal.0.lock() = Paper::with(fate);
    }

    /// The same for those that are under way.
    fn decide(&self, fate: Fate) {
        self.journal.0.lock().as_ref().expect("a journal that takes changes").send_replace(fate);
    }

    pub(super) async fn post(&self, body: &Value) -> (u16, Value) {
        let request = http::Request::post("/rpc").body(Body::from(body.to_string())).expect("a request");
        let (parts, body) = rpc(State(self.rondevu.clone()), request).await.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        assert_eq!(parts.headers.contains_key("retry-after"), parts.status == 503);
        (parts.status.as_u16(), serde_json::from_slice(&body).expect("JSON"))
    }

    /// The result of a user's call.
    pub(super) async fn result(&self, user: &str, method: &str, params: Value) -> Value {
        let (status, mut reply) = self.post(&self.signed(user, method, params)).await;
        assert!(status == 200 && reply["success"] == true, "{method}: {status} {reply}");
        reply["result"].take()
    }

    /// Why a user's call fails.
    pub(super) async fn error(&self, user: &str, method: &str, params: Value) -> String {
        let (status, reply) = self.post(&self.signed(user, method, params)).await;
        assert!(status == 200 && reply["success"] == false, "{method}: {status} {reply}");
        reply["error"].as_str().expect("a sentence").to_owned()
    }

    pub(super) fn signed(&self, user: &str, method: &str, params: Value) -> Value {
        let message = format!("{method}:{user}:{}", self.rondevu.clock.wall());
        let (signature, public_key) = (sign(user, &message), public_key(user));
        json!({"method": method, "message": message, "signature": signature, "publicKey": public_key, "params": params})
    }

    /// A service with an offer, whose id is returned.
    pub(super) async fn offer(&self, user: &str, service: &str, sdp: &str) -> String {
        let params = json!({"serviceFqn": format!("{service}@{user}"), "offers": [{"sdp": sdp}], "ttl": 3_600_000});
        let published = self.result(user, "publishService", params).await;
        published["offers"][0]["offerId"].as_str().expect("an id").to_owned()
    }
}

fn key(user: &str) -> SigningKey {
    let mut seed = [0; 32];
    seed[..user.len()].copy_from_slice(user.as_bytes());
    SigningKey::from_bytes(&seed)
}

pub(super) fn sign(user: &str, message: &str) -> String {
    base64::encode(&key(user).sign(message.as_bytes()).to_bytes())
}

pub(super) fn public_key(user: &str) -> String {
    base64::encode(key(user).verifying_key().as_bytes())
}

#[tokio::test(start_paused = true)]
async fn calls_of_an_array_see_what_those_before_them_did() {
    let server = Server::new();
    let name = json!({"username": "alice"});
    let calls = json!([
        server.signed("alice", "getUser", name.clone()),
        server.signed("alice", "poll", json!({})),
        {"method": "nope", "message": "m", "signature": "s"},
        {},
        server.signed("alice", "getUser", name),
    ]);
    let (status, replies) = server.post(&calls).await;
    assert_eq!(status, 200);
    assert_eq!(replies[0]["result"], json!({"username": "alice", "available": true}));
    assert_eq!(replies[1]["result"], json!({"answers": [], "iceCandidates": {}}));
    assert_eq!(replies[2], json!({"success": false, "error": "Unknown method: nope"}));
    assert_eq!(replies[3], json!({"success": false, "error": "Missing or invalid method"}));
    assert_eq!(replies[4]["result"]["publicKey"], json!(public_key("alice")));
}

#[tokio::test(start_paused = true)]
async fn an_array_may_mix_both_generations() {
    let server = Server::new();
    let signed = server.signed("alice", "getUser", json!({"username": "alice"}));
    let (status, replies) = server.post(&json!([signed, {"method": "discover"}, {"method": "nope"}])).await;
    assert_eq!((status, &replies[0]["success"]), (200, &json!(true)));
    let words = json!({"success": false, "error": "Tags must be an array", "errorCode": "INVALID_TAG"});
    assert_eq!(replies[1], words);
    // It tells nothing, and the first that does is signed by a user.
    assert_eq!(replies[2], json!({"success": false, "error": "Missing or invalid message"}));
}

#[tokio::test(start_paused = true)]
async fn a_request_of_tags_comes_in_an_array() {
    let server = Server::new();
    let (status, replies) = server.post(&json!({"method": "discover", "params": {"tags": ["a"]}})).await;
    let error = "Request must be an array of RPC calls";
    assert_eq!((status, replies), (400, json!([{"success": false, "error": error, "errorCode": "INVALID_PARAMS"}])));
}

#[tokio::test(start_paused = true)]
async fn a_change_is_answered_when_it_is_durable() {
    let server = Server::new();
    server.commits(Some(Fate::Pending));
    let poll = server.signed("alice", "poll", json!({}));
    let mut answer = std::pin::pin!(server.post(&poll));
    let waited = tokio::time::timeout(Duration::from_secs(60), &mut answer).await;
    assert!(waited.is_err(), "answered before the claim was durable: {waited:?}");
    server.decide(Fate::Durable);
    assert_eq!(answer.await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn what_the_storage_did_not_take_is_told_at_its_place() {
    let server = Server::new();
    let failed = json!({"success": false, "error": UNAVAILABLE});
    server.commits(Some(Fate::Failed));
    let asked = server.signed("alice", "getUser", json!({"username": "bob"}));
    let calls = json!([asked, server.signed("alice", "poll", json!({})), asked]);
    let (status, replies) = server.post(&calls).await;
    assert_eq!((status, &replies[1]), (503, &failed));
    assert!(replies[0]["success"] == true && replies[2]["success"] == true);

    server.commits(None);
    let (status, reply) = server.post(&server.signed("bob", "poll", json!({}))).await;
    assert_eq!((status, reply), (503, failed));
    assert_eq!(server.post(&asked).await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn the_held_polls_of_one_array_share_half_a_minute() {
    let server = Server::new();
    let poll = server.signed("alice", "poll", json!({"wait": 20_000}));
    let began = Instant::now();
    let (_, replies) = server.post(&json!([poll, poll, poll])).await;
    assert_eq!(replies[2]["result"], json!({"answers": [], "iceCandidates": {}}));
    let held = began.elapsed();
    assert!(held >= hold::LONGEST && held < hold::LONGEST + Duration::from_millis(100), "{held:?}");
}

#[tokio::test(start_paused = true)]
async fn an_array_does_not_ask_for_more_than_can_be_answered() {
    let server = Server::new();
    server.offer("alice", "chat:1.0.0", &"x".repeat(3 << 20)).await;
    let asked = server.signed("bob", "getService", json!({"serviceFqn": "chat:1.0.0@alice"}));
    let (_, replies) = server.post(&json!([asked, asked, asked, asked, asked, asked, asked])).await;
    assert_eq!(replies[5]["success"], true);
    let error = "Too much to answer at once, make fewer calls in one request";
    assert_eq!(replies[6], json!({"success": false, "error": error}));
}
