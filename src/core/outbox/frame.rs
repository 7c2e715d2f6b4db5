//! What is said: a text frame in slices for one, or encoded for many.

use bytes::Bytes;
use meetpoint_protocol::{FrameType, ws::Opcode};

use super::buffer;

/// Why a frame was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PushError {
    /// Over the bound: this push has closed the connection.
    Full,
    /// The connection is being closed.
    Gone,
}

/// A frame: its type for the metrics and its text in slices, to be written one after another.
pub struct Frame<'a> {
    pub frame_type: FrameType,
    pub parts: &'a [&'a [u8]],
}

/// A text frame that is encoded once, for whoever hears it. A clone is the same bytes.
#[derive(Clone)]
pub struct Encoded {
    pub(super) frame_type: FrameType,
    pub(super) bytes: Bytes,
}

impl Encoded {
    /// `parts` are the frame's text, one after another.
    pub fn new(frame_type: FrameType, parts: &[&[u8]]) -> Self {
        let len = parts.iter().map(|part| part.len()).sum();
        Self { frame_type, bytes: buffer::encode(Opcode::Text, len, parts) }
    }
}
