//! What a client says, parsed without copying a payload.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{FrameType, UserId};

/// A frame of a client's.
#[derive(Debug)]
pub enum Request<'a> {
    /// Names the user behind the connection; `None` withdraws the name.
    Auth(Option<UserId>),
    Available,
    /// For the partner; the payload is absent where the client gave none.
    Relay(Relay, Option<&'a RawValue>),
    Next,
    Leave,
    Ping,
}

impl Request<'_> {
    pub fn frame_type(&self) -> FrameType {
        match self {
            Request::Auth(_) => FrameType::Auth,
            Request::Available => FrameType::Available,
            Request::Relay(relay, _) => relay.frame_type(),
            Request::Next => FrameType::Next,
            Request::Leave => FrameType::Leave,
            Request::Ping => FrameType::Ping,
        }
    }
}

/// What is passed on to the partner.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relay {
    Offer,
    Answer,
    Ice,
}

impl Relay {
    pub const fn frame_type(self) -> FrameType {
        match self {
            Relay::Offer => FrameType::Offer,
            Relay::Answer => FrameType::Answer,
            Relay::Ice => FrameType::Ice,
        }
    }
}

/// Why a frame is not a [`Request`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Not JSON, `null`, or a known type with a field over its limit.
    InvalidFormat,
    /// JSON, but no type of this wire: also every array and scalar but `null`.
    UnknownType,
}

/// Reads one frame.
pub fn parse(text: &str) -> Result<Request<'_>, Fault> {
    // A derived or mapped struct would also accept a JSON array, so the first character decides.
    if !text.trim_ascii_start().starts_with('{') {
        return Err(match serde_json::from_str::<Option<IgnoredAny>>(text) {
            Ok(Some(_)) => Fault::UnknownType,
            Ok(None) | Err(_) => Fault::InvalidFormat,
        });
    }
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|_| Fault::InvalidFormat)?;
    match envelope.kind()?.as_ref() {
        "offer" => Ok(Request::Relay(Relay::Offer, envelope.sdp)),
        "answer" => Ok(Request::Relay(Relay::Answer, envelope.sdp)),
        "ice" => Ok(Request::Relay(Relay::Ice, envelope.candidate)),
        "available" => Ok(Request::Available),
        "next" => Ok(Request::Next),
        "leave" => Ok(Request::Leave),
        "ping" => Ok(Request::Ping),
        "auth" => envelope.user_id.map_or(Ok(None), user_id).map(Request::Auth),
        _ => Err(Fault::UnknownType),
    }
}

/// Any JSON value but `null` names a user. Compact, with sorted keys, so that the same value written differently is the
/// same user; what is JSON but no value here (a lone surrogate, 1e400) stays as it was written.
fn user_id(raw: &RawValue) -> Result<Option<UserId>, Fault> {
    let user = match serde_json::from_str(raw.get()) {
        Ok(serde_json::Value::Null) => return Ok(None),
        Ok(mut value) => {
            // The order of members says nothing.
            value.sort_all_objects();
            UserId::new(&value.to_string())
        }
        Err(_) => UserId::new(raw.get()),
    };
    user.map(Some).ok_or(Fault::InvalidFormat)
}

/// The known fields of a frame, flat and borrowed. Of a repeated field the last counts, as in JavaScript.
#[derive(Default)]
struct Envelope<'a> {
    kind: Option<&'a RawValue>,
    sdp: Option<&'a RawValue>,
    candidate: Option<&'a RawValue>,
    user_id: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    fn kind(&self) -> Result<Cow<'a, str>, Fault> {
        let raw = self.kind.ok_or(Fault::UnknownType)?.get();
        match raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(plain) if !plain.contains('\\') => Ok(Cow::Borrowed(plain)),
            Some(_) => serde_json::from_str(raw).map(Cow::Owned).map_err(|_| Fault::UnknownType),
            None => Err(Fault::UnknownType),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Envelope<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut envelope = Envelope::default();
                while let Some(key) = map.next_key()? {
                    match key {
                        Key::Type => envelope.kind = Some(map.next_value()?),
                        Key::Sdp => envelope.sdp = Some(map.next_value()?),
                        Key::Candidate => envelope.candidate = Some(map.next_value()?),
                        Key::UserId => envelope.user_id = Some(map.next_value()?),
                        Key::Unknown => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(envelope)
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

#[derive(Deserialize)]
enum Key {
    #[serde(rename = "type")]
    Type,
    #[serde(rename = "sdp")]
    Sdp,
    #[serde(rename = "candidate")]
    Candidate,
    #[serde(rename = "userId")]
    UserId,
    #[serde(other)]
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn relayed(text: &str) -> (Relay, Option<&str>) {
        match parse(text) {
            Ok(Request::Relay(relay, payload)) => (relay, payload.map(RawValue::get)),
            other => panic!("{text}: {other:?}"),
        }
    }

    fn user(text: &str) -> Option<UserId> {
        match parse(text) {
            Ok(Request::Auth(user)) => user,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_payload_is_passed_on_byte_for_byte() {
        assert_eq!(relayed(r#"{"type":"offer","sdp": {"a" : 1e400} }"#), (Relay::Offer, Some(r#"{"a" : 1e400}"#)));
        assert_eq!(relayed(r#"{"sdp":"\ud800","type":"answer"}"#), (Relay::Answer, Some(r#""\ud800""#)));
        assert_eq!(relayed(r#"{"type":"ice","candidate":null}"#), (Relay::Ice, Some("null")));
        assert_eq!(relayed(r#"{"type":"ice","sdp":1}"#), (Relay::Ice, None));
    }

    #[test]
    fn of_a_repeated_field_the_last_counts() {
        assert_eq!(relayed(r#"{"type":"offer","sdp":1,"type":"answer","sdp":2}"#), (Relay::Answer, Some("2")));
    }

    #[test]
    fn names_may_be_written_with_escapes() {
        assert_eq!(relayed(r#"{"\u0074ype":"\u006fffer","sdp":3}"#), (Relay::Offer, Some("3")));
    }

    #[test]
    fn faults_keep_the_originals_distinction() {
        for text in ["", " ", "null", " null ", "not json", "[", "{", "{}{}", "\u{feff}{}", r#"{"type":"ping",}"#] {
            assert_eq!(parse(text).err(), Some(Fault::InvalidFormat), "{text:?}");
        }
        for text in ["5", "[]", "\"ping\"", "{}", r#"{"type":null}"#, r#"{"type":"PING"}"#, r#"{"type":["ping"]}"#] {
            assert_eq!(parse(text).err(), Some(Fault::UnknownType), "{text:?}");
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!(r#"{{"type":"offer","sdp":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(relayed(&deep).1.map(str::len), Some(200_000));
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(parse(&deep).err(), Some(Fault::UnknownType));
        let deep = format!(r#"{{"type":"auth","userId":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(parse(&deep).err(), Some(Fault::InvalidFormat));
    }

    #[test]
    fn the_same_user_written_differently_is_the_same_user() {
        let one = user(r#"{"type":"auth","userId":{"a":1,"b":"x"}}"#);
        assert_eq!(one, user(r#"{"type":"auth","userId": { "b" : "\u0078", "a":1 }}"#));
        assert!(one.is_some());
        assert!(
            user(r#"{"type":"auth","userId":"\ud800"}"#).is_some()
                && user(r#"{"type":"auth","userId":1e400}"#).is_some()
        );
        assert_eq!(user(r#"{"type":"auth"}"#), None);
        assert_eq!(user(r#"{"type":"auth","userId":null}"#), None);
    }

    #[test]
    fn a_user_id_over_its_limit_is_refused() {
        let auth = |len: usize| format!(r#"{{"type":"auth","userId":"{}"}}"#, "u".repeat(len));
        assert!(user(&auth(UserId::MAX_LEN - 2)).is_some());
        assert_eq!(parse(&auth(UserId::MAX_LEN - 1)).err(), Some(Fault::InvalidFormat));
    }

    proptest! {
        #[test]
        fn no_text_makes_parse_panic(text in ".{0,200}") {
            let _ = parse(&text);
        }

        #[test]
        fn no_near_frame_makes_parse_panic(text in r#"\{("(type|sdp|userId)":("(offer|auth)"|[0-9\[\]{}]{0,6}|null),?){0,4}\}?"#) {
            let _ = parse(&text);
        }
    }
}
