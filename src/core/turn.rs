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
    pub received: Counts,
    pub sent: Counts,
    /// Payload bytes of frames that were relayed.
    pub relayed_bytes: u64,
    /// How long the clients of each new pair had waited.
    pub waits: Vec<Duration>,
    /// Frames for a partner that could not be handed on.
    pub dropped: Drops,
}

/// Frames by type. Most turns see one or two types of the many there are: only those are looked at.
pub struct Counts {
    counts: [u32; FrameType::COUNT],
    /// A bit for each type that was counted.
    counted: u64,
}

const _: () = assert!(FrameType::COUNT <= u64::BITS as usize, "a bit for each type");

impl Default for Counts {
    fn default() -> Self {
        Self { counts: [0; FrameType::COUNT], counted: 0 }
    }
}

impl Counts {
    fn add(&mut self, frame_type: FrameType) {
        let index = frame_type as usize;
        self.counts[index] += 1;
        self.counted |= 1 << index;
    }

    /// The types that were counted, by their index, and how often; each once.
    pub fn drain(&mut self) -> impl Iterator<Item = (usize, u32)> {
        std::iter::from_fn(|| {
            let index = (self.counted != 0).then(|| self.counted.trailing_zeros() as usize)?;
            self.counted &= self.counted - 1;
            Some((index, std::mem::take(&mut self.counts[index])))
        })
    }
}

/// Frames that were not relayed, by reason.
#[derive(Default)]
pub struct Drops {
    /// The sender has no partner.
    pub not_paired: u32,
    /// The sender shares nothing with whom it names, if there is anybody.
    pub target_gone: u32,
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
        self.received.add(frame_type);
    }

    pub fn sent(&mut self, frame_type: FrameType) {
        self.sent.add(frame_type);
    }
}
