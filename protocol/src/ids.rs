//! Ids as types, so that a client's can never be taken for a room's.

use std::{fmt, sync::Arc};

use uuid::{Builder, Uuid};

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// A version 4 UUID made of `chance`, 16 random bytes.
            pub fn from_random(chance: [u8; 16]) -> Self {
                Self(Builder::from_random_bytes(chance).into_uuid())
            }

            /// Accepts the hyphenated form only, as it stands on the wire; `None` for anything else.
            pub fn parse(text: &str) -> Option<Self> {
                if text.len() == uuid::fmt::Hyphenated::LENGTH {
                    Uuid::try_parse(text).ok().map(Self)
                } else {
                    None
                }
            }

            /// The 36 lower-case characters that stand on the wire.
            pub fn to_text(self) -> IdText {
                let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
                self.0.as_hyphenated().encode_lower(&mut text);
                IdText(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

uuid_id!(
    /// A client as its partners know it. It may outlive a connection.
    ClientId
);
uuid_id!(
    /// A meeting of clients: a pair's call or a topic's room.
    RoomId
);

/// An id as it stands on the wire: 36 characters, no heap.
#[derive(Clone, Copy)]
pub struct IdText([u8; uuid::fmt::Hyphenated::LENGTH]);

impl IdText {
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The user whom a client says it is, in the spelling of its wire: equal text is the same user. Shared, because a client that waits keeps it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct UserId(Arc<str>);

impl UserId {
    /// Bytes. Every client may keep one, and every partner is told it.
    pub const MAX_LEN: usize = 1024;

    /// `None` where `text` is longer than [`Self::MAX_LEN`].
    pub fn new(text: &str) -> Option<Self> {
        (text.len() <= Self::MAX_LEN).then(|| Self(text.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One socket, unique in this process. Not the client's id: a stale connection must never be able to evict its successor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ConnId(pub u64);

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_id_survives_its_text(chance: [u8; 16]) {
            let id = ClientId::from_random(chance);
            let text = id.to_string();
            let wire = id.to_text();
            prop_assert_eq!(text.as_bytes(), wire.as_bytes());
            prop_assert_eq!(text.as_bytes()[14], b'4');
            prop_assert_eq!(ClientId::parse(&text), Some(id));
        }

        #[test]
        fn no_text_makes_parse_panic(text in ".{0,48}") {
            let _ = ClientId::parse(&text);
        }
    }
}
