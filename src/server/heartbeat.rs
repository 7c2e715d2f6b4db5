//! Whether a silent client is still there: a ping every interval; silent for two, it is dead. Any traffic counts as life.

use std::time::{Duration, Instant};

/// Pings come up to this much early, so that clients that connected together are not pinged together.
const JITTER: f64 = 0.2;

pub(super) struct Heartbeat {
    interval: Duration,
    heard: Instant,
    pinged: Option<Instant>,
}

/// What is to be done when the timer fires.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Beat {
    /// Ping, and come again then.
    Ping(Instant),
    Dead,
}

impl Heartbeat {
    pub(super) fn new(interval: Duration, now: Instant) -> Self {
        Self { interval, heard: now, pinged: None }
    }

    /// When the timer is to fire first. `chance` is a fraction.
    pub(super) fn first(&self, chance: f64) -> Instant {
        self.heard + self.jittered(chance)
    }

    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// A pong: how long after its ping, if there was one.
    pub(super) fn pong(&mut self, now: Instant) -> Option<Duration> {
        self.pinged.take().map(|pinged| now.saturating_duration_since(pinged))
    }

    pub(super) fn beat(&mut self, now: Instant, chance: f64) -> Beat {
        let dead = self.heard + 2 * self.interval;
        if now >= dead {
            return Beat::Dead;
        }
        self.pinged.get_or_insert(now);
        Beat::Ping((now + self.jittered(chance)).min(dead))
    }

    fn jittered(&self, chance: f64) -> Duration {
        self.interval.mul_f64(1.0 - JITTER * chance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INTERVAL: Duration = Duration::from_secs(20);

    proptest! {
        #[test]
        fn a_client_is_found_dead_exactly_two_intervals_after_its_last_sign(
            chances in proptest::collection::vec(0.0..1.0_f64, 1..8),
            heard in 0..20_000_u64,
        ) {
            let start = Instant::now();
            let mut heartbeat = Heartbeat::new(INTERVAL, start);
            let heard = start + Duration::from_millis(heard);
            heartbeat.heard(heard);
            let mut chances = chances.into_iter().cycle();
            let mut chance = || chances.next().expect("endless");
            let mut now = heartbeat.first(chance());
            let mut pings = 0;
            while let Beat::Ping(next) = heartbeat.beat(now, chance()) {
                prop_assert!(next > now && next - now <= INTERVAL);
                now = next;
                pings += 1;
            }
            prop_assert_eq!(now, heard + 2 * INTERVAL);
            prop_assert!(pings >= 2);
        }
    }

    #[test]
    fn the_round_trip_is_measured_from_the_first_unanswered_ping() {
        let start = Instant::now();
        let mut heartbeat = Heartbeat::new(INTERVAL, start);
        heartbeat.beat(start + INTERVAL, 0.0);
        assert_eq!(heartbeat.pong(start + INTERVAL + Duration::from_millis(3)), Some(Duration::from_millis(3)));
        assert_eq!(heartbeat.pong(start + INTERVAL + Duration::from_millis(9)), None);
    }
}
