//! The bytes that wait in an outbox, and how many frames they are.

use bytes::{Buf, BytesMut};
use meetpoint_protocol::ws::{self, Opcode};

use super::Bounds;

#[derive(Default)]
pub(super) struct Buffer {
    bytes: BytesMut,
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

    /// Whether a frame with `len` bytes of payload stays within the bounds.
    pub(super) fn fits(&self, len: usize, bounds: &Bounds) -> bool {
        self.bytes.len() + ws::MAX_HEADER + len <= bounds.bytes && self.frames < bounds.frames
    }

    /// A frame whose payload is `parts`, `len` bytes in all.
    pub(super) fn append(&mut self, opcode: Opcode, len: usize, parts: &[&[u8]]) {
        let (header, used) = ws::header(opcode, len);
        self.bytes.reserve(used + len);
        self.bytes.extend_from_slice(&header[..used]);
        for part in parts {
            self.bytes.extend_from_slice(part);
        }
        self.frames += 1;
    }

    /// Whole frames that are encoded already.
    pub(super) fn append_encoded(&mut self, frames: &[u8]) {
        self.bytes.extend_from_slice(frames);
        let mut at = 0;
        while at < frames.len() {
            at += ws::frame_len(&frames[at..]);
            self.frames += 1;
        }
    }

    /// `count` bytes have been written. When nothing waits, memory beyond `kept` is given back, unless bursts go on needing it.
    pub(super) fn written(&mut self, count: usize, kept: usize) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn however_the_bytes_are_written_the_frames_are_counted_right(
            lens in proptest::collection::vec(0..70_000_usize, 1..6),
            cuts in proptest::collection::vec(1..100_000_usize, 0..20),
        ) {
            let mut buffer = Buffer::default();
            let mut ends = Vec::new();
            for len in lens {
                buffer.append(Opcode::Text, len, &[&vec![b'x'; len]]);
                ends.push(buffer.bytes().len());
            }
            let mut written = 0;
            for cut in cuts.into_iter().chain([usize::MAX]) {
                let count = cut.min(buffer.bytes().len());
                if count > 0 {
                    buffer.written(count, 4096);
                    written += count;
                }
                prop_assert_eq!(buffer.frames, ends.iter().filter(|end| **end > written).count());
            }
            prop_assert!(buffer.is_empty());
        }
    }
}
