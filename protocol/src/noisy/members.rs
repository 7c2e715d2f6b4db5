//! The members of an object as Go's `encoding/json` reads them into a struct, without copying a value.

use std::{borrow::Cow, fmt};

use serde::{
    Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::json;

/// The greatest number that JavaScript counts to without a gap, 2^53 - 1.
const MAX_COUNT: u64 = (1 << 53) - 1;

/// What the members of an object are read into.
pub(super) trait Members<'a> {
    /// Where the member called `name` goes; `None` where nobody asks for it. Go matches names ignoring case.
    fn field(&mut self, name: &str) -> Option<&mut Field<'a>>;
}

/// Reads a text that is one object, whose members go into `members`. `None` for anything else.
pub(super) fn read<'a, M: Members<'a>>(text: &'a str, mut members: M) -> Option<M> {
    json::members(text, |name, value| {
        if let Some(field) = members.field(name) {
            field.take(value.get());
        }
    })
    .then_some(members)
}

/// The same for the first of what may be many values. What stands behind the object is the caller's.
pub(super) fn read_first<'de, M: Members<'de>>(json: impl Deserializer<'de>, mut members: M) -> Option<M> {
    json.deserialize_map(Object(&mut members)).ok()?;
    Some(members)
}

struct Object<'m, M>(&'m mut M);

impl<'de, M: Members<'de>> Visitor<'de> for Object<'_, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        // Raw, because a name with half of a surrogate pair is JSON, but no text.
        while let Some(name) = map.next_key::<&RawValue>()? {
            match self.0.field(&unquote(name.get())) {
                Some(field) => field.take(map.next_value::<&RawValue>()?.get()),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// A member that is asked for: what is known of it when the object was read.
pub(super) struct Field<'a> {
    kind: Kind,
    found: Found<'a>,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Count,
    Raw,
}

/// In JSON's writing, without white space around it.
#[derive(Clone, Copy)]
enum Found<'a> {
    Nothing,
    Value(&'a str),
    /// Also when a later one fits: Go goes on reading and fails in the end.
    Unfit,
}

impl<'a> Field<'a> {
    /// A string; `null` changes nothing.
    pub const fn for_text() -> Self {
        Self { kind: Kind::Text, found: Found::Nothing }
    }

    /// A whole number from 0 to 2^53 - 1 in digits only; `null` changes nothing.
    pub const fn for_count() -> Self {
        Self { kind: Kind::Count, found: Found::Nothing }
    }

    /// Any value, also `null`.
    pub const fn for_raw() -> Self {
        Self { kind: Kind::Raw, found: Found::Nothing }
    }

    fn take(&mut self, json: &'a str) {
        let fits = match self.kind {
            Kind::Raw => true,
            _ if json == "null" => return,
            Kind::Text => json.starts_with('"'),
            Kind::Count => count(json).is_some(),
        };
        self.found = match self.found {
            Found::Nothing | Found::Value(_) if fits => Found::Value(json),
            _ => Found::Unfit,
        };
    }

    /// The value as it was written; `None` where there is none that fits.
    pub fn raw(&self) -> Option<&'a str> {
        match self.found {
            Found::Value(json) => Some(json),
            Found::Nothing | Found::Unfit => None,
        }
    }

    /// The text, empty where there is none; `None` where a value was no string.
    pub fn text(&self) -> Option<Cow<'a, str>> {
        match self.found {
            Found::Nothing => Some(Cow::Borrowed("")),
            Found::Value(json) => Some(unquote(json)),
            Found::Unfit => None,
        }
    }

    /// The number, 0 where there is none; `None` where a value was none.
    pub fn count(&self) -> Option<u64> {
        match self.found {
            Found::Nothing => Some(0),
            Found::Value(json) => count(json),
            Found::Unfit => None,
        }
    }
}

fn count(json: &str) -> Option<u64> {
    json.parse().ok().filter(|count| *count <= MAX_COUNT)
}

/// What a JSON string says. One with half of a surrogate pair says what nobody asks for, as in Go, which puts U+FFFD there.
fn unquote(json: &str) -> Cow<'_, str> {
    json::text_of(json).unwrap_or(Cow::Borrowed("\u{fffd}"))
}
