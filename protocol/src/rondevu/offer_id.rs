//! What an offer is called: the SHA-256 of some JSON, as 64 lower-case hex digits.
//!
//! JSON is compact and escaped as JavaScript does it, which is what serde_json does.

use std::io::{self, Write};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{hex, text::by_units};

/// Generation B: the SDP and the topics, in whatever order they come.
pub fn of_sdp_and_topics(sdp: &str, topics: &[&str]) -> String {
    #[derive(Serialize)]
    struct Offer<'a> {
        sdp: &'a str,
        topics: Vec<&'a str>,
    }
    let mut topics = topics.to_vec();
    topics.sort_unstable_by(|one, other| by_units(one, other));
    digest(&Offer { sdp, topics })
}

/// Generation D: the SDP alone.
pub fn of_sdp(sdp: &str) -> String {
    #[derive(Serialize)]
    struct Offer<'a> {
        sdp: &'a str,
    }
    digest(&Offer { sdp })
}

/// HEAD: an id like no other, because `nonce` is random.
///
/// `timestamp` is in milliseconds since 1970.
pub fn random(sdp: &str, timestamp: u64, nonce: &str) -> String {
    #[derive(Serialize)]
    struct Offer<'a> {
        sdp: &'a str,
        timestamp: u64,
        nonce: &'a str,
    }
    digest(&Offer { sdp, timestamp, nonce })
}

/// The id of an offer whose own `id` is another party's already: always the same for the same `salt`.
pub fn salted(id: &str, salt: &str) -> String {
    #[derive(Serialize)]
    struct Salted<'a> {
        id: &'a str,
        salt: &'a str,
    }
    digest(&Salted { id, salt })
}

fn digest(content: &impl Serialize) -> String {
    let mut hashed = Hashed(Sha256::new());
    serde_json::to_writer(&mut hashed, content).expect("a hash takes every text");
    hex::encode(&hashed.0.finalize())
}

/// Hashes what is written, so that a large SDP is not copied.
struct Hashed(Sha256);

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn sha256(text: &str) -> String {
        hex::encode(&Sha256::digest(text))
    }

    #[test]
    fn an_offers_id_is_that_of_the_original() {
        assert_eq!(
            of_sdp_and_topics("v=0\r\nalice-1", &["movie", "hd"]),
            "00be3d58669e732ba01b0a6b50d956553cb8207ef151819e6018bf66fdaed1dc"
        );
        assert_eq!(of_sdp("v=0 a1"), "e16a7e45ebf0bf55faf47d583b764b63a7e5ad9b2532bb8765a2a1ef89f57073");
    }

    #[test]
    fn topics_are_sorted_by_utf16_units() {
        let topics = ["\u{ff01}", "b", "\u{1f600}", "a", "b"];
        assert_eq!(
            of_sdp_and_topics("x", &topics),
            sha256("{\"sdp\":\"x\",\"topics\":[\"a\",\"b\",\"b\",\"\u{1f600}\",\"\u{ff01}\"]}")
        );
        assert_eq!(of_sdp_and_topics("x", &[]), sha256(r#"{"sdp":"x","topics":[]}"#));
    }

    #[test]
    fn texts_are_escaped_as_javascript_does() {
        let sdp = "\"\\/\u{8}\t\n\u{c}\r\0\u{1f}\u{7f}\u{2028}é😀";
        let escaped = "\\\"\\\\/\\b\\t\\n\\f\\r\\u0000\\u001f\u{7f}\u{2028}é😀";
        assert_eq!(of_sdp(sdp), sha256(&format!(r#"{{"sdp":"{escaped}"}}"#)));
    }

    #[test]
    fn a_random_id_hashes_everything_it_is_given() {
        let id = random("x", 1_733_404_800_000, "n");
        assert_eq!(id, sha256(r#"{"sdp":"x","timestamp":1733404800000,"nonce":"n"}"#));
        assert_ne!(id, random("x", 1_733_404_800_000, "m"));
    }

    #[test]
    fn a_salted_id_is_another_one_for_every_salt() {
        let id = of_sdp("x");
        let (alice, bob) = (salted(&id, "alice"), salted(&id, "bob"));
        assert!(alice != id && alice != bob && alice == salted(&id, "alice"));
        assert_ne!(salted("a", "bc"), salted("ab", "c"));
    }

    proptest! {
        #[test]
        fn what_is_hashed_is_the_compact_json(sdp: String, mut topics: Vec<String>) {
            let given: Vec<&str> = topics.iter().map(String::as_str).collect();
            let id = of_sdp_and_topics(&sdp, &given);
            topics.sort_by(|one, other| by_units(one, other));
            let json = format!(r#"{{"sdp":{},"topics":{}}}"#, json!(sdp), json!(topics));
            prop_assert_eq!(id, sha256(&json));
        }
    }
}
