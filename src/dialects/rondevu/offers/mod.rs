//! The offers API: peers with credentials publish offers under topics, and others find them there.
//!
//! ```text
//! alice                                            bob
//! POST /register              who she is           POST /register
//! POST /offers                sdp, topics
//!                                                  GET  /offers/by-topic/{topic}?bloom=     without those he knows
//!                                                  POST /offers/{id}/answer                 once, with the secret if it has one
//! GET  /offers/answers
//! POST /offers/{id}/ice-candidates   both, to and fro   GET /offers/{id}/ice-candidates?since=
//! DELETE /offers/{id}
//! ```
//! Besides: `GET /offers/mine`, `GET /peers/{peerId}/offers`. Errors are `{"error": sentence}`. Who may do something is asked before
//! the body is read, and what is wrong with a body before what the book has to say.
//!
//! What clients of the original rely on and would not guess: answered offers are still found; `total` counts the peers that a filter
//! leaves out and not their offers; a negative `limit` leaves out the last ones; a `since` that is no number finds nothing. What
//! they do not: a list ends after 8 MiB.

mod candidates;
mod peer;
mod request;
#[cfg(test)]
mod tests;
mod validate;
mod view;

use std::sync::{Arc, atomic::Ordering::Relaxed};

use axum::{
    Json, Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use http::{StatusCode, Uri};
use meetpoint_protocol::rondevu::{Bloom, PeerId, text::leading_integer};

pub use self::peer::Strangers;
use self::{
    peer::Peer,
    request::{parameter, segment},
    view::{Answered, Answers, ByTopic, Credentials, Deleted, Mine, OfPeer, Published},
};
use super::{
    Rondevu,
    body::{self, Fields, Unread},
    reply::{Problem, refused},
};
use crate::{
    core::book::{Key, NewAnswer, Refusal, Space},
    guard::cors::Cors,
};

/// What pages of other origins may do, as the original allows it.
pub static CORS: Cors = Cors {
    methods: "GET,POST,PUT,DELETE,OPTIONS",
    headers: "Content-Type,Origin,Authorization",
    more_headers: None,
    max_age: "600",
    credentials: true,
    exposed: "Content-Type",
};

/// Offers on a page when nothing is said, and at most.
const PAGE: usize = 50;
const LARGEST_PAGE: usize = 200;

pub fn routes() -> Router<Arc<Rondevu>> {
    // An offer may have been given any id: words of this API too.
    Router::new()
        .route("/register", post(register))
        .route("/offers", post(publish))
        .route("/offers/by-topic/{topic}", get(by_topic))
        .route("/offers/by-topic/answer", get(by_topic).post(answer))
        .route("/offers/by-topic/ice-candidates", get(by_topic).post(candidates::hand_in))
        .route("/offers/mine", get(mine).delete(remove))
        .route("/offers/answers", get(answers).delete(remove))
        .route("/offers/{id}", delete(remove))
        .route("/offers/{id}/answer", post(answer))
        .route("/offers/{id}/ice-candidates", get(candidates::look).post(candidates::hand_in))
        .route("/peers/{peer}/offers", get(of_peer))
}

/// Nothing is kept of a peer, and nothing in the body means anything. It is read, so that the connection can go on.
async fn register(State(rondevu): State<Arc<Rondevu>>, request: Request) -> Response {
    if let Err(unread @ Unread::TooLarge) = body::read(request, rondevu.max_body.load(Relaxed)).await {
        return Problem::new(unread.status(), unread.sentence()).into_response();
    }
    let peer = PeerId::from_random(rondevu.chance.id());
    let secret = rondevu.credentials.issue(&peer, rondevu.chance.bytes());
    Json(Credentials { peer_id: peer.as_str(), secret: &secret }).into_response()
}

async fn publish(State(rondevu): State<Arc<Rondevu>>, Peer(peer): Peer, fields: Fields) -> Result<Response, Problem> {
    let offers = validate::new_offers(&fields, &peer.into(), &rondevu.offers)?;
    drop(fields);
    let topics: Vec<_> = offers.iter().map(|offer| offer.topics.clone()).collect();
    let published = rondevu.book.publish(rondevu.clock.now(), offers).map_err(|refusal| match refusal {
        Refusal::IdTaken => Problem::new(StatusCode::CONFLICT, "Offer id already in use"),
        other => refused(&other, rondevu.book.limits()),
    })?;
    let offers = published.durable().await?;
    Ok(Json(Published::new(&offers, &topics)).into_response())
}

async fn by_topic(State(rondevu): State<Arc<Rondevu>>, uri: Uri) -> Result<Response, Problem> {
    let topic = segment(&uri, 2);
    let limit = match parameter(&uri, "limit") {
        None => PAGE as i64,
        Some(text) => leading_integer(&text).unwrap_or(0),
    };
    let bloom = parameter(&uri, "bloom").map_or(Ok(None), |text| Bloom::parse(&text));
    let bloom = bloom.map_err(|invalid| Problem::bad_request(invalid.to_string()))?;

    let at_most = usize::try_from(limit).map_or(LARGEST_PAGE, |limit| limit.min(LARGEST_PAGE));
    let mut peers = rondevu.book.of_peers(rondevu.clock.now(), &topic, bloom.as_ref(), at_most);
    if limit < 0 {
        let without = usize::try_from(limit.unsigned_abs()).unwrap_or(usize::MAX);
        peers.offers.truncate(peers.offers_left.saturating_sub(without));
    }
    Ok(Json(ByTopic::new(&topic, &peers)).into_response())
}

async fn of_peer(State(rondevu): State<Arc<Rondevu>>, uri: Uri) -> Response {
    let peer = segment(&uri, 1);
    let offers = rondevu.book.owned(rondevu.clock.now(), Space::Offers, &peer);
    Json(OfPeer::new(&peer, &offers)).into_response()
}

async fn mine(State(rondevu): State<Arc<Rondevu>>, Peer(peer): Peer) -> Response {
    let offers = rondevu.book.owned(rondevu.clock.now(), Space::Offers, peer.as_str());
    Json(Mine::new(peer.as_str(), &offers)).into_response()
}

async fn answers(State(rondevu): State<Arc<Rondevu>>, Peer(peer): Peer) -> Response {
    let offers = rondevu.book.owned(rondevu.clock.now(), Space::Offers, peer.as_str());
    Json(Answers::new(&offers)).into_response()
}

async fn remove(State(rondevu): State<Arc<Rondevu>>, Peer(peer): Peer, uri: Uri) -> Result<Response, Problem> {
    let id = segment(&uri, 1);
    let removed = rondevu.book.remove(rondevu.clock.now(), Space::Offers, &id, peer.as_str());
    let removed = removed.map_err(|refusal| match refusal {
        Refusal::NotFound => Problem::new(StatusCode::NOT_FOUND, "Offer not found or not authorized"),
        other => refused(&other, rondevu.book.limits()),
    })?;
    removed.durable().await?;
    Ok(Json(Deleted { deleted: true }).into_response())
}

async fn answer(
    State(rondevu): State<Arc<Rondevu>>,
    Peer(peer): Peer,
    uri: Uri,
    fields: Fields,
) -> Result<Response, Problem> {
    let id = segment(&uri, 1);
    let validate::Answer { sdp, secret } = validate::answer(&fields)?;
    let new = NewAnswer { by: peer.as_str(), sdp, secret, matched: None };
    let answered = rondevu.book.answer(rondevu.clock.now(), Key::new(Space::Offers, &id), new);
    let answered = answered.map_err(|refusal| match refusal {
        Refusal::NotFound => Problem::bad_request("Offer not found or expired"),
        Refusal::WrongSecret => Problem::bad_request("Invalid or missing secret"),
        Refusal::Answered => Problem::bad_request("Offer already answered"),
        other => refused(&other, rondevu.book.limits()),
    })?;
    let offer = answered.durable().await?;
    // Of this record the answer is the newest part.
    let answered = Answered { offer_id: &offer.id, answerer_id: peer.as_str(), answered_at: offer.latest };
    Ok(Json(answered).into_response())
}
