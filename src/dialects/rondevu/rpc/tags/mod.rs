//! Rondevu with tags: keys publish offers under tags, others discover them by any of their tags, answer them, and both
//! sides exchange candidates.
//!
//! ```text
//! publishOffer ─► discover (any, a page) │ countOffersByTags ─► answerOffer ─► poll │ getOfferAnswer
//!                                        addIceCandidates ◄──► getIceCandidates │ poll
//! ```
//! There are no accounts: who holds a key's secret half is its owner, and signs each request ([`auth`]). Discovery
//! needs no key. Errors carry a [`code`] beside the sentence, at HTTP 200.

mod answers;
mod auth;
mod candidates;
pub(super) mod code;
mod discover;
mod poll;
mod publish;
mod request;
mod words;

#[cfg(test)]
mod tests;

use serde_json::Value;

use self::request::Request;
use super::call::{Call, Failure, Outcome};

/// Methods that no other generation has.
pub(super) const METHODS_OF_ITS_OWN: &[&str] =
    &["discover", "countOffersByTags", "publishOffer", "updateOfferTags", "deleteOffer"];

/// What the calls of one array may do together, in [`operations`].
pub(super) const MAX_OPERATIONS: usize = 1000;

/// How much a request does: one operation for each offer that it publishes, for each candidate that it adds, and for
/// anything else.
pub(super) fn operations(request: &Value) -> usize {
    let many = match request.get("method").and_then(Value::as_str) {
        Some("publishOffer") => "offers",
        Some("addIceCandidates") => "candidates",
        _ => return 1,
    };
    request.get("params").and_then(|params| params.get(many)?.as_array()).map_or(1, Vec::len)
}

/// Makes a call.
pub(super) async fn call(call: &mut Call<'_>, request: &Value) -> Outcome {
    let request = Request::read(request)?;
    match request.method {
        "discover" => discover::discover(call, &request),
        "countOffersByTags" => discover::count_offers_by_tags(call, &request),
        "publishOffer" => publish::publish_offer(call, &request),
        "updateOfferTags" => publish::update_offer_tags(call, &request),
        "deleteOffer" => publish::delete_offer(call, &request),
        "answerOffer" => answers::answer_offer(call, &request),
        "getOfferAnswer" => answers::get_offer_answer(call, &request),
        "poll" => poll::poll(call, &request).await,
        "addIceCandidates" => candidates::add_ice_candidates(call, &request),
        "getIceCandidates" => candidates::get_ice_candidates(call, &request),
        method => Err(Failure::coded(code::UNKNOWN_METHOD, format!("Unknown method: {method}"))),
    }
}
