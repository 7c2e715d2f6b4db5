//! The filter by which a caller says whom it knows already: bits that its peers' hashes set.
//!
//! Standard base64 of a bit array of any length, least significant bit first. A peer is in it when all three of its bits are set:
//! FNV-1a (32 bits) over the UTF-16 units of its id, begun with `2166136261 XOR i` for i = 0, 1, 2, modulo the number of bits.

use std::fmt;

use super::base64;

/// The text is no filter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidBloom;

impl fmt::Display for InvalidBloom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invalid bloom filter format")
    }
}

impl std::error::Error for InvalidBloom {}

/// The hashes of one peer, before they are reduced to a filter's length: they are the same for every filter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PeerHashes([u32; 3]);

impl PeerHashes {
    pub fn of(peer: &str) -> Self {
        Self([0, 1, 2].map(|seed| fnv1a(2_166_136_261 ^ seed, peer)))
    }
}

fn fnv1a(start: u32, text: &str) -> u32 {
    text.encode_utf16().fold(start, |hash, unit| (hash ^ u32::from(unit)).wrapping_mul(16_777_619))
}

/// A set of peers that may also hold others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bloom {
    bytes: Vec<u8>,
}

impl Bloom {
    /// Bytes of a filter's text: room for 98,304 bits, in which one peer in fifty is mistaken for one of ten thousand.
    pub const MAX_TEXT: usize = 16 * 1024;

    /// Reads a `bloom` parameter; `None` where it is empty. Nothing is allocated for a text over [`Self::MAX_TEXT`].
    ///
    /// # Errors
    /// When it is longer, or not base64 in the sense of [`base64::forgiving`].
    pub fn parse(text: &str) -> Result<Option<Self>, InvalidBloom> {
        if text.is_empty() {
            return Ok(None);
        }
        if text.len() > Self::MAX_TEXT {
            return Err(InvalidBloom);
        }
        let bytes = base64::forgiving(text).ok_or(InvalidBloom)?;
        Ok(Some(Self { bytes }))
    }

    /// A filter of at least `bits` bits that holds `peers`. Known clients use 1024 bits.
    pub fn of(bits: usize, peers: impl IntoIterator<Item = PeerHashes>) -> Self {
        let mut filter = Self { bytes: vec![0; bits.div_ceil(8)] };
        for peer in peers {
            for (byte, mask) in filter.places(peer) {
                filter.bytes[byte] |= mask;
            }
        }
        filter
    }

    /// Whether `peer` is in the set, or seems to be. A filter without bits holds nobody.
    pub fn holds(&self, peer: PeerHashes) -> bool {
        !self.bytes.is_empty() && self.places(peer).iter().all(|(byte, mask)| self.bytes[*byte] & mask != 0)
    }

    /// As it stands in the parameter, before it is percent-encoded.
    pub fn to_base64(&self) -> String {
        base64::encode(&self.bytes)
    }

    /// Byte and mask of a peer's three bits. The filter has bits.
    fn places(&self, PeerHashes(hashes): PeerHashes) -> [(usize, u8); 3] {
        let bits = 8 * self.bytes.len() as u64;
        hashes.map(|hash| {
            let bit = u64::from(hash) % bits;
            ((bit / 8) as usize, 1 << (bit % 8))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PEER: &str = "0123456789abcdef0123456789abcdef";

    fn parsed(text: &str) -> Bloom {
        Bloom::parse(text).expect("a filter").expect("not empty")
    }

    #[test]
    fn a_peers_hashes_are_those_of_the_original() {
        assert_eq!(PeerHashes::of(PEER), PeerHashes([2_261_798_325, 2_553_852_948, 3_815_179_127]));
    }

    #[test]
    fn a_filter_has_the_bytes_of_the_original() {
        let small = Bloom::of(64, [PeerHashes::of(PEER)]);
        assert_eq!(small.bytes, [0, 0, 0x10, 0, 0, 0, 0xa0, 0]);
        assert_eq!(small.to_base64(), "AAAQAAAAoAA=");

        let usual = Bloom::of(1024, [PeerHashes::of(PEER)]);
        let set: Vec<_> = (0..1024).filter(|bit| usual.bytes[bit / 8] & 1 << (bit % 8) != 0).collect();
        assert_eq!(set, [20, 437, 887]);
        assert_eq!(usual.to_base64().len(), 172);
    }

    #[test]
    fn it_holds_whom_it_was_told_of() {
        let filter = parsed("AAAQAAAAoAA=");
        assert!(filter.holds(PeerHashes::of(PEER)));
        assert!(!filter.holds(PeerHashes::of("somebody else")));
    }

    #[test]
    fn an_empty_text_is_no_filter() {
        assert_eq!(Bloom::parse(""), Ok(None));
    }

    #[test]
    fn a_filter_without_bits_holds_nobody() {
        for filter in [parsed(" "), parsed("    "), Bloom::of(0, [])] {
            assert!(filter.bytes.is_empty() && !filter.holds(PeerHashes::of(PEER)));
        }
        assert!(!parsed("AAAAAAAA").holds(PeerHashes::of(PEER)));
    }

    #[test]
    fn all_ones_hold_everybody() {
        assert!(parsed("////").holds(PeerHashes::of(PEER)) && parsed("/////w").holds(PeerHashes::of("")));
    }

    #[test]
    fn what_is_not_base64_is_refused() {
        for text in ["!!", "AA-_", "A", "AAAAA", "===="] {
            assert_eq!(Bloom::parse(text), Err(InvalidBloom), "{text}");
        }
        assert_eq!(InvalidBloom.to_string(), "Invalid bloom filter format");
    }

    #[test]
    fn a_filter_has_a_greatest_length() {
        assert!(Bloom::parse(&"A".repeat(Bloom::MAX_TEXT)).is_ok());
        assert_eq!(Bloom::parse(&"A".repeat(Bloom::MAX_TEXT + 4)), Err(InvalidBloom));
    }

    proptest! {
        #[test]
        fn nobody_who_was_put_in_is_missing(bits in 1usize..2048, peers: Vec<String>) {
            let filter = Bloom::of(bits, peers.iter().map(|peer| PeerHashes::of(peer)));
            prop_assert_eq!(Bloom::parse(&filter.to_base64()), Ok(Some(filter.clone())));
            for peer in &peers {
                prop_assert!(filter.holds(PeerHashes::of(peer)));
            }
        }
    }
}
