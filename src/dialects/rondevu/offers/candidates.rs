//! ICE candidates: each side hands in its own and gets the other's.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, Uri};
use meetpoint_protocol::{Timestamp, rondevu::text::leading_integer};

use super::{
    peer::Peer,
    request::{parameter, segment},
    validate,
    view::{Candidate, CandidatesAdded, OtherSide},
};
use crate::{
    core::book::{From, Key, Refusal, Space},
    dialects::rondevu::{
        Rondevu,
        body::Fields,
        reply::{Problem, refused},
    },
};

pub(super) async fn hand_in(
    State(rondevu): State<Arc<Rondevu>>,
    Peer(peer): Peer,
    uri: Uri,
    fields: Fields,
) -> Result<Response, Problem> {
    let id = segment(&uri, 1);
    let candidates = validate::candidates(&fields)?;
    drop(fields);
    let count = candidates.len();
    let (key, from) = (Key::new(Space::Offers, &id), From::Party(peer.as_str()));
    let kept = rondevu.book.trickle(rondevu.clock.now(), key, from, candidates).map_err(|refusal| match refusal {
        Refusal::NotFound => not_found(),
        Refusal::NotYours => not_yours("post"),
        other => refused(&other, rondevu.book.limits()),
    })?;
    kept.durable().await?;
    Ok(Json(CandidatesAdded { offer_id: &id, candidates_added: count }).into_response())
}

/// The other side's candidates that are newer than `since`.
pub(super) async fn look(State(rondevu): State<Arc<Rondevu>>, Peer(peer): Peer, uri: Uri) -> Result<Response, Problem> {
    let id = segment(&uri, 1);
    let offer = rondevu.book.offer(rondevu.clock.now(), Key::new(Space::Offers, &id)).ok_or_else(not_found)?;
    let role = offer.role_of(peer.as_str()).ok_or_else(|| not_yours("view"))?;
    let since = match parameter(&uri, "since") {
        None => Some(0),
        Some(text) => leading_integer(&text),
    };
    // Nothing is newer than what is no time.
    let candidates = since.map_or_else(Vec::new, |since| {
        let since = Timestamp::from_millis(u64::try_from(since).unwrap_or(0));
        offer.candidates(role.other(), since).map(Candidate::new).collect()
    });
    Ok(Json(OtherSide { offer_id: &id, candidates }).into_response())
}

fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "Offer not found or expired")
}

fn not_yours(what: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, format!("Not authorized to {what} ICE candidates for this offer"))
}
