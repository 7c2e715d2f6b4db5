//! How much a connection may say, in messages and in bytes: token buckets with a burst, and an end to patience.

use std::time::{Duration, Instant};

use super::bucket::Bucket;

/// An error is worth telling this often.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// A client that in so many seconds has sent what is this many times over its message rate is closed, however it was spread over them.
const FLOOD_FACTOR: u32 = 10;
const FLOOD_SECONDS: u32 = 10;

/// What one connection may say in a second; 0 lets everything pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rates {
    pub messages: u32,
    pub bytes: u32,
}

/// What is to be done with a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Pass,
    /// Over a rate.
    Drop,
    /// Far over the message rate for long.
    Close,
}

/// What one connection may still say.
pub struct Allowance {
    messages: Bucket,
    bytes: Bucket,
    filled: Instant,
    told: Option<Instant>,
    lately: Lately,
    /// So many messages in [`FLOOD_SECONDS`] are a flood.
    flood: u32,
}

impl Allowance {
    /// A single message of at most `largest` bytes is never over the rate of bytes.
    pub fn new(rates: Rates, largest: usize, now: Instant) -> Self {
        let flood = FLOOD_FACTOR * FLOOD_SECONDS;
        Self {
            messages: Bucket::new(rates.messages, 1),
            bytes: Bucket::new(rates.bytes, largest),
            filled: now,
            told: None,
            lately: Lately::new(now),
            flood: if rates.messages == 0 { u32::MAX } else { rates.messages.saturating_mul(flood) },
        }
    }

    /// One more message, of so many bytes.
    pub fn count(&mut self, bytes: usize, now: Instant) -> Verdict {
        self.fill(now);
        if self.lately.count() >= self.flood {
            return Verdict::Close;
        }
        let bytes = bytes as f64;
        if self.messages.has(1.0) && self.bytes.has(bytes) {
            self.messages.take(1.0);
            self.bytes.take(bytes);
            return Verdict::Pass;
        }
        Verdict::Drop
    }

    /// One more message of a client that is made to wait instead: until when nothing more is to be read.
    pub fn pace(&mut self, bytes: usize, now: Instant) -> Option<Instant> {
        self.fill(now);
        self.messages.take(1.0);
        self.bytes.take(bytes as f64);
        let debt = self.messages.debt().max(self.bytes.debt());
        (!debt.is_zero()).then(|| now + debt)
    }

    /// Whether the client is to be told that something was dropped.
    pub fn tell(&mut self, now: Instant) -> bool {
        let tell = self.told.is_none_or(|told| now.saturating_duration_since(told) >= TELL_EVERY);
        if tell {
            self.told = Some(now);
        }
        tell
    }

    /// Many messages come in one turn, which has one time.
    fn fill(&mut self, now: Instant) {
        if now == self.filled {
            return;
        }
        let since = now.saturating_duration_since(self.filled);
        self.filled = now;
        self.messages.fill(since);
        self.bytes.fill(since);
        self.lately.go_on(now);
    }
}

/// The messages of the last seconds, the present one among them.
struct Lately {
    /// A ring. Its place [`Self::at`] is the present second's.
    seconds: [u32; FLOOD_SECONDS as usize],
    at: usize,
    /// When the present second began.
    begun: Instant,
    sum: u32,
}

impl Lately {
    const SECOND: Duration = Duration::from_secs(1);

    fn new(now: Instant) -> Self {
        Self { seconds: [0; FLOOD_SECONDS as usize], at: 0, begun: now, sum: 0 }
    }

    /// One more: how many it are now.
    fn count(&mut self) -> u32 {
        self.seconds[self.at] = self.seconds[self.at].saturating_add(1);
        self.sum = self.sum.saturating_add(1);
        self.sum
    }

    /// Forgets what is too old.
    fn go_on(&mut self, now: Instant) {
        let since = now.saturating_duration_since(self.begun);
        if since >= FLOOD_SECONDS * Self::SECOND {
            *self = Self::new(now);
            return;
        }
        for _ in 0..since.as_secs() {
            self.at = (self.at + 1) % self.seconds.len();
            self.sum -= self.seconds[self.at];
            self.seconds[self.at] = 0;
            self.begun += Self::SECOND;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const KIB: usize = 1024;

    fn messages(limit: u32, now: Instant) -> Allowance {
        Allowance::new(Rates { messages: limit, bytes: 0 }, KIB, now)
    }

    fn bytes(limit: u32, largest: usize, now: Instant) -> Allowance {
        Allowance::new(Rates { messages: 0, bytes: limit }, largest, now)
    }

    fn verdicts(allowance: &mut Allowance, now: Instant, count: u32, bytes: usize) -> (u32, u32, u32) {
        let (mut passed, mut told, mut closed) = (0, 0, 0);
        for _ in 0..count {
            match allowance.count(bytes, now) {
                Verdict::Pass => passed += 1,
                Verdict::Drop => told += u32::from(allowance.tell(now)),
                Verdict::Close => closed += 1,
            }
        }
        (passed, told, closed)
    }

    #[test]
    fn a_burst_of_four_seconds_worth_passes_then_the_rate() {
        let now = Instant::now();
        let mut allowance = messages(100, now);
        assert_eq!(verdicts(&mut allowance, now, 1000, KIB), (400, 1, 0));
        assert_eq!(verdicts(&mut allowance, now + SECOND / 2, 1000, KIB), (50, 0, 0));
        assert_eq!(verdicts(&mut allowance, now + SECOND, 100, KIB), (50, 1, 0));
    }

    #[test]
    fn bytes_have_a_burst_and_a_rate_too() {
        let now = Instant::now();
        let mut allowance = bytes(10 * 1024, KIB, now);
        assert_eq!(verdicts(&mut allowance, now, 1000, KIB), (40, 1, 0));
        assert_eq!(verdicts(&mut allowance, now + SECOND, 100, KIB), (10, 1, 0));
        assert_eq!(verdicts(&mut allowance, now + SECOND, 100, 0), (100, 0, 0), "what has no bytes costs none");
    }

    #[test]
    fn a_single_message_of_the_largest_size_always_passes() {
        let now = Instant::now();
        let mut allowance = bytes(1, 64 * KIB, now);
        assert_eq!(verdicts(&mut allowance, now, 2, 64 * KIB), (1, 1, 0));
    }

    #[test]
    fn what_is_dropped_costs_nothing() {
        let now = Instant::now();
        let mut allowance = Allowance::new(Rates { messages: 1, bytes: 1000 }, KIB, now);
        assert_eq!(verdicts(&mut allowance, now, 50, 5000), (0, 1, 0));
        assert_eq!(verdicts(&mut allowance, now, 10, 1000), (4, 0, 0));
    }

    #[test]
    fn ten_times_over_the_rate_for_ten_seconds_is_the_end_however_it_is_spread() {
        let now = Instant::now();
        let mut even = messages(5, now);
        for second in 0..9 {
            assert_eq!(verdicts(&mut even, now + second * SECOND, 50, 1).2, 0);
        }
        assert_eq!(verdicts(&mut even, now + 9 * SECOND, 50, 1).2, 1, "the last of five hundred");

        assert_eq!(verdicts(&mut messages(5, now), now, 500, 1).2, 1, "all at once");

        let mut twice = messages(5, now);
        assert_eq!(verdicts(&mut twice, now, 250, 1).2, 0);
        assert_eq!(verdicts(&mut twice, now + 9 * SECOND, 250, 1).2, 1);
    }

    #[test]
    fn who_stays_below_that_is_suffered() {
        let now = Instant::now();
        let mut allowance = messages(5, now);
        for second in 0..30 {
            let count = if second % 7 == 6 { 49 } else { 50 };
            assert_eq!(verdicts(&mut allowance, now + second * SECOND, count, 1).2, 0);
        }
        let mut allowance = messages(5, now);
        for time in 0..10 {
            assert_eq!(verdicts(&mut allowance, now + time * 10 * SECOND, 499, 1).2, 0);
        }
    }

    #[test]
    fn a_paced_client_is_read_at_its_rate_after_the_burst() {
        for mut allowance in [messages(10, Instant::now()), bytes(10 * 1024, KIB, Instant::now())] {
            let begun = allowance.filled;
            let mut now = begun;
            for _ in 0..90 {
                now = allowance.pace(KIB, now).unwrap_or(now);
            }
            // Forty at once, and a tenth of a second for each of the others.
            assert!((now - begun).abs_diff(5 * SECOND) < Duration::from_millis(1), "{:?}", now - begun);
        }
    }

    #[test]
    fn zero_disables_it() {
        let now = Instant::now();
        let mut allowance = Allowance::new(Rates { messages: 0, bytes: 0 }, 1, now);
        assert_eq!(allowance.pace(usize::MAX, now), None);
        assert_eq!(verdicts(&mut allowance, now, 200_000, usize::MAX), (200_000, 0, 0));
    }
}
