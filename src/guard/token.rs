//! The tokens with which a client comes back to its session.
//!
//! ```text
//! token = base64url( random, 16 bytes ‖ HMAC-SHA256( key, label ‖ random ), its first 16 bytes )
//! ```
//! A token shows by itself whose it is: whoever made one up is told apart from whoever comes too late, and nothing is
//! looked up for it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const ID_LEN: usize = 16;
const TAG_LEN: usize = 16;
const TOKEN_LEN: usize = ID_LEN + TAG_LEN;
/// In characters of base64 without padding.
const TEXT_LEN: usize = (TOKEN_LEN * 4).div_ceil(3);

/// So that no other use of the same key ever makes the same bytes.
const TOKEN: &[u8] = b"meetpoint resume token";
const KEY: &[u8] = b"meetpoint resume key";

/// Which token it is. It is no secret: without the key nobody makes a token of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TokenId([u8; ID_LEN]);

impl TokenId {
    pub const fn bytes(self) -> [u8; ID_LEN] {
        self.0
    }
}

/// Makes tokens and knows them again. It has no `Debug`: the key is nobody's to see.
pub struct Tokens {
    key: Hmac<Sha256>,
}

impl Tokens {
    /// `key` is used for nothing else.
    pub fn new(key: &[u8; 32]) -> Self {
        Self { key: keyed(key) }
    }

    /// With a key of its own that comes of `AUTH_SECRET`: servers with the same secret know each other's tokens, and a
    /// server knows those from before its restart.
    pub fn from_secret(secret: &[u8; 32]) -> Self {
        Self::new(&keyed(secret).chain_update(KEY).finalize().into_bytes().into())
    }

    /// A token, 43 characters. `random` is from the system's source and used once.
    pub fn mint(&self, random: [u8; ID_LEN]) -> (TokenId, String) {
        let id = TokenId(random);
        let mut token = [0; TOKEN_LEN];
        let (name, tag) = token.split_at_mut(ID_LEN);
        name.copy_from_slice(&random);
        tag.copy_from_slice(&self.of(id).finalize().into_bytes()[..TAG_LEN]);
        (id, URL_SAFE_NO_PAD.encode(token))
    }

    /// Which token this is; `None` for whatever is none of this server's. Takes the same time however much of a token is
    /// right.
    pub fn open(&self, token: &str) -> Option<TokenId> {
        let mut bytes = [0; TOKEN_LEN];
        // The length is looked at first, so that nothing long is ever decoded.
        let exact = token.len() == TEXT_LEN && URL_SAFE_NO_PAD.decode_slice(token, &mut bytes) == Ok(TOKEN_LEN);
        let (id, tag) = bytes.split_first_chunk().filter(|_| exact)?;
        let id = TokenId(*id);
        self.of(id).verify_truncated_left(tag).is_ok().then_some(id)
    }

    fn of(&self, id: TokenId) -> Hmac<Sha256> {
        self.key.clone().chain_update(TOKEN).chain_update(id.0)
    }
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a key of any length will do")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_has_its_documented_bytes() {
        let (id, token) = Tokens::new(&[7; 32]).mint(*b"0123456789abcdef");
        assert_eq!(id.bytes(), *b"0123456789abcdef");
        assert_eq!(token, "MDEyMzQ1Njc4OWFiY2RlZlhR9FgHLMpBoKjVNX8p1C4");
        let (_, derived) = Tokens::from_secret(&[7; 32]).mint(*b"0123456789abcdef");
        assert_eq!(derived, "MDEyMzQ1Njc4OWFiY2RlZpzFeQaLuNDNk2B1MRx8HMw");
    }

    #[test]
    fn what_is_no_token_at_all_is_refused() {
        let tokens = Tokens::new(&[7; 32]);
        let (id, token) = tokens.mint([0xff; 16]);
        assert_eq!((tokens.open(&token), &token[..3]), (Some(id), "___"));
        for text in [
            "",
            "A",
            "é",
            &token[1..],
            &token[..42],
            &format!("{token}="),
            &format!("{token}A"),
            &format!(" {}", &token[1..]),
            &token.replace('-', "+").replace('_', "/"),
            &"A".repeat(1 << 20),
        ] {
            assert_eq!(tokens.open(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_minted_is_known_again_and_only_by_the_same_key(key: [u8; 32], other: [u8; 32], random: [u8; 16]) {
            for (tokens, others) in [
                (Tokens::new(&key), Tokens::new(&other)),
                (Tokens::from_secret(&key), Tokens::from_secret(&other)),
                (Tokens::from_secret(&key), Tokens::new(&key)),
            ] {
                let (id, token) = tokens.mint(random);
                prop_assert_eq!(token.len(), 43);
                prop_assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
                prop_assert_eq!(id.bytes(), random);
                prop_assert_eq!(tokens.open(&token), Some(id));
                prop_assert_eq!(others.open(&token), None);
            }
        }

        #[test]
        fn a_token_with_any_bit_flipped_is_refused(key: [u8; 32], random: [u8; 16]) {
            let tokens = Tokens::new(&key);
            let (_, token) = tokens.mint(random);
            let bytes = URL_SAFE_NO_PAD.decode(&token).expect("base64");
            for bit in 0..8 * TOKEN_LEN {
                let mut bytes = bytes.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                prop_assert_eq!(tokens.open(&URL_SAFE_NO_PAD.encode(bytes)), None, "bit {}", bit);
            }
        }

        #[test]
        fn the_same_bytes_written_otherwise_are_refused(key: [u8; 32], random: [u8; 16]) {
            const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
            let tokens = Tokens::new(&key);
            let (_, token) = tokens.mint(random);
            let (rest, last) = token.split_at(42);
            // The last character carries four bits; the other two are zero, or it is another text for the same bytes.
            let value = DIGITS.iter().position(|digit| [*digit] == *last.as_bytes()).expect("a digit");
            prop_assert_eq!(value % 4, 0);
            for beyond in 1..4 {
                let other = format!("{rest}{}", char::from(DIGITS[value + beyond]));
                prop_assert_eq!(tokens.open(&other), None);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*|[A-Za-z0-9_-]{43}") {
            prop_assert_eq!(Tokens::new(&[7; 32]).open(&text), None);
        }
    }
}
