//! A key that nobody but its user gets to see.

use std::{fmt, hint::black_box};

/// 256 secret bits. Neither shown nor logged, and compared in the same time whatever differs.
#[derive(Clone)]
pub struct Secret([u8; Self::LEN]);

impl Secret {
    /// The number of bytes.
    pub const LEN: usize = 32;

    /// A secret of these bytes.
    pub const fn new(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The key itself.
    pub const fn bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Reads exactly 64 hexadecimal digits of either case.
    pub(super) fn read(text: &str) -> Option<Self> {
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
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        // The compiler must not see that the answer is known at the first difference.
        self.0.iter().zip(&other.0).fold(0, |difference, (one, other)| black_box(difference | (one ^ other))) == 0
    }
}

impl Eq for Secret {}

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
    fn sixty_four_digits_of_either_case_are_a_secret() {
        let half = [0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff];
        let secret = Secret::read(DIGITS).expect("a secret");
        assert_eq!(secret.bytes()[..], [half, half].concat());
    }

    #[test]
    fn anything_else_is_none() {
        let long = format!("{DIGITS}0");
        let (sign, letter, wide) =
            (format!("+{}", &DIGITS[1..]), DIGITS.replace('3', "g"), format!("{}é", &DIGITS[2..]));
        for text in ["", "0", &DIGITS[1..], &long, &sign, &letter, &wide, &format!("0x{}", &DIGITS[2..])] {
            assert_eq!(Secret::read(text), None, "{text}");
        }
    }

    #[test]
    fn secrets_are_equal_when_all_bytes_are() {
        let secret = Secret::new([7; Secret::LEN]);
        assert_eq!(secret, secret.clone());
        for place in 0..Secret::LEN {
            let mut bytes = [7; Secret::LEN];
            bytes[place] ^= 0x80;
            assert_ne!(secret, Secret::new(bytes), "byte {place}");
        }
    }

    #[test]
    fn a_secret_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::read(DIGITS)), "Some(Secret(…))");
    }
}
