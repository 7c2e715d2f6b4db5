//! Which sessions a request means: those of its page's Origin.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::{HeaderMap, request::Parts};

use crate::{core::book::Text, guard::origin};

/// The realm of requests without an Origin. A request may name it, too.
const NOWHERE: &str = "unknown";

/// The realm of whoever asks for it, from any page.
const EVERYWHERE: &str = "https://ronde.vu";
const ASKS_FOR_EVERYWHERE: &str = "x-rondevu-global";

/// The name of a request's realm, letter for letter as its Origin: neither case nor port nor a slash is forgiven.
pub(in crate::dialects::rondevu) struct Realm(pub Text);

impl Realm {
    pub(in crate::dialects::rondevu) fn of(headers: &HeaderMap) -> Self {
        if headers.get(ASKS_FOR_EVERYWHERE).is_some_and(|value| value == "true") {
            return Self(EVERYWHERE.into());
        }
        Self(origin::text_of(headers).as_deref().unwrap_or(NOWHERE).into())
    }
}

impl<S: Sync> FromRequestParts<S> for Realm {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn realm(headers: &[(&'static str, &[u8])]) -> String {
        let value = |bytes: &[u8]| HeaderValue::from_bytes(bytes).expect("a header's value");
        Realm::of(&headers.iter().map(|(name, bytes)| (http::HeaderName::from_static(name), value(bytes))).collect())
            .0
            .to_string()
    }

    #[test]
    fn a_realm_is_the_origin_as_it_was_sent() {
        for origin in ["https://a.example", "https://A.example", "https://a.example:443", "https://a.example/", "null"]
        {
            assert_eq!(realm(&[("origin", origin.as_bytes())]), origin);
        }
    }

    #[test]
    fn without_an_origin_it_is_unknown() {
        assert_eq!(realm(&[]), "unknown");
        assert_eq!(realm(&[("origin", b"")]), "unknown");
        assert_eq!(realm(&[("origin", b"unknown")]), "unknown");
    }

    #[test]
    fn whoever_asks_is_everywhere_and_nobody_else() {
        let page: (_, &[u8]) = ("origin", b"https://a.example");
        assert_eq!(realm(&[page, ("x-rondevu-global", b"true")]), "https://ronde.vu");
        for other in ["TRUE", "1", "", "true,true", "\"true\""] {
            assert_eq!(realm(&[page, ("x-rondevu-global", other.as_bytes())]), "https://a.example", "{other}");
        }
    }

    #[test]
    fn origins_that_are_no_text_stay_apart() {
        let realms = [realm(&[("origin", b"\xff")]), realm(&[("origin", b"\xfe")]), realm(&[("origin", b"\xc3\xbf")])];
        assert!(realms[0] != realms[1] && realms[0] != realms[2] && realms[1] != realms[2], "{realms:?}");
    }
}
