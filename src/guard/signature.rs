//! Who has signed a request: Ed25519 (RFC 8032), verified strictly, with the keys and signatures of both RPC wires.
//!
//! Strict means that there is one signature for a message and a key: no weak key, whose signature fits every message, and no second
//! spelling of a signature. The originals are more lenient, which no honest client can tell.

use std::fmt;

use ed25519_dalek::VerifyingKey;
use meetpoint_protocol::rondevu::{base64, hex, text};

/// An Ed25519 public key, which need not be one that verifies anything.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PublicKey([u8; Self::LEN]);

/// An Ed25519 signature, which need not be valid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Signature([u8; Self::LEN]);

/// Why a text is no key of HEAD's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InvalidPublicKey {
    Length,
    /// The first character that is no lower-case digit, and its place in UTF-16 units, counted from 0.
    Character(usize, char),
}

impl fmt::Display for InvalidPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => f.write_str("Public key must be 64 hex characters (32 bytes)"),
            Self::Character(place, character) => {
                write!(f, "Invalid hex character at position {place}: '{character}' (use lowercase hex)")
            }
        }
    }
}

impl std::error::Error for InvalidPublicKey {}

impl PublicKey {
    /// Bytes.
    pub const LEN: usize = 32;

    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Reads a key of generation D: base64 as browsers read it.
    pub fn from_base64(text: &str) -> Option<Self> {
        decode(text).map(Self)
    }

    /// Reads a key of HEAD: 64 lower-case hex digits.
    ///
    /// # Errors
    /// For another length, in UTF-16 units, and for the first other character.
    pub fn from_hex(text: &str) -> Result<Self, InvalidPublicKey> {
        if let Some(bytes) = hex::decode(text) {
            return Ok(Self(bytes));
        }
        let wrong = text.char_indices().find(|(_, character)| !matches!(character, '0'..='9' | 'a'..='f'));
        match wrong {
            // Only digits precede it, so that its place in bytes is its place in units.
            Some((place, character)) if text::units(text) == 2 * Self::LEN => {
                Err(InvalidPublicKey::Character(place, character))
            }
            _ => Err(InvalidPublicKey::Length),
        }
    }

    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Whether the owner of this key has signed `message`.
    pub fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        VerifyingKey::from_bytes(&self.0).is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
    }
}

impl Signature {
    /// Bytes.
    pub const LEN: usize = 64;

    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Reads a signature of either wire: base64 as browsers read it.
    pub fn from_base64(text: &str) -> Option<Self> {
        decode(text).map(Self)
    }
}

fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    base64::forgiving(text)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey, Verifier};
    use proptest::prelude::*;

    const ALICE: &str = "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=";
    const MESSAGE: &str = "poll:alice:1733404800000";
    const SIGNED: &str = "mPR1B2A7SroUy373IN4JbCkO+zjc3WIVHQhaaIrx4/bLycV9uDqVQZRAYtXaZLjBv4/J//Ic/Z1oG077C+TuAQ==";

    /// The order of the base point, little-endian (RFC 8032 §5.1).
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];

    /// The points of order 1, 2, 4 and 8, and some of them in encodings that are not canonical.
    const WEAK: [&str; 9] = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ];

    fn alice() -> PublicKey {
        PublicKey::from_base64(ALICE).expect("a key")
    }

    fn verifies(key: PublicKey, message: &str, signature: &str) -> bool {
        key.verifies(message.as_bytes(), &Signature::from_base64(signature).expect("64 bytes"))
    }

    #[test]
    fn signatures_of_known_clients_verify() {
        for (message, signature) in [
            (MESSAGE, SIGNED),
            (
                "claim:alice:1733404800000",
                "3g0X7tGdpclwh1lAMJ1Cn16arR0fiYgsFPQOZdH1AozXzoiGaJp/6voBtcH4R5ZR6BYGP0sWt1EsK1piuGxdDQ==",
            ),
            (
                "publishService:alice:chat:1.0.0@alice:1733404800000",
                "6NMnxRLvwjX2A8YjiNk50veP5T2FMr9U0xD26gPDCPpV5wqLB9UJzS9ivtARbdxNqPg4q1zEVlfHEnnwFQm/DA==",
            ),
        ] {
            assert!(verifies(alice(), message, signature), "{message}");
        }
    }

    #[test]
    fn another_message_key_or_signature_does_not() {
        let bob = PublicKey::from_base64("gTl3Dqh9F19Wo1Rmw0x+zMuNipG07jeiXfYPW4/Js5Q=").expect("a key");
        assert!(!verifies(alice(), "poll:alice:1733404800001", SIGNED));
        assert!(!verifies(alice(), "", SIGNED));
        assert!(!verifies(bob, MESSAGE, SIGNED));
        assert!(!alice().verifies(MESSAGE.as_bytes(), &Signature::from_bytes([0; 64])));
    }

    #[test]
    fn base64_may_lack_its_padding_and_hold_white_space() {
        assert_eq!(PublicKey::from_base64(ALICE.trim_end_matches('=')), Some(alice()));
        assert_eq!(PublicKey::from_base64(&format!(" {ALICE}\r\n")), Some(alice()));
        for text in ["", "AAAA", "====", &format!("{ALICE}AAAA"), &"ab".repeat(32), &SIGNED.replace('/', "_")] {
            assert_eq!(PublicKey::from_base64(text), None, "{text}");
        }
        assert!(Signature::from_base64(ALICE).is_none() && Signature::from_base64(&SIGNED.replace('+', "-")).is_none());
    }

    #[test]
    fn a_key_in_hex_is_64_lower_case_digits() {
        let text = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
        assert_eq!(PublicKey::from_hex(text), Ok(alice()));
        let error = |text: &str| PublicKey::from_hex(text).expect_err("no key").to_string();
        for text in ["", "zz", &text[1..], &format!("{text}0"), &"é".repeat(32), &"😀".repeat(64)] {
            assert_eq!(error(text), "Public key must be 64 hex characters (32 bytes)", "{text}");
        }
        assert_eq!(error(&text.to_uppercase()), "Invalid hex character at position 1: 'A' (use lowercase hex)");
        assert_eq!(
            error(&text.replace("0f6f5c", "é f6f5c")[..65]),
            "Invalid hex character at position 58: 'é' (use lowercase hex)"
        );
        assert_eq!(error(&"😀".repeat(32)), "Invalid hex character at position 0: '😀' (use lowercase hex)");
    }

    #[test]
    fn a_weak_key_verifies_nothing() {
        let signer = SigningKey::from_bytes(&[7; 32]);
        let mut forged = [0; 64];
        forged[..32].copy_from_slice(signer.verifying_key().as_bytes());
        forged[32..].copy_from_slice(signer.to_scalar().as_bytes());
        let neutral = VerifyingKey::from_bytes(&hex::decode(WEAK[0]).expect("bytes")).expect("a point");
        let lenient = neutral.verify(b"any message", &ed25519_dalek::Signature::from_bytes(&forged));
        assert!(lenient.is_ok(), "without strictness this signature is the neutral element's on every message");

        for weak in WEAK {
            let key = PublicKey::from_hex(weak).expect("a key");
            for signature in [Signature(forged), Signature::from_base64(SIGNED).expect("64 bytes")] {
                assert!((0_u8..16).all(|message| !key.verifies(&[message], &signature)), "{weak}");
            }
        }
    }

    #[test]
    fn a_signature_has_one_spelling() {
        let Signature(mut bytes) = Signature::from_base64(SIGNED).expect("64 bytes");
        let mut carry = 0;
        for (byte, order) in bytes[32..].iter_mut().zip(ORDER) {
            let sum = u16::from(*byte) + u16::from(order) + carry;
            (*byte, carry) = ((sum & 0xff) as u8, sum >> 8);
        }
        assert_eq!(carry, 0);
        assert!(!alice().verifies(MESSAGE.as_bytes(), &Signature(bytes)));
    }

    proptest! {
        #[test]
        fn what_is_signed_verifies_and_nothing_else(seed: [u8; 32], message: Vec<u8>, bit in 0_usize..512) {
            let signer = SigningKey::from_bytes(&seed);
            let key = PublicKey::from_bytes(signer.verifying_key().to_bytes());
            let mut signature = signer.sign(&message).to_bytes();
            prop_assert!(key.verifies(&message, &Signature(signature)));
            signature[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!key.verifies(&message, &Signature(signature)));
        }

        #[test]
        fn no_bytes_make_it_panic(key: [u8; 32], signature: [u8; 32], message: Vec<u8>) {
            let mut both = [0; 64];
            both[..32].copy_from_slice(&signature);
            both[32..].copy_from_slice(&key);
            prop_assert!(!PublicKey(key).verifies(&message, &Signature(both)));
        }
    }
}
