//! The frame's text: written from a template whose digits are replaced, and checked without a JSON parser.
//!
//! ```text
//! sent      {"type":"ice","candidate":{"seq":"<12 hex>","ns":"<12 hex>","pad":"xx…"}}
//! received  {"type":"ice","from":"<partner>","candidate":{"seq":"<12 hex>","ns":"<12 hex>","pad":"xx…"}}
//! ```
//! `seq` counts the frames of one direction from 0; `ns` is when it was sent, on the run's clock.

use std::rc::Rc;

use meetpoint_protocol::ClientId;

use crate::ws::frame::{self, Opcode};

const HEAD: &str = r#"{"type":"ice","candidate":{"seq":""#;
const STAMP: &str = r#"","ns":""#;
const PAD: &str = r#"","pad":""#;
const END: &str = r#""}}"#;
/// 48 bits: three days in nanoseconds.
const DIGITS: usize = 12;

/// Bytes of the shortest text, the one without padding.
pub const MIN_PAYLOAD: usize = HEAD.len() + DIGITS + STAMP.len() + DIGITS + PAD.len() + END.len();

/// As many frames as may be under way, ready to be sent in one piece: only their digits change from use to use.
pub struct Batch {
    bytes: Vec<u8>,
    frame_len: usize,
    /// Where the sequence number stands in each frame.
    seq_at: usize,
}

impl Batch {
    /// `payload`: bytes of each frame's text, at least [`MIN_PAYLOAD`].
    pub fn new(payload: usize, window: usize) -> Self {
        let zeros = "0".repeat(DIGITS);
        let pad = "x".repeat(payload - MIN_PAYLOAD);
        let text = [HEAD, &zeros, STAMP, &zeros, PAD, &pad, END].concat();
        let mut one = Vec::new();
        frame::encode(Opcode::Text, text.as_bytes(), &mut one);
        let seq_at = one.len() - payload + HEAD.len();
        Self { frame_len: one.len(), bytes: one.repeat(window), seq_at }
    }

    /// The next `count` frames of a direction, beginning with number `first`; `count` is at most the window.
    pub fn stamp(&mut self, first: u64, count: usize, sent_ns: u64) -> &[u8] {
        let bytes = &mut self.bytes[..count * self.frame_len];
        for (seq, frame) in (first..).zip(bytes.chunks_exact_mut(self.frame_len)) {
            let (seq_digits, rest) = frame[self.seq_at..].split_at_mut(DIGITS);
            put_hex(seq_digits, seq);
            put_hex(&mut rest[STAMP.len()..][..DIGITS], sent_ns);
        }
        bytes
    }
}

/// What stands in every received text behind its digits.
pub fn tail(payload: usize) -> Rc<[u8]> {
    let pad = "x".repeat(payload - MIN_PAYLOAD);
    [PAD, &pad, END].concat().into_bytes().into()
}

/// What the texts from one partner must look like.
pub struct Expected {
    head: Vec<u8>,
    tail: Rc<[u8]>,
}

/// The digits of a received text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    pub seq: u64,
    pub sent_ns: u64,
}

impl Expected {
    pub fn new(partner: ClientId, tail: Rc<[u8]>) -> Self {
        let head = HEAD.replace(r#""candidate""#, &format!(r#""from":"{partner}","candidate""#));
        Self { head: head.into_bytes(), tail }
    }

    /// `None` for every other text: of another sender, changed, cut.
    pub fn read(&self, text: &[u8]) -> Option<Stamp> {
        let (seq, rest) = text.strip_prefix(&self.head[..])?.split_first_chunk()?;
        let (sent_ns, rest) = rest.strip_prefix(STAMP.as_bytes())?.split_first_chunk()?;
        if *rest != *self.tail {
            return None;
        }
        Some(Stamp { seq: read_hex(seq)?, sent_ns: read_hex(sent_ns)? })
    }
}

fn put_hex(digits: &mut [u8], mut value: u64) {
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(value & 0xf) as usize];
        value >>= 4;
    }
}

fn read_hex(digits: &[u8; DIGITS]) -> Option<u64> {
    digits.iter().try_fold(0, |value, digit| {
        let nibble = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(value << 4 | u64::from(nibble))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use meetpoint_protocol::chat::{Relay, Request, parse};

    fn texts(batch: &mut Batch, first: u64, count: usize, sent_ns: u64) -> Vec<String> {
        let (frame_len, text_at) = (batch.frame_len, batch.seq_at - HEAD.len());
        let frames = batch.stamp(first, count, sent_ns).chunks_exact(frame_len);
        frames.map(|frame| String::from_utf8(frame[text_at..].to_vec()).expect("UTF-8")).collect()
    }

    #[test]
    fn a_text_has_the_promised_length_and_is_a_candidate() {
        for payload in [MIN_PAYLOAD, 120, 1_024, 70_000] {
            for text in texts(&mut Batch::new(payload, 3), 9, 2, 1) {
                assert_eq!(text.len(), payload);
                assert!(matches!(parse(&text), Ok(Request::Relay(Relay::Ice, Some(_)))), "{text}");
            }
        }
    }

    #[test]
    fn a_relayed_text_gives_its_digits_back() {
        let partner = ClientId::from_random([7; 16]);
        let expected = Expected::new(partner, tail(120));
        let sent = texts(&mut Batch::new(120, 4), 0xabc, 2, 0x1234_5678_9abc);
        let relayed = |text: &str, from: ClientId| {
            text.replacen(r#""candidate""#, &format!(r#""from":"{from}","candidate""#), 1).into_bytes()
        };
        assert_eq!(expected.read(&relayed(&sent[1], partner)), Some(Stamp { seq: 0xabd, sent_ns: 0x1234_5678_9abc }));

        let stranger = ClientId::from_random([8; 16]);
        assert_eq!(expected.read(&relayed(&sent[0], stranger)), None);
        assert_eq!(expected.read(sent[0].as_bytes()), None);
        let mut changed = relayed(&sent[0], partner);
        let last_pad = changed.len() - 4;
        changed[last_pad] = b'y';
        assert_eq!(expected.read(&changed), None);
        let whole = relayed(&sent[0], partner);
        assert!((0..whole.len()).all(|cut| expected.read(&whole[..cut]).is_none()));
    }
}
