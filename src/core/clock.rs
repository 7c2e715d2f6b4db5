//! Time as an argument: what is kept and signed is dated by a clock that whoever builds the server brings along.

use std::{sync::Arc, time::Instant};

use meetpoint_protocol::Timestamp;

type Reading = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Tells the time, in milliseconds since 1970.
#[derive(Clone)]
pub struct Clock {
    steady: Reading,
    wall: Reading,
    /// One moment in both of its spellings.
    begun: (Instant, Timestamp),
}

impl Clock {
    /// `begun` is the moment at which it is made.
    pub fn new(
        begun: Instant,
        steady: impl Fn() -> Timestamp + Send + Sync + 'static,
        wall: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        let begun = (begun, steady());
        Self { steady: Arc::new(steady), wall: Arc::new(wall), begun }
    }

    /// What records are dated and expire by. It never steps: nothing expires all at once because somebody has set the system's clock.
    pub fn now(&self) -> Timestamp {
        (self.steady)()
    }

    /// The same for what is only measured against itself.
    pub fn instant(&self) -> Instant {
        let (instant, timestamp) = self.begun;
        instant + self.now().since(timestamp)
    }

    /// What others see on their clocks: to compare with the time that a client has signed.
    pub fn wall(&self) -> Timestamp {
        (self.wall)()
    }
}
