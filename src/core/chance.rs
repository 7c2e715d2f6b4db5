//! Chance as an argument: ids and jitter come from one seedable generator, so that a simulation can be replayed.

use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::sync::Mutex;

/// A cryptographically strong generator: ids made by it cannot be guessed.
pub struct Chance(Mutex<StdRng>);

impl Chance {
    /// Seeded by the operating system.
    pub fn from_system() -> Self {
        Self(Mutex::new(rand::make_rng()))
    }

    /// The same sequence for the same seed.
    pub fn from_seed(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }

    /// Sixteen random bytes: an id.
    pub fn id(&self) -> [u8; 16] {
        self.0.lock().random()
    }

    /// Random bytes, as many as are asked for: a key.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        self.0.lock().random()
    }

    /// One of the first `count` numbers; `None` where there are none.
    pub fn below(&self, count: usize) -> Option<usize> {
        (count > 0).then(|| self.0.lock().random_range(0..count))
    }

    /// Evenly spread over 0.0..1.0.
    pub fn fraction(&self) -> f64 {
        self.0.lock().random()
    }
}
