//! What a caller signs: generation D a text of its own making, HEAD the request itself.

use serde_json::Value;
use uuid::{Uuid, Variant, Version, fmt::Hyphenated};

use super::{canonical, text::leading_integer};

/// The text that a client of generation D signs: `action:username[:…]:timestamp`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SignedMessage<'a> {
    /// The first part, which may be all there is.
    pub action: &'a str,
    /// The second part; `None` where it is missing or empty.
    pub username: Option<&'a str>,
    /// The last part, which may be the first.
    pub last: &'a str,
    /// How many parts there are, at least 1.
    pub parts: usize,
}

impl<'a> SignedMessage<'a> {
    /// Splits at every colon. Every text has parts: what they must be is the method's to say.
    pub fn parse(text: &'a str) -> Self {
        let mut parts = text.split(':');
        let action = parts.next().unwrap_or_default();
        let username = parts.next();
        Self {
            action,
            username: username.filter(|name| !name.is_empty()),
            last: parts.next_back().or(username).unwrap_or(action),
            parts: 1 + text.bytes().filter(|byte| *byte == b':').count(),
        }
    }

    /// The last part in milliseconds since 1970; what follows its digits is ignored. `None` where it begins with none.
    pub fn timestamp(&self) -> Option<i64> {
        leading_integer(self.last)
    }
}

/// The text that a client of HEAD signs. `params` that are missing, `null`, `false`, 0 or empty text count as `{}`.
pub fn to_sign(timestamp: f64, nonce: &str, method: &str, params: Option<&Value>) -> String {
    let params = params.filter(|params| is_truthy(params)).map_or_else(|| "{}".to_owned(), canonical::canonical);
    format!("{}:{nonce}:{method}:{params}", canonical::number(timestamp))
}

fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// Whether a text is a nonce of HEAD: a version 4 UUID (RFC 9562) with its dashes, in either case.
pub fn is_nonce(text: &str) -> bool {
    text.len() == Hyphenated::LENGTH
        && Uuid::try_parse(text)
            .is_ok_and(|id| id.get_version() == Some(Version::Random) && id.get_variant() == Variant::RFC4122)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_message_has_an_action_a_user_and_a_time() {
        let poll = SignedMessage::parse("poll:alice:1733404800000");
        assert_eq!(poll, SignedMessage { action: "poll", username: Some("alice"), last: "1733404800000", parts: 3 });
        assert_eq!(poll.timestamp(), Some(1_733_404_800_000));
    }

    #[test]
    fn what_stands_between_is_only_counted() {
        let publish = SignedMessage::parse("publishService:alice:chat:1.0.0@alice:1733404800000ms");
        assert_eq!((publish.username, publish.parts), (Some("alice"), 5));
        assert_eq!(publish.timestamp(), Some(1_733_404_800_000));
    }

    #[test]
    fn parts_may_be_missing() {
        for (text, action, username, last, parts) in [
            ("", "", None, "", 1),
            ("poll", "poll", None, "poll", 1),
            ("poll:", "poll", None, "", 2),
            ("poll:alice", "poll", Some("alice"), "alice", 2),
            ("poll::5", "poll", None, "5", 3),
            (":alice:", "", Some("alice"), "", 3),
        ] {
            assert_eq!(SignedMessage::parse(text), SignedMessage { action, username, last, parts }, "{text:?}");
        }
        assert_eq!(SignedMessage::parse("poll:alice:soon").timestamp(), None);
    }

    #[test]
    fn a_request_is_signed_with_its_canonical_params() {
        let params = json!({"since": 5, "a": {"c": 1, "b": 2}});
        assert_eq!(
            to_sign(1.5e12, "n", "poll", Some(&params)),
            r#"1500000000000:n:poll:{"a":{"b":2,"c":1},"since":5}"#
        );
    }

    #[test]
    fn no_params_are_empty_params() {
        for params in [None, Some(json!(null)), Some(json!(false)), Some(json!(0)), Some(json!("")), Some(json!({}))] {
            assert_eq!(to_sign(1.0, "n", "m", params.as_ref()), "1:n:m:{}", "{params:?}");
        }
        assert_eq!(to_sign(1.0, "n", "m", Some(&json!([]))), "1:n:m:[]");
    }

    #[test]
    fn a_nonce_is_a_version_4_uuid() {
        for nonce in ["11111111-1111-4111-8111-111111111111", "ABCDEF01-2345-4789-bbcd-ef0123456789"] {
            assert!(is_nonce(nonce), "{nonce}");
        }
        for other in [
            "",
            "abc",
            "11111111-1111-1111-8111-111111111111",
            "11111111-1111-4111-7111-111111111111",
            "11111111-1111-4111-c111-111111111111",
            "11111111111141118111111111111111",
            "{11111111-1111-4111-8111-111111111111}",
            "1111111-11111-4111-8111-111111111111",
            "1111111g-1111-4111-8111-111111111111",
        ] {
            assert!(!is_nonce(other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn parts_are_those_of_a_split(text in "[a:é1]{0,12}") {
            let parts: Vec<_> = text.split(':').collect();
            let message = SignedMessage::parse(&text);
            prop_assert_eq!(message.parts, parts.len());
            prop_assert_eq!(message.action, parts[0]);
            prop_assert_eq!(message.username, parts.get(1).copied().filter(|name| !name.is_empty()));
            prop_assert_eq!(Some(&message.last), parts.last());
        }
    }
}
