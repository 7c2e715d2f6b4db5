//! Which web pages may open a socket here (RFC 6454): one list for every dialect.

use std::{borrow::Cow, sync::Arc};

use arc_swap::ArcSwap;
use http::{HeaderMap, HeaderValue, header::ORIGIN};

use crate::config::{OriginPattern, Origins};

/// The text of a request's Origin, letter for letter, to tell pages apart; `None` where it has none or an empty one. What is no text has a
/// character for each byte: what differs stays different.
pub fn text_of(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let origin = headers.get(ORIGIN).filter(|origin| !origin.is_empty())?;
    Some(match origin.to_str() {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(origin.as_bytes().iter().copied().map(char::from).collect()),
    })
}

/// The origins an operator allows, which may change at any time.
pub struct OriginPolicy(ArcSwap<Rules>);

struct Rules {
    allowed: Vec<OriginPattern>,
    everybody: bool,
    allow_missing: bool,
}

/// What a dialect does with a request that names no origin, as command-line tools send it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missing {
    /// Allowed.
    Welcome,
    /// Refused when a list is set, unless the operator allows it.
    Suspect,
}

impl OriginPolicy {
    /// An empty list allows everybody while developing, else no page.
    pub fn new(origins: &Origins) -> Self {
        Self(ArcSwap::from_pointee(Rules::new(origins)))
    }

    /// From now on these are allowed.
    pub fn set(&self, origins: &Origins) {
        self.0.store(Arc::new(Rules::new(origins)));
    }

    /// Whether any page may.
    pub fn is_open(&self) -> bool {
        self.0.load().everybody
    }

    /// Decides by the values of all `Origin` headers of one request.
    pub fn allows<'a>(&self, origins: impl IntoIterator<Item = &'a [u8]>, missing: Missing) -> bool {
        let mut origins = origins.into_iter();
        let rules = self.0.load();
        match (origins.next(), origins.next()) {
            (None, _) => {
                rules.everybody || rules.allowed.is_empty() || rules.allow_missing || missing == Missing::Welcome
            }
            (Some(origin), None) => rules.everybody || rules.lists(origin),
            // No browser sends two: somebody in between has added one.
            (Some(_), Some(_)) => false,
        }
    }

    /// The origin that an answer names as welcome (CORS): the page's own where it is, else the first that is listed in full, so that the browser
    /// keeps the answer from the page. The request itself is served in any case. `None` for a request without an Origin, and where nobody is welcome.
    pub fn answered(&self, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
        let origin = origin?;
        let rules = self.0.load();
        if rules.everybody || rules.lists(origin.as_bytes()) {
            return Some(origin.clone());
        }
        let listed = rules.allowed.iter().find_map(OriginPattern::as_origin)?;
        HeaderValue::from_str(listed).ok()
    }
}

impl Rules {
    fn new(origins: &Origins) -> Self {
        let allowed = origins.allowed.clone();
        let everybody = allowed.iter().any(OriginPattern::is_any) || (allowed.is_empty() && origins.dev);
        Self { allowed, everybody, allow_missing: origins.allow_missing }
    }

    fn lists(&self, origin: &[u8]) -> bool {
        std::str::from_utf8(origin).is_ok_and(|origin| self.allowed.iter().any(|pattern| pattern.matches(origin)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &[u8] = b"https://a.example";
    const OTHER: &[u8] = b"https://b.example";

    fn policy(list: &[&str], dev: bool, allow_missing: bool) -> OriginPolicy {
        let allowed = list.iter().map(|entry| OriginPattern::parse(entry).expect("a pattern")).collect();
        OriginPolicy::new(&Origins { allowed, allow_missing, dev })
    }

    #[test]
    fn a_list_allows_what_it_lists() {
        let policy = policy(&["https://a.example", "c.example"], true, false);
        assert!(policy.allows([PAGE], Missing::Suspect) && !policy.allows([OTHER], Missing::Welcome));
        assert!(!policy.allows([b"\xff".as_slice()], Missing::Welcome));
    }

    #[test]
    fn an_empty_list_means_all_while_developing_and_no_page_otherwise() {
        for open in [policy(&[], true, false), policy(&["*"], false, false), policy(&["*", "c.example"], true, false)] {
            assert!(open.allows([PAGE], Missing::Suspect) && open.allows([b"null".as_slice()], Missing::Suspect));
            assert!(open.allows([], Missing::Suspect));
        }
        let closed = policy(&[], false, false);
        assert!(!closed.allows([PAGE], Missing::Welcome) && closed.allows([], Missing::Suspect));
    }

    #[test]
    fn a_missing_origin_is_suspect_only_where_a_list_is_set() {
        let listed = policy(&["https://a.example"], true, false);
        assert!(!listed.allows([], Missing::Suspect) && listed.allows([], Missing::Welcome));
        assert!(policy(&["https://a.example"], true, true).allows([], Missing::Suspect));
    }

    #[test]
    fn a_repeated_header_is_refused() {
        assert!(!policy(&["*"], true, false).allows([PAGE, PAGE], Missing::Welcome));
    }
}
