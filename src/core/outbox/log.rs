//! What a session that outlives its sockets has been sent and has not acknowledged: what is said again when it comes back.
//!
//! Both sides count text frames. A pong proves that all before its ping has arrived, and the ping's payload says how many
//! those were; so nothing is added to the frames themselves.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;

use super::Outbox;
use crate::sync::{AtomicUsize, Ordering};

/// What a frame costs beside its bytes.
const OVERHEAD: usize = 64;

/// How much one session's log holds.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Frames that may come while there is no socket. As long as there is one, whoever reads is not slow: a crowd that joins at once
    /// makes hundreds of them before the first sign of life is back.
    pub frames: usize,
    /// Of all frames, with what they cost in memory.
    pub bytes: usize,
}

/// What the logs of all sessions without a socket may hold together.
#[derive(Debug)]
pub struct Budget {
    used: AtomicUsize,
    limit: usize,
}

impl Budget {
    /// `limit` is in bytes.
    pub fn new(limit: usize) -> Self {
        Self { used: AtomicUsize::new(0), limit }
    }

    /// Bytes that are kept now.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let fits = self.used.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.limit;
        if !fits {
            self.give_back(bytes);
        }
        fits
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// The count that a client names is not one that the server can go on from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gap;

pub(super) struct Log {
    bounds: Bounds,
    budget: Arc<Budget>,
    /// The last that were sent, encoded.
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// How many have come since the socket was lost.
    missed: usize,
    /// How many were sent in all.
    sent: u64,
    /// The count of the last ping, and what has come since.
    asked: u64,
    unasked_bytes: usize,
    /// The session has no socket: what is kept counts in the budget.
    pub(super) is_away: bool,
    /// The session has ended: nothing is kept any more.
    pub(super) is_over: bool,
    /// What connections that have lost this session go on with, by their lease: to say goodbye.
    pub(super) left_behind: Vec<(u32, Outbox)>,
}

impl Log {
    pub(super) fn new(bounds: Bounds, budget: Arc<Budget>) -> Self {
        Self {
            bounds,
            budget,
            frames: VecDeque::new(),
            bytes: 0,
            missed: 0,
            sent: 0,
            asked: 0,
            unasked_bytes: 0,
            is_away: false,
            is_over: false,
            left_behind: Vec::new(),
        }
    }

    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// Bytes that there is room for.
    pub(super) fn spare(&self) -> usize {
        self.bounds.bytes - self.bytes
    }

    /// One more frame. Whether there was room for it.
    pub(super) fn keep(&mut self, frame: &Bytes) -> bool {
        let cost = cost(frame);
        let fits = self.bytes + cost <= self.bounds.bytes;
        if !fits || (self.is_away && (self.missed >= self.bounds.frames || !self.budget.take(cost))) {
            return false;
        }
        self.frames.push_back(frame.clone());
        self.bytes += cost;
        self.unasked_bytes += cost;
        self.missed += usize::from(self.is_away);
        self.sent += 1;
        true
    }

    /// The client has so many.
    pub(super) fn acknowledge(&mut self, received: u64) -> Result<(), Gap> {
        if received > self.sent {
            return Err(Gap);
        }
        while self.acknowledged() < received
            && let Some(frame) = self.frames.pop_front()
        {
            self.bytes -= cost(&frame);
        }
        Ok(())
    }

    /// The count that the next ping is to carry, when a quarter of the log has not been asked for.
    pub(super) fn ask(&mut self) -> Option<u64> {
        let is_due = self.sent - self.asked.max(self.acknowledged()) >= (self.bounds.frames / 4).max(1) as u64
            || self.unasked_bytes >= self.bounds.bytes / 4;
        is_due.then(|| self.ask_now())
    }

    pub(super) fn ask_now(&mut self) -> u64 {
        (self.asked, self.unasked_bytes) = (self.sent, 0);
        self.sent
    }

    /// The socket is gone. Whether the frames may wait for another.
    pub(super) fn go_away(&mut self) -> bool {
        self.missed = 0;
        self.is_away = self.budget.take(self.bytes);
        self.is_away
    }

    /// There is a socket again, on which `received` frames are known to have arrived: what comes after them.
    pub(super) fn come_back(&mut self, received: u64) -> Result<impl Iterator<Item = &Bytes>, Gap> {
        if received < self.acknowledged() || received > self.sent {
            return Err(Gap);
        }
        if std::mem::take(&mut self.is_away) {
            self.budget.give_back(self.bytes);
        }
        self.acknowledge(received)?;
        Ok(self.frames.iter())
    }

    /// The session has ended.
    pub(super) fn finish(&mut self) {
        if std::mem::take(&mut self.is_away) {
            self.budget.give_back(self.bytes);
        }
        (self.frames, self.bytes, self.is_over) = (VecDeque::new(), 0, true);
    }

    fn acknowledged(&self) -> u64 {
        self.sent - self.frames.len() as u64
    }
}

fn cost(frame: &Bytes) -> usize {
    frame.len() + OVERHEAD
}

impl Drop for Log {
    fn drop(&mut self) {
        self.finish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(frames: usize, bytes: usize, budget: usize) -> Log {
        Log::new(Bounds { frames, bytes }, Arc::new(Budget::new(budget)))
    }

    fn keep(log: &mut Log, count: usize) -> usize {
        (0..count).take_while(|_| log.keep(&Bytes::from_static(b"frame"))).count()
    }

    #[test]
    fn a_log_is_bounded_in_bytes_and_without_a_socket_in_frames_too() {
        let five_frames = 5 * (OVERHEAD + 5);
        assert_eq!(keep(&mut log(2, five_frames, 0), 20), 5);
        let mut log = log(2, 100_000, 100_000);
        keep(&mut log, 20);
        assert!(log.go_away());
        assert_eq!(keep(&mut log, 20), 2);
    }

    #[test]
    fn what_is_acknowledged_makes_room_and_is_never_said_again() {
        let mut log = log(8, 8 * (OVERHEAD + 5), 1000);
        keep(&mut log, 8);
        log.acknowledge(5).expect("were sent");
        log.acknowledge(3).expect("an older pong");
        assert_eq!(keep(&mut log, 8), 5);
        assert_eq!(log.acknowledge(14), Err(Gap), "were never sent");
        assert_eq!(log.come_back(13).map(Iterator::count), Ok(0));
        assert_eq!(log.come_back(12).map(Iterator::count).err(), Some(Gap));
    }

    #[test]
    fn a_sign_is_asked_for_whenever_a_quarter_is_unknown() {
        let mut log = log(16, 100_000, 0);
        let asked: Vec<_> = (0..16)
            .filter_map(|_| {
                keep(&mut log, 1);
                log.ask()
            })
            .collect();
        assert_eq!(asked, [4, 8, 12, 16]);
    }

    #[test]
    fn what_waits_for_sessions_without_a_socket_is_bounded_together() {
        let frames = |count| count * (OVERHEAD + 5);
        let budget = Arc::new(Budget::new(frames(5)));
        let new = || Log::new(Bounds { frames: 100, bytes: 100_000 }, budget.clone());
        let (mut one, mut other) = (new(), new());
        keep(&mut one, 3);
        keep(&mut other, 2);
        assert!(one.go_away() && budget.used() == frames(3));
        assert_eq!(keep(&mut one, 10), 2);
        assert!(!other.go_away() && budget.used() == frames(5));
        assert_eq!(one.come_back(0).map(Iterator::count), Ok(5));
        assert!(other.go_away() && budget.used() == frames(2));
        drop(other);
        assert_eq!(budget.used(), 0);
    }
}
