//! Offers are answered, and answers fetched.

use std::collections::HashSet;

use meetpoint_protocol::{Timestamp, rondevu::text};
use serde::Serialize;
use serde_json::Value;

use super::{
    super::call::{Call, Failure, Outcome, result},
    auth::caller,
    code,
    publish::MAX_SDP,
    request::Request,
    words::{not_found, refused},
};
use crate::core::book::{Key, NewAnswer, Refusal, Space, Text};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answered<'a> {
    success: bool,
    offer_id: &'a str,
}

/// Answers an offer, which is then nobody else's to answer, and ends soon.
///
/// # Errors
/// In this order: who asks, no id, the SDP, `matchedTags`, an offer that is not there or is answered already, tags that
/// it does not have.
pub(super) fn answer_offer(call: &mut Call<'_>, request: &Request) -> Outcome {
    let key = caller(call, request, true)?;
    let id = request.offer_id()?;
    let sdp = request.param("sdp").and_then(Value::as_str).filter(|sdp| !sdp.is_empty());
    let sdp = sdp.ok_or_else(|| Failure::coded(code::INVALID_SDP, "Invalid SDP"))?;
    if text::units(sdp) > MAX_SDP {
        let error = format!("SDP too large (max {MAX_SDP} bytes)");
        return Err(Failure::coded(code::SDP_TOO_LARGE, error));
    }
    let matched = matched(request.param("matchedTags"))?;
    let answer = NewAnswer { by: &key, sdp, secret: None, matched };
    let answered = call.rondevu.book.answer(call.now, Key::new(Space::Tags, id), answer);
    let offer = call.keep(answered.map_err(|refusal| match refusal {
        Refusal::UnknownTags(tags) => {
            let error = format!("matchedTags contains tags not on offer: {}", tags.join(", "));
            Failure::coded(code::INVALID_PARAMS, error)
        }
        other => refused(&other),
    })?);
    result(&Answered { success: true, offer_id: &offer.id })
}

/// The tags by which the answerer has found the offer, each once.
///
/// # Errors
/// No list of texts.
fn matched(tags: Option<&Value>) -> Result<Option<Vec<Text>>, Failure> {
    let Some(tags) = tags else { return Ok(None) };
    let invalid = |what: &str| Failure::coded(code::INVALID_PARAMS, format!("matchedTags must be an array{what}"));
    let tags = tags.as_array().ok_or_else(|| invalid(""))?;
    let tags: Option<Vec<&str>> = tags.iter().map(Value::as_str).collect();
    let mut once = HashSet::new();
    let tags = tags.ok_or_else(|| invalid(" of strings"))?.into_iter().filter(|tag| once.insert(*tag));
    Ok(Some(tags.map(Text::from).collect()))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OfferAnswer<'a> {
    sdp: &'a str,
    offer_id: &'a str,
    answerer_public_key: &'a str,
    answered_at: Timestamp,
}

/// Fetches the answer to an own offer.
///
/// # Errors
/// In this order: who asks, no id, an offer that is not there, another's, one without an answer.
pub(super) fn get_offer_answer(call: &mut Call<'_>, request: &Request) -> Outcome {
    let key = caller(call, request, false)?;
    let id = request.offer_id()?;
    let offer = call.rondevu.book.offer(call.now, Key::new(Space::Tags, id)).ok_or_else(not_found)?;
    if offer.owner != key {
        return Err(Failure::coded(code::NOT_AUTHORIZED, "Not authorized to access this offer"));
    }
    let unanswered = || Failure::coded(code::OFFER_NOT_ANSWERED, "Offer not yet answered");
    let answer = offer.answer.as_ref().ok_or_else(unanswered)?;
    let (sdp, answered_at) = (&*answer.sdp, answer.at);
    result(&OfferAnswer { sdp, offer_id: &offer.id, answerer_public_key: &answer.by, answered_at })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn matched_tags_are_a_list_of_texts() {
        let read = |tags: Value| {
            let matched = matched(Some(&tags)).map(|tags| tags.map(|tags| tags.join(" ")));
            matched.map_err(|failure| failure.error)
        };
        assert_eq!(read(json!(["b", "a", "b"])), Ok(Some("b a".to_owned())));
        assert_eq!(read(json!([])), Ok(Some(String::new())));
        assert_eq!(matched(None), Ok(None));
        for tags in [json!("a"), json!(null), json!({}), json!(5)] {
            assert_eq!(read(tags), Err("matchedTags must be an array".to_owned()));
        }
        assert_eq!(read(json!(["a", 5])), Err("matchedTags must be an array of strings".to_owned()));
    }
}
