//! The filter by which a client says which peers it knows already.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const HASHES: u32 = 3;
const FNV_OFFSET: u32 = 2_166_136_261;
const FNV_PRIME: u32 = 16_777_619;

/// Standard base64 of a filter of this many bits (a multiple of 8) that holds these texts.
pub fn filter<'a>(bits: usize, texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut filter = vec![0u8; bits / 8];
    for text in texts {
        for seed in 0..HASHES {
            let bit = hash(text, seed) as usize % bits;
            filter[bit / 8] |= 1 << (bit % 8);
        }
    }
    STANDARD.encode(filter)
}

/// FNV-1a over UTF-16 code units, the seed in its starting value.
fn hash(text: &str, seed: u32) -> u32 {
    text.encode_utf16().fold(FNV_OFFSET ^ seed, |hash, unit| (hash ^ u32::from(unit)).wrapping_mul(FNV_PRIME))
}

/// For a query: what base64 has beyond letters and digits would mean something else there.
pub fn percent_encoded(base64: &str) -> String {
    base64.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}
