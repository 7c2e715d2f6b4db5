//! The routes, called without a socket, on a book that is kept nowhere and a clock that stands still.

mod exchange;
mod finding;
mod publishing;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};

use axum::{Router, body::Body};
use http::{HeaderMap, Method, Request, header::AUTHORIZATION};
use http_body_util::BodyExt;
use meetpoint_protocol::Timestamp;
use serde_json::Value;
use tower_service::Service;

use super::routes;
use crate::{
    config::{Offers, Settings},
    core::{
        book::{Book, Change, Commit, Effort, Journal, Kept, Limits, tests::ROOMY},
        chance::Chance,
        clock::Clock,
    },
    dialects::rondevu::{Rondevu, offers::Strangers},
    guard::credentials::Credentials,
};

/// When the tests begin, in milliseconds.
const BEGIN: u64 = 1_733_404_800_000;

/// A journal that keeps nothing, and takes nothing while its disk is full.
struct Forgetful {
    full: AtomicBool,
}

impl Journal for Forgetful {
    fn is_ready(&self) -> bool {
        !self.full.load(Relaxed)
    }

    fn append(&self, _: Vec<Change>) -> Commit {
        Commit::DONE
    }

    fn append_along(&self, _: Vec<Change>) {}

    fn effort(&self) -> Effort {
        Effort::default()
    }
}

struct World {
    router: Router,
    now: Arc<AtomicU64>,
    journal: Arc<Forgetful>,
}

/// A peer's credentials.
struct Login {
    id: String,
    header: String,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    /// The body of a success.
    fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        serde_json::from_str(&self.text).expect("JSON")
    }

    /// Status and sentence of a failure.
    fn fault(&self) -> (u16, String) {
        let body: Value = serde_json::from_str(&self.text).expect("JSON");
        assert_eq!(body.as_object().map(|body| body.len()), Some(1));
        (self.status, body["error"].as_str().expect("a sentence").to_owned())
    }
}

impl World {
    fn new() -> Self {
        Self::with(|_| {}, |_| {})
    }

    fn with(offers: impl FnOnce(&mut Offers), limits: impl FnOnce(&mut Limits)) -> Self {
        let mut settings = Settings::default().offers;
        offers(&mut settings);
        let mut own = Limits {
            per_owner: settings.max_per_owner,
            offers: settings.max,
            bytes: usize::MAX,
            answered_tags: settings.answered_ttl,
            ..ROOMY
        };
        limits(&mut own);
        let now = Arc::new(AtomicU64::new(BEGIN));
        let reading = |now: &Arc<AtomicU64>| {
            let now = now.clone();
            move || Timestamp::from_millis(now.load(Relaxed))
        };
        let clock = Clock::new(std::time::Instant::now(), reading(&now), reading(&now));
        let journal = Arc::new(Forgetful { full: AtomicBool::new(false) });
        let chance = Arc::new(Chance::from_seed(7));
        let book = Book::new(journal.clone(), Kept::default(), own, chance.clone(), clock.now());
        let rondevu = Rondevu {
            book: Arc::new(book),
            clock,
            chance,
            credentials: Credentials::new(&[7; 32]),
            strangers: Strangers::uncounted(),
            offers: settings,
            max_body: Arc::new((1 << 20).into()),
        };
        Self { router: routes().with_state(Arc::new(rondevu)), now, journal }
    }

    fn pass(&self, millis: u64) {
        self.now.fetch_add(millis, Relaxed);
    }

    async fn ask(&self, method: Method, path: &str, login: Option<&Login>, body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(login) = login {
            request = request.header(AUTHORIZATION, &login.header);
        }
        let request = request.body(body.into()).expect("a request");
        let response = self.router.clone().call(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        let text = String::from_utf8(body.to_vec()).expect("text");
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None, Body::empty()).await
    }

    async fn get_as(&self, login: &Login, path: &str) -> Answer {
        self.ask(Method::GET, path, Some(login), Body::empty()).await
    }

    async fn post(&self, login: &Login, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(login), body.to_string()).await
    }

    async fn delete(&self, login: &Login, path: &str) -> Answer {
        self.ask(Method::DELETE, path, Some(login), Body::empty()).await
    }

    async fn register(&self) -> Login {
        let told = self.ask(Method::POST, "/register", None, "{oops").await.ok();
        let (id, secret) = (told["peerId"].as_str().expect("an id"), told["secret"].as_str().expect("a secret"));
        Login { id: id.to_owned(), header: format!("Bearer {id}:{secret}") }
    }

    /// Publishes one offer and returns what is told of it.
    async fn publish(&self, login: &Login, offer: Value) -> Value {
        let told = self.post(login, "/offers", serde_json::json!({ "offers": [offer] })).await.ok();
        told["offers"][0].clone()
    }
}
