//! `POST /answer` and `POST /poll`: both sides of a session hand in and fetch what they need of each other.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use meetpoint_protocol::{Timestamp, rondevu::text::units};
use serde::{
    Serialize, Serializer,
    ser::{Error, SerializeSeq},
};
use serde_json::{Value, value::RawValue};

use super::{announce::missing, realm::Realm};
use crate::{
    core::book::{From, Key, NewAnswer, Offer, Refusal, Role, Space, Text},
    dialects::rondevu::{
        Rondevu,
        body::{Fields, MAX_CANDIDATE},
        hold::{self, InvalidWait, hold},
        reply::{Problem, refused},
    },
};

#[derive(Serialize)]
pub(super) struct Done {
    success: bool,
}

/// Takes an answer, which replaces the one before, or one candidate.
pub(super) async fn answer(
    State(rondevu): State<Arc<Rondevu>>,
    Realm(realm): Realm,
    fields: Fields,
) -> Result<Json<Done>, Problem> {
    let (code, side) = party(&fields)?;
    let key = Key { space: Space::Sessions, realm: &realm, id: code };
    let book = &rondevu.book;
    let written = match handed_in(&fields)? {
        HandedIn::Answer(sdp) => {
            let new = NewAnswer { by: "", sdp, secret: None, matched: None };
            book.answer(rondevu.clock.now(), key, new).map(|written| written.map(|_| ()))
        }
        HandedIn::Candidate(json) => book.trickle(rondevu.clock.now(), key, From::Side(side), vec![json]),
    };
    let written = written.map_err(|refusal| match refusal {
        Refusal::NotFound => not_found(),
        refusal => refused(&refusal, book.limits()),
    })?;
    written.durable().await?;
    Ok(Json(Done { success: true }))
}

/// Tells what the other side has handed in: at once, or as soon as there is something new.
pub(super) async fn poll(
    State(rondevu): State<Arc<Rondevu>>,
    Realm(realm): Realm,
    fields: Fields,
) -> Result<Response, Problem> {
    let (code, side) = party(&fields)?;
    let wait = hold::wait(fields.get("wait"));
    let wait = wait.map_err(|InvalidWait| Problem::bad_request("wait must be a number of milliseconds"))?;
    let since = match wait {
        Some(_) => since(fields.get("since"))?,
        None => Timestamp::default(),
    };
    let key = Key { space: Space::Sessions, realm: &realm, id: code };
    // A session that expires meanwhile is not waited for any longer.
    let now = rondevu.clock.now();
    let life = rondevu.book.offer(now, key).map_or(Duration::ZERO, |session| session.expires.since(now));
    let wait = wait.map(|wait| wait.min(life));
    let look = || match rondevu.book.offer(rondevu.clock.now(), key) {
        Some(session) => {
            let is_new = latest(&session, side) > since;
            (Some(session), is_new)
        }
        // Nobody waits for what does not exist, nor for what is another page's.
        None => (None, true),
    };
    let session = hold(&rondevu.book, (Space::Sessions, code.into()), wait, look).await.ok_or_else(not_found)?;
    let latest = wait.map(|_| latest(&session, side));
    let other = Candidates { of: &session, role: side.other() };
    Ok(match side {
        Role::Offerer => {
            let answer = session.answer.as_ref().map(|answer| &*answer.sdp);
            Json(ForOfferer { answer, answer_candidates: other, latest }).into_response()
        }
        Role::Answerer => Json(ForAnswerer { offer: &session.sdp, offer_candidates: other, latest }).into_response(),
    })
}

/// What the offerer polls for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ForOfferer<'a> {
    answer: Option<&'a str>,
    answer_candidates: Candidates<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest: Option<Timestamp>,
}

/// What the answerer polls for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ForAnswerer<'a> {
    offer: &'a str,
    offer_candidates: Candidates<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest: Option<Timestamp>,
}

/// One side's candidates, in the order in which they came.
pub(super) struct Candidates<'a> {
    pub of: &'a Offer,
    pub role: Role,
}

impl Serialize for Candidates<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut candidates = serializer.serialize_seq(None)?;
        for candidate in self.of.candidates(self.role, Timestamp::default()) {
            let json: &RawValue = serde_json::from_str(&candidate.json).map_err(S::Error::custom)?;
            candidates.serialize_element(json)?;
        }
        candidates.end()
    }
}

enum HandedIn<'a> {
    Answer(&'a str),
    /// Compact JSON.
    Candidate(Text),
}

/// The session's code, and the side on which the client says it is.
fn party(fields: &Fields) -> Result<(&str, Role), Problem> {
    let code = fields.text("code").ok_or_else(|| missing("code"))?;
    match fields.text("side") {
        Some("offerer") => Ok((code, Role::Offerer)),
        Some("answerer") => Ok((code, Role::Answerer)),
        _ => Err(Problem::bad_request(r#"Invalid or missing parameter: side (must be "offerer" or "answerer")"#)),
    }
}

fn handed_in(fields: &Fields) -> Result<HandedIn<'_>, Problem> {
    let given = |name| fields.get(name).filter(|value| is_truthy(value));
    match (given("answer"), given("candidate")) {
        (None, None) => Err(Problem::bad_request("Missing required parameter: answer or candidate")),
        (Some(_), Some(_)) => Err(Problem::bad_request("Cannot provide both answer and candidate")),
        (Some(Value::String(sdp)), None) => Ok(HandedIn::Answer(sdp)),
        (Some(_), None) => Err(missing("answer")),
        (None, Some(candidate)) => {
            let json = candidate.to_string();
            if units(&json) > MAX_CANDIDATE {
                let sentence = format!("Candidate is too large (max {MAX_CANDIDATE} characters)");
                return Err(Problem::bad_request(sentence));
            }
            Ok(HandedIn::Candidate(json.into()))
        }
    }
}

/// Whether JavaScript takes it for true.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// When that of which a side is told has last changed; 0 where it can be told of nothing yet.
fn latest(session: &Offer, side: Role) -> Timestamp {
    let own = match side {
        Role::Offerer => session.answer.as_ref().map(|answer| answer.at),
        Role::Answerer => Some(session.created),
    };
    let candidates = session.candidates(side.other(), Timestamp::default()).map(|candidate| candidate.at);
    own.into_iter().chain(candidates).max().unwrap_or_default()
}

/// What the client has heard of already, in milliseconds: `since` of its request.
fn since(value: Option<&Value>) -> Result<Timestamp, Problem> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(Timestamp::default()) };
    let millis = value.as_f64().filter(|millis| *millis >= 0.0);
    let millis = millis.ok_or_else(|| Problem::bad_request("since must be a number of milliseconds"))?;
    Ok(Timestamp::from_millis(millis as u64))
}

fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "Session not found, expired, or origin mismatch")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_thing_is_handed_in_at_a_time() {
        for (body, expected) in [
            (json!({"answer": "a"}), Ok("answer a")),
            (json!({"answer": "a", "candidate": ""}), Ok("answer a")),
            (json!({"answer": null, "candidate": {"sdpMid": "0"}}), Ok(r#"candidate {"sdpMid":"0"}"#)),
            (json!({"candidate": [1, 2.5, "\u{1}é"]}), Ok("candidate [1,2.5,\"\\u0001é\"]")),
            (json!({"candidate": true, "answer": false}), Ok("candidate true")),
            (json!({}), Err("Missing required parameter: answer or candidate")),
            (json!([]), Err("Missing required parameter: answer or candidate")),
            (json!({"answer": "", "candidate": 0}), Err("Missing required parameter: answer or candidate")),
            (json!({"answer": "a", "candidate": "c"}), Err("Cannot provide both answer and candidate")),
            (json!({"answer": {}, "candidate": []}), Err("Cannot provide both answer and candidate")),
            (json!({"answer": {"type": "answer"}}), Err("Missing or invalid required parameter: answer")),
            (json!({"answer": ["a"]}), Err("Missing or invalid required parameter: answer")),
            (json!({"answer": true}), Err("Missing or invalid required parameter: answer")),
            (json!({"answer": 5}), Err("Missing or invalid required parameter: answer")),
        ] {
            let fields = Fields(body);
            let found = handed_in(&fields).map(|handed_in| match handed_in {
                HandedIn::Answer(sdp) => format!("answer {sdp}"),
                HandedIn::Candidate(json) => format!("candidate {json}"),
            });
            assert_eq!(found.map_err(|problem| problem.sentence), expected.map(str::to_owned).map_err(str::to_owned));
        }
    }

    #[test]
    fn a_candidate_has_a_limit_in_units_of_its_json() {
        let quotes = 2;
        let fits = "😀".repeat((MAX_CANDIDATE - quotes) / 2);
        assert!(handed_in(&Fields(json!({"candidate": fits}))).is_ok());
        for too_large in [json!(fits.clone() + "x"), json!("\"".repeat(MAX_CANDIDATE / 2))] {
            let problem = handed_in(&Fields(json!({"candidate": too_large}))).err().expect("too large");
            assert_eq!(problem.sentence, "Candidate is too large (max 4096 characters)");
        }
    }

    #[test]
    fn since_is_a_number_of_milliseconds() {
        for (value, millis) in [
            (json!(null), 0),
            (json!(0), 0),
            (json!(1_733_404_800_000_u64), 1_733_404_800_000),
            (json!(5.9), 5),
            (json!(1e300), u64::MAX),
        ] {
            assert_eq!(since(Some(&value)).expect("a moment").millis(), millis, "{value}");
        }
        for value in [json!("5"), json!(-1), json!(true), json!([5]), json!({})] {
            let problem = since(Some(&value)).expect_err("no moment");
            assert_eq!(problem.sentence, "since must be a number of milliseconds");
        }
    }
}
