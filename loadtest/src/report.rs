//! The result of a run: the same figures as a table and as JSON, whatever the scenario.

mod figure;
mod origin;
mod table;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use figure::{Figure, Section, Unit};
pub use origin::Origin;
pub use table::Table;

use crate::{
    chart::{Panel, over_time, percentiles},
    output::Document,
    timeline::Timeline,
};

/// A run's result.
#[derive(Serialize, Default, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub scenario: &'static str,
    /// The scenario and its options in one line.
    pub title: String,
    #[serde(flatten)]
    pub origin: Origin,
    pub options: Value,
    #[serde(serialize_with = "figure::as_map")]
    pub figures: Vec<Section>,
    /// How to read the figures.
    pub notes: Vec<String>,
    /// Broken promises; none in a run that passed.
    pub faults: Vec<FaultCount>,
    /// What the run looked like, for the chart.
    #[serde(skip)]
    pub timeline: Timeline,
}

/// A thing that went wrong and how often it did.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct FaultCount {
    pub what: String,
    pub count: u64,
}

impl Report {
    /// An empty report of a scenario that begins now.
    pub fn begin(scenario: &'static str, title: String, options: Value) -> Self {
        Self { scenario, title, origin: Origin::now(), options, ..Self::default() }
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
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.scenario, self.title)?;
        for sections in self.figures.chunk_by(Section::shares_table) {
            match sections {
                [section] if !section.is_row() => write!(f, "\n{section}")?,
                rows => write!(f, "\n{}", Table::of_rows(rows))?,
            }
        }
        writeln!(f)?;
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        self.faults.iter().try_for_each(|fault| writeln!(f, "FAULT {fault}"))
    }
}

impl fmt::Display for FaultCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {}", self.count, self.what)
    }
}

impl Document for Report {
    fn title(&self) -> String {
        format!("loadtest {}", self.scenario)
    }

    fn subtitle(&self) -> String {
        self.title.clone()
    }

    fn panels(&self) -> Vec<Panel<'_>> {
        let mut panels = over_time::panels(&self.timeline);
        panels.extend(percentiles::panel(&self.figures));
        panels
    }

    fn tables(&self) -> Vec<Table> {
        let table = |sections: &[Section]| match sections {
            [section] if !section.is_row() => Table::of_list(section),
            rows => Table::of_rows(rows),
        };
        self.figures.chunk_by(Section::shares_table).map(table).collect()
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn faults(&self) -> &[FaultCount] {
        &self.faults
    }

    fn origin(&self) -> &Origin {
        &self.origin
    }
}
