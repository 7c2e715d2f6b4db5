//! One turn of one task: it works through all that it has read, appends to outboxes, then flushes each that it touched once.
//! What happened is counted here and handed to the metrics at the end of the turn, not frame by frame.

use std::time::{Duration, Instant};

use meetpoint_protocol::FrameType;
use smallvec::SmallVec;

use super::outbox::Outbox;

/// The time of the turn, the outboxes it touched and what it counted. Dropping it flushes.
pub struct Turn {
    pub now: Instant,
    pub tally: Tally,
    touched: SmallVec<[Outbox; 2]>,
}

/// What happened in a turn.
#[derive(Default)]
pub struct Tally {
    /// Frames by type, indexed by [`FrameType`].
    pub received: [u32; FrameType::COUNT],
    pub sent: [u32; FrameType::COUNT],
    /// Payload bytes of frames that were relayed.
    pub relayed_bytes: u64,
    /// How long the clients of each new pair had waited.
    pub waits: Vec<Duration>,
    /// Frames for a partner that could not be handed on.
    pub dropped: Drops,
}

/// Frames that were not relayed, by reason.
#[derive(Default)]
pub struct Drops {
    /// The sender has no partner.
    pub not_paired: u32,
    /// The receiver is being closed.
    pub gone: u32,
    /// The receiver's outbox is full.
    pub full: u32,
    /// The sender is over its message rate.
    pub rate: u32,
}

impl Turn {
    pub fn new(now: Instant) -> Self {
        Self { now, tally: Tally::default(), touched: SmallVec::new() }
    }

    /// Remembers an outbox that has something to write. The outbox sees to it that it is remembered once.
    pub(super) fn touch(&mut self, outbox: &Outbox) {
        self.touched.push(outbox.clone());
    }

    /// Writes what the turn appended, as far as the sockets take it now.
    pub fn flush(&mut self) {
        for outbox in self.touched.drain(..) {
            outbox.flush();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.flush();
    }
}

impl Tally {
    pub fn received(&mut self, frame_type: FrameType) {
        self.received[frame_type as usize] += 1;
    }

    pub fn sent(&mut self, frame_type: FrameType) {
        self.sent[frame_type as usize] += 1;
    }
}
