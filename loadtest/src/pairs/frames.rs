//! Texts with a stamp: written from a template whose digits are replaced, and checked without a JSON parser.
//!
//! ```text
//! {"type":"ice","candidate":{"seq":"<12 hex>","ns":"<12 hex>","pad":"xx…"}}
//! ```
//! `seq` counts the frames of one direction from 0; `ns` is when it was sent, or should have been, on the run's clock.

use std::sync::Arc;

use crate::ws::frame::{self, Opcode};

/// 48 bits: three days in nanoseconds.
const DIGITS: usize = 12;
/// Stand for the digits in a template.
pub const SEQ: &str = "SSSSSSSSSSSS";
pub const NS: &str = "NNNNNNNNNNNN";

/// What stands before the number of a candidate.
pub const ICE_HEAD: &str = r#"{"type":"ice","candidate":{"seq":""#;
/// What stands between number and time where both are fields of their own.
pub const STAMP: &str = r#"","ns":""#;
const PAD: &str = r#"","pad":""#;
const END: &str = r#""}"#;
const ICE_END: &str = "}";

/// Bytes of the shortest candidate, the one without padding.
pub const MIN_ICE: usize = ICE_HEAD.len() + DIGITS + STAMP.len() + DIGITS + PAD.len() + END.len() + ICE_END.len();

/// The template of a candidate of `payload` bytes, at least [`MIN_ICE`].
pub fn ice(payload: usize) -> String {
    padded(ICE_HEAD, ICE_END, payload)
}

/// A template of `payload` bytes: an object with number, time and padding between `head` and `end`.
pub fn padded(head: &str, end: &str, payload: usize) -> String {
    let bare = head.len() + DIGITS + STAMP.len() + DIGITS + PAD.len() + END.len() + end.len();
    let pad = "x".repeat(payload.saturating_sub(bare));
    [head, SEQ, STAMP, NS, PAD, &pad, END, end].concat()
}

/// What stands in a template behind its last digits.
pub fn tail(template: &str) -> Arc<[u8]> {
    let at = template.rfind(NS).map_or(template.len(), |at| at + NS.len());
    template.as_bytes()[at..].into()
}

/// As many frames as may be under way, ready to be sent in one piece: only their digits change from use to use.
pub struct Batch {
    bytes: Vec<u8>,
    frame_len: usize,
    /// Where digits stand in each frame.
    seq_at: Vec<usize>,
    ns_at: Vec<usize>,
}

impl Batch {
    /// `template`: the text of each frame.
    pub fn new(template: &str, window: usize) -> Self {
        let mut one = Vec::new();
        frame::encode(Opcode::Text, template.as_bytes(), &mut one);
        let head = one.len() - template.len();
        let places = |name| template.match_indices(name).map(|(at, _)| head + at).collect();
        Self { frame_len: one.len(), bytes: one.repeat(window), seq_at: places(SEQ), ns_at: places(NS) }
    }

    /// The next `count` frames of a direction, beginning with number `first`; `count` is at most the window.
    pub fn stamp(&mut self, first: u64, count: usize, sent_ns: u64) -> &[u8] {
        self.stamp_each(first, count, |_| sent_ns)
    }

    /// The same, each with the time that its number has.
    pub fn stamp_each(&mut self, first: u64, count: usize, time_ns: impl Fn(u64) -> u64) -> &[u8] {
        let bytes = &mut self.bytes[..count * self.frame_len];
        for (seq, frame) in (first..).zip(bytes.chunks_exact_mut(self.frame_len)) {
            let sent_ns = time_ns(seq);
            self.seq_at.iter().for_each(|at| put_hex(&mut frame[*at..][..DIGITS], seq));
            self.ns_at.iter().for_each(|at| put_hex(&mut frame[*at..][..DIGITS], sent_ns));
        }
        bytes
    }
}

/// What the texts that a client hears must look like.
#[derive(Clone, Debug)]
pub struct Expected {
    head: Arc<[u8]>,
    between: &'static str,
    tail: Arc<[u8]>,
}

/// The digits of a received text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    pub seq: u64,
    pub sent_ns: u64,
}

impl Expected {
    /// What stands before the number, between it and the time, and behind.
    pub fn new(head: &str, between: &'static str, tail: Arc<[u8]>) -> Self {
        Self { head: head.as_bytes().into(), between, tail }
    }

    /// `None` for every other text: of another sender, changed, cut.
    pub fn read(&self, text: &[u8]) -> Option<Stamp> {
        self.read_before(text).filter(|(_, rest)| rest.is_empty()).map(|(stamp, _)| stamp)
    }

    /// A text that goes on behind its tail with a number of the server's and with `end`.
    pub fn read_numbered(&self, text: &[u8], end: &str) -> Option<(Stamp, u64)> {
        let (stamp, rest) = self.read_before(text)?;
        let number = std::str::from_utf8(rest.strip_suffix(end.as_bytes())?).ok()?.parse().ok()?;
        Some((stamp, number))
    }

    fn read_before<'a>(&self, text: &'a [u8]) -> Option<(Stamp, &'a [u8])> {
        let (seq, rest) = text.strip_prefix(&self.head[..])?.split_first_chunk()?;
        let (sent_ns, rest) = rest.strip_prefix(self.between.as_bytes())?.split_first_chunk()?;
        let rest = rest.strip_prefix(&self.tail[..])?;
        Some((Stamp { seq: read_hex(seq)?, sent_ns: read_hex(sent_ns)? }, rest))
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
    use meetpoint_protocol::{
        ClientId,
        chat::{Relay, Request, parse},
    };

    use super::*;

    fn texts(template: &str, first: u64, count: usize, sent_ns: u64) -> Vec<String> {
        let mut batch = Batch::new(template, count + 1);
        let frame_len = batch.frame_len;
        let frames = batch.stamp(first, count, sent_ns).chunks_exact(frame_len);
        frames.map(|frame| String::from_utf8(frame[frame_len - template.len()..].to_vec()).expect("UTF-8")).collect()
    }

    #[test]
    fn a_text_has_the_promised_length_and_is_a_candidate() {
        for payload in [MIN_ICE, 120, 1_024, 70_000] {
            for text in texts(&ice(payload), 9, 2, 1) {
                assert_eq!(text.len(), payload);
                assert!(matches!(parse(&text), Ok(Request::Relay(Relay::Ice, Some(_)))), "{text}");
            }
        }
    }

    #[test]
    fn a_relayed_text_gives_its_digits_back() {
        let head = |from: ClientId| ICE_HEAD.replace(r#""candidate""#, &format!(r#""from":"{from}","candidate""#));
        let partner = ClientId::from_random([7; 16]);
        let expected = Expected::new(&head(partner), STAMP, tail(&ice(120)));
        let sent = texts(&ice(120), 0xabc, 2, 0x1234_5678_9abc);
        let relayed = |text: &str, from: ClientId| text.replacen(ICE_HEAD, &head(from), 1).into_bytes();
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
        assert_eq!(expected.read(&[&whole[..], b" "].concat()), None);
    }

    #[test]
    fn all_places_of_a_template_are_stamped_and_a_number_behind_is_read() {
        let template = padded(&format!(r#"{{"id":"{SEQ}.{NS}","payload":{{"seq":""#), "}", 200);
        let [text] = &texts(&template, 5, 1, 0xff)[..] else { panic!("one text") };
        assert_eq!(text.len(), 200);
        assert!(
            text.starts_with(r#"{"id":"000000000005.0000000000ff","payload":{"seq":"000000000005","ns":"0000"#),
            "{text}"
        );
        let expected = Expected::new(r#"{"id":""#, ".", Arc::from(*br#"","seq":"#));
        let receipt = |number: &str| format!(r#"{{"id":"000000000005.0000000000ff","seq":{number}}}"#);
        let stamp = Stamp { seq: 5, sent_ns: 0xff };
        assert_eq!(expected.read_numbered(receipt("6").as_bytes(), "}"), Some((stamp, 6)));
        for bad in ["", "x", "-1", "99999999999999999999", "6 "] {
            assert_eq!(expected.read_numbered(receipt(bad).as_bytes(), "}"), None, "{bad}");
        }
    }
}
