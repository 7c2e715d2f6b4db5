//! What differs between the settings of a running server and those that were read anew.

use super::{settings::Settings, table};

/// A setting that was given another value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change {
    pub variable: &'static str,
    /// Whether it holds without a restart.
    pub live: bool,
}

impl Settings {
    /// Takes over what may change while the server runs, and tells everything that differs. What needs a restart stays.
    pub fn take(&mut self, mut new: Self) -> Vec<Change> {
        let mut changes = Vec::new();
        for setting in table::all() {
            if !setting.value.differs(self, &mut new) {
                continue;
            }
            changes.push(Change { variable: setting.variable, live: setting.live });
            if setting.live {
                setting.value.take(self, &mut new);
            }
        }
        changes
    }
}
