//! How often something has happened lately: in this minute and in the one before.

use std::{ops::Sub, time::Duration};

pub const MINUTE: Duration = Duration::from_secs(60);

/// A count by moments of one kind.
pub struct Minutes<M> {
    since: Option<M>,
    count: usize,
    before: usize,
}

impl<M> Default for Minutes<M> {
    fn default() -> Self {
        Self { since: None, count: 0, before: 0 }
    }
}

impl<M: Copy + Sub<Output = Duration>> Minutes<M> {
    /// Once more.
    pub fn add(&mut self, now: M) {
        self.roll(now);
        self.count += 1;
    }

    /// How often, in one to two minutes up to now.
    pub fn recent(&mut self, now: M) -> usize {
        self.roll(now);
        self.count + self.before
    }

    fn roll(&mut self, now: M) {
        let passed = now - *self.since.get_or_insert(now);
        if passed >= MINUTE {
            self.before = if passed < 2 * MINUTE { self.count } else { 0 };
            (self.since, self.count) = (Some(now), 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn what_happened_is_forgotten_after_one_to_two_minutes() {
        let start = Instant::now();
        let mut minutes = Minutes::default();
        minutes.add(start);
        minutes.add(start + MINUTE / 2);
        assert_eq!(minutes.recent(start + MINUTE / 2), 2);
        minutes.add(start + MINUTE);
        assert_eq!(minutes.recent(start + MINUTE), 3);
        assert_eq!(minutes.recent(start + 2 * MINUTE), 1);
        assert_eq!(minutes.recent(start + 4 * MINUTE), 0);
    }
}
