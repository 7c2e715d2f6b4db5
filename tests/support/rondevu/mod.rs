//! Clients of the four Rondevu wires, and the player of the conversations recorded from their originals.

pub mod bloom;
pub mod client;
pub mod compare;
pub mod fill;
pub mod keys;
pub mod player;

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use keys::Key;
use serde_json::Value;

/// What a conversation knows at one moment: the recording's words are filled and compared with it.
pub struct Scope {
    pub variables: HashMap<String, Value>,
    pub keys: HashMap<String, Key>,
    /// Milliseconds since 1970.
    pub now: i64,
}

impl Scope {
    /// Null when nothing was bound: a step that failed to bind must not hide what the later ones do.
    pub fn variable(&self, name: &str) -> &Value {
        self.variables.get(name).unwrap_or(&Value::Null)
    }

    pub fn key(&self, name: &str) -> &Key {
        self.keys.get(name).unwrap_or_else(|| panic!("no key is called {name}"))
    }
}

/// Milliseconds since 1970.
pub fn now() -> i64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock stands after 1970");
    i64::try_from(passed.as_millis()).expect("milliseconds fit")
}
