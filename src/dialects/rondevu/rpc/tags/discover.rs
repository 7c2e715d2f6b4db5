//! Offers are found by any of their tags. Nobody needs a key for that; who names one does not find its own.

use meetpoint_protocol::{Timestamp, rondevu::Tag};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{
    super::call::{Call, Failure, Outcome, result},
    auth::named,
    code,
    request::Request,
};
use crate::core::book::{Offer, Page, Text};

/// The longest page.
const MAX_PAGE: f64 = 100.0;

/// An offer that may be answered.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Found<'a> {
    offer_id: &'a str,
    public_key: &'a str,
    #[serde(serialize_with = "texts")]
    tags: &'a [Text],
    sdp: &'a str,
    created_at: Timestamp,
    expires_at: Timestamp,
}

impl<'a> From<&'a Offer> for Found<'a> {
    fn from(offer: &'a Offer) -> Self {
        Self {
            offer_id: &offer.id,
            public_key: &offer.owner,
            tags: &offer.topics,
            sdp: &offer.sdp,
            created_at: offer.created,
            expires_at: offer.expires,
        }
    }
}

/// Texts as a list.
pub(super) fn texts<S: Serializer>(texts: &[Text], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(texts.iter().map(|text| &**text))
}

#[derive(Serialize)]
struct Offers<'a> {
    offers: Vec<Found<'a>>,
    count: usize,
    limit: usize,
    offset: usize,
}

/// Finds unanswered offers; they stay free for others. With a `limit` a page of them, newest first, else any one.
///
/// # Errors
/// In this order: the tags, `limit`, `offset`; without a `limit`: nothing found.
pub(super) fn discover(call: &mut Call<'_>, request: &Request) -> Outcome {
    let tags: Vec<Text> = request.tags(usize::MAX)?.into_iter().map(Text::from).collect();
    let page = page(request.param("limit"), request.param("offset"))?;
    let except = named(request, call.headers);
    let book = &call.rondevu.book;
    let Some(page) = page else {
        let offer = book.any_with_tags(call.now, &tags, except);
        let offer = offer.ok_or_else(|| Failure::coded(code::OFFER_NOT_FOUND, "No offers found matching tags"))?;
        return result(&Found::from(&*offer));
    };
    let offers = book.with_tags(call.now, &tags, except, page);
    let offers: Vec<_> = offers.iter().map(|offer| Found::from(&**offer)).collect();
    let count = offers.len();
    result(&Offers { offers, count, limit: page.limit, offset: page.offset })
}

/// The page that is asked for, if one is. Without a `limit` nothing else counts.
fn page(limit: Option<&Value>, offset: Option<&Value>) -> Result<Option<Page>, Failure> {
    let Some(limit) = limit else { return Ok(None) };
    let whole = |value: &Value, name: &str| {
        let number = value.as_f64().filter(|number| *number >= 0.0 && number.fract() == 0.0);
        let error = || Failure::coded(code::INVALID_PARAMS, format!("{name} must be a non-negative integer"));
        number.ok_or_else(error)
    };
    let limit = whole(limit, "limit")?.clamp(1.0, MAX_PAGE) as usize;
    let offset = offset.map_or(Ok(0.0), |offset| whole(offset, "offset"))? as usize;
    Ok(Some(Page { offset, limit }))
}

#[derive(Serialize)]
struct Counts<'a> {
    counts: ByTag<'a>,
}

struct ByTag<'a>(&'a [(Tag, usize)]);

impl Serialize for ByTag<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(tag, count)| (tag.as_str(), count)))
    }
}

/// Counts the unanswered offers with each of the tags, or, when `unique` is true, their owners.
///
/// # Errors
/// The tags.
pub(super) fn count_offers_by_tags(call: &mut Call<'_>, request: &Request) -> Outcome {
    let tags = request.tags(usize::MAX)?;
    let owners = request.param("unique").and_then(Value::as_bool).unwrap_or_default();
    let book = &call.rondevu.book;
    let count = |tag: Tag| {
        let count = book.tagged(call.now, tag.as_str(), owners);
        (tag, count)
    };
    let counts: Vec<_> = tags.into_iter().map(count).collect();
    result(&Counts { counts: ByTag(&counts) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(limit: Value, offset: Option<Value>) -> Result<Option<(usize, usize)>, String> {
        let page = page(Some(&limit), offset.as_ref());
        let page = page.map(|page| page.map(|page| (page.limit, page.offset)));
        page.map_err(|failure| {
            assert_eq!(failure.code, Some(code::INVALID_PARAMS));
            failure.error
        })
    }

    #[test]
    fn a_page_is_of_whole_numbers_within_its_limits() {
        for (limit, offset, expected) in [
            (json!(10), None, (10, 0)),
            (json!(10.0), Some(json!(5)), (10, 5)),
            (json!(0), Some(json!(-0.0)), (1, 0)),
            (json!(1e300), Some(json!(1e300)), (100, usize::MAX)),
        ] {
            assert_eq!(read(limit.clone(), offset), Ok(Some(expected)), "{limit}");
        }
        for wrong in [json!(-1), json!(1.5), json!("5"), json!(null), json!(true), json!([]), json!({})] {
            assert_eq!(read(wrong.clone(), None), Err("limit must be a non-negative integer".to_owned()), "{wrong}");
            let error = Err("offset must be a non-negative integer".to_owned());
            assert_eq!(read(json!(1), Some(wrong.clone())), error, "{wrong}");
        }
        assert_eq!(page(None, Some(&json!("x"))).map(|page| page.is_none()), Ok(true));
    }
}
