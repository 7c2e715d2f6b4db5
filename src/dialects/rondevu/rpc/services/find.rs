//! Services are found: a user's, any, or a page of them.

use std::sync::Arc;

use meetpoint_protocol::{
    Timestamp,
    rondevu::{FqnError, ServiceFqn},
};
use serde::Serialize;
use serde_json::Value;

use super::{
    super::call::{Call, Failure, Outcome, result},
    identity::user,
    request::Request,
};
use crate::core::book::{Offer, Page};

/// The length of a page, where one is asked for in no number.
const PAGE: usize = 10;

/// The longest page.
const MAX_PAGE: usize = 100;

/// What the SDPs of one page may come to, in bytes: they have no limit of their own. A page that would be longer ends
/// before.
const MAX_PAGE_BYTES: usize = 4 * 1024 * 1024;

/// A service and the offer of it that is to be answered.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Found<'a> {
    service_id: &'a str,
    username: &'a str,
    service_fqn: &'a str,
    offer_id: &'a str,
    sdp: &'a str,
    created_at: Timestamp,
    expires_at: Timestamp,
}

#[derive(Serialize)]
struct Services<'a> {
    services: Vec<Found<'a>>,
    count: usize,
    limit: usize,
    offset: usize,
}

/// Finds offers to answer; they stay free for others. With a `limit` a page of services in all versions that do, else
/// the service of the user in the name, in that very version, else any service in a version that does.
///
/// # Errors
/// In this order: who asks, where the message names a user; the service's name; nothing found.
pub(super) fn get_service(call: &mut Call<'_>, request: &Request) -> Outcome {
    if request.signed.username.is_some() {
        user(call, request)?;
    }
    let text = request.param("serviceFqn").and_then(Value::as_str);
    let fqn = text.ok_or(FqnError::NotText).and_then(ServiceFqn::parse);
    let fqn = fqn.map_err(|error| Failure::new(error.to_string()))?;
    let book = &call.rondevu.book;
    if let Some(page) = page(request.param("limit"), request.param("offset")) {
        let offers = book.services(call.now, fqn.service.as_str(), &fqn.version, page);
        let services: Vec<_> = within(&offers, MAX_PAGE_BYTES).iter().filter_map(found).collect();
        let count = services.len();
        return result(&Services { services, count, limit: page.limit, offset: page.offset });
    }
    let offer = match &fqn.username {
        Some(owner) => {
            let offers = book.of_service(call.now, owner.as_str(), &fqn.to_string());
            let free = offers.ok_or_else(|| Failure::new("Service not found"))?;
            free.ok_or_else(|| Failure::new("Service has no available offers"))?
        }
        None => book.any_service(call.now, fqn.service.as_str(), &fqn.version).ok_or_else(none)?,
    };
    result(&found(&offer).ok_or_else(none)?)
}

fn none() -> Failure {
    Failure::new("No services found")
}

fn found(offer: &Arc<Offer>) -> Option<Found<'_>> {
    let service = offer.service.as_ref()?;
    Some(Found {
        service_id: &service.id,
        username: &offer.owner,
        service_fqn: &service.fqn,
        offer_id: &offer.id,
        sdp: &offer.sdp,
        created_at: offer.created,
        expires_at: offer.expires,
    })
}

/// As many of the first offers as fit, but one in any case.
fn within(offers: &[Arc<Offer>], bytes: usize) -> &[Arc<Offer>] {
    let mut rest = bytes;
    let fits = |offer: &&Arc<Offer>| {
        let left = rest.checked_sub(offer.sdp.len());
        rest = left.unwrap_or(0);
        left.is_some()
    };
    let fitting = offers.iter().take_while(fits).count();
    &offers[..fitting.max(1).min(offers.len())]
}

/// The page that is asked for, if one is. Numbers are taken into their limits without their fractions; what is no
/// number counts as not given, but that a `limit` still asks for a page.
fn page(limit: Option<&Value>, offset: Option<&Value>) -> Option<Page> {
    let limit = limit.filter(|limit| !limit.is_null())?;
    // What is below 0 becomes 0.
    let limit = limit.as_f64().map_or(PAGE, |limit| limit as usize).clamp(1, MAX_PAGE);
    let offset = offset.and_then(Value::as_f64).map_or(0, |offset| offset as usize);
    Some(Page { offset, limit })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_page_is_what_the_numbers_can_mean() {
        let read =
            |limit: Value, offset: Value| page(Some(&limit), Some(&offset)).map(|page| (page.limit, page.offset));
        for (limit, offset, expected) in [
            (json!(10), json!(5), (10, 5)),
            (json!(0), json!(-5), (1, 0)),
            (json!(1000), json!(0), (100, 0)),
            (json!(-1), json!(1.9), (1, 1)),
            (json!(2.9), json!("3"), (2, 0)),
            (json!(1e300), json!(1e300), (100, usize::MAX)),
            (json!("7"), json!(null), (10, 0)),
            (json!([]), json!({}), (10, 0)),
        ] {
            assert_eq!(read(limit.clone(), offset.clone()), Some(expected), "{limit} {offset}");
        }
        assert!(page(None, Some(&json!(5))).is_none() && page(Some(&json!(null)), None).is_none());
        assert_eq!(page(Some(&json!(1)), None).map(|page| page.offset), Some(0));
    }
}
