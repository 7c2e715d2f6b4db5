//! Rondevu with usernames and services: users publish offers under `service:version@username`, others look them up,
//! answer them, and both sides exchange candidates.
//!
//! ```text
//! publishService ─► getService (a user's, any, a page) ─► answerOffer ─► poll │ getOfferAnswer
//!                                        addIceCandidates ◄──► getIceCandidates │ poll
//! ```
//! Every request carries a text that its user has signed ([`identity`]). Errors are sentences without codes, at HTTP
//! 200. Clients look for `not yet answered` in them.

mod answers;
mod candidates;
mod find;
mod identity;
mod names;
mod poll;
mod publish;
mod request;
mod words;

#[cfg(test)]
mod tests;

use serde_json::Value;

use self::request::Request;
use super::call::{Call, Failure, Outcome};

/// Makes a call.
pub(super) async fn call(call: &mut Call<'_>, request: &Value) -> Outcome {
    let request = Request::read(request)?;
    match request.method {
        "getUser" => names::get_user(call, &request),
        "claimUsername" => names::claim_username(call, &request),
        "getService" => find::get_service(call, &request),
        "publishService" => publish::publish_service(call, &request),
        "deleteService" => publish::delete_service(call, &request),
        "answerOffer" => answers::answer_offer(call, &request),
        "getOfferAnswer" => answers::get_offer_answer(call, &request),
        "poll" => poll::poll(call, &request).await,
        "addIceCandidates" => candidates::add_ice_candidates(call, &request),
        "getIceCandidates" => candidates::get_ice_candidates(call, &request),
        method => Err(Failure::new(format!("Unknown method: {method}"))),
    }
}
