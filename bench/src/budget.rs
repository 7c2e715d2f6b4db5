//! What is allowed, and what to think of what it is now.

use std::{collections::BTreeMap, fmt, fs, path::PathBuf};

use crate::Result;

/// Per cent that a figure may be away from what is stored.
const TOLERANCE: u64 = 10;

/// Instructions, by the name of the figure.
#[derive(Default)]
pub struct Budget(BTreeMap<String, u64>);

impl Budget {
    pub fn read() -> Result<Self> {
        Ok(Self(serde_json::from_str(&fs::read_to_string(path())?)?))
    }

    pub fn write(&self) -> Result<()> {
        let text = serde_json::to_string_pretty(&self.0)? + "\n";
        Ok(fs::write(path(), text)?)
    }

    pub fn of(&self, name: &str) -> Result<u64> {
        let allowed = self.0.get(name).copied();
        allowed.ok_or_else(|| format!("{} has no {name}: make budget renew=1", path().display()).into())
    }

    pub fn set(&mut self, name: &str, allowed: u64) {
        self.0.insert(name.to_owned(), allowed);
    }
}

fn path() -> PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/budget.json").into()
}

/// How a figure stands to what is allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Within,
    Above,
    /// So far that what is allowed hides what is lost next.
    Below,
}

impl Verdict {
    pub fn of(now: u64, allowed: u64) -> Self {
        match now * 100 {
            now if now > allowed * (100 + TOLERANCE) => Self::Above,
            now if now < allowed * (100 - TOLERANCE) => Self::Below,
            _ => Self::Within,
        }
    }
}

/// The most instructions that pass where so many are allowed.
pub fn most(allowed: u64) -> f64 {
    (allowed * (100 + TOLERANCE)) as f64 / 100.0
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Within => f.write_str("kept"),
            Self::Above => write!(f, "MORE THAN {TOLERANCE} % ABOVE"),
            Self::Below => write!(f, "more than {TOLERANCE} % below; lower what is allowed (make budget renew=1)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::FIGURES;

    #[test]
    fn ten_per_cent_either_way_are_let_pass() {
        for (now, verdict) in [
            (1101, Verdict::Above),
            (1100, Verdict::Within),
            (1000, Verdict::Within),
            (900, Verdict::Within),
            (899, Verdict::Below),
        ] {
            assert_eq!(Verdict::of(now, 1000), verdict, "{now}");
        }
    }

    #[test]
    fn every_figure_has_its_budget_and_nothing_else_has() {
        let budget = Budget::read().unwrap();
        let mut names: Vec<_> = FIGURES.iter().map(|figure| figure.name).collect();
        names.sort_unstable();
        assert!(budget.0.keys().eq(names));
    }
}
