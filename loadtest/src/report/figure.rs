//! One number with its unit, and the sections that they stand in.

use std::{borrow::Cow, fmt};

use serde::{Serialize, Serializer};

use crate::units::grouped;

/// What a value counts. JSON keeps base units, the table scales them for reading.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    Count,
    PerSecond,
    BytesPerSecond,
    Bytes,
    Seconds,
    Microseconds,
    CpuSecondsPerMillion,
    /// CPU seconds per second.
    Cores,
    /// A mean that is neither a count nor a rate.
    Each,
}

impl Unit {
    const ALL: [Self; 9] = [
        Unit::Count,
        Unit::PerSecond,
        Unit::BytesPerSecond,
        Unit::Bytes,
        Unit::Seconds,
        Unit::Microseconds,
        Unit::CpuSecondsPerMillion,
        Unit::Cores,
        Unit::Each,
    ];

    /// The unit of this [`name`](Self::name).
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.name() == name)
    }

    /// The unit's name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Unit::Count => "count",
            Unit::PerSecond => "1/s",
            Unit::BytesPerSecond => "B/s",
            Unit::Bytes => "B",
            Unit::Seconds => "s",
            Unit::Microseconds => "us",
            Unit::CpuSecondsPerMillion => "CPU s per million",
            Unit::Cores => "cores",
            Unit::Each => "each",
        }
    }

    /// A value with its unit, scaled for reading.
    pub fn display(self, value: f64) -> String {
        match self {
            Unit::Count => grouped(value, 0),
            Unit::PerSecond => format!("{} /s", grouped(value, 0)),
            Unit::BytesPerSecond => format!("{} MB/s", grouped(value / 1e6, 1)),
            Unit::Bytes if value < f64::from(1 << 20) => format!("{} KiB", grouped(value / 1_024.0, 1)),
            Unit::Bytes => format!("{} MiB", grouped(value / f64::from(1 << 20), 1)),
            Unit::Seconds => format!("{} s", grouped(value, 3)),
            Unit::Microseconds => format!("{} µs", grouped(value, 1)),
            Unit::CpuSecondsPerMillion => format!("{} s", grouped(value, 3)),
            Unit::Cores => format!("{} cores", grouped(value, 2)),
            Unit::Each => grouped(value, 1),
        }
    }
}

/// One number of a result.
#[derive(Clone, PartialEq, Debug)]
pub struct Figure {
    pub key: &'static str,
    pub label: &'static str,
    pub unit: Unit,
    pub value: f64,
}

impl Figure {
    /// `key` names it in JSON, `label` in the table.
    pub const fn new(key: &'static str, label: &'static str, unit: Unit, value: f64) -> Self {
        Self { key, label, unit, value }
    }

    /// The value with its unit, scaled for reading.
    pub fn display(&self) -> String {
        self.unit.display(self.value)
    }
}

/// Figures that belong together, in their order.
#[derive(Clone, PartialEq, Debug)]
pub struct Section {
    pub key: Cow<'static, str>,
    figures: Vec<Figure>,
    /// One line of a table with the rows before and behind it, instead of a list.
    row: bool,
}

impl Section {
    pub fn new(key: &'static str, figures: impl IntoIterator<Item = Figure>) -> Self {
        Self { key: key.into(), figures: figures.into_iter().collect(), row: false }
    }

    /// A section that is compared with others like it: they are printed as one table.
    pub fn row(key: String, figures: impl IntoIterator<Item = Figure>) -> Self {
        Self { key: key.into(), figures: figures.into_iter().collect(), row: true }
    }

    pub fn is_row(&self) -> bool {
        self.row
    }

    /// Rows of one table have the same first figure.
    pub fn shares_table(&self, next: &Self) -> bool {
        let first = |row: &Self| row.figures.first().map(|figure| figure.key);
        self.row && next.row && first(self) == first(next)
    }

    pub fn figures(&self) -> &[Figure] {
        &self.figures
    }

    /// The value of one figure.
    pub fn value(&self, key: &str) -> Option<f64> {
        self.figures.iter().find(|figure| figure.key == key).map(|figure| figure.value)
    }
}

impl Extend<Figure> for Section {
    fn extend<I: IntoIterator<Item = Figure>>(&mut self, figures: I) {
        self.figures.extend(figures);
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.key)?;
        self.figures.iter().try_for_each(|figure| writeln!(f, "  {:<34}{:>18}", figure.label, figure.display()))
    }
}

impl Serialize for Section {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Entry {
            value: f64,
            unit: &'static str,
        }
        serializer.collect_map(self.figures.iter().map(|figure| {
            let Figure { key, value, unit, .. } = *figure;
            (key, Entry { value, unit: unit.name() })
        }))
    }
}

/// Sections as an object by their keys, in their order.
pub fn as_map<S: Serializer>(sections: &[Section], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(sections.iter().map(|section| (&section.key, section)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_scales_what_json_keeps_in_base_units() {
        let section = Section::new("server", [Figure::new("rss", "RSS", Unit::Bytes, 3_145_728.0)]);
        assert!(section.to_string().ends_with(" 3.0 MiB\n"), "{section}");
        let json = serde_json::to_value(&section).expect("JSON");
        assert_eq!(json, serde_json::json!({"rss": {"value": 3_145_728.0, "unit": "B"}}));
    }
}
