//! Base64 as browsers read it.

use std::borrow::Cow;

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};

/// Standard alphabet, no padding, and bits beyond the last whole byte may be anything.
const UNPADDED: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// Standard alphabet, with padding.
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The "forgiving" decoder of the WHATWG (Infra Standard, §7): ASCII white space is ignored and padding may be missing. `None` for
/// wrong padding, a length of 1 modulo 4 and every other character, also those of the URL-safe alphabet.
///
/// Allocates at most the length of `text`: the caller bounds it.
pub fn forgiving(text: &str) -> Option<Vec<u8>> {
    let mut symbols = Cow::Borrowed(text.as_bytes());
    if symbols.iter().any(u8::is_ascii_whitespace) {
        symbols.to_mut().retain(|symbol| !symbol.is_ascii_whitespace());
    }
    UNPADDED.decode(without_padding(&symbols)).ok()
}

/// Padding is padding only where it completes a group of four.
fn without_padding(symbols: &[u8]) -> &[u8] {
    if !symbols.len().is_multiple_of(4) {
        return symbols;
    }
    symbols.strip_suffix(b"==").or_else(|| symbols.strip_suffix(b"=")).unwrap_or(symbols)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn padding_may_be_missing_and_white_space_is_ignored() {
        for text in ["aGk=", "aGk", " a\tG\nk\r=\u{c}", "aG k", "aGl", "aGl="] {
            assert_eq!(forgiving(text).as_deref(), Some(b"hi".as_slice()), "{text:?}");
        }
        assert_eq!(forgiving("YQ==").as_deref(), Some(b"a".as_slice()));
        assert_eq!(forgiving("YR").as_deref(), Some(b"a".as_slice()));
    }

    #[test]
    fn nothing_is_no_bytes() {
        for text in ["", "    ", "\n"] {
            assert_eq!(forgiving(text), Some(Vec::new()), "{text:?}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "a",
            "abcde",
            "YQ=",
            "YQ===",
            "=",
            "==",
            "====",
            "YQ==YQ==",
            "=YQ=",
            "AA-_",
            "!!",
            "AAA\u{a0}",
            "AAA\u{b}",
            "ÄÄÄÄ",
        ] {
            assert_eq!(forgiving(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn bytes_survive_their_text_with_and_without_padding(bytes: Vec<u8>) {
            let text = encode(&bytes);
            prop_assert_eq!(forgiving(text.trim_end_matches('=')), forgiving(&text));
            prop_assert_eq!(forgiving(&text), Some(bytes));
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = forgiving(&text);
        }
    }
}
