//! The known fields of a frame, found in one pass; no value is looked into before its frame is known.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// Flat and borrowed. Of a repeated field the last counts, as in JavaScript.
#[derive(Default)]
pub(super) struct Envelope<'a> {
    pub kind: Option<&'a RawValue>,
    pub sdp: Option<&'a RawValue>,
    pub candidate: Option<&'a RawValue>,
    pub user_id: Option<&'a RawValue>,
    pub to: Option<&'a RawValue>,
    pub topic: Option<&'a RawValue>,
    pub data: Option<&'a RawValue>,
    pub reference: Option<&'a RawValue>,
    pub info: Option<&'a RawValue>,
    pub prefix: Option<&'a RawValue>,
    pub limit: Option<&'a RawValue>,
    pub after: Option<&'a RawValue>,
    pub resume: Option<&'a RawValue>,
    pub token: Option<&'a RawValue>,
    pub received: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    /// Takes the fields of a JSON object ([`is_object`]); `false` where the text is no JSON. In place, because the envelope
    /// is too large to be handed through the layers of the parser.
    #[must_use]
    pub fn fill(&mut self, text: &'a str) -> bool {
        let mut json = serde_json::Deserializer::from_str(text);
        Fields(self).deserialize(&mut json).and_then(|()| json.end()).is_ok()
    }
}

/// Whether a JSON text is an object. A derived or mapped struct would also accept an array, so the first character decides.
pub(super) fn is_object(text: &str) -> bool {
    text.trim_ascii_start().starts_with('{')
}

/// `null` says as much as nothing.
pub(super) fn present(field: Option<&RawValue>) -> Option<&RawValue> {
    field.filter(|raw| raw.get() != "null")
}

/// A whole number below 2^64, also one written as `2.0` or `2e0`; `None` for any other value.
pub(super) fn whole(raw: &RawValue) -> Option<u64> {
    const LIMIT: f64 = 18_446_744_073_709_551_616.0;
    let written = raw.get();
    written.parse().ok().or_else(|| {
        let number: f64 = serde_json::from_str(written).ok()?;
        ((0.0..LIMIT).contains(&number) && number.fract() == 0.0).then_some(number as u64)
    })
}

struct Fields<'e, 'a>(&'e mut Envelope<'a>);

impl<'de> DeserializeSeed<'de> for Fields<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(envelope) = self;
        while let Some(key) = map.next_key()? {
            let field = match key {
                Key::Type => &mut envelope.kind,
                Key::Sdp => &mut envelope.sdp,
                Key::Candidate => &mut envelope.candidate,
                Key::UserId => &mut envelope.user_id,
                Key::To => &mut envelope.to,
                Key::Topic => &mut envelope.topic,
                Key::Data => &mut envelope.data,
                Key::Ref => &mut envelope.reference,
                Key::Info => &mut envelope.info,
                Key::Prefix => &mut envelope.prefix,
                Key::Limit => &mut envelope.limit,
                Key::After => &mut envelope.after,
                Key::Resume => &mut envelope.resume,
                Key::Token => &mut envelope.token,
                Key::Received => &mut envelope.received,
                Key::Unknown => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            *field = Some(map.next_value()?);
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Key {
    Type,
    Sdp,
    Candidate,
    UserId,
    To,
    Topic,
    Data,
    Ref,
    Info,
    Prefix,
    Limit,
    After,
    Resume,
    Token,
    Received,
    #[serde(other)]
    Unknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(json: &str) -> Option<u64> {
        whole(&RawValue::from_string(json.to_owned()).expect("JSON"))
    }

    #[test]
    fn a_whole_number_may_be_written_in_every_way_that_means_it() {
        let same = [("0", 0), ("-0", 0), ("7", 7), ("7.0", 7), ("7e0", 7), ("70e-1", 7), ("1e2", 100)];
        for (json, meant) in same.into_iter().chain([("18446744073709551615", u64::MAX), ("1e19", 10_u64.pow(19))]) {
            assert_eq!(number(json), Some(meant), "{json}");
        }
    }

    #[test]
    fn anything_else_is_no_whole_number() {
        for json in ["-1", "0.5", "1e400", "1e20", "18446744073709551616", "\"1\"", "null", "true", "[1]", "{}"] {
            assert_eq!(number(json), None, "{json}");
        }
    }
}
