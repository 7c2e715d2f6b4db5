//! ICE candidates, from one side of an offer to the other.

use meetpoint_protocol::{Timestamp, rondevu::text};
use serde_json::Value;

use super::{
    super::{
        call::{Call, Failure, Outcome, result},
        view::{Added, fetched},
    },
    auth::caller,
    code,
    request::Request,
    words::{not_found, refused},
};
use crate::{
    core::book::{From, Key, Limits, Refusal, Role, Space, Text},
    dialects::rondevu::body::{MAX_CANDIDATE, MAX_CANDIDATES},
};

/// How deep what a candidate holds may lie in it.
const MAX_DEPTH: usize = 10;

/// Adds candidates to the owner's side of an offer, or, for anybody else, to the answerer's.
///
/// # Errors
/// In this order: who asks, no id, the candidates, an offer that is not there, a side that has enough.
pub(super) fn add_ice_candidates(call: &mut Call<'_>, request: &Request) -> Outcome {
    let key = caller(call, request, true)?;
    let offer_id = request.offer_id()?;
    let candidates = read(request.param("candidates"))?;
    let count = candidates.len();
    let book = &call.rondevu.book;
    let id = Key::new(Space::Tags, offer_id);
    let added = book.trickle(call.now, id, From::Party(&key), candidates).map_err(|refusal| match refusal {
        Refusal::TooManyCandidates => {
            let offer = book.offer(call.now, id);
            let current = offer.map_or(0, |offer| {
                let role = offer.role_of(&key).unwrap_or(Role::Answerer);
                offer.candidates(role, Timestamp::default()).count()
            });
            let max = Limits::CANDIDATES_PER_SIDE;
            let error = format!("ICE candidate limit exceeded for offer. Current: {current}, limit: {max}.");
            Failure::coded(code::TOO_MANY_ICE_CANDIDATES, error)
        }
        other => refused(&other),
    })?;
    call.keep(added);
    result(&Added { count, offer_id })
}

/// The candidates, each as compact JSON.
fn read(candidates: Option<&Value>) -> Result<Vec<Text>, Failure> {
    let candidates = candidates.and_then(Value::as_array).filter(|candidates| !candidates.is_empty());
    let missing = || Failure::coded(code::MISSING_PARAMS, "Missing or invalid required parameter: candidates");
    let candidates = candidates.ok_or_else(missing)?;
    if candidates.len() > MAX_CANDIDATES {
        let error = format!("Too many candidates (max {MAX_CANDIDATES})");
        return Err(Failure::coded(code::INVALID_PARAMS, error));
    }
    candidates.iter().enumerate().map(|(index, candidate)| compact(index, candidate)).collect()
}

fn compact(index: usize, candidate: &Value) -> Result<Text, Failure> {
    let invalid = |error| Err(Failure::coded(code::INVALID_PARAMS, error));
    if !(candidate.is_object() || candidate.is_array()) {
        return invalid(format!("Invalid candidate at index {index}: must be an object"));
    }
    if depth(candidate) > MAX_DEPTH {
        return invalid(format!("Candidate at index {index} too deeply nested (max depth {MAX_DEPTH})"));
    }
    let json = candidate.to_string();
    if text::units(&json) > MAX_CANDIDATE {
        return invalid(format!("Candidate at index {index} too large (max {MAX_CANDIDATE} bytes)"));
    }
    Ok(json.into())
}

/// How deep the innermost value lies; what holds none is one itself. Recurses as deep as `value` is nested: the body's
/// depth is bounded.
fn depth(value: &Value) -> usize {
    let innermost = match value {
        Value::Array(values) => values.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
        _ => None,
    };
    innermost.map_or(0, |inner| inner + 1)
}

/// Fetches the other side's candidates that are newer than `since`.
///
/// # Errors
/// In this order: who asks, no id, `since`, an offer that is not there, one of others.
pub(super) fn get_ice_candidates(call: &mut Call<'_>, request: &Request) -> Outcome {
    let key = caller(call, request, false)?;
    let id = request.offer_id()?;
    let since = request.since()?;
    let offer = call.rondevu.book.offer(call.now, Key::new(Space::Tags, id)).ok_or_else(not_found)?;
    let stranger = || Failure::coded(code::NOT_AUTHORIZED, "Not authorized to access ICE candidates for this offer");
    let role = offer.role_of(&key).ok_or_else(stranger)?;
    fetched(&offer, role.other(), since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn nested(depth: usize) -> Value {
        (0..depth).fold(json!(5), |inner, level| if level % 2 == 0 { json!({"a": inner}) } else { json!([inner]) })
    }

    #[test]
    fn candidates_are_objects_of_a_limited_size_and_depth() {
        let missing = "Missing or invalid required parameter: candidates";
        for (candidates, error) in [
            (json!([]), missing),
            (json!({}), missing),
            (json!([{}, null]), "Invalid candidate at index 1: must be an object"),
            (json!(["x"]), "Invalid candidate at index 0: must be an object"),
            (json!(vec![json!(5); 101]), "Too many candidates (max 100)"),
            (json!([{}, {"a": "x".repeat(4089)}]), "Candidate at index 1 too large (max 4096 bytes)"),
            (json!([nested(10), nested(11)]), "Candidate at index 1 too deeply nested (max depth 10)"),
            (json!([nested(11), "x"]), "Candidate at index 0 too deeply nested (max depth 10)"),
        ] {
            let code = if error == missing { code::MISSING_PARAMS } else { code::INVALID_PARAMS };
            assert_eq!(read(Some(&candidates)), Err(Failure::coded(code, error)));
        }
        assert!(read(None).is_err());
        for fits in [json!([{"a": "\u{20ac}".repeat(4088)}]), json!([nested(10)]), json!(vec![json!({}); 100])] {
            assert!(read(Some(&fits)).is_ok());
        }
    }

    #[test]
    fn a_candidate_is_kept_as_compact_json_in_the_order_of_its_fields() {
        let kept = read(Some(&json!([{"z": 1, "a": {"b": [1.5, "\u{1f600}\n"]}}])));
        assert_eq!(kept, Ok(vec![Text::from("{\"z\":1,\"a\":{\"b\":[1.5,\"\u{1f600}\\n\"]}}")]));
    }
}
