//! What a client tells of its connection to the other side. Fixed lists: a client can never make a new time series.

/// What became of the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    IceConnected,
    IceFailed,
    /// Anything else, or nothing.
    Unknown,
}

impl Event {
    /// In any case, white space around it ignored.
    pub(super) fn parse(text: &str) -> Self {
        let text = text.trim();
        [("ice-connected", Self::IceConnected), ("ice-failed", Self::IceFailed)]
            .into_iter()
            .find(|(name, _)| text.eq_ignore_ascii_case(name))
            .map_or(Self::Unknown, |(_, event)| event)
    }
}

macro_rules! modes {
    ($($name:ident = $label:literal,)*) => {
        /// Over which way the sides are connected, as the client calls it.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Mode {
            $($name,)*
        }

        impl Mode {
            /// Every mode, in the order of their indices.
            pub const ALL: &'static [Mode] = &[$(Mode::$name),*];

            /// The value of the metric label `mode`.
            pub const fn label(self) -> &'static str {
                match self { $(Mode::$name => $label,)* }
            }
        }
    };
}

modes! {
    // The client names none.
    Unspecified = "unspecified",
    P2p = "p2p",
    Direct = "direct",
    Relay = "relay",
    Turn = "turn",
    Stun = "stun",
    Host = "host",
    Srflx = "srflx",
    Prflx = "prflx",
    // Whatever else a client calls it.
    Other = "other",
}

impl Mode {
    /// In any case, white space around it ignored.
    pub(super) fn parse(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() {
            return Self::Unspecified;
        }
        Self::ALL.iter().copied().find(|mode| text.eq_ignore_ascii_case(mode.label())).unwrap_or(Self::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_known_in_any_case() {
        for (text, event) in [
            ("ice-connected", Event::IceConnected),
            (" ICE-Connected\n", Event::IceConnected),
            ("ICE-FAILED", Event::IceFailed),
            ("other", Event::Unknown),
            ("ice connected", Event::Unknown),
            ("", Event::Unknown),
        ] {
            assert_eq!(Event::parse(text), event, "{text:?}");
        }
    }

    #[test]
    fn every_mode_is_known_by_its_label_in_any_case() {
        for (index, mode) in Mode::ALL.iter().enumerate() {
            assert_eq!(*mode as usize, index);
            for text in [mode.label().to_owned(), format!(" {}\t", mode.label().to_uppercase())] {
                assert_eq!(Mode::parse(&text), *mode, "{text:?}");
            }
        }
    }

    #[test]
    fn what_is_not_on_the_list_is_other() {
        assert_eq!([Mode::parse(""), Mode::parse(" \u{a0}")], [Mode::Unspecified; 2]);
        assert_eq!([Mode::parse("relay/udp"), Mode::parse("x")], [Mode::Other; 2]);
    }
}
