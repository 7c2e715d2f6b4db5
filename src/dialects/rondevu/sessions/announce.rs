//! `POST /{topic}/offer`: a session begins.

use std::{borrow::Cow, sync::Arc};

use axum::{Json, extract::State};
use http::{StatusCode, Uri};
use meetpoint_protocol::{
    RoomId,
    rondevu::{path, text::units},
};
use serde::Serialize;
use serde_json::Value;

use super::realm::Realm;
use crate::{
    core::book::{NewId, NewOffer, Refusal, Space, Text},
    dialects::rondevu::{
        Rondevu,
        body::Fields,
        reply::{Problem, refused},
    },
};

/// The limit of a topic, of what a client says of itself and of its own code, in UTF-16 code units.
pub(super) const MAX_UNITS: usize = 1024;

/// What a client may say of itself, under either age's name, and how an error calls it. The first that is given wins.
const OWNER_NAMES: [(&str, &str); 2] = [("info", "Info"), ("peerId", "PeerId")];

/// The session as its announcer is told of it.
#[derive(Serialize)]
pub(super) struct Announced {
    code: String,
}

pub(super) async fn announce(
    State(rondevu): State<Arc<Rondevu>>,
    Realm(realm): Realm,
    uri: Uri,
    fields: Fields,
) -> Result<Json<Announced>, Problem> {
    let topic = topic(&uri)?;
    let owner = owner(&fields)?;
    let sdp = fields.text("offer").ok_or_else(|| missing("offer"))?;
    let own = own_code(fields.get("code"))?;
    let code = own.map_or_else(|| RoomId::from_random(rondevu.chance.id()).to_string(), Cow::into_owned);
    let offer = NewOffer {
        space: Space::Sessions,
        id: NewId::Own(code.as_str().into()),
        realm,
        owner: owner.into(),
        topics: vec![topic],
        sdp: sdp.into(),
        secret: None,
        info: None,
        service: None,
        ttl: rondevu.offers.session_timeout,
    };
    let kept = rondevu.book.publish(rondevu.clock.now(), vec![offer]).map_err(|refusal| match refusal {
        Refusal::IdTaken => Problem::new(StatusCode::CONFLICT, "Code already in use"),
        refusal => refused(&refusal, rondevu.book.limits()),
    })?;
    kept.durable().await?;
    Ok(Json(Announced { code }))
}

/// The topic that a path begins with.
///
/// # Errors
/// It is longer than [`MAX_UNITS`].
pub(super) fn topic(uri: &Uri) -> Result<Text, Problem> {
    let segment = uri.path().split('/').nth(1).unwrap_or_default();
    let topic = path::decode(segment);
    if units(&topic) > MAX_UNITS {
        return Err(Problem::bad_request(format!("Topic string must be {MAX_UNITS} characters or less")));
    }
    Ok(topic.into())
}

/// 400 for a field that is needed.
pub(super) fn missing(name: &str) -> Problem {
    Problem::bad_request(format!("Missing or invalid required parameter: {name}"))
}

/// What the client says of itself. An error names the field that it has sent, and the documented one when it has sent neither.
fn owner(fields: &Fields) -> Result<&str, Problem> {
    let valid = OWNER_NAMES.iter().find_map(|(name, title)| Some((fields.text(name)?, *title)));
    let Some((owner, title)) = valid else {
        let sent = OWNER_NAMES.iter().find(|(name, _)| fields.get(name).is_some());
        let (name, _) = sent.unwrap_or(&OWNER_NAMES[0]);
        return Err(missing(name));
    };
    if units(owner) > MAX_UNITS {
        return Err(Problem::bad_request(format!("{title} string must be {MAX_UNITS} characters or less")));
    }
    Ok(owner)
}

/// The code that a client wants; `None` leaves it to the server. What JavaScript takes for false is no code.
fn own_code(value: Option<&Value>) -> Result<Option<Cow<'_, str>>, Problem> {
    match value {
        None | Some(Value::Null | Value::Bool(false)) => Ok(None),
        Some(Value::String(code)) if code.is_empty() => Ok(None),
        Some(Value::String(code)) if units(code) <= MAX_UNITS => Ok(Some(Cow::Borrowed(code))),
        Some(Value::String(_)) => {
            Err(Problem::bad_request(format!("Code string must be {MAX_UNITS} characters or less")))
        }
        Some(Value::Number(zero)) if zero.as_f64() == Some(0.0) => Ok(None),
        Some(Value::Number(code)) => Ok(Some(Cow::Owned(code.to_string()))),
        Some(_) => Err(Problem::bad_request("Invalid parameter: code")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn long(units: usize) -> String {
        "😀".repeat(units / 2) + &"x".repeat(units % 2)
    }

    #[test]
    fn whoever_announces_says_who_it_is_under_either_name() {
        let (fits, too_long) = (long(MAX_UNITS), long(MAX_UNITS + 1));
        for (body, owner_or_error) in [
            (json!({"info": "i"}), Ok("i")),
            (json!({"peerId": "p"}), Ok("p")),
            (json!({"info": "i", "peerId": "p"}), Ok("i")),
            (json!({"info": "", "peerId": "p"}), Ok("p")),
            (json!({"info": 5, "peerId": "p"}), Ok("p")),
            (json!({"info": fits, "peerId": too_long}), Ok(fits.as_str())),
            (json!({"info": too_long, "peerId": "p"}), Err("Info string must be 1024 characters or less")),
            (json!({"peerId": too_long}), Err("PeerId string must be 1024 characters or less")),
            (json!({"info": ""}), Err("Missing or invalid required parameter: info")),
            (json!({"peerId": 5}), Err("Missing or invalid required parameter: peerId")),
            (json!({"peerId": null}), Err("Missing or invalid required parameter: peerId")),
            (json!({"info": {}, "peerId": []}), Err("Missing or invalid required parameter: info")),
            (json!({}), Err("Missing or invalid required parameter: info")),
            (json!([]), Err("Missing or invalid required parameter: info")),
            (json!("info"), Err("Missing or invalid required parameter: info")),
        ] {
            let fields = Fields(body);
            let found = owner(&fields).map_err(|problem| (problem.status, problem.sentence));
            assert_eq!(found, owner_or_error.map_err(|text: &str| (StatusCode::BAD_REQUEST, text.to_owned())));
        }
    }

    #[test]
    fn an_own_code_is_what_javascript_takes_for_true() {
        let fits = long(MAX_UNITS);
        for (value, code) in [
            (json!(null), None),
            (json!(false), None),
            (json!(""), None),
            (json!(0), None),
            (json!(-0.0), None),
            (json!("x"), Some("x")),
            (json!(" \u{0}\r\n"), Some(" \u{0}\r\n")),
            (json!(5), Some("5")),
            (json!(-1.5), Some("-1.5")),
            (json!(u64::MAX), Some("18446744073709551615")),
            (json!(fits), Some(fits.as_str())),
        ] {
            assert_eq!(own_code(Some(&value)).expect("a code or none").as_deref(), code, "{value}");
        }
        assert!(own_code(None).expect("none").is_none());
    }

    #[test]
    fn what_can_be_no_code_is_refused() {
        for (value, sentence) in [
            (json!(long(MAX_UNITS + 1)), "Code string must be 1024 characters or less"),
            (json!(true), "Invalid parameter: code"),
            (json!({}), "Invalid parameter: code"),
            (json!(["x"]), "Invalid parameter: code"),
        ] {
            let problem = own_code(Some(&value)).expect_err("no code");
            assert_eq!((problem.status, problem.sentence.as_str()), (StatusCode::BAD_REQUEST, sentence));
        }
    }

    #[test]
    fn a_topic_is_the_first_segment_decoded() {
        for (uri, expected) in [
            ("/room/offer", "room"),
            ("/a%20b%2Fc/sessions", "a b/c"),
            ("/100%/offer?x=/y", "100%"),
            ("/a+b/offer", "a+b"),
            ("/%F0%9F%98%80/offer", "😀"),
        ] {
            let uri: Uri = uri.parse().expect("a URI");
            assert_eq!(&*topic(&uri).expect("a topic"), expected);
        }
        let uri = |units: usize| format!("/{}/offer", "%F0%9F%98%80".repeat(units / 2)).parse::<Uri>().expect("a URI");
        assert!(topic(&uri(MAX_UNITS)).is_ok());
        let problem = topic(&uri(MAX_UNITS + 2)).expect_err("too long");
        assert_eq!(problem.sentence, "Topic string must be 1024 characters or less");
    }
}
