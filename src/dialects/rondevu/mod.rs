//! Rondevu, in all its ages: peers find each other's offers by topic, by service or by tag, answer them, and exchange candidates, over plain
//! HTTP requests.
//!
//! | module | API | who is who |
//! |---|---|---|
//! | [`sessions`] | `/{topic}/offer`, `/answer`, `/poll` | whoever knows a session's code, on pages of one Origin |
//! | [`offers`] | `/register`, `/offers…`, `/peers/…` | peers with credentials that the server keeps no record of |
//! | [`rpc`] | `POST /rpc`: services | users, whose names belong to the key that claimed them |
//! | [`rpc`] | `POST /rpc`: tags | keys: every request is signed |
//!
//! Each is an adapter: its routes, its words, its error shapes. What may happen to an offer is decided in [`crate::core::book`].

mod body;
mod hold;
pub mod offers;
mod query;
mod reply;
pub mod rpc;
pub mod sessions;
mod topics;

use std::sync::{Arc, atomic::AtomicUsize};

use axum::{
    Router,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};

use self::{
    offers::Strangers,
    reply::{Problem, TOO_OFTEN},
};
use super::Busy;
use crate::{
    config::Offers,
    core::{book::Book, chance::Chance, clock::Clock},
    guard::{cors::Cors, credentials::Credentials},
};

/// What all generations share.
pub struct Rondevu {
    pub book: Arc<Book>,
    pub clock: Clock,
    pub chance: Arc<Chance>,
    pub credentials: Credentials,
    pub strangers: Strangers,
    /// Lives and limits of offers.
    pub offers: Offers,
    /// The limit of a request's body, in bytes.
    pub max_body: Arc<AtomicUsize>,
}

/// The routes of all generations, each with what pages of other origins may do there.
pub fn routes(rondevu: &Arc<Rondevu>) -> [(Router, &'static Cors, Busy); 3] {
    [
        (sessions::routes().with_state(rondevu.clone()), &sessions::CORS, busy),
        (offers::routes().merge(topics::routes()).with_state(rondevu.clone()), &offers::CORS, busy),
        (rpc::routes().with_state(rondevu.clone()), &rpc::CORS, rpc::busy),
    ]
}

/// The REST generations' answer.
fn busy(_: &HeaderMap) -> Response {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, TOO_OFTEN).into_response()
}
