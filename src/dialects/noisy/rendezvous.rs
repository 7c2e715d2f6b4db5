//! `/rendezvous/code` and `/rendezvous/redeem`: short codes for people to read out, each good for one who redeems it.
//!
//! Answers are the original's: JSON with a newline behind it where it went well, else a line of plain text.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS},
};
use meetpoint_protocol::noisy::{self, Code};
use prometheus::IntCounter;

use crate::{
    core::{
        book::{Book, Minted, Refusal},
        clock::Clock,
    },
    dialects::body::{self, Unread},
    guard::{
        address::TrustedProxies,
        cors::Cors,
        guess::{Attempt, Guesses},
        window::RetryAfter,
    },
};

/// The original allowed nothing, so that no page of another origin could use it.
pub static CORS: Cors = Cors {
    methods: "POST,OPTIONS",
    headers: "Content-Type",
    more_headers: None,
    max_age: "600",
    credentials: false,
    exposed: "Content-Type, Retry-After",
};

/// The storage looks every second whether it works again.
const STORAGE_RETRY: HeaderValue = HeaderValue::from_static("1");

/// What both routes share.
pub struct Rendezvous {
    pub book: Arc<Book>,
    pub clock: Clock,
    pub guesses: Guesses,
    pub proxies: TrustedProxies,
    /// Redeems that were not looked at.
    pub refused: IntCounter,
    /// The limit of a request's body, in bytes.
    pub max_body: Arc<AtomicUsize>,
}

/// Why a code was not minted or not redeemed.
enum Failure {
    Unread(Unread),
    BadContentType,
    BadRequest,
    Gone,
    Guessing(RetryAfter),
    Exhausted,
    StorageFull,
    StorageUnavailable,
}

/// Both routes.
pub fn routes(rendezvous: Arc<Rendezvous>) -> Router {
    Router::new()
        .route("/rendezvous/code", post(mint))
        .route("/rendezvous/redeem", post(redeem))
        .method_not_allowed_fallback(|| async { text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n") })
        .with_state(rendezvous)
}

/// What is answered to a client that comes too often.
pub fn busy(_: &HeaderMap) -> Response {
    text(StatusCode::TOO_MANY_REQUESTS, "rate limit")
}

/// A line of plain text.
pub(super) fn text(status: StatusCode, line: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, headers, line).into_response()
}

/// Whatever the request says besides is of no account, as in the original.
async fn mint(State(rendezvous): State<Arc<Rendezvous>>) -> Result<Response, Failure> {
    let minted = rendezvous.book.mint(rendezvous.clock.now())?;
    let (code, Minted { app, expires, .. }) = minted.durable().await.map_err(Refusal::from)?;
    Ok(json(noisy::minted(app, code, expires)))
}

async fn redeem(State(rendezvous): State<Arc<Rendezvous>>, request: Request) -> Result<Response, Failure> {
    let client = rendezvous.proxies.client_of(&request);
    if !is_json(request.headers()) {
        return Err(Failure::BadContentType);
    }
    let body: Bytes = body::read(request, rendezvous.max_body.load(Relaxed)).await.map_err(Failure::Unread)?;
    let code = noisy::read_code(&body).ok_or(Failure::BadRequest)?;
    let attempt = || rendezvous.attempt(code);
    let redeemed = rendezvous.guesses.attempt(client, rendezvous.clock.instant(), attempt);
    let redeemed = redeemed.inspect_err(|_| rendezvous.refused.inc()).map_err(Failure::Guessing)??;
    let Minted { app, expires, .. } = redeemed.durable().await.map_err(Refusal::from)?;
    Ok(json(noisy::redeemed(app, expires)))
}

impl Rendezvous {
    /// Redeems a code, and tells whether it was guessed: one that worked not long ago may be typed by several people.
    fn attempt(&self, code: Code) -> (Attempt, Result<crate::core::book::Written<Minted>, Refusal>) {
        let redeemed = self.book.redeem(self.clock.now(), code);
        let attempt = if matches!(redeemed, Err(Refusal::NotFound)) { Attempt::Guessed } else { Attempt::Known };
        (attempt, redeemed)
    }
}

/// As the original compares it: a prefix, in this case.
fn is_json(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"application/json"))
}

fn json(line: String) -> Response {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], line).into_response()
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoCodeFree => Self::Exhausted,
            Refusal::Full => Self::StorageFull,
            Refusal::Unavailable => Self::StorageUnavailable,
            // Unknown, used and expired are one.
            _ => Self::Gone,
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Unread(Unread::TooLarge) => text(StatusCode::PAYLOAD_TOO_LARGE, "request entity too large\n"),
            Self::Unread(Unread::Cut) => text(StatusCode::REQUEST_TIMEOUT, "request timeout\n"),
            Self::BadContentType => text(StatusCode::UNSUPPORTED_MEDIA_TYPE, "bad content-type\n"),
            Self::BadRequest => text(StatusCode::BAD_REQUEST, "bad request\n"),
            Self::Gone => text(StatusCode::GONE, "gone\n"),
            Self::Guessing(retry) => later(StatusCode::TOO_MANY_REQUESTS, "rate limit", retry.seconds().into()),
            Self::Exhausted => text(StatusCode::INTERNAL_SERVER_ERROR, "code-space exhausted\n"),
            Self::StorageFull => text(StatusCode::INSUFFICIENT_STORAGE, "storage full\n"),
            Self::StorageUnavailable => later(StatusCode::SERVICE_UNAVAILABLE, "storage unavailable\n", STORAGE_RETRY),
        }
    }
}

fn later(status: StatusCode, line: &'static str, seconds: HeaderValue) -> Response {
    let mut response = text(status, line);
    response.headers_mut().insert(RETRY_AFTER, seconds);
    response
}
