//! The bytes that wait in an outbox, and how many frames they are.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};
use meetpoint_protocol::ws::{self, Opcode};

use super::Bounds;

/// Frames that wait by reference are copied in portions of about this many bytes when it is their turn.
const PORTION: usize = 16 * 1024;

#[derive(Default)]
pub(super) struct Buffer {
    /// What is written next.
    bytes: BytesMut,
    /// Whole frames that come after that. Others may wait for the same ones. Empty where `bytes` is.
    behind: VecDeque<Bytes>,
    behind_bytes: usize,
    /// All that wait.
    frames: usize,
    /// What is left of the first frame when a part of it has been written; 0 when `bytes` begin with a frame's header.
    first_left: usize,
}

impl Buffer {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Bytes of memory that are taken for what waits.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity() + self.behind_bytes
    }

    /// Whether a frame with `len` bytes of payload stays within the bounds.
    pub(super) fn fits(&self, len: usize, bounds: &Bounds) -> bool {
        self.bytes.len() + self.behind_bytes + ws::MAX_HEADER + len <= bounds.bytes && self.frames < bounds.frames
    }

    /// A frame whose payload is `parts`, `len` bytes in all.
    pub(super) fn append(&mut self, opcode: Opcode, len: usize, parts: &[&[u8]]) {
        if !self.behind.is_empty() {
            return self.append_behind(encode(opcode, len, parts));
        }
        encode_to(&mut self.bytes, opcode, len, parts);
        self.frames += 1;
    }

    /// A frame that is encoded already.
    pub(super) fn append_encoded(&mut self, frame: &[u8]) {
        if !self.behind.is_empty() {
            return self.append_behind(Bytes::copy_from_slice(frame));
        }
        self.bytes.extend_from_slice(frame);
        self.frames += 1;
    }

    /// A frame that is encoded already, by reference: nothing is copied before it is written.
    pub(super) fn append_shared(&mut self, frame: &Bytes) {
        if self.bytes.is_empty() {
            return self.append_encoded(frame);
        }
        self.append_behind(frame.clone());
    }

    fn append_behind(&mut self, frame: Bytes) {
        self.behind_bytes += frame.len();
        self.behind.push_back(frame);
        self.frames += 1;
    }

    /// `count` bytes have been written. When nothing waits, memory beyond `kept` is given back, unless bursts go on needing it.
    pub(super) fn written(&mut self, count: usize, kept: usize) {
        if count == self.bytes.len() && !self.behind.is_empty() {
            self.bytes.clear();
            (self.frames, self.first_left) = (self.behind.len(), 0);
            while self.bytes.len() < PORTION
                && let Some(frame) = self.behind.pop_front()
            {
                self.behind_bytes -= frame.len();
                self.bytes.extend_from_slice(&frame);
            }
            return;
        }
        if count == self.bytes.len() {
            (self.frames, self.first_left) = (0, 0);
            if self.bytes.capacity() > kept && count < self.bytes.capacity() / 4 {
                self.bytes = BytesMut::new();
            } else {
                self.bytes.clear();
            }
            return;
        }
        let mut at = 0;
        while at < count {
            let len = if self.first_left > 0 { self.first_left } else { ws::frame_len(&self.bytes[at..]) };
            if at + len > count {
                self.first_left = at + len - count;
                break;
            }
            at += len;
            self.first_left = 0;
            self.frames -= 1;
        }
        self.bytes.advance(count);
    }
}

/// A frame on its own.
pub(super) fn encode(opcode: Opcode, len: usize, parts: &[&[u8]]) -> Bytes {
    let mut frame = BytesMut::new();
    encode_to(&mut frame, opcode, len, parts);
    frame.freeze()
}

fn encode_to(out: &mut BytesMut, opcode: Opcode, len: usize, parts: &[&[u8]]) {
    let (header, used) = ws::header(opcode, len);
    out.reserve(used + len);
    out.extend_from_slice(&header[..used]);
    for part in parts {
        out.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn however_the_bytes_are_written_the_frames_are_counted_right_and_stay_in_order(
            frames in proptest::collection::vec((0..70_000_usize, 0..3_u8), 1..8),
            cuts in proptest::collection::vec(1..100_000_usize, 0..20),
        ) {
            let mut buffer = Buffer::default();
            let (mut ends, mut expected) = (Vec::new(), Vec::new());
            for (index, (len, way)) in frames.into_iter().enumerate() {
                let payload = vec![index as u8; len];
                let frame = encode(Opcode::Text, len, &[&payload]);
                match way {
                    0 => buffer.append(Opcode::Text, len, &[&payload]),
                    1 => buffer.append_encoded(&frame),
                    _ => buffer.append_shared(&frame),
                }
                expected.extend_from_slice(&frame);
                ends.push(expected.len());
            }
            let fits = |bytes| buffer.fits(0, &Bounds { bytes, frames: 100, kept: 0 });
            prop_assert!(!fits(expected.len()) && fits(expected.len() + ws::MAX_HEADER));
            let mut written = Vec::new();
            for cut in cuts.into_iter().chain([usize::MAX; 16]) {
                let count = cut.min(buffer.bytes().len());
                if count > 0 {
                    written.extend_from_slice(&buffer.bytes()[..count]);
                    buffer.written(count, 4096);
                }
                prop_assert_eq!(buffer.frames, ends.iter().filter(|end| **end > written.len()).count());
            }
            prop_assert!(buffer.is_empty() && written == expected);
        }
    }
}
