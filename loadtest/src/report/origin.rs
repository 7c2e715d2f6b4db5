//! When, where and how a result came to be.

use std::time::SystemTime;

use serde::Serialize;

use crate::{host::Host, units};

/// What one must know of a result besides its figures.
#[derive(Serialize, Default, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    pub version: &'static str,
    pub started_at: String,
    pub command_line: Vec<String>,
    pub host: Host,
}

impl Origin {
    /// Here and now.
    pub fn now() -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION"),
            started_at: units::rfc3339(SystemTime::now()),
            command_line: Vec::new(),
            host: Host::read(),
        }
    }

    /// Names and values, for a page.
    pub fn lines(&self) -> [(&'static str, String); 4] {
        [
            ("begun", self.started_at.clone()),
            ("command", self.command_line.join(" ")),
            ("machine", self.host.to_string()),
            ("version", self.version.to_owned()),
        ]
    }
}
