//! What only those may know who are meant to. Neither type can be shown, logged or compared with `==`: the only question that
//! they answer is whether a guess is right, and that takes the same time whatever of it is wrong.

use std::{collections::BTreeSet, fmt, sync::Arc};

use subtle::ConstantTimeEq;

/// A key of 256 bits.
#[derive(Clone)]
pub struct Key([u8; Self::LEN]);

impl Key {
    /// The number of bytes.
    pub const LEN: usize = 32;

    /// A key of these bytes.
    pub const fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The key itself.
    pub const fn reveal(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Whether these are its bytes.
    pub fn is(&self, guess: &[u8]) -> bool {
        self.0.ct_eq(guess).into()
    }

    /// Reads exactly 64 hexadecimal digits of either case.
    pub fn read(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        let mut bytes = [0; Self::LEN];
        if digits.len() != 2 * Self::LEN {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Some(Self(bytes))
    }

    /// Whether no chance has made it.
    pub fn is_weak(&self) -> bool {
        is_monotonous(&self.0)
    }
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// A word that opens something.
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// The longest that is read.
    pub const MAX_LEN: usize = 256;

    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The word itself.
    pub const fn reveal(&self) -> &Arc<str> {
        &self.0
    }

    /// Whether these are its bytes. That it has another length may show.
    pub fn is(&self, guess: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(guess).into()
    }

    /// Reads a token as RFC 6750 (§2.1) has it.
    pub fn read(text: &str) -> Option<Self> {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        let fits = (1..=Self::MAX_LEN).contains(&text.len()) && text.bytes().all(is_token);
        fits.then(|| Self::new(text))
    }

    /// Whether it certainly has fewer than 128 bits, even when chance has drawn it from no more than the characters that it seems to
    /// be made of.
    pub fn is_weak(&self) -> bool {
        let text = &*self.0;
        let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        let made_of = |is: &dyn Fn(u8) -> bool| text.bytes().all(is);
        // 128 bits divided by the bits of a character.
        let needed = if made_of(&|byte| byte.is_ascii_digit()) {
            39
        } else if made_of(&|byte| lower(byte) && byte.is_ascii_hexdigit())
            || made_of(&|byte| upper(byte) && byte.is_ascii_hexdigit())
        {
            32
        } else if made_of(&lower) || made_of(&upper) {
            25
        } else {
            22
        };
        text.len() < needed || is_monotonous(text.to_ascii_lowercase().as_bytes())
    }
}

/// Whether there are so few different bytes that no chance has made it: of 2^30 that are drawn, fewer than one is.
fn is_monotonous(bytes: &[u8]) -> bool {
    const FEWEST: usize = 6;
    bytes.iter().collect::<BTreeSet<_>>().len() < FEWEST
}

/// Whether two are the same, or neither is there.
pub fn is_same<S>(one: Option<&S>, other: Option<&S>, is: impl FnOnce(&S, &S) -> bool) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => is(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "00112233445566778899aAbBcCdDeEfF00112233445566778899AABBCCDDEEFF";

    #[test]
    fn sixty_four_digits_of_either_case_are_a_key() {
        let half = [0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff];
        let key = Key::read(DIGITS).expect("a key");
        assert_eq!(key.reveal()[..], [half, half].concat());
    }

    #[test]
    fn anything_else_is_none() {
        let long = format!("{DIGITS}0");
        let (sign, letter, wide) =
            (format!("+{}", &DIGITS[1..]), DIGITS.replace('3', "g"), format!("{}é", &DIGITS[2..]));
        for text in ["", "0", &DIGITS[1..], &long, &sign, &letter, &wide, &format!("0x{}", &DIGITS[2..])] {
            assert!(Key::read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_may_have_128_bits_is_not_weak() {
        for text in [
            "314159265358979323846264338327950288419",
            "00112233445566778899aabbccddeeff",
            "00112233445566778899AABBCCDDEEFF",
            "a1b2c3d4e5f6g7h8i9j0k1l2m",
            "MDEyMzQ1Njc4OWFiY2RlZg",
            "MDEyMzQ1Njc4OWFiY2RlZg==",
            "-._~+/=ABCabc0123456789",
            &"MDEyMzQ1Njc4OWFi".repeat(16),
        ] {
            assert!(Secret::read(text).is_some_and(|secret| secret.is(text.as_bytes()) && !secret.is_weak()), "{text}");
        }
        assert!(Key::read(DIGITS).is_some_and(|key| !key.is_weak()));
    }

    #[test]
    fn what_is_short_or_monotonous_is_weak() {
        for text in [
            "a",
            "hunter2",
            "31415926535897932384626433832795028841",
            "00112233445566778899aabbccddeef",
            "a1b2c3d4e5f6g7h8i9j0k1l2",
            "MDEyMzQ1Njc4OWFiY2RlZ",
            &"abc".repeat(20),
            &"aAbBcC".repeat(20),
        ] {
            assert!(Secret::read(text).is_some_and(|secret| secret.is_weak()), "{text}");
        }
        assert!(Key::read(&"0".repeat(64)).is_some_and(|key| key.is_weak()));
    }

    #[test]
    fn what_is_no_token_is_no_secret() {
        let long = "MDEyMzQ1Njc4OWFiY2RlZg".repeat(12);
        for text in ["", "two words", "user:password", "é", &long] {
            assert!(Secret::read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_guess_is_right_when_all_bytes_are() {
        let (key, secret) = (Key::new([7; Key::LEN]), Secret::new("a".repeat(32)));
        assert!(key.is(&[7; Key::LEN]) && secret.is(&[b'a'; 32]));
        for place in 0..Key::LEN {
            let (mut bytes, mut text) = ([7; Key::LEN], [b'a'; 32]);
            (bytes[place], text[place]) = (0x87, b'b');
            assert!(!key.is(&bytes) && !secret.is(&text), "byte {place}");
            assert!(!key.is(&[7; Key::LEN][..place]) && !secret.is(&[b'a'; 32][..place]), "{place} bytes");
        }
        assert!(!key.is(&[7; Key::LEN + 1]) && !secret.is(&[b'a'; 33]));
    }

    #[test]
    fn two_are_the_same_or_neither_is_there() {
        let (one, other) = (Key::new([1; Key::LEN]), Key::new([2; Key::LEN]));
        let same = |one, other| is_same(one, other, |one: &Key, other: &Key| one.is(other.reveal()));
        assert!(same(None, None) && same(Some(&one), Some(&one)));
        assert!(!same(None, Some(&one)) && !same(Some(&one), None) && !same(Some(&one), Some(&other)));
    }

    #[test]
    fn nothing_of_them_is_shown() {
        assert_eq!(format!("{:?} {:?}", Key::read(DIGITS), Secret::new(DIGITS)), "Some(Key(…)) Secret(…)");
    }
}
