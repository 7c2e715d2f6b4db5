//! ICE candidates, from one side of an offer to the other.

use meetpoint_protocol::rondevu::text;
use serde_json::Value;

use super::{
    super::{
        call::{Call, Failure, Outcome, result},
        view::{Added, fetched},
    },
    identity::user,
    request::Request,
    words::{OFFER_NOT_FOUND, refused},
};
use crate::{
    core::book::{From, Key, Role, Space, Text},
    dialects::rondevu::body::{MAX_CANDIDATE, MAX_CANDIDATES},
};

/// Adds candidates to the owner's side of an offer, or, for anybody else, to the answerer's.
///
/// # Errors
/// In this order: who asks, the candidates, an offer that is not there, a side that has enough.
pub(super) fn add_ice_candidates(call: &mut Call<'_>, request: &Request) -> Outcome {
    let user = user(call, request)?;
    let candidates = read(request.param("candidates"))?;
    let (count, offer_id) = (candidates.len(), request.offer_id());
    let book = &call.rondevu.book;
    let added = book.trickle(call.now, Key::new(Space::Services, offer_id), From::Party(user), candidates);
    call.keep(added.map_err(|refusal| refused(refusal, book.limits()))?);
    result(&Added { count, offer_id })
}

/// The candidates, each as compact JSON.
fn read(candidates: Option<&Value>) -> Result<Vec<Text>, Failure> {
    let candidates = candidates.and_then(Value::as_array).filter(|candidates| !candidates.is_empty());
    let missing = || Failure::new("Missing or invalid required parameter: candidates");
    let candidates = candidates.ok_or_else(missing)?;
    if candidates.len() > MAX_CANDIDATES {
        return Err(Failure::new(format!("Too many candidates (max {MAX_CANDIDATES})")));
    }
    if let Some(index) = candidates.iter().position(|candidate| !(candidate.is_object() || candidate.is_array())) {
        return Err(Failure::new(format!("Invalid candidate at index {index}: must be an object")));
    }
    let texts: Vec<Text> = candidates.iter().map(|candidate| candidate.to_string().into()).collect();
    match texts.iter().position(|text| text::units(text) > MAX_CANDIDATE) {
        Some(index) => {
            let error = format!("Candidate at index {index} is too large (max {MAX_CANDIDATE} characters)");
            Err(Failure::new(error))
        }
        None => Ok(texts),
    }
}

/// Fetches the other side's candidates that are newer than `since`: the owner gets the answerer's, everybody else the
/// offerer's.
///
/// # Errors
/// In this order: who asks, an offer that is not there.
pub(super) fn get_ice_candidates(call: &mut Call<'_>, request: &Request) -> Outcome {
    let user = user(call, request)?;
    let offer = call.rondevu.book.offer(call.now, Key::new(Space::Services, request.offer_id()));
    let offer = offer.ok_or_else(|| Failure::new(OFFER_NOT_FOUND))?;
    let role = if *offer.owner == *user { Role::Answerer } else { Role::Offerer };
    fetched(&offer, role, request.since())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn candidates_are_objects_of_a_limited_size() {
        let error = |candidates: Value| read(Some(&candidates)).err().map(|failure| failure.error);
        let missing = "Missing or invalid required parameter: candidates";
        for (candidates, expected) in [
            (json!([]), missing),
            (json!({}), missing),
            (json!([{}, null]), "Invalid candidate at index 1: must be an object"),
            (json!(["x"]), "Invalid candidate at index 0: must be an object"),
            (json!([5]), "Invalid candidate at index 0: must be an object"),
            (json!(vec![json!(5); 101]), "Too many candidates (max 100)"),
            (json!([{}, {"a": "x".repeat(4089)}]), "Candidate at index 1 is too large (max 4096 characters)"),
        ] {
            assert_eq!(error(candidates).as_deref(), Some(expected));
        }
        assert!(read(None).is_err());
        assert_eq!(error(json!([{"a": "x".repeat(4088)}])), None);
        assert_eq!(error(json!([{"a": "\u{20ac}".repeat(4088)}])), None);
        assert_eq!(error(json!(vec![json!({}); 100])), None);
    }

    #[test]
    fn a_candidate_is_kept_as_compact_json_in_the_order_of_its_fields() {
        let kept = read(Some(&json!([{"z": 1, "a": {"b": [1.5, "\u{1f600}\n"]}}]))).unwrap_or_default();
        assert_eq!(kept, [Text::from("{\"z\":1,\"a\":{\"b\":[1.5,\"\u{1f600}\\n\"]}}")]);
    }
}
