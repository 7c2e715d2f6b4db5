//! Whom an offer of generation B is of.

use super::{hex, shared_text::shared_text};

shared_text!(
    /// A peer as its credentials name it. The server makes ids of 32 lower-case hex digits; whatever else a valid credential holds
    /// is somebody's id too, because servers of the original's let peers choose.
    PeerId
);

impl PeerId {
    /// The id made of `chance`, 16 random bytes.
    pub fn from_random(chance: [u8; 16]) -> Self {
        Self(hex::encode(&chance).into())
    }

    /// The id that `text` is. Nothing is checked: what vouches for it is the credential that it was read from.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_the_servers_is_32_lower_case_digits() {
        let chance = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
        assert_eq!(PeerId::from_random(chance), PeerId::new("0123456789abcdef0123456789abcdef"));
    }
}
