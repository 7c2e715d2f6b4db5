//! Frames that wait for somebody to say them to: bounded in number, bytes and age.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use meetpoint_protocol::FrameType;

/// How much waits for one side.
pub const MOST_FRAMES: usize = 64;
pub const MOST_BYTES: usize = 256 * 1024;

/// What a frame costs beside its text, in bytes.
const OVERHEAD: usize = 128;

/// A frame that waits.
#[derive(Debug)]
pub struct Waiting {
    since: Instant,
    pub frame_type: FrameType,
    pub text: Box<str>,
}

impl Waiting {
    fn cost(&self) -> usize {
        OVERHEAD + self.text.len()
    }
}

/// Frames in the order in which they came; the oldest stay.
#[derive(Default, Debug)]
pub struct Backlog {
    frames: VecDeque<Waiting>,
    /// Of text.
    bytes: usize,
}

impl Backlog {
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// What its frames take in memory, in bytes.
    pub(super) fn cost(&self) -> usize {
        self.bytes + self.frames.len() * OVERHEAD
    }

    /// Keeps a frame; whether there was room for it.
    pub fn keep(&mut self, frame_type: FrameType, text: &str, now: Instant) -> bool {
        let fits = self.frames.len() < MOST_FRAMES && self.bytes + text.len() <= MOST_BYTES;
        if fits {
            self.bytes += text.len();
            self.frames.push_back(Waiting { since: now, frame_type, text: text.into() });
        }
        fits
    }

    /// Drops what has waited for so long; how many bytes of memory that frees.
    pub(super) fn forget(&mut self, now: Instant, after: Duration) -> usize {
        let mut freed = 0;
        while let Some(old) = self.frames.pop_front_if(|frame| now.saturating_duration_since(frame.since) >= after) {
            self.bytes -= old.text.len();
            freed += old.cost();
        }
        freed
    }

    /// Everything, in order.
    pub fn take(&mut self) -> impl Iterator<Item = Waiting> + use<> {
        std::mem::take(self).frames.into_iter()
    }
}
