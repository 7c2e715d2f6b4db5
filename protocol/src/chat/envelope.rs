//! The known fields of a frame, found in one pass; no value is looked into before its frame is known.

use crate::json::{self, Json};

/// Flat and borrowed. Of a repeated field the last counts, as in JavaScript.
#[derive(Default)]
pub(super) struct Envelope<'a> {
    pub kind: Option<Json<'a>>,
    pub sdp: Option<Json<'a>>,
    pub candidate: Option<Json<'a>>,
    pub user_id: Option<Json<'a>>,
    pub to: Option<Json<'a>>,
    pub topic: Option<Json<'a>>,
    pub data: Option<Json<'a>>,
    pub reference: Option<Json<'a>>,
    pub info: Option<Json<'a>>,
    pub prefix: Option<Json<'a>>,
    pub limit: Option<Json<'a>>,
    pub after: Option<Json<'a>>,
    pub resume: Option<Json<'a>>,
    pub token: Option<Json<'a>>,
    pub received: Option<Json<'a>>,
}

impl<'a> Envelope<'a> {
    /// Takes the fields of a JSON object; `false` where the text is no such, and then some of them may have been taken.
    #[must_use]
    pub fn fill(&mut self, text: &'a str) -> bool {
        json::members(text, |name, value| {
            if let Some(field) = self.field(name) {
                *field = Some(value);
            }
        })
    }

    #[inline]
    fn field(&mut self, name: &str) -> Option<&mut Option<Json<'a>>> {
        Some(match name.as_bytes() {
            b"type" => &mut self.kind,
            b"sdp" => &mut self.sdp,
            b"candidate" => &mut self.candidate,
            b"userId" => &mut self.user_id,
            b"to" => &mut self.to,
            b"topic" => &mut self.topic,
            b"data" => &mut self.data,
            b"ref" => &mut self.reference,
            b"info" => &mut self.info,
            b"prefix" => &mut self.prefix,
            b"limit" => &mut self.limit,
            b"after" => &mut self.after,
            b"resume" => &mut self.resume,
            b"token" => &mut self.token,
            b"received" => &mut self.received,
            _ => return None,
        })
    }
}

/// Whether a JSON text is an object. A derived or mapped struct would also accept an array, so the first character decides.
pub(super) fn is_object(text: &str) -> bool {
    text.trim_ascii_start().starts_with('{')
}

/// `null` says as much as nothing.
pub(super) fn present(field: Option<Json<'_>>) -> Option<Json<'_>> {
    field.filter(|raw| raw.get() != "null")
}

/// A whole number below 2^64, also one written as `2.0` or `2e0`; `None` for any other value.
pub(super) fn whole(raw: Json<'_>) -> Option<u64> {
    const LIMIT: f64 = 18_446_744_073_709_551_616.0;
    let written = raw.get();
    written.parse().ok().or_else(|| {
        let number: f64 = serde_json::from_str(written).ok()?;
        ((0.0..LIMIT).contains(&number) && number.fract() == 0.0).then_some(number as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(json: &str) -> Option<u64> {
        whole(Json::read(json).expect("JSON"))
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
