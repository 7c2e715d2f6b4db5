//! Time as an argument: what is kept and signed is dated by a clock that whoever builds the server brings along.

use std::sync::Arc;

use meetpoint_protocol::Timestamp;

type Reading = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Tells the time, in milliseconds since 1970.
#[derive(Clone)]
pub struct Clock {
    steady: Reading,
    wall: Reading,
}

impl Clock {
    pub fn new(
        steady: impl Fn() -> Timestamp + Send + Sync + 'static,
        wall: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        Self { steady: Arc::new(steady), wall: Arc::new(wall) }
    }

    /// What records are dated and expire by. It never steps: nothing expires all at once because somebody has set the system's clock.
    pub fn now(&self) -> Timestamp {
        (self.steady)()
    }

    /// What others see on their clocks: to compare with the time that a client has signed.
    pub fn wall(&self) -> Timestamp {
        (self.wall)()
    }
}
