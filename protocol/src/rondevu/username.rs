//! Under which name a user of generation D publishes.

use std::fmt;

use super::{label::is_label, shared_text::shared_text, text};

shared_text!(
    /// 3 to 32 of `[a-z0-9.-]`, with a letter or digit at both ends. Dots are allowed as from 0.5.2.
    Username
);

/// Why a text is no [`Username`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UsernameError {
    /// Where the name should be, there is no text. For callers that read JSON; [`Username::parse`] does not give it.
    NotText,
    TooShort,
    TooLong,
    Format,
}

impl fmt::Display for UsernameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotText => "Username must be a string",
            Self::TooShort => "Username must be at least 3 characters",
            Self::TooLong => "Username must be at most 32 characters",
            // The text was not changed when dots were allowed.
            Self::Format => {
                "Username must be lowercase alphanumeric with optional dashes, and start/end with alphanumeric"
            }
        })
    }
}

impl std::error::Error for UsernameError {}

impl Username {
    /// # Errors
    /// The first that is wrong: too short, too long, of other characters. Lengths are in UTF-16 units.
    pub fn parse(text: &str) -> Result<Self, UsernameError> {
        match text::units(text) {
            ..3 => Err(UsernameError::TooShort),
            3..=32 if is_label(text) => Ok(Self(text.into())),
            3..=32 => Err(UsernameError::Format),
            33.. => Err(UsernameError::TooLong),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn error(text: &str) -> String {
        Username::parse(text).expect_err("no name").to_string()
    }

    #[test]
    fn a_name_is_3_to_32_letters_digits_dashes_and_dots() {
        for name in ["abc", "a-b", "a--b", "ali.ce", "0.0", "anon-m4b2x9qk-a1b2c3", &"a".repeat(32)] {
            assert_eq!(Username::parse(name).expect("a name").as_str(), name);
        }
    }

    #[test]
    fn length_is_checked_before_characters() {
        for name in ["", "a", "ab", "-", "Ä", "😀"] {
            assert_eq!(error(name), "Username must be at least 3 characters", "{name:?}");
        }
        for name in ["a".repeat(33), "A".repeat(33), "😀".repeat(17)] {
            assert_eq!(error(&name), "Username must be at most 32 characters", "{name:?}");
        }
    }

    #[test]
    fn other_characters_are_refused() {
        let text = "Username must be lowercase alphanumeric with optional dashes, and start/end with alphanumeric";
        for name in ["Alice", "-alice", "alice-", ".alice", "alice.", "ali_ce", "ali ce", "ali\0ce", "älice", "alice\n"]
        {
            assert_eq!(error(name), text, "{name:?}");
        }
        assert_eq!(UsernameError::NotText.to_string(), "Username must be a string");
    }

    proptest! {
        #[test]
        fn a_name_is_what_the_originals_pattern_matches(name in "[a-z0-9][a-z0-9.-]{1,30}[a-z0-9]") {
            prop_assert!(Username::parse(&name).is_ok());
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _ = Username::parse(&text);
        }
    }
}
