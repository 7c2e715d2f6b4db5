//! Whole requests to `/rpc`, without a socket, on a book that is kept nowhere and clocks that stand still.

mod auth;
mod exchange;
mod finding;
mod publishing;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};

use axum::{Router, body::Body};
use ed25519_dalek::{Signer, SigningKey};
use http::Request;
use http_body_util::BodyExt;
use meetpoint_protocol::{
    Timestamp,
    rondevu::{base64, hex, message},
};
use serde_json::{Value, json};
use tower_service::Service;
use uuid::Builder;

use crate::{
    config::Settings,
    core::{
        book::{Book, Change, Commit, Effort, Journal, Kept, Limits, tests::ROOMY},
        chance::Chance,
        clock::Clock,
    },
    dialects::rondevu::{Rondevu, offers::Strangers, rpc::routes},
    guard::credentials::Credentials,
};

/// When the tests begin, in milliseconds.
const BEGIN: u64 = 1_733_404_800_000;

/// A journal that keeps nothing, counts the changes, and takes nothing while its disk is full.
#[derive(Default)]
struct Forgetful {
    full: AtomicBool,
    changes: AtomicU64,
}

impl Journal for Forgetful {
    fn is_ready(&self) -> bool {
        !self.full.load(Relaxed)
    }

    fn append(&self, changes: Vec<Change>) -> Commit {
        self.append_along(changes);
        Commit::DONE
    }

    fn append_along(&self, changes: Vec<Change>) {
        self.changes.fetch_add(changes.len() as u64, Relaxed);
    }

    fn effort(&self) -> Effort {
        Effort::default()
    }
}

struct World {
    router: Router,
    rondevu: Arc<Rondevu>,
    /// The clock of records.
    now: Arc<AtomicU64>,
    /// What clients see on theirs.
    wall: Arc<AtomicU64>,
    journal: Arc<Forgetful>,
}

impl World {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(limits: impl FnOnce(&mut Limits)) -> Self {
        let settings = Settings::default().offers;
        let answered_tags = settings.answered_ttl;
        let mut own = Limits { bytes: usize::MAX, answered_tags, ..ROOMY };
        limits(&mut own);
        let (now, wall) = (Arc::new(AtomicU64::new(BEGIN)), Arc::new(AtomicU64::new(BEGIN)));
        let reading = |time: &Arc<AtomicU64>| {
            let time = time.clone();
            move || Timestamp::from_millis(time.load(Relaxed))
        };
        let clock = Clock::new(std::time::Instant::now(), reading(&now), reading(&wall));
        let journal = Arc::new(Forgetful::default());
        let chance = Arc::new(Chance::from_seed(7));
        let book = Book::new(journal.clone(), Kept::default(), own, chance.clone(), clock.now());
        let rondevu = Arc::new(Rondevu {
            book: Arc::new(book),
            clock,
            chance,
            credentials: Credentials::new(&[7; 32]),
            strangers: Strangers::uncounted(),
            offers: settings,
            max_body: Arc::new((1 << 20).into()),
        });
        Self { router: routes().with_state(rondevu.clone()), rondevu, now, wall, journal }
    }

    fn pass(&self, millis: u64) {
        self.now.fetch_add(millis, Relaxed);
        self.wall.fetch_add(millis, Relaxed);
    }

    /// A request that `who` has signed now, with a nonce of its own.
    fn signed(&self, who: &Keys, method: &str, params: Value) -> Value {
        let nonce = Builder::from_random_bytes(self.rondevu.chance.id()).into_uuid().to_string();
        who.sign(method, params, self.wall.load(Relaxed) as f64, &nonce)
    }

    /// The replies to some requests.
    async fn post(&self, requests: &[Value], headers: &[(&str, &str)]) -> Vec<Value> {
        let mut request = Request::post("/rpc");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(json!(requests).to_string())).expect("a request");
        let response = self.router.clone().call(request).await.expect("an answer");
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        serde_json::from_slice(&body).expect("replies")
    }

    async fn ask(&self, request: Value) -> Result<Value, (String, String)> {
        outcome(self.post(&[request], &[]).await.remove(0))
    }

    async fn call(&self, who: &Keys, method: &str, params: Value) -> Result<Value, (String, String)> {
        self.ask(self.signed(who, method, params)).await
    }

    /// Publishes an offer and returns its id.
    async fn publish(&self, who: &Keys, tags: Value, sdp: &str) -> String {
        let params = json!({"tags": tags, "offers": [{"sdp": sdp}], "ttl": 600_000});
        let published = self.call(who, "publishOffer", params).await.expect("published");
        published["offers"][0]["offerId"].as_str().expect("an id").to_owned()
    }
}

/// The result of a reply, or its sentence and code.
fn outcome(reply: Value) -> Result<Value, (String, String)> {
    let text = |name: &str| reply[name].as_str().expect("text").to_owned();
    let members: Vec<_> = reply.as_object().expect("an object").keys().map(String::as_str).collect();
    match reply["success"].as_bool() {
        Some(true) => {
            assert_eq!(members, ["success", "result"]);
            Ok(reply["result"].clone())
        }
        _ => {
            assert_eq!(members, ["success", "error", "errorCode"]);
            Err((text("error"), text("errorCode")))
        }
    }
}

fn fault<T>(error: &str, code: &str) -> Result<T, (String, String)> {
    Err((error.to_owned(), code.to_owned()))
}

/// A client's key.
struct Keys {
    secret: SigningKey,
    public: String,
}

impl Keys {
    fn new(seed: u8) -> Self {
        let secret = SigningKey::from_bytes(&[seed; 32]);
        let public = hex::encode(secret.verifying_key().as_bytes());
        Self { secret, public }
    }

    fn sign(&self, method: &str, params: Value, timestamp: f64, nonce: &str) -> Value {
        let signed = message::to_sign(timestamp, nonce, method, Some(&params));
        let signature = base64::encode(&self.secret.sign(signed.as_bytes()).to_bytes());
        let auth = json!({"publicKey": self.public, "timestamp": timestamp, "nonce": nonce, "signature": signature});
        json!({"method": method, "params": params, "auth": auth})
    }
}

fn alice() -> Keys {
    Keys::new(1)
}

fn bob() -> Keys {
    Keys::new(2)
}

fn carol() -> Keys {
    Keys::new(3)
}
