//! How many messages a connection may send: a token bucket with a burst, and an end to patience.

use std::time::{Duration, Instant};

/// A bucket holds this many seconds' worth: a mesh of six trickles a hundred candidates at once.
const BURST_SECONDS: f64 = 4.0;

/// An error is worth telling this often.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// A client this many times over its rate, for that many seconds in a row, is closed.
const FLOOD_FACTOR: u64 = 10;
const FLOOD_SECONDS: u32 = 10;

const SECOND: Duration = Duration::from_secs(1);

/// What is to be done with a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Pass,
    /// Over the rate.
    Drop,
    /// Far over the rate for long.
    Close,
}

/// The message rate of one connection.
pub struct MessageRate {
    /// Messages per second; 0 lets everything pass.
    limit: u32,
    tokens: f64,
    filled: Instant,
    told: Option<Instant>,
    second: Instant,
    in_second: u64,
    floods: u32,
}

impl MessageRate {
    pub fn new(limit: u32, now: Instant) -> Self {
        let tokens = f64::from(limit) * BURST_SECONDS;
        Self { limit, tokens, filled: now, told: None, second: now, in_second: 0, floods: 0 }
    }

    /// One more message.
    pub fn count(&mut self, now: Instant) -> Verdict {
        if self.limit == 0 {
            return Verdict::Pass;
        }
        self.fill(now);
        if self.flooded(now) {
            return Verdict::Close;
        }
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Verdict::Pass;
        }
        Verdict::Drop
    }

    /// One more message of a client that is made to wait instead: until when nothing more is to be read.
    pub fn pace(&mut self, now: Instant) -> Option<Instant> {
        if self.limit == 0 {
            return None;
        }
        self.fill(now);
        self.tokens -= 1.0;
        let missing = -self.tokens / f64::from(self.limit);
        (missing > 0.0).then(|| now + Duration::from_secs_f64(missing))
    }

    /// Whether the client is to be told that something was dropped.
    pub fn tell(&mut self, now: Instant) -> bool {
        let tell = self.told.is_none_or(|told| now.saturating_duration_since(told) >= TELL_EVERY);
        if tell {
            self.told = Some(now);
        }
        tell
    }

    fn fill(&mut self, now: Instant) {
        if now == self.filled {
            return;
        }
        let rate = f64::from(self.limit);
        let since = now.saturating_duration_since(self.filled);
        self.filled = now;
        self.tokens = (self.tokens + since.as_secs_f64() * rate).min(rate * BURST_SECONDS);
    }

    fn flooded(&mut self, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.second);
        if since >= SECOND {
            let flood = self.in_second >= FLOOD_FACTOR * u64::from(self.limit) && since < 2 * SECOND;
            self.floods = if flood { self.floods + 1 } else { 0 };
            (self.second, self.in_second) = (now, 0);
        }
        self.in_second += 1;
        self.floods >= FLOOD_SECONDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(rate: &mut MessageRate, now: Instant, count: u32) -> (u32, u32, u32) {
        let (mut passed, mut told, mut closed) = (0, 0, 0);
        for _ in 0..count {
            match rate.count(now) {
                Verdict::Pass => passed += 1,
                Verdict::Drop => told += u32::from(rate.tell(now)),
                Verdict::Close => closed += 1,
            }
        }
        (passed, told, closed)
    }

    #[test]
    fn a_burst_of_four_seconds_worth_passes_then_the_rate() {
        let now = Instant::now();
        let mut rate = MessageRate::new(100, now);
        assert_eq!(verdicts(&mut rate, now, 1000), (400, 1, 0));
        assert_eq!(verdicts(&mut rate, now + SECOND / 2, 1000), (50, 0, 0));
        assert_eq!(verdicts(&mut rate, now + SECOND, 100), (50, 1, 0));
    }

    #[test]
    fn only_a_flood_that_lasts_ten_seconds_is_closed() {
        let now = Instant::now();
        let mut rate = MessageRate::new(5, now);
        for second in 0..10 {
            assert_eq!(verdicts(&mut rate, now + second * SECOND, 50).2, 0);
        }
        assert_eq!(rate.count(now + 10 * SECOND), Verdict::Close);

        let mut rate = MessageRate::new(5, now);
        for second in 0..30 {
            let count = if second % 7 == 6 { 49 } else { 50 };
            assert_eq!(verdicts(&mut rate, now + second * SECOND, count).2, 0);
        }
    }

    #[test]
    fn a_paced_client_is_read_at_its_rate_after_the_burst() {
        let begun = Instant::now();
        let (mut rate, mut now) = (MessageRate::new(10, begun), begun);
        for _ in 0..90 {
            now = rate.pace(now).unwrap_or(now);
        }
        // Forty at once, and a tenth of a second for each of the others.
        assert!((now - begun).abs_diff(5 * SECOND) < Duration::from_millis(1), "{:?}", now - begun);
    }

    #[test]
    fn zero_disables_it() {
        let now = Instant::now();
        assert_eq!(MessageRate::new(0, now).pace(now), None);
        assert_eq!(verdicts(&mut MessageRate::new(0, now), now, 100_000), (100_000, 0, 0));
    }
}
