//! Offers are answered, and answers fetched.

use meetpoint_protocol::{Timestamp, rondevu::text};
use serde::Serialize;

use super::{
    super::call::{Call, Failure, Outcome, result},
    identity::user,
    request::Request,
    words::{OFFER_NOT_FOUND, refused},
};
use crate::core::book::{Key, NewAnswer, Space};

/// UTF-16 code units.
const MAX_SDP: usize = 65_536;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answered<'a> {
    success: bool,
    offer_id: &'a str,
}

/// Answers an offer, which is then nobody else's to answer.
///
/// # Errors
/// In this order: who asks, the SDP, an offer that is not there or is answered already.
pub(super) fn answer_offer(call: &mut Call<'_>, request: &Request) -> Outcome {
    let user = user(call, request)?;
    let sdp = request.text("sdp").ok_or_else(|| Failure::new("Invalid SDP"))?;
    if text::units(sdp) > MAX_SDP {
        return Err(Failure::new("SDP too large (max 64KB)"));
    }
    let book = &call.rondevu.book;
    let key = Key::new(Space::Services, request.offer_id());
    let answer = NewAnswer { by: user, sdp, secret: None, matched: None };
    let answered = book.answer(call.now, key, answer).map_err(|refusal| refused(refusal, book.limits()))?;
    let offer = call.keep(answered);
    result(&Answered { success: true, offer_id: &offer.id })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OfferAnswer<'a> {
    sdp: &'a str,
    offer_id: &'a str,
    answerer_id: &'a str,
    answered_at: Timestamp,
}

/// Fetches the answer to an own offer.
///
/// # Errors
/// In this order: who asks, an offer that is not there, another's, one without an answer.
pub(super) fn get_offer_answer(call: &mut Call<'_>, request: &Request) -> Outcome {
    let user = user(call, request)?;
    let offer = call.rondevu.book.offer(call.now, Key::new(Space::Services, request.offer_id()));
    let offer = offer.ok_or_else(|| Failure::new(OFFER_NOT_FOUND))?;
    if *offer.owner != *user {
        return Err(Failure::new("Not authorized to access this offer"));
    }
    // Clients look for the last three words.
    let answer = offer.answer.as_ref().ok_or_else(|| Failure::new("Offer not yet answered"))?;
    result(&OfferAnswer { sdp: &answer.sdp, offer_id: &offer.id, answerer_id: &answer.by, answered_at: answer.at })
}
