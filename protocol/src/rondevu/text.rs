//! Text as JavaScript counts, orders and reads it, because the originals did.

use std::cmp::Ordering;

/// Length of a text in UTF-16 code units: the unit of every limit of the originals.
pub fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// The order of JavaScript's `sort()`: by UTF-16 code units. It differs from the order of bytes only where a character above
/// U+FFFF meets one of U+E000–U+FFFF.
pub fn by_units(one: &str, other: &str) -> Ordering {
    one.encode_utf16().cmp(other.encode_utf16())
}

/// Whether JavaScript's `trim()` leaves nothing of a text.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_space)
}

/// The number that a text begins with, as JavaScript's `parseInt(text, 10)` reads it: white space, a sign, decimal digits, then
/// anything. `None` where it has no digit; a number beyond `i64` is the nearest that there is.
pub fn leading_integer(text: &str) -> Option<i64> {
    let text = text.trim_start_matches(is_space);
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = rest.bytes().map_while(|byte| byte.is_ascii_digit().then(|| i64::from(byte - b'0')));
    digits.fold(None, |number: Option<i64>, digit| {
        Some(number.unwrap_or(0).saturating_mul(10).saturating_add(sign * digit))
    })
}

/// White space and line ends of ECMAScript (§12.2, §12.3): Unicode's, with the byte order mark and without U+0085.
fn is_space(character: char) -> bool {
    character == '\u{feff}' || (character.is_whitespace() && character != '\u{85}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_length_counts_utf16_units() {
        assert_eq!(units(""), 0);
        assert_eq!(units("plain"), 5);
        assert_eq!(units("ä"), 1);
        assert_eq!(units("日本"), 2);
        assert_eq!(units("😀"), 2);
    }

    #[test]
    fn the_order_is_that_of_utf16_units_not_of_bytes() {
        assert_eq!(by_units("a", "b"), Ordering::Less);
        assert_eq!(by_units("a", "aa"), Ordering::Less);
        assert_eq!(by_units("\u{1f600}", "\u{ff01}"), Ordering::Less);
        assert_eq!("\u{1f600}".cmp("\u{ff01}"), Ordering::Greater);
    }

    #[test]
    fn an_integer_is_read_from_the_beginning_of_a_text() {
        for (text, number) in [
            ("12", 12),
            (" \t\r\n\u{feff}\u{a0}\u{2029}12", 12),
            ("+7x", 7),
            ("-7", -7),
            ("-0", 0),
            ("1.9", 1),
            ("2e3", 2),
            ("0x10", 0),
            ("007", 7),
            ("1733404800000ms", 1_733_404_800_000),
            ("9223372036854775808", i64::MAX),
            ("-9223372036854775808", i64::MIN),
            ("-99999999999999999999999999", i64::MIN),
        ] {
            assert_eq!(leading_integer(text), Some(number), "{text:?}");
        }
    }

    #[test]
    fn a_text_without_leading_digits_is_no_integer() {
        for text in
            ["", " ", "abc", "-", "+", "--1", "+-1", "- 1", ".5", "x1", "NaN", "Infinity", "\u{85}1", "٣", "\u{0}1"]
        {
            assert_eq!(leading_integer(text), None, "{text:?}");
        }
    }

    #[test]
    fn blank_is_what_trim_empties() {
        for text in ["", " ", "\r\n\t\u{b}\u{c}", "\u{a0}\u{feff}\u{2028}\u{3000}"] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in ["x", " x ", "\u{85}", "\u{200b}", "\0"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn units_are_those_of_the_encoding(text: String) {
            prop_assert_eq!(units(&text), text.encode_utf16().count());
        }

        #[test]
        fn every_number_survives_its_text(number: i64, tail in "[^0-9]?.{0,8}") {
            prop_assert_eq!(leading_integer(&number.to_string()), Some(number));
            let shorter = number / 1000;
            let with_tail = format!("{shorter}{}", tail.trim_start_matches(|tail: char| tail.is_ascii_digit()));
            prop_assert_eq!(leading_integer(&with_tail), Some(shorter));
        }
    }
}
