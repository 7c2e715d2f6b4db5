//! The name of a room.

use std::fmt;

use uuid::{Builder, Uuid};

/// Names one room, whichever way its UUID is written. Whoever knows it may take a side.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AppId(Uuid);

impl AppId {
    /// The spellings that the original accepts: 36 characters with dashes, the same in braces or behind `urn:uuid:`, and
    /// 32 hexadecimal digits; all in either case, every version, the nil UUID too.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self)
    }

    /// A version 4 UUID made of `chance`, 16 random bytes.
    pub fn from_random(chance: [u8; 16]) -> Self {
        Self(Builder::from_random_bytes(chance).into_uuid())
    }

    /// What [`Self::bytes`] gave.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// As a storage keeps it.
    pub const fn bytes(self) -> [u8; 16] {
        self.0.into_bytes()
    }
}

/// 36 lower-case characters with dashes.
impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl fmt::Debug for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nil_and_every_version_are_rooms() {
        for text in [
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "c232ab00-9414-11ec-b3c8-9f6bdeced846",
            "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        ] {
            assert_eq!(AppId::parse(text).expect(text).to_string(), text);
        }
    }

    #[test]
    fn nothing_else_is_a_room() {
        for text in [
            "",
            "nope",
            "aaaaaaaa-0000-4000-8000-00000000000",
            "aaaaaaaa-0000-4000-8000-00000000000aa",
            "aaaaaaaa-0000-4000-8000-00000000000g",
            "aaaaaaaa+0000-4000-8000-00000000000a",
            "aaaaaaaa0-000-4000-8000-00000000000a",
            " aaaaaaaa-0000-4000-8000-00000000000a",
            "aaaaaaaa-0000-4000-8000-00000000000a\n",
            "aaaaaaaa00004000800000000000000",
            "{aaaaaaaa00004000800000000000000a}",
            "{aaaaaaaa-0000-4000-8000-00000000000a",
            "(aaaaaaaa-0000-4000-8000-00000000000a)",
            "urn:uuid:aaaaaaaa00004000800000000000000a",
            "urn:guid:aaaaaaaa-0000-4000-8000-00000000000a",
            "urn:uuid:{aaaaaaaa-0000-4000-8000-00000000000a}",
            "ääääääää-0000-4000",
        ] {
            assert_eq!(AppId::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_new_one_is_random_by_its_version() {
        assert_eq!(AppId::from_random([0xff; 16]).to_string(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    proptest! {
        #[test]
        fn every_spelling_names_the_same_room(bytes: [u8; 16], urn in "[uU][rR][nN]:[uU]{2}[iI][dD]:") {
            let id = AppId::from_bytes(bytes);
            let text = id.to_string();
            let bare = text.replace('-', "");
            prop_assert_eq!(id.bytes(), bytes);
            for spelling in [text.clone(), bare.clone(), format!("{{{text}}}"), format!("urn:uuid:{text}")] {
                prop_assert_eq!(AppId::parse(&spelling), Some(id), "{}", spelling);
                let upper = spelling.to_ascii_uppercase();
                prop_assert_eq!(AppId::parse(&upper), Some(id), "{}", upper);
            }
            prop_assert_eq!(AppId::parse(&format!("{urn}{text}")), Some(id));
        }

        #[test]
        fn no_text_makes_parse_panic(text in ".{0,48}") {
            let _ = AppId::parse(&text);
        }
    }
}
