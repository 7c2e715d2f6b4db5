//! `GET /topics`, which two generations have. They are told apart by what they ask for, and answered both where nothing tells:
//!
//! | query | answer |
//! |---|---|
//! | has `page` | sessions: the topics of the caller's realm by name, with the `count` of sessions that wait for an answer, and `pagination` |
//! | has `offset` or `startsWith`, and no `page` | offers: the topics of all, those of most peers first, with `activePeers`, and `total`, `limit`, `offset` |
//! | neither | both: first the topics of offers in their order, then those which only the sessions' list has; with the fields of both |
//!
//! Numbers are read as far as they are numbers; what begins with none counts as not given.

mod like;

use std::{borrow::Cow, collections::HashSet, sync::Arc};

use axum::{
    Json, Router,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::HeaderMap;
use meetpoint_protocol::rondevu::text::{leading_integer, units};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::task::yield_now;

use self::like::Beginning;
use super::{Rondevu, query::parameter, reply::Problem, sessions::Realm};
use crate::core::book::{Page, Ranked, Space, Text};

/// Topics that are looked at before others get their turn.
const STEP: usize = 1000;

/// Topics of offers in one answer.
const MOST_OF_OFFERS: i64 = 200;

pub(super) fn routes() -> Router<Arc<Rondevu>> {
    Router::new().route("/topics", get(topics))
}

/// The list for the caller's realm, as `GET /` carries it: `topics` and `pagination`. Takes `page` and `limit` of the query.
pub fn index(rondevu: &Rondevu, headers: &HeaderMap, query: Option<&str>) -> Map<String, Value> {
    let of_sessions = OfSessions::find(rondevu, &Realm::of(headers), query);
    match serde_json::to_value(of_sessions.list()) {
        Ok(Value::Object(list)) => list,
        _ => Map::new(),
    }
}

async fn topics(
    State(rondevu): State<Arc<Rondevu>>,
    realm: Realm,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let query = query.as_deref();
    let asks_for = |name| parameter(query, name).is_some();
    if asks_for("page") {
        return Ok(Json(OfSessions::find(&rondevu, &realm, query).list()).into_response());
    }
    let of_offers = OfOffers::find(&rondevu, query).await?;
    if asks_for("offset") || asks_for("startsWith") {
        return Ok(Json(of_offers.list()).into_response());
    }
    let of_sessions = OfSessions::find(&rondevu, &realm, query);
    let names = together(&of_offers.found.topics, &of_sessions.found.topics);
    // A topic of one list may lie on another page of the other.
    let now = rondevu.clock.now();
    let sessions = rondevu.book.sizes(now, Space::Sessions, &realm.0, &names);
    let offers = rondevu.book.sizes(now, Space::Offers, "", &names);
    let sizes = sessions.into_iter().zip(offers);
    let items = names.into_iter().zip(sizes).map(|(topic, ((count, _), (_, peers)))| Item {
        topic,
        count: Some(count),
        active_peers: Some(peers),
    });
    let list = List { topics: items.collect(), pagination: Some(of_sessions.pagination), ..of_offers.list() };
    Ok(Json(list).into_response())
}

/// The names of both lists, each once: those of offers in their order, then what only the other has.
fn together<'a>(offers: &'a [(Text, usize)], sessions: &'a [(Text, usize)]) -> Vec<&'a str> {
    fn names(topics: &[(Text, usize)]) -> impl Iterator<Item = &str> {
        topics.iter().map(|(name, _)| &**name)
    }
    let known: HashSet<&str> = names(offers).collect();
    names(offers).chain(names(sessions).filter(|name| !known.contains(name))).collect()
}

/// The whole number that a parameter begins with.
fn number(query: Option<&str>, name: &str, default: i64) -> i64 {
    parameter(query, name).and_then(|text| leading_integer(&text)).unwrap_or(default)
}

/// How many to leave out, or to take: none for what is below.
fn size(number: i64) -> usize {
    usize::try_from(number.max(0)).unwrap_or(usize::MAX)
}

/// An answer, with the fields of one generation, or of both.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    topics: Vec<Item<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pagination: Option<Pagination>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_with: Option<&'a str>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Debug)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    topic: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active_peers: Option<usize>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    page: i64,
    limit: i64,
    total: usize,
    has_more: bool,
}

/// Topics of sessions.
struct OfSessions {
    found: Ranked,
    pagination: Pagination,
}

impl OfSessions {
    fn find(rondevu: &Rondevu, Realm(realm): &Realm, query: Option<&str>) -> Self {
        let page = number(query, "page", 1).max(1);
        let limit = number(query, "limit", 100).clamp(1, 1000);
        let offset = size((page - 1).saturating_mul(limit));
        let found =
            rondevu.book.topics(rondevu.clock.now(), Space::Sessions, realm, Page { offset, limit: size(limit) });
        let has_more = offset.saturating_add(found.topics.len()) < found.total;
        let total = found.total;
        Self { found, pagination: Pagination { page, limit, total, has_more } }
    }

    fn list(&self) -> List<'_> {
        let topics = self.found.topics.iter();
        let topics = topics.map(|(topic, count)| Item { topic, count: Some(*count), active_peers: None }).collect();
        let pagination = Some(self.pagination);
        List { topics, pagination, total: None, limit: None, offset: None, starts_with: None }
    }
}

/// Topics of offers.
struct OfOffers<'a> {
    found: Ranked,
    limit: i64,
    offset: i64,
    starts_with: Option<Cow<'a, str>>,
}

impl<'a> OfOffers<'a> {
    async fn find(rondevu: &Rondevu, query: Option<&'a str>) -> Result<Self, Problem> {
        let limit = number(query, "limit", 50).min(MOST_OF_OFFERS);
        let offset = number(query, "offset", 0);
        let starts_with = parameter(query, "startsWith").filter(|beginning| !beginning.is_empty());
        let beginning = starts_with.as_deref().map(beginning).transpose()?;
        // SQL takes a limit below 0 for none.
        let rows = if limit < 0 { MOST_OF_OFFERS } else { limit };
        let page = Page { offset: size(offset), limit: size(rows) };
        let found = popular(rondevu, beginning.as_ref(), page).await;
        Ok(Self { found, limit, offset, starts_with })
    }

    fn list(&self) -> List<'_> {
        let topics = self.found.topics.iter();
        let topics = topics.map(|(topic, peers)| Item { topic, count: None, active_peers: Some(*peers) }).collect();
        List {
            topics,
            pagination: None,
            total: Some(self.found.total),
            limit: Some(self.limit),
            offset: Some(self.offset),
            starts_with: self.starts_with.as_deref(),
        }
    }
}

/// A page of the topics with that beginning, those of most peers first; all are counted. In steps, because there may be millions.
async fn popular(rondevu: &Rondevu, beginning: Option<&Beginning>, page: Page) -> Ranked {
    let end = page.offset.saturating_add(page.limit);
    let (mut topics, mut total) = (Vec::new(), 0);
    let mut last = None;
    loop {
        let step = rondevu.book.popular(rondevu.clock.now(), last.as_ref(), STEP);
        let is_last = step.len() < STEP;
        last = step.last().cloned();
        for topic in step {
            if beginning.is_none_or(|beginning| beginning.matches(&topic.0)) {
                if (page.offset..end).contains(&total) {
                    topics.push(topic);
                }
                total += 1;
            }
        }
        if beginning.is_none() && (is_last || total >= end) {
            return Ranked { topics, total: rondevu.book.topic_count(rondevu.clock.now()) };
        }
        if is_last {
            return Ranked { topics, total };
        }
        yield_now().await;
    }
}

fn beginning(text: &str) -> Result<Beginning, Problem> {
    let within = if units(text) <= like::MAX { Beginning::parse(text) } else { None };
    within.ok_or_else(|| Problem::bad_request(format!("startsWith must be {} characters or less", like::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_far_as_it_is_one() {
        for (query, expected) in [
            ("n=3", 3),
            ("n=-3", -3),
            ("n=1.9", 1),
            ("n=2x", 2),
            ("n=+7", 7),
            ("n=%2B7", 7),
            ("n=1e3", 1),
            ("n=", 100),
            ("n=abc", 100),
            ("n=NaN", 100),
            ("m=5", 100),
            ("n=99999999999999999999", i64::MAX),
            ("n=-99999999999999999999", i64::MIN),
        ] {
            assert_eq!(number(Some(query), "n", 100), expected, "{query}");
        }
    }

    #[test]
    fn no_size_is_below_nothing() {
        assert_eq!([size(i64::MIN), size(-1), size(0), size(7)], [0, 0, 0, 7]);
    }

    #[test]
    fn the_lists_together_name_each_topic_once() {
        fn list(names: &[&str]) -> Vec<(Text, usize)> {
            names.iter().map(|name| (Text::from(*name), 1)).collect()
        }
        for (offers, sessions, both) in [
            (&["z", "a"] as &[&str], &["a", "b", "z", "zz"] as &[&str], &["z", "a", "b", "zz"] as &[&str]),
            (&[], &["a", "b"], &["a", "b"]),
            (&["b", "a"], &[], &["b", "a"]),
            (&[], &[], &[]),
        ] {
            assert_eq!(together(&list(offers), &list(sessions)), both);
        }
    }

    #[test]
    fn a_beginning_has_a_limit_in_units() {
        for fits in ["", "%_", &"x".repeat(1024), &"😀".repeat(512), &"%".repeat(1024)] {
            assert!(beginning(fits).is_ok());
        }
        for too_long in ["x".repeat(1025), "😀".repeat(512) + "x", "%".repeat(1025)] {
            let problem = beginning(&too_long).err().expect("too long");
            assert_eq!(problem.sentence, "startsWith must be 1024 characters or less");
        }
    }
}
