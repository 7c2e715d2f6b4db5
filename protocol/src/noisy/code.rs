//! What one person reads out and another types in.

use std::fmt;

/// A rendezvous code: digits, of which leading zeros count. `0123` and `00123` are different codes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code {
    digits: u8,
    number: u32,
}

impl Code {
    /// The shortest that is accepted.
    pub const MIN_DIGITS: u8 = 4;
    /// The longest that is accepted.
    pub const MAX_DIGITS: u8 = 8;

    /// `^[0-9]{4,8}$` and nothing around it, as the original reads it; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = u8::try_from(text.len()).ok()?;
        if !(Self::MIN_DIGITS..=Self::MAX_DIGITS).contains(&digits) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Self::new(text.parse().ok()?, digits)
    }

    /// `number` written with `digits` digits, 1 to 8; `None` where it has more, or `digits` is out of range.
    pub const fn new(number: u32, digits: u8) -> Option<Self> {
        if digits == 0 || digits > Self::MAX_DIGITS || number >= 10u32.pow(digits as u32) {
            return None;
        }
        Some(Self { digits, number })
    }

    /// How many digits it is written with.
    pub const fn digits(self) -> u8 {
        self.digits
    }

    /// Below 10 to the power of [`Self::digits`].
    pub const fn number(self) -> u32 {
        self.number
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$}", self.number, width = usize::from(self.digits))
    }
}

/// Without the digits: who knows them may redeem the code, and logs are read by others.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({} digits)", self.digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn leading_zeros_count() {
        let [short, long] = ["0123", "00123"].map(|text| Code::parse(text).expect(text));
        assert_ne!(short, long);
        assert_eq!((short.number(), short.digits()), (123, 4));
        assert_eq!((long.number(), long.digits()), (123, 5));
        assert_eq!((short.to_string(), long.to_string()), ("0123".to_owned(), "00123".to_owned()));
    }

    #[test]
    fn only_four_to_eight_digits_are_a_code() {
        for text in ["0000", "9999", "12345678", "99999999"] {
            assert_eq!(Code::parse(text).expect(text).to_string(), text);
        }
        for text in
            ["", "123", "123456789", "12a4", " 1234", "1234\n", "1234 ", "+123", "-1234", "1 23", "１２３４", "٣٤٥٦"]
        {
            assert_eq!(Code::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_number_must_fit_its_digits() {
        assert_eq!(Code::new(9, 1).map(|code| code.to_string()), Some("9".to_owned()));
        assert_eq!(Code::new(99_999_999, 8).map(|code| code.to_string()), Some("99999999".to_owned()));
        for (number, digits) in [(0, 0), (0, 9), (10, 1), (10_000, 4), (100_000_000, 8), (u32::MAX, u8::MAX)] {
            assert_eq!(Code::new(number, digits), None, "{number}, {digits}");
        }
    }

    #[test]
    fn a_log_never_shows_the_digits() {
        assert_eq!(format!("{:?}", Code::parse("4711")), "Some(Code(4 digits))");
    }

    proptest! {
        #[test]
        fn a_code_survives_its_text(text in "[0-9]{4,8}") {
            let code = Code::parse(&text).expect("a code");
            prop_assert_eq!(code.to_string(), text);
            prop_assert_eq!(Code::new(code.number(), code.digits()), Some(code));
        }

        #[test]
        fn no_text_makes_parse_panic(text in ".{0,12}") {
            prop_assert_eq!(Code::parse(&text).is_some(), (4..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()));
        }
    }
}
