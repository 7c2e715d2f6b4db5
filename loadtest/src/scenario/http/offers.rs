//! What is offered: descriptions that are told apart by a serial number, and the topics that they stand in.
//!
//! Of each wire's offers the first 160 stand in 16 topics of ten, which nobody ever answers: these are listed, so that every
//! listing is as long as any other. All others stand in the far topics, which grow with the population.

use std::time::{SystemTime, UNIX_EPOCH};

/// Topics that are listed, on each wire.
pub const NEAR_TOPICS: usize = 16;
/// Offers of a near topic, and the limit of every listing.
pub const PER_TOPIC: usize = 10;
/// Offers in all near topics of one wire.
pub const NEAR: usize = NEAR_TOPICS * PER_TOPIC;

/// Characters of a serial number.
pub const SERIAL: usize = 12;
/// What stands before it, in every description and in no other place of one.
pub const BEFORE_SERIAL: &str = "o=- ";
/// Stands for the serial number in templates.
pub const SERIAL_PLACE: &str = "############";

/// Characters of the shortest description.
pub const MIN_PAYLOAD: usize = 256;

/// A topic of this run; on the wire of tags it is a tag.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Topic {
    Near(usize),
    Far(usize),
}

/// The topics of a run, which no other run shares.
#[derive(Clone, Debug)]
pub struct Topics {
    run: String,
    far: usize,
}

impl Topics {
    /// `far`: the number of far topics, at least one.
    pub fn new(far: usize) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { run: format!("{:x}", since.as_millis()), far }
    }

    /// Where the offer with this index stands on its wire.
    pub fn of(&self, index: usize) -> Topic {
        if index < NEAR { Topic::Near(index / PER_TOPIC) } else { Topic::Far(index % self.far) }
    }

    /// A name that needs no escape in a path, in JSON or in a query, and that is a valid tag.
    pub fn name(&self, topic: Topic) -> String {
        match topic {
            Topic::Near(index) => format!("{}-near-{index:02}", self.run),
            Topic::Far(index) => format!("{}-far-{index}", self.run),
        }
    }

    pub fn near(&self) -> impl Iterator<Item = String> {
        (0..NEAR_TOPICS).map(|index| self.name(Topic::Near(index)))
    }

    pub fn far(&self) -> impl Iterator<Item = String> {
        (0..self.far).map(|index| self.name(Topic::Far(index)))
    }
}

/// A session description of `payload` characters, as a JSON string with its quotes. It stands as in real ones: short lines,
/// their ends escaped.
pub fn description(payload: usize, serial: &str) -> String {
    let mut text = format!(
        "v=0\r\n{BEFORE_SERIAL}{serial} 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
         m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=setup:actpass\r\na=mid:0\r\n"
    );
    for number in 0.. {
        if text.len() >= payload {
            break;
        }
        text.push_str(&format!(
            "a=candidate:{number} 1 udp 2122260223 192.0.2.{} {} typ host\r\n",
            number % 250,
            50_000
        ));
    }
    text.truncate(payload);
    // Text is always JSON.
    serde_json::Value::from(text).to_string()
}

/// A serial number as it stands in a description.
pub fn serial(number: u64) -> [u8; SERIAL] {
    let mut digits = [0; SERIAL];
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(rest & 0xf) as usize];
        rest >>= 4;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_has_the_promised_length_and_one_serial() {
        for payload in [MIN_PAYLOAD, 1_024, 16_384] {
            let json = description(payload, SERIAL_PLACE);
            let text: String = serde_json::from_str(&json).expect("a JSON string");
            assert_eq!(text.chars().count(), payload);
            let parts: Vec<_> = text.split(BEFORE_SERIAL).collect();
            assert!(parts.len() == 2 && parts[1].starts_with(SERIAL_PLACE), "{text}");
        }
    }

    #[test]
    fn serials_are_told_apart() {
        assert_eq!(&serial(0), b"000000000000");
        assert_eq!(&serial(0xabc_def0_1234), b"0abcdef01234");
    }

    #[test]
    fn near_topics_have_ten_offers_and_the_far_ones_share_the_rest() {
        let topics = Topics::new(3);
        let count = |topic| (0..NEAR + 30).filter(|index| topics.of(*index) == topic).count();
        assert_eq!([count(Topic::Near(0)), count(Topic::Near(15)), count(Topic::Near(16))], [10, 10, 0]);
        assert_eq!([count(Topic::Far(0)), count(Topic::Far(2)), count(Topic::Far(3))], [10, 10, 0]);
        let names: std::collections::BTreeSet<_> = topics.near().chain(topics.far()).collect();
        assert_eq!(names.len(), NEAR_TOPICS + 3);
        assert!(names.iter().all(|name| name.bytes().all(|c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'-'))));
    }
}
