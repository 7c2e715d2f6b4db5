//! Texts with a limit: topics, and the references by which a client knows an answer.

use std::borrow::Cow;

use crate::Json;

/// What a room is found by: any text of 1 to [`Topic::MAX_UNITS`] UTF-16 units.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Topic<'a>(Cow<'a, str>);

impl<'a> Topic<'a> {
    /// UTF-16 units.
    pub const MAX_UNITS: usize = 256;

    /// `None` for what is no string, has no unit, too many, or half a surrogate pair.
    pub(super) fn read(raw: Json<'a>) -> Option<Self> {
        if !fits(raw, Self::MAX_UNITS) {
            return None;
        }
        raw.text().filter(|text| !text.is_empty()).map(Self)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As it stands on the wire: a JSON string with its quotes.
    pub fn to_json(&self) -> Box<str> {
        let mut json = Vec::with_capacity(self.0.len() + 2);
        put_json(&mut json, &self.0);
        String::from_utf8(json).expect("JSON is UTF-8").into_boxed_str()
    }
}

/// A mark of the client's own that an answer repeats: a string of at most [`Reference::MAX_UNITS`] UTF-16 units, kept
/// as JSON in the client's spelling.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'a>(Json<'a>);

impl<'a> Reference<'a> {
    /// UTF-16 units.
    pub const MAX_UNITS: usize = 64;

    /// `None` for what is no string or too long.
    pub(super) fn read(raw: Json<'a>) -> Option<Self> {
        fits(raw, Self::MAX_UNITS).then_some(Self(raw))
    }

    /// JSON, as the client wrote it.
    pub fn as_json(self) -> &'a str {
        self.0.get()
    }
}

/// Whether it is a string of at most `limit` UTF-16 units.
fn fits(raw: Json<'_>, limit: usize) -> bool {
    inside(raw.get()).is_some_and(|escaped| escaped.len() <= limit * ESCAPED_UNIT && units(escaped) <= limit)
}

/// Bytes of the longest spelling of one unit: `\u0000`.
const ESCAPED_UNIT: usize = 6;

fn inside(written: &str) -> Option<&str> {
    written.strip_prefix('"')?.strip_suffix('"')
}

/// UTF-16 units of a valid JSON string without its quotes: an escape is one unit, also half a surrogate pair.
fn units(escaped: &str) -> usize {
    let mut units = 0;
    let mut characters = escaped.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            units += character.len_utf16();
            continue;
        }
        units += 1;
        if characters.next() == Some('u') {
            characters.nth(3);
        }
    }
    units
}

/// Appends `text` as a JSON string.
pub(super) fn put_json(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a Vec takes every text");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn raw(json: &str) -> Json<'_> {
        Json::read(json).expect("JSON")
    }

    fn is_topic(json: &str) -> bool {
        Topic::read(raw(json)).is_some()
    }

    fn is_reference(json: &str) -> bool {
        Reference::read(raw(json)).is_some()
    }

    #[test]
    fn a_topic_has_1_to_256_units_however_it_is_spelt() {
        for unit in ["a", "ä", "€", r"\n", r"\u0041", r"\\", r#"\""#] {
            assert!(is_topic(&format!("\"{}\"", unit.repeat(256))), "{unit}");
            assert!(!is_topic(&format!("\"{}\"", unit.repeat(257))), "{unit}");
        }
        assert!(!is_topic("\"\""));
    }

    #[test]
    fn a_character_beyond_the_basic_plane_is_two_units() {
        for pair in ["🎥", r"\ud83c\udfa5"] {
            assert!(is_topic(&format!("\"{}\"", pair.repeat(128))));
            assert!(!is_topic(&format!("\"{}a\"", pair.repeat(128))));
        }
    }

    #[test]
    fn half_a_surrogate_pair_is_in_no_topic() {
        for json in [r#""\ud800""#, r#""a\udfa5""#, r#""\ud83c\ud83c""#] {
            assert!(!is_topic(json), "{json}");
        }
    }

    #[test]
    fn what_is_no_string_is_no_topic_and_no_reference() {
        for json in ["1", "true", "[\"a\"]", "{\"a\":\"b\"}"] {
            assert!(!is_topic(json) && !is_reference(json), "{json}");
        }
    }

    #[test]
    fn a_reference_of_64_units_is_kept_as_it_was_written() {
        for unit in ["r", "ä", r"\u0072", r"\ud800", r"\/"] {
            let json = format!("\"{}\"", unit.repeat(64));
            assert_eq!(Reference::read(raw(&json)).map(Reference::as_json), Some(json.as_str()));
            assert!(!is_reference(&format!("\"{}\"", unit.repeat(65))), "{unit}");
        }
        assert!(is_reference("\"\""));
    }

    proptest! {
        #[test]
        fn a_topic_survives_the_wire(text in "\\PC{1,128}|[\\x00-\\x1f\"\\\\/🎥a]{1,128}") {
            let json = serde_json::to_string(&text).expect("JSON");
            let topic = Topic::read(raw(&json)).expect("a topic");
            prop_assert_eq!(topic.as_str(), text.as_str());
            prop_assert_eq!(serde_json::from_str::<String>(&topic.to_json()).expect("JSON"), text);
        }

        #[test]
        fn units_are_those_of_javascript(text in "[\\x00-\\x7f€🎥]{0,80}") {
            let json = serde_json::to_string(&text).expect("JSON");
            prop_assert_eq!(units(inside(&json).expect("a string")), text.encode_utf16().count());
        }
    }
}
