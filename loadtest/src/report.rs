//! The result of a run: the same figures as a table and as JSON, whatever the scenario.

mod figure;
mod table;

use std::{fmt, fs, io, path::Path, time::SystemTime};

use serde::Serialize;
use serde_json::Value;

pub use figure::{Figure, Section, Unit};

use crate::{host::Host, units};

/// A run's result.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub scenario: &'static str,
    /// The scenario and its options in one line.
    pub title: String,
    pub version: &'static str,
    pub started_at: String,
    pub command_line: Vec<String>,
    pub options: Value,
    pub host: Host,
    #[serde(serialize_with = "figure::as_map")]
    pub figures: Vec<Section>,
    /// How to read the figures.
    pub notes: Vec<String>,
    /// Broken promises; none in a run that passed.
    pub faults: Vec<FaultCount>,
}

/// A thing that went wrong and how often it did.
#[derive(Serialize, PartialEq, Eq, Debug)]
pub struct FaultCount {
    pub what: String,
    pub count: u64,
}

impl Report {
    /// An empty report of a scenario that begins now.
    pub fn begin(scenario: &'static str, title: String, options: Value) -> Self {
        Self {
            scenario,
            title,
            version: env!("CARGO_PKG_VERSION"),
            started_at: units::rfc3339(SystemTime::now()),
            command_line: Vec::new(),
            options,
            host: Host::read(),
            figures: Vec::new(),
            notes: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// Whether the server kept every promise.
    pub fn passed(&self) -> bool {
        self.faults.is_empty()
    }

    /// The value of a figure, by its section and key.
    pub fn value(&self, section: &str, key: &str) -> Option<f64> {
        self.figures.iter().find(|found| found.key == section)?.value(key)
    }

    /// Notes something that went wrong; the same thing again only counts.
    pub fn fault(&mut self, what: String, count: u64) {
        match self.faults.iter_mut().find(|fault| fault.what == what) {
            Some(fault) => fault.count += count,
            None if count > 0 => self.faults.push(FaultCount { what, count }),
            None => {}
        }
    }

    /// Writes the report as JSON.
    pub fn write_json(&self, path: &Path) -> io::Result<()> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        fs::write(path, text)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.scenario, self.title)?;
        for sections in self.figures.chunk_by(Section::shares_table) {
            match sections {
                [section] if !section.is_row() => write!(f, "\n{section}")?,
                rows => write!(f, "\n{}", table::Table(rows))?,
            }
        }
        writeln!(f)?;
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        for FaultCount { what, count } in &self.faults {
            writeln!(f, "FAULT {count} × {what}")?;
        }
        Ok(())
    }
}
