//! `loadtest compare A.json B.json`: two results of the same scenario beside each other, with the ratio of every figure.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use clap::Args;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    Error,
    report::{FaultCount, Table, Unit},
};

/// Options that say who was asked, and not what was done.
const WHO: [&str; 4] = ["url", "pid", "allowRemote", "spreadAddresses"];

/// The options of `loadtest compare`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// A result as --json has written it
    pub a: PathBuf,
    /// Another of the same scenario
    pub b: PathBuf,
}

/// A result as it was stored.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
struct Stored {
    scenario: String,
    title: String,
    started_at: String,
    options: Map<String, Value>,
    /// Sections of figures, in their order.
    figures: Map<String, Value>,
    faults: Vec<FaultCount>,
}

#[derive(Deserialize)]
struct Entry {
    value: f64,
    unit: String,
}

/// Two results; `Display` prints them.
#[derive(Debug)]
pub struct Comparison {
    a: Stored,
    b: Stored,
}

/// Reads both results. `Err` when one cannot be read or is of another scenario.
pub fn compare(options: &Options) -> Result<Comparison, Error> {
    let (a, b) = (read(&options.a)?, read(&options.b)?);
    if a.scenario != b.scenario {
        let (one, other) = (&a.scenario, &b.scenario);
        return Err(Error::Options(format!("{one} cannot be compared with {other}: they measure different things")));
    }
    Ok(Comparison { a, b })
}

fn read(path: &Path) -> Result<Stored, Error> {
    let text = fs::read(path).map_err(|source| Error::Input { path: path.to_owned(), why: source.to_string() })?;
    serde_json::from_slice(&text).map_err(|error| Error::Input {
        path: path.to_owned(),
        why: format!("not the result of a run, as --json writes it: {error}"),
    })
}

impl Stored {
    fn entry(&self, section: &str, key: &str) -> Option<Entry> {
        Entry::deserialize(self.figures.get(section)?.get(key)?).ok()
    }
}

impl Comparison {
    /// A table for each section that either has.
    fn tables(&self) -> impl Iterator<Item = Table> {
        keys(&self.a.figures, &self.b.figures).into_iter().map(|section| self.table(section))
    }

    fn table(&self, section: &str) -> Table {
        let none = Map::new();
        let figures = |stored: &'_ Stored| stored.figures.get(section).and_then(Value::as_object).cloned();
        let (a, b) = (figures(&self.a).unwrap_or_else(|| none.clone()), figures(&self.b).unwrap_or(none));
        let line = |key: &str| {
            let both = [self.a.entry(section, key), self.b.entry(section, key)];
            let shown = both.each_ref().map(|entry| entry.as_ref().map_or_else(|| "-".into(), Entry::display));
            let [a, b] = both.map(|entry| entry.map(|entry| entry.value));
            [vec![format!("  {key}")], shown.into(), vec![ratio(a, b).map_or_else(|| "-".into(), factor)]].concat()
        };
        Table {
            head: [section, "A", "B", "B/A"].map(str::to_owned).into(),
            lines: keys(&a, &b).into_iter().map(line).collect(),
        }
    }

    /// What was done differently.
    fn differences(&self) -> impl Iterator<Item = String> {
        let (a, b) = (&self.a.options, &self.b.options);
        let shown = |value: Option<&Value>| value.map_or_else(|| "-".into(), Value::to_string);
        keys(a, b)
            .into_iter()
            .filter(|key| !WHO.contains(key) && a.get(*key) != b.get(*key))
            .map(move |key| format!("DIFFERENT {key}: {} and {}", shown(a.get(key)), shown(b.get(key))))
    }
}

impl Entry {
    fn display(&self) -> String {
        Unit::parse(&self.unit).map_or_else(|| format!("{} {}", self.value, self.unit), |unit| unit.display(self.value))
    }
}

/// The keys of both, in the order of the first.
fn keys<'a>(a: &'a Map<String, Value>, b: &'a Map<String, Value>) -> Vec<&'a str> {
    let further = b.keys().filter(|key| !a.contains_key(*key));
    a.keys().chain(further).map(String::as_str).collect()
}

/// `b / a`, where that says something.
pub fn ratio(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    let (a, b) = (a?, b?);
    (a > 0.0 && b.is_finite()).then_some(b / a)
}

/// A ratio in digits that tell something, whether it is small or large.
pub fn factor(ratio: f64) -> String {
    match ratio {
        _ if ratio >= 100.0 => crate::units::grouped(ratio, 0),
        _ if ratio >= 10.0 => format!("{ratio:.1}"),
        _ => format!("{ratio:.3}"),
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.a.scenario)?;
        let both = [("A", &self.a), ("B", &self.b)];
        for (name, Stored { title, started_at, .. }) in both {
            writeln!(f, "{name}: {title} ({started_at})")?;
        }
        let tables: Vec<Table> = self.tables().collect();
        for table in Table::aligned(tables) {
            write!(f, "\n{table}")?;
        }
        writeln!(f)?;
        self.differences().try_for_each(|difference| writeln!(f, "{difference}"))?;
        for (name, Stored { faults, .. }) in both {
            faults.iter().try_for_each(|fault| writeln!(f, "FAULT in {name}: {fault}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_needs_something_to_divide_by() {
        assert_eq!(ratio(Some(2.0), Some(3.0)), Some(1.5));
        for (a, b) in [(Some(0.0), Some(1.0)), (None, Some(1.0)), (Some(1.0), None), (Some(1.0), Some(f64::NAN))] {
            assert_eq!(ratio(a, b), None);
        }
        assert_eq!([0.165, 1.0, 12.34, 1_234.5].map(factor), ["0.165", "1.000", "12.3", "1,234"]);
    }
}
