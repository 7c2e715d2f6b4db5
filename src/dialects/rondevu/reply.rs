//! What the REST generations answer with.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use serde::Serialize;

use crate::core::book::{Limits, Refusal, Unavailable};

/// An error as all REST generations write it: `{"error": sentence}`.
#[derive(Debug)]
pub(super) struct Problem {
    pub status: StatusCode,
    pub sentence: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self { status, sentence: sentence.into() }
    }

    /// 400, which is most of them.
    pub(super) fn bad_request(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, sentence)
    }
}

#[derive(Serialize)]
struct Words<'a> {
    error: &'a str,
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(Words { error: &self.sentence })).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
        }
        response
    }
}

/// What is said when the storage takes nothing, on every wire.
pub(super) const UNAVAILABLE: &str = "Storage unavailable, try again later";

/// What is said when the book is full, on every wire.
pub(super) const FULL: &str = "Offer storage is full";

/// What is said to an address that comes too often, on every wire.
pub(super) const TOO_OFTEN: &str = "Too many requests";

/// The storage looks every second whether it works again.
pub(super) const RETRY_AFTER_SECONDS: &str = "1";

impl From<Unavailable> for Problem {
    fn from(Unavailable: Unavailable) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, UNAVAILABLE)
    }
}

/// The refusals that mean the same in both REST generations. Each maps its own before.
pub(super) fn refused(refusal: &Refusal, limits: &Limits) -> Problem {
    match refusal {
        Refusal::Unavailable => Unavailable.into(),
        Refusal::Full => Problem::new(StatusCode::INSUFFICIENT_STORAGE, FULL),
        Refusal::TooManyOffers => Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            format!("Too many offers. Maximum {} per peer", limits.per_owner),
        ),
        Refusal::TooManyCandidates => Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            format!("Too many candidates for this offer. Maximum {} per side", Limits::CANDIDATES_PER_SIDE),
        ),
        // What a wire does not tell apart is not found.
        _ => Problem::new(StatusCode::NOT_FOUND, "Not found"),
    }
}
