//! Offers come, get other tags, and go.

use std::time::Duration;

use meetpoint_protocol::{
    Timestamp,
    rondevu::{Tag, offer_id, text},
};
use serde::Serialize;
use serde_json::Value;
use uuid::Builder;

use super::{
    super::{
        call::{Call, Failure, Outcome, result},
        view::{PublishedOffer, published},
    },
    auth::caller,
    code,
    request::Request,
    words::refused,
};
use crate::{
    config::Offers,
    core::book::{NewId, NewOffer, Refusal, Space, Text},
};

/// UTF-16 code units.
pub(super) const MAX_SDP: usize = 65_536;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Published<'a> {
    public_key: &'a str,
    tags: &'a [Tag],
    offers: Vec<PublishedOffer<'a>>,
    created_at: Timestamp,
    expires_at: Timestamp,
}

/// Publishes offers, all with the same tags. Each is a new one, even with an SDP that is known.
///
/// # Errors
/// In this order: who asks, the tags, the number of offers, the first offer that is none, the TTL, the limits.
pub(super) fn publish_offer(call: &mut Call<'_>, request: &Request) -> Outcome {
    let key = caller(call, request, true)?;
    let settings = &call.rondevu.offers;
    let tags = request.tags(settings.max_topics)?;
    let sdps = sdps(request.param("offers"), settings.max_per_request)?;
    let ttl = ttl(request.param("ttl"), settings)?;

    let realm = Text::from("");
    let topics: Vec<Text> = tags.iter().cloned().map(Text::from).collect();
    let new = |sdp: &str| {
        let nonce = Builder::from_random_bytes(call.rondevu.chance.id()).into_uuid();
        NewOffer {
            space: Space::Tags,
            id: NewId::Own(offer_id::random(sdp, call.now.millis(), &nonce.to_string()).into()),
            realm: realm.clone(),
            owner: key.clone(),
            topics: topics.clone(),
            sdp: sdp.into(),
            secret: None,
            info: None,
            service: None,
            ttl,
        }
    };
    let book = &call.rondevu.book;
    let kept = book.publish(call.now, sdps.into_iter().map(new).collect()).map_err(|refusal| match refusal {
        Refusal::TooManyOffers => {
            let (owned, max) = (book.owned(call.now, Space::Tags, &key).len(), book.limits().per_owner);
            let error = format!("User offer limit exceeded. You have {owned} offers, limit is {max}.");
            Failure::coded(code::TOO_MANY_OFFERS_PER_USER, error)
        }
        Refusal::Full => {
            let error = format!("Server offer limit reached ({}). Try again later.", book.limits().offers);
            Failure::coded(code::STORAGE_FULL, error)
        }
        other => refused(&other),
    })?;
    let offers = call.keep(kept);
    let (created_at, expires_at) = (call.now, call.now.plus(ttl));
    result(&Published { public_key: &key, tags: &tags, offers: published(&offers), created_at, expires_at })
}

/// The SDPs of the offers, all of them or none.
fn sdps(offers: Option<&Value>, max: usize) -> Result<Vec<&str>, Failure> {
    let offers = offers.and_then(Value::as_array).filter(|offers| !offers.is_empty());
    let offers = offers.ok_or_else(|| Failure::coded(code::MISSING_PARAMS, "Must provide at least one offer"))?;
    if offers.len() > max {
        return Err(Failure::coded(code::TOO_MANY_OFFERS, format!("Too many offers (max {max})")));
    }
    offers.iter().enumerate().map(|(index, offer)| sdp(index, offer)).collect()
}

fn sdp(index: usize, offer: &Value) -> Result<&str, Failure> {
    let invalid = |code, what: &str| Failure::coded(code, format!("Invalid offer at index {index}: {what}"));
    if !(offer.is_object() || offer.is_array()) {
        return Err(invalid(code::INVALID_PARAMS, "must be an object"));
    }
    let sdp = offer.get("sdp").and_then(Value::as_str).filter(|sdp| !sdp.is_empty());
    let sdp = sdp.ok_or_else(|| invalid(code::INVALID_SDP, "missing or invalid SDP"))?;
    if text::is_blank(sdp) {
        return Err(invalid(code::INVALID_SDP, "SDP cannot be empty"));
    }
    if text::units(sdp) > MAX_SDP {
        let error = format!("SDP too large at index {index} (max {MAX_SDP} bytes)");
        return Err(Failure::coded(code::SDP_TOO_LARGE, error));
    }
    Ok(sdp)
}

/// How long the offers are to live: within the limits, whatever was asked for.
fn ttl(asked: Option<&Value>, settings: &Offers) -> Result<Duration, Failure> {
    let Some(asked) = asked else { return Ok(settings.default_ttl) };
    let millis = asked.as_f64().filter(|millis| *millis >= 0.0);
    let millis = millis.ok_or_else(|| Failure::coded(code::INVALID_PARAMS, "TTL must be a non-negative number"))?;
    Ok(Duration::from_millis(millis as u64).clamp(settings.min_ttl, settings.max_ttl))
}

#[derive(Serialize)]
struct Retagged {
    success: bool,
    count: usize,
}

/// Gives all own offers other tags.
///
/// # Errors
/// In this order: who asks, the tags.
pub(super) fn update_offer_tags(call: &mut Call<'_>, request: &Request) -> Outcome {
    let key = caller(call, request, true)?;
    let tags = request.tags(call.rondevu.offers.max_topics)?;
    let tags = tags.into_iter().map(Text::from).collect();
    let retagged = call.rondevu.book.retag(call.now, Space::Tags, &key, tags);
    let count = call.keep(retagged.map_err(|refusal| refused(&refusal))?);
    result(&Retagged { success: true, count })
}

#[derive(Serialize)]
struct Deleted {
    success: bool,
}

/// Removes an own offer.
///
/// # Errors
/// In this order: who asks, no id; an offer that is not there, or another's.
pub(super) fn delete_offer(call: &mut Call<'_>, request: &Request) -> Outcome {
    let key = caller(call, request, true)?;
    let id = request.offer_id()?;
    let removed = call.rondevu.book.remove(call.now, Space::Tags, id, &key).map_err(|refusal| match refusal {
        Refusal::NotFound => Failure::coded(code::NOT_AUTHORIZED, "Offer not found or not owned by this identity"),
        other => refused(&other),
    })?;
    call.keep(removed);
    result(&Deleted { success: true })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use serde_json::json;

    #[test]
    fn offers_are_objects_with_an_sdp() {
        let missing = "Invalid offer at index 0: missing or invalid SDP";
        let at_least = "Must provide at least one offer";
        for (offers, error, code) in [
            (json!([]), at_least, code::MISSING_PARAMS),
            (json!({}), at_least, code::MISSING_PARAMS),
            (json!([null, null, null]), "Too many offers (max 2)", code::TOO_MANY_OFFERS),
            (json!([{"sdp": "a"}, null]), "Invalid offer at index 1: must be an object", code::INVALID_PARAMS),
            (json!(["sdp"]), "Invalid offer at index 0: must be an object", code::INVALID_PARAMS),
            (json!([[]]), missing, code::INVALID_SDP),
            (json!([{}]), missing, code::INVALID_SDP),
            (json!([{"sdp": 5}]), missing, code::INVALID_SDP),
            (json!([{"sdp": ""}]), missing, code::INVALID_SDP),
            (json!([{"sdp": " \n\u{feff}"}]), "Invalid offer at index 0: SDP cannot be empty", code::INVALID_SDP),
            (
                json!([{"sdp": "a"}, {"sdp": "\u{1f600}".repeat(32_769)}]),
                "SDP too large at index 1 (max 65536 bytes)",
                code::SDP_TOO_LARGE,
            ),
        ] {
            assert_eq!(sdps(Some(&offers), 2), Err(Failure::coded(code, error)));
        }
        assert!(sdps(None, 2).is_err());
        assert_eq!(sdps(Some(&json!([{"sdp": "a"}, {"sdp": " b", "more": 1}])), 2), Ok(vec!["a", " b"]));
        assert!(sdps(Some(&json!([{"sdp": "\u{1f600}".repeat(32_768)}])), 2).is_ok());
    }

    #[test]
    fn a_ttl_stays_within_its_limits() {
        let settings = Settings::default().offers;
        let millis = |asked: Value| ttl(Some(&asked), &settings).map(|ttl| ttl.as_millis());
        assert_eq!(ttl(None, &settings), Ok(settings.default_ttl));
        for (asked, expected) in [
            (json!(0), settings.min_ttl.as_millis()),
            (json!(-0.0), settings.min_ttl.as_millis()),
            (json!(123_456.7), 123_456),
            (json!(1e300), settings.max_ttl.as_millis()),
        ] {
            assert_eq!(millis(asked.clone()), Ok(expected), "{asked}");
        }
        let error = Failure::coded(code::INVALID_PARAMS, "TTL must be a non-negative number");
        for asked in [json!(-1), json!(null), json!("120000"), json!(true), json!([]), json!({})] {
            assert_eq!(millis(asked.clone()), Err(error.clone()), "{asked}");
        }
    }
}
