//! What is wrong with a body. Checked in the original's order: the first fault of the first offer that has one is the answer.

use std::{collections::HashSet, time::Duration};

use meetpoint_protocol::rondevu::{offer_id, text::units};
use serde_json::Value;

use crate::{
    config::{Offers, Secret},
    core::book::{NewId, NewOffer, Space, Text},
    dialects::rondevu::{
        body::{Fields, MAX_CANDIDATE, MAX_CANDIDATES},
        reply::Problem,
    },
};

/// The original's limits, in UTF-16 code units.
const MAX_SDP: usize = 65_536;
const MAX_SECRET: usize = 128;
const MAX_INFO: usize = 128;
const MAX_TOPIC: usize = 256;

/// An id of one's own, in UTF-16 code units: as long as a topic. The original has no limit.
const MAX_ID: usize = 256;

/// The offers of a request, with their topics in the order in which they were sent, each once.
///
/// # Errors
/// 400, with the original's words.
pub(super) fn new_offers(fields: &Fields, owner: &Text, limits: &Offers) -> Result<Vec<NewOffer>, Problem> {
    let offers = full_array(fields.get("offers")).ok_or_else(|| {
        Problem::bad_request("Missing or invalid required parameter: offers (must be non-empty array)")
    })?;
    if offers.len() > limits.max_per_request {
        let sentence = format!("Too many offers. Maximum {} per request", limits.max_per_request);
        return Err(Problem::bad_request(sentence));
    }
    offers.iter().map(|offer| new_offer(offer, owner, limits)).collect()
}

fn new_offer(offer: &Value, owner: &Text, limits: &Offers) -> Result<NewOffer, Problem> {
    let sdp = sdp(offer.get("sdp"), "Each offer must have an sdp field")?;
    let secret = short_text(offer.get("secret"), "Secret", MAX_SECRET)?;
    let info = short_text(offer.get("info"), "Info", MAX_INFO)?;
    let topics = topics(offer.get("topics"), limits)?;
    let ttl = ttl(offer.get("ttl"), limits)?;
    let id = match own_id(offer.get("id"))? {
        Some(id) => NewId::Own(id),
        None => NewId::Content(offer_id::of_sdp_and_topics(sdp, &topics).into()),
    };
    Ok(NewOffer {
        space: Space::Offers,
        id,
        realm: Text::default(),
        owner: owner.clone(),
        topics: topics.into_iter().map(Text::from).collect(),
        sdp: sdp.into(),
        secret: secret.filter(|secret| !secret.is_empty()).map(Secret::new),
        info: info.map(Text::from),
        service: None,
        ttl,
    })
}

/// An answer as it was sent.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Answer<'a> {
    pub sdp: &'a str,
    pub secret: Option<&'a str>,
}

/// # Errors
/// 400, with the original's words.
pub(super) fn answer(fields: &Fields) -> Result<Answer<'_>, Problem> {
    let sdp = sdp(fields.get("sdp"), "Missing or invalid required parameter: sdp")?;
    let secret = short_text(fields.get("secret"), "Secret", usize::MAX)?;
    Ok(Answer { sdp, secret })
}

/// Candidates, each as compact JSON.
///
/// # Errors
/// 400, with the original's words where it has any.
pub(super) fn candidates(fields: &Fields) -> Result<Vec<Text>, Problem> {
    let candidates = full_array(fields.get("candidates")).ok_or_else(|| {
        Problem::bad_request("Missing or invalid required parameter: candidates (must be non-empty array)")
    })?;
    if candidates.len() > MAX_CANDIDATES {
        let sentence = format!("Too many candidates. Maximum {MAX_CANDIDATES} per request");
        return Err(Problem::bad_request(sentence));
    }
    let texts = candidates.iter().enumerate().map(|(index, candidate)| {
        let text = candidate.to_string();
        if units(&text) > MAX_CANDIDATE {
            let sentence = format!("Candidate at index {index} is too large (max {MAX_CANDIDATE} characters)");
            return Err(Problem::bad_request(sentence));
        }
        Ok(text.into())
    });
    texts.collect()
}

fn full_array(value: Option<&Value>) -> Option<&[Value]> {
    value?.as_array().map(Vec::as_slice).filter(|items| !items.is_empty())
}

fn sdp<'a>(value: Option<&'a Value>, missing: &str) -> Result<&'a str, Problem> {
    match value.and_then(Value::as_str) {
        None | Some("") => Err(Problem::bad_request(missing)),
        Some(sdp) if units(sdp) > MAX_SDP => Err(Problem::bad_request("SDP must be 64KB or less")),
        Some(sdp) => Ok(sdp),
    }
}

fn short_text<'a>(value: Option<&'a Value>, name: &str, max: usize) -> Result<Option<&'a str>, Problem> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) if units(text) <= max => Ok(Some(text)),
        Some(Value::String(_)) => Err(Problem::bad_request(format!("{name} must be {max} characters or less"))),
        Some(_) => Err(Problem::bad_request(format!("{name} must be a string"))),
    }
}

fn topics<'a>(value: Option<&'a Value>, limits: &Offers) -> Result<Vec<&'a str>, Problem> {
    let topics =
        full_array(value).ok_or_else(|| Problem::bad_request("Each offer must have a non-empty topics array"))?;
    if topics.len() > limits.max_topics {
        let sentence = format!("Too many topics. Maximum {} per offer", limits.max_topics);
        return Err(Problem::bad_request(sentence));
    }
    let fits = |topic: &&str| (1..=MAX_TOPIC).contains(&units(topic));
    let topics: Option<Vec<&str>> = topics.iter().map(|topic| topic.as_str().filter(fits)).collect();
    let mut topics =
        topics.ok_or_else(|| Problem::bad_request("Each topic must be a string between 1 and 256 characters"))?;
    let mut said = HashSet::with_capacity(topics.len());
    topics.retain(|topic| said.insert(*topic));
    Ok(topics)
}

/// In whole milliseconds, within the limits. What JavaScript takes for nothing is the default.
fn ttl(value: Option<&Value>, limits: &Offers) -> Result<Duration, Problem> {
    let millis = match value {
        None | Some(Value::Null) => 0.0,
        Some(value) => value.as_f64().ok_or_else(|| Problem::bad_request("TTL must be a number"))?,
    };
    if millis == 0.0 {
        return Ok(limits.default_ttl);
    }
    let (min, max) = (limits.min_ttl.as_millis() as f64, limits.max_ttl.as_millis() as f64);
    // The conversion takes the fraction away.
    Ok(Duration::from_millis(millis.max(min).min(max) as u64))
}

/// An id that the client has chosen. A number is as good as its text; what is neither is no id.
fn own_id(value: Option<&Value>) -> Result<Option<Text>, Problem> {
    let id = match value {
        Some(Value::String(id)) if !id.is_empty() => Text::from(id.as_str()),
        Some(Value::Number(id)) if id.as_f64() != Some(0.0) => id.to_string().into(),
        _ => return Ok(None),
    };
    if units(&id) > MAX_ID {
        return Err(Problem::bad_request(format!("Offer id must be {MAX_ID} characters or less")));
    }
    Ok(Some(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use serde_json::json;

    fn limits() -> Offers {
        Settings::default().offers
    }

    fn of(offer: Value) -> Result<NewOffer, String> {
        let offers = new_offers(&Fields(json!({ "offers": [offer] })), &"alice".into(), &limits());
        offers.map(|mut offers| offers.remove(0)).map_err(|problem| problem.sentence)
    }

    fn offer(name: &str, value: Value) -> Value {
        let mut offer = json!({"sdp": "x", "topics": ["t"]});
        offer[name] = value;
        offer
    }

    fn refusal<T>(result: Result<T, Problem>) -> String {
        let problem = result.err().expect("a fault");
        assert_eq!(problem.status, 400);
        problem.sentence
    }

    #[test]
    fn offers_are_an_array_that_is_not_empty_nor_too_long() {
        let sentence = "Missing or invalid required parameter: offers (must be non-empty array)";
        for body in
            [json!({}), json!({"offers": null}), json!({"offers": []}), json!({"offers": {}}), json!([1]), json!(5)]
        {
            assert_eq!(refusal(new_offers(&Fields(body), &"alice".into(), &limits())), sentence);
        }
        let three = Fields(json!({"offers": [{"sdp": "1", "topics": ["t"]}, {"sdp": "2", "topics": ["t"]}, 3]}));
        let two = Offers { max_per_request: 2, ..limits() };
        assert_eq!(refusal(new_offers(&three, &"alice".into(), &two)), "Too many offers. Maximum 2 per request");
    }

    #[test]
    fn the_first_fault_in_the_original_order_is_told() {
        let faults = [
            ("sdp", json!(""), "Each offer must have an sdp field"),
            ("sdp", json!("s".repeat(65_537)), "SDP must be 64KB or less"),
            ("secret", json!(1), "Secret must be a string"),
            ("secret", json!("k".repeat(129)), "Secret must be 128 characters or less"),
            ("info", json!(1), "Info must be a string"),
            ("info", json!("i".repeat(129)), "Info must be 128 characters or less"),
            ("topics", json!([]), "Each offer must have a non-empty topics array"),
            ("topics", json!(vec![1; 51]), "Too many topics. Maximum 50 per offer"),
            ("topics", json!(["t", 1]), "Each topic must be a string between 1 and 256 characters"),
            ("ttl", json!("120000"), "TTL must be a number"),
            ("id", json!("i".repeat(257)), "Offer id must be 256 characters or less"),
        ];
        for (index, (name, value, sentence)) in faults.iter().enumerate() {
            let mut faulty = offer(name, value.clone());
            for (later, value, _) in faults[index + 1..].iter().rev().filter(|(later, ..)| later != name) {
                faulty[*later] = value.clone();
            }
            assert_eq!(of(faulty).err().as_deref(), Some(*sentence));
        }
    }

    #[test]
    fn what_is_of_the_wrong_kind_is_named() {
        for (faulty, sentence) in [
            (Value::Null, "Each offer must have an sdp field"),
            (json!(5), "Each offer must have an sdp field"),
            (json!([]), "Each offer must have an sdp field"),
            (offer("sdp", json!({})), "Each offer must have an sdp field"),
            (offer("secret", Value::Null), "Secret must be a string"),
            (offer("info", Value::Null), "Info must be a string"),
            (offer("topics", json!("t")), "Each offer must have a non-empty topics array"),
            (offer("topics", Value::Null), "Each offer must have a non-empty topics array"),
            (offer("topics", json!([""])), "Each topic must be a string between 1 and 256 characters"),
            (offer("topics", json!([null])), "Each topic must be a string between 1 and 256 characters"),
            (offer("topics", json!(["é".repeat(257)])), "Each topic must be a string between 1 and 256 characters"),
            (offer("ttl", json!("")), "TTL must be a number"),
            (offer("ttl", json!(false)), "TTL must be a number"),
            (offer("ttl", json!([60_000])), "TTL must be a number"),
        ] {
            assert_eq!(of(faulty).err().as_deref(), Some(sentence));
        }
    }

    #[test]
    fn lengths_are_utf16_units() {
        assert!(of(offer("info", json!("😀".repeat(64)))).is_ok());
        assert!(of(offer("info", json!("😀".repeat(64) + "x"))).is_err());
        assert!(of(offer("topics", json!(["é".repeat(256)]))).is_ok());
        assert!(of(offer("sdp", json!("é".repeat(65_536)))).is_ok());
    }

    #[test]
    fn a_ttl_is_brought_within_the_limits_and_to_whole_milliseconds() {
        for (ttl, millis) in [
            (Value::Null, 60_000),
            (json!(0), 60_000),
            (json!(-0.0), 60_000),
            (json!(1_000), 60_000),
            (json!(-5), 60_000),
            (json!(120_205.9), 120_205),
            (json!(300_000), 300_000),
            (json!(99_999_999_999_u64), 86_400_000),
            (json!(u64::MAX), 86_400_000),
            (json!(1e308), 86_400_000),
            (json!(-1e308), 60_000),
        ] {
            assert_eq!(of(offer("ttl", ttl.clone())).unwrap().ttl, Duration::from_millis(millis), "{ttl}");
        }
        let limits = Offers { min_ttl: Duration::from_millis(200), default_ttl: Duration::from_secs(2), ..limits() };
        let ttl = |value: Value| ttl(Some(&value), &limits).unwrap().as_millis();
        assert_eq!([ttl(json!(0)), ttl(json!(0.5)), ttl(json!(-1)), ttl(json!(205.5))], [2_000, 200, 200, 205]);
    }

    #[test]
    fn an_id_of_ones_own_is_a_text_or_a_number() {
        for (id, text) in [
            (json!("my-id"), "my-id"),
            (json!(" "), " "),
            (json!(5), "5"),
            (json!(-2.5), "-2.5"),
            (json!("😀".repeat(128)), &*"😀".repeat(128)),
        ] {
            assert_eq!(of(offer("id", id)).unwrap().id, NewId::Own(text.into()));
        }
        let content = NewId::Content(offer_id::of_sdp_and_topics("x", &["t"]).into());
        for id in [json!(""), json!(0), json!(null), json!(false), json!(true), json!([]), json!({})] {
            assert_eq!(of(offer("id", id)).unwrap().id, content);
        }
    }

    #[test]
    fn a_topic_that_is_said_twice_counts_once() {
        let twice = of(json!({"sdp": "x", "topics": ["b", "a", "b", "a"]})).unwrap();
        assert_eq!(twice.topics, ["b".into(), "a".into()]);
        assert_eq!(twice.id, of(json!({"sdp": "x", "topics": ["a", "b"]})).unwrap().id);
    }

    #[test]
    fn an_empty_secret_is_none_and_an_empty_info_is_one() {
        let empty = of(json!({"sdp": "x", "topics": ["t"], "secret": "", "info": ""})).unwrap();
        assert!(empty.secret.is_none());
        assert_eq!(empty.info.as_deref(), Some(""));
    }

    #[test]
    fn an_answer_has_an_sdp_and_perhaps_a_secret() {
        let ok = |body: Value| answer(&Fields(body)).map(|answer| answer.secret.map(str::to_owned)).unwrap();
        assert_eq!(ok(json!({"sdp": "a"})), None);
        assert_eq!(ok(json!({"sdp": "a", "secret": ""})).as_deref(), Some(""));
        assert_eq!(ok(json!({"sdp": "a", "secret": "k".repeat(129)})), Some("k".repeat(129)));
        for (body, sentence) in [
            (json!({}), "Missing or invalid required parameter: sdp"),
            (json!({"sdp": 5, "secret": 7}), "Missing or invalid required parameter: sdp"),
            (json!({"sdp": "s".repeat(65_537), "secret": 7}), "SDP must be 64KB or less"),
            (json!({"sdp": "a", "secret": 7}), "Secret must be a string"),
            (json!({"sdp": "a", "secret": null}), "Secret must be a string"),
        ] {
            assert_eq!(refusal(answer(&Fields(body))), sentence);
        }
    }

    #[test]
    fn candidates_are_any_json_within_limits() {
        let given = json!([{"candidate": "c", "sdpMid": null}, "plain", null, 5, 1.0, [], "é\u{0}"]);
        let texts = candidates(&Fields(json!({ "candidates": given }))).unwrap();
        let expected = [r#"{"candidate":"c","sdpMid":null}"#, r#""plain""#, "null", "5", "1.0", "[]", r#""é\u0000""#];
        assert_eq!(texts.iter().map(|text| &**text).collect::<Vec<_>>(), expected);

        assert_eq!(candidates(&Fields(json!({"candidates": vec!["é".repeat(4094); 100]}))).unwrap().len(), 100);
        let missing = "Missing or invalid required parameter: candidates (must be non-empty array)";
        for (value, sentence) in [
            (json!(null), missing),
            (json!([]), missing),
            (json!({"0": 1}), missing),
            (json!(vec!["c".repeat(5_000); 101]), "Too many candidates. Maximum 100 per request"),
            (json!(["c", "c".repeat(4_095)]), "Candidate at index 1 is too large (max 4096 characters)"),
        ] {
            assert_eq!(refusal(candidates(&Fields(json!({ "candidates": value })))), sentence);
        }
    }
}
