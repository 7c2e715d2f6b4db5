//! How often an address may come: a fixed window of a minute, as the original counts.

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::address::AddressKey;

/// A window begins with a key's first request and lasts this long.
const LENGTH: Duration = Duration::from_mins(1);

/// How many windows may be open. Beyond it the oldest ends early: its client gains a minute's worth of requests, which is
/// less harm than memory without bound, or than refusing people because strangers came before them.
const MAX_WINDOWS: usize = 100_000;

/// How long a client that was refused should stay away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetryAfter(pub(super) Duration);

impl RetryAfter {
    /// Whole seconds as the header takes them (RFC 9110 §10.2.3): rounded up, because who comes earlier is refused again.
    pub fn seconds(self) -> u64 {
        (self.0.as_secs() + u64::from(self.0.subsec_nanos() > 0)).max(1)
    }
}

/// A limit per address and minute.
pub struct Window {
    per_minute: AtomicU32,
    open: Mutex<Open>,
}

/// The windows that have not ended.
#[derive(Default)]
struct Open {
    counts: HashMap<AddressKey, Count>,
    /// When each began, the oldest first. All are of one length, so they end in this order, too.
    by_age: VecDeque<(Instant, AddressKey)>,
}

struct Count {
    begun: Instant,
    requests: u32,
}

impl Window {
    /// 0 lets everything pass.
    pub fn new(per_minute: u32) -> Self {
        Self { per_minute: per_minute.into(), open: Mutex::default() }
    }

    /// From now on so many may come, in windows that are open, too.
    pub fn set(&self, per_minute: u32) {
        self.per_minute.store(per_minute, Relaxed);
    }

    /// Whether there is a limit at all.
    pub fn limits(&self) -> bool {
        self.per_minute.load(Relaxed) > 0
    }

    /// One more request.
    ///
    /// # Errors
    /// It is one too many: how long until its window ends.
    pub fn count(&self, who: IpAddr, now: Instant) -> Result<(), RetryAfter> {
        match self.per_minute.load(Relaxed) {
            0 => Ok(()),
            limit => self.open.lock().count(who.into(), now, limit),
        }
    }
}

impl Open {
    fn count(&mut self, who: AddressKey, now: Instant, limit: u32) -> Result<(), RetryAfter> {
        // Whoever asked the clock first need not be here first.
        let now = self.by_age.back().map_or(now, |(newest, _)| now.max(*newest));
        self.close(now);
        if let Some(count) = self.counts.get_mut(&who) {
            if count.requests >= limit {
                return Err(RetryAfter(count.begun + LENGTH - now));
            }
            count.requests += 1;
            return Ok(());
        }
        if self.by_age.len() >= MAX_WINDOWS
            && let Some((_, oldest)) = self.by_age.pop_front()
        {
            self.counts.remove(&oldest);
        }
        self.counts.insert(who, Count { begun: now, requests: 1 });
        self.by_age.push_back((now, who));
        Ok(())
    }

    /// Forgets what has ended.
    fn close(&mut self, now: Instant) {
        while let Some((_, ended)) = self.by_age.pop_front_if(|(begun, _)| now.duration_since(*begun) >= LENGTH) {
            self.counts.remove(&ended);
        }
    }
}
