//! The two places in a room.

/// A place in a room, and the reader of the mailbox of that name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Side {
    A,
    B,
}

impl Side {
    /// Both, in the order of their indices.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

    /// As a socket takes its place: exactly `A` or `B`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "A" => Some(Self::A),
            "B" => Some(Self::B),
            _ => None,
        }
    }

    /// As a `send` is addressed: `A` or `B` in either case.
    pub fn addressed(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|side| text.eq_ignore_ascii_case(side.name()))
    }

    /// The side across.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Side::A => Side::B,
            Side::B => Side::A,
        }
    }

    /// As it stands on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Side::A => "A",
            Side::B => "B",
        }
    }

    /// 0 or 1: the place in a table of two.
    pub const fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_taken_by_its_exact_name_and_addressed_in_any_case() {
        for (text, parsed, addressed) in [
            ("A", Some(Side::A), Some(Side::A)),
            ("B", Some(Side::B), Some(Side::B)),
            ("a", None, Some(Side::A)),
            ("b", None, Some(Side::B)),
            ("", None, None),
            ("C", None, None),
            (" A", None, None),
            ("AB", None, None),
            ("Ａ", None, None),
        ] {
            assert_eq!((Side::parse(text), Side::addressed(text)), (parsed, addressed), "{text:?}");
        }
    }

    #[test]
    fn there_are_two_and_each_is_across_from_the_other() {
        for (index, side) in Side::ALL.into_iter().enumerate() {
            assert_eq!((side.index(), side.other().index()), (index, 1 - index));
            assert_eq!((side.other().other(), Side::parse(side.name())), (side, Some(side)));
        }
    }
}
