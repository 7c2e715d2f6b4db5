//! A token bucket: what may be spent at once, and how fast it comes back.

use std::time::Duration;

/// A bucket holds this many seconds' worth: a mesh of six trickles a hundred candidates at once.
const BURST_SECONDS: f64 = 4.0;

#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    per_second: f64,
    holds: f64,
    /// Below zero for whoever owes.
    tokens: f64,
}

impl Bucket {
    /// Full. It holds four seconds' worth, but never less than the `largest` thing that is taken at once. 0 lets everything pass.
    pub(super) fn new(per_second: u32, largest: usize) -> Self {
        let per_second = f64::from(per_second);
        // What is without end stays so, whatever is taken: the way of each frame needs no question.
        let holds = if per_second == 0.0 { f64::INFINITY } else { (per_second * BURST_SECONDS).max(largest as f64) };
        Self { per_second, holds, tokens: holds }
    }

    pub(super) fn fill(&mut self, since: Duration) {
        self.tokens = (self.tokens + since.as_secs_f64() * self.per_second).min(self.holds);
    }

    pub(super) fn has(&self, tokens: f64) -> bool {
        self.tokens >= tokens
    }

    /// Takes them, whether they are there or not.
    pub(super) fn take(&mut self, tokens: f64) {
        self.tokens -= tokens;
    }

    /// How long until nothing is owed.
    pub(super) fn debt(&self) -> Duration {
        if self.tokens < 0.0 { Duration::from_secs_f64(-self.tokens / self.per_second) } else { Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_four_seconds_worth_or_the_largest_thing() {
        assert!(Bucket::new(5, 1).has(20.0) && !Bucket::new(5, 1).has(21.0));
        assert!(Bucket::new(5, 100).has(100.0) && !Bucket::new(5, 100).has(101.0));
    }

    #[test]
    fn what_was_taken_comes_back_at_the_rate_and_no_further_than_full() {
        let mut bucket = Bucket::new(5, 1);
        bucket.take(30.0);
        assert_eq!(bucket.debt(), Duration::from_secs(2));
        bucket.fill(Duration::from_secs(3));
        assert!(bucket.has(5.0) && !bucket.has(6.0));
        bucket.fill(Duration::from_secs(3600));
        assert!(bucket.has(20.0) && !bucket.has(21.0));
    }

    #[test]
    fn zero_is_no_limit() {
        let mut bucket = Bucket::new(0, 1);
        for _ in 0..3 {
            bucket.take(1e300);
            bucket.fill(Duration::from_secs(1));
            assert!(bucket.has(1e300));
            assert_eq!(bucket.debt(), Duration::ZERO);
        }
    }
}
