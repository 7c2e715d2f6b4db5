//! Texts and candidates that are different each time, and the same for the same seed.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::support::rondevu::keys::Key;

/// What tends to be changed by those who keep it.
const PIECES: &[&str] =
    &["v=0\r\n", "a=candidate:1 ", "'", "\"", "\\", "\0", "\u{1}", "é", "😀", "\u{2028}", "\u{202e}", "%00", "--", " "];

pub struct Words {
    chance: StdRng,
    /// Different for each seed: no two share a name.
    pub name: String,
    count: u64,
}

impl Words {
    pub fn new(seed: u64) -> Self {
        Self { chance: StdRng::seed_from_u64(seed), name: format!("guest{seed}"), count: 0 }
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.chance.random_range(0..end)
    }

    /// True so many times out of a hundred.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// A name that nobody had before.
    pub fn fresh(&mut self) -> String {
        self.count += 1;
        format!("{}-{}", self.name, self.count)
    }

    /// A description that nobody had before.
    pub fn sdp(&mut self) -> String {
        let pieces = self.below(100);
        let pieces: String = (0..pieces).map(|_| PIECES[self.below(PIECES.len())]).collect();
        format!("v=0\r\n{} {pieces}", self.fresh())
    }

    pub fn candidate(&mut self) -> Value {
        let text = self.sdp();
        let number: f64 = self.chance.random();
        json!({"candidate": text, "sdpMLineIndex": self.below(4), "z": null, "a": [number, {"": [true]}]})
    }

    /// At least one candidate, and at most four.
    pub fn candidates(&mut self) -> Vec<Value> {
        (0..=self.below(4)).map(|_| self.candidate()).collect()
    }

    /// A key that nobody else has.
    pub fn key(&mut self) -> Key {
        let seed: [u8; 32] = self.chance.random();
        Key::from_seed_hex(&seed.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    }
}
