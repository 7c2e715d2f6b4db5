//! Services come and go.

use std::{sync::Arc, time::Duration};

use meetpoint_protocol::{
    Timestamp,
    rondevu::{FqnError, ServiceFqn, offer_id, text},
};
use serde::Serialize;
use serde_json::Value;
use uuid::Builder;

use super::{
    super::{
        call::{Call, Failure, Outcome, result},
        view::{PublishedOffer, published},
    },
    identity::user,
    request::Request,
    words::refused,
};
use crate::{
    config::Offers,
    core::book::{NewId, NewOffer, Service, Space, Text},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Published<'a> {
    service_id: &'a str,
    username: &'a str,
    service_fqn: &'a str,
    offers: Vec<PublishedOffer<'a>>,
    created_at: Timestamp,
    expires_at: Timestamp,
}

/// Publishes a service with its offers, in the place of the one that the user had under the same name and version.
///
/// # Errors
/// In this order: who asks, the service's name, its user, the number of offers, the first offer that is none, the TTL,
/// the limits.
pub(super) fn publish_service(call: &mut Call<'_>, request: &Request) -> Outcome {
    let user = user(call, request)?;
    let fqn = request.param("serviceFqn").and_then(Value::as_str).ok_or(FqnError::NotText);
    let fqn = fqn.and_then(ServiceFqn::parse).map_err(|error| Failure::new(error.to_string()))?;
    match &fqn.username {
        None => return Err(Failure::new(NO_USER)),
        Some(owner) if owner.as_str() != user => {
            return Err(Failure::new("Service FQN username must match authenticated username"));
        }
        Some(_) => {}
    }
    let settings = &call.rondevu.offers;
    let sdps = sdps(request.param("offers"), settings.max_per_request)?;
    let ttl = ttl(request.param("ttl"), settings)?;

    let id = Builder::from_random_bytes(call.rondevu.chance.id()).into_uuid();
    let service = Arc::new(Service { id: Text::from(id.to_string()), fqn: Text::from(fqn.to_string()) });
    let topic = Text::from(format!("{}:{}", fqn.service, fqn.version));
    let (owner, realm) = (Text::from(user), Text::from(""));
    let new = |sdp: &str| NewOffer {
        space: Space::Services,
        id: NewId::Content(offer_id::of_sdp(sdp).into()),
        realm: realm.clone(),
        owner: owner.clone(),
        topics: vec![topic.clone()],
        sdp: sdp.into(),
        secret: None,
        info: None,
        service: Some(service.clone()),
        ttl,
    };
    let book = &call.rondevu.book;
    let kept = book.publish_service(call.now, sdps.into_iter().map(new).collect());
    let offers = call.keep(kept.map_err(|refusal| refused(refusal, book.limits()))?);

    result(&Published {
        service_id: &service.id,
        username: user,
        service_fqn: &service.fqn,
        created_at: call.now,
        expires_at: offers.first().map_or(call.now, |offer| offer.expires),
        offers: published(&offers),
    })
}

#[derive(Serialize)]
struct Deleted {
    success: bool,
}

/// Removes a service with its offers.
///
/// # Errors
/// In this order: who asks, a name without a user, a service that is not there, another's.
pub(super) fn delete_service(call: &mut Call<'_>, request: &Request) -> Outcome {
    let user = user(call, request)?;
    let fqn = request.param("serviceFqn").and_then(Value::as_str).unwrap_or_default();
    let owner = owner(fqn).ok_or_else(|| Failure::new(NO_USER))?;
    let book = &call.rondevu.book;
    if book.of_service(call.now, owner, fqn).is_none() {
        return Err(Failure::new("Service not found"));
    }
    if owner != user {
        return Err(Failure::new("Service not found or not owned by this username"));
    }
    call.keep(book.remove_service(call.now, user, fqn).map_err(|refusal| refused(refusal, book.limits()))?);
    result(&Deleted { success: true })
}

const NO_USER: &str = "Service FQN must include username";

/// The user in a service's name. What is no name may have one too: it is only not found.
fn owner(fqn: &str) -> Option<&str> {
    let (name, owner) = fqn.rsplit_once('@')?;
    let (service, version) = name.split_once(':')?;
    (!service.is_empty() && !version.is_empty() && !owner.is_empty()).then_some(owner)
}

/// The SDPs of the offers, all of them or none.
fn sdps(offers: Option<&Value>, max: usize) -> Result<Vec<&str>, Failure> {
    let offers = offers.and_then(Value::as_array).filter(|offers| !offers.is_empty());
    let offers = offers.ok_or_else(|| Failure::new("Must provide at least one offer"))?;
    if offers.len() > max {
        return Err(Failure::new(format!("Too many offers (max {max})")));
    }
    offers.iter().enumerate().map(|(index, offer)| sdp(index, offer)).collect()
}

fn sdp(index: usize, offer: &Value) -> Result<&str, Failure> {
    let invalid = |what: &str| Failure::new(format!("Invalid offer at index {index}: {what}"));
    if !(offer.is_object() || offer.is_array()) {
        return Err(invalid("must be an object"));
    }
    let sdp = offer.get("sdp").and_then(Value::as_str).filter(|sdp| !sdp.is_empty());
    let sdp = sdp.ok_or_else(|| invalid("missing or invalid SDP"))?;
    if text::is_blank(sdp) { Err(invalid("SDP cannot be empty")) } else { Ok(sdp) }
}

/// How long the offers are to live: within the limits, whatever number was asked for, and the shortest for `null`.
fn ttl(asked: Option<&Value>, settings: &Offers) -> Result<Duration, Failure> {
    let Some(asked) = asked else { return Ok(settings.default_ttl) };
    let millis = if asked.is_null() { Some(0.0) } else { asked.as_f64() };
    let millis = millis.ok_or_else(|| Failure::new("TTL must be a number"))?;
    // A fraction is dropped, and what is below 0 becomes 0.
    Ok(Duration::from_millis(millis as u64).clamp(settings.min_ttl, settings.max_ttl))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use serde_json::json;

    #[test]
    fn offers_are_objects_with_an_sdp() {
        let read = |offers: Value| match sdps(Some(&offers), 2) {
            Ok(sdps) => sdps.join(","),
            Err(failure) => failure.error,
        };
        for (offers, expected) in [
            (json!([{"sdp": "a"}, {"sdp": " b", "more": 1}]), "a, b"),
            (json!([]), "Must provide at least one offer"),
            (json!({}), "Must provide at least one offer"),
            (json!([null, null, null]), "Too many offers (max 2)"),
            (json!([{"sdp": "a"}, null]), "Invalid offer at index 1: must be an object"),
            (json!(["sdp"]), "Invalid offer at index 0: must be an object"),
            (json!([[]]), "Invalid offer at index 0: missing or invalid SDP"),
            (json!([{}]), "Invalid offer at index 0: missing or invalid SDP"),
            (json!([{"sdp": 5}]), "Invalid offer at index 0: missing or invalid SDP"),
            (json!([{"sdp": ""}]), "Invalid offer at index 0: missing or invalid SDP"),
            (json!([{"sdp": " \n\u{feff}"}]), "Invalid offer at index 0: SDP cannot be empty"),
        ] {
            assert_eq!(read(offers.clone()), expected, "{offers}");
        }
        assert!(sdps(None, 2).is_err());
    }

    #[test]
    fn a_ttl_stays_within_its_limits() {
        let settings = Settings::default().offers;
        let millis = |asked: Value| ttl(Some(&asked), &settings).map(|ttl| ttl.as_millis()).ok();
        assert_eq!(ttl(None, &settings).ok(), Some(settings.default_ttl));
        let (min, max) = (settings.min_ttl.as_millis(), settings.max_ttl.as_millis());
        for asked in [json!(null), json!(0), json!(-0.0), json!(5), json!(-1e300)] {
            assert_eq!(millis(asked.clone()), Some(min), "{asked}");
        }
        assert_eq!(millis(json!(1e300)), Some(max));
        assert_eq!(millis(json!(123_456.7)), Some(123_456));
        for asked in [json!("abc"), json!("120000"), json!(true), json!([]), json!({})] {
            assert_eq!(millis(asked.clone()), None, "{asked}");
        }
    }

    #[test]
    fn a_services_user_follows_the_last_at() {
        for (fqn, expected) in [
            ("chat:1.0.0@alice", Some("alice")),
            ("Chat:x@alice", Some("alice")),
            ("a@b:1@c", Some("c")),
            ("chat@alice", None),
            ("chat:@alice", None),
            (":1.0.0@alice", None),
            ("chat:1.0.0@", None),
            ("chat:1.0.0", None),
            ("", None),
        ] {
            assert_eq!(owner(fqn), expected, "{fqn}");
        }
    }
}
