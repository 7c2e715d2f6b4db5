//! What both generations answer in the same words.

use std::sync::Arc;

use meetpoint_protocol::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;

use super::call::{Outcome, raw, result};
use crate::core::book::{Offer, Role};

/// An offer as its publisher is told of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PublishedOffer<'a> {
    offer_id: &'a str,
    sdp: &'a str,
    created_at: Timestamp,
    expires_at: Timestamp,
}

pub(super) fn published<'a>(offers: &'a [Arc<Offer>]) -> Vec<PublishedOffer<'a>> {
    let told = |offer: &'a Arc<Offer>| PublishedOffer {
        offer_id: &offer.id,
        sdp: &offer.sdp,
        created_at: offer.created,
        expires_at: offer.expires,
    };
    offers.iter().map(told).collect()
}

/// Candidates that were added.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Added<'a> {
    pub count: usize,
    pub offer_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fetched<'a> {
    candidates: Vec<Candidate<'a>>,
    offer_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    candidate: &'a RawValue,
    created_at: Timestamp,
}

/// One side's candidates that are newer than `since`.
pub(super) fn fetched(offer: &Offer, role: Role, since: Timestamp) -> Outcome {
    let candidates = offer.candidates(role, since);
    let candidates = candidates.map(|one| Candidate { candidate: raw(&one.json), created_at: one.at }).collect();
    result(&Fetched { candidates, offer_id: &offer.id })
}
