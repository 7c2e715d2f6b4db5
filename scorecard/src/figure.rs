//! One thing that was measured, and what it should be.

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// What a figure should be.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Goal {
    AtMost(f64),
    AtLeast(f64),
    Exactly(f64),
    /// Whatever it is: it is told.
    #[default]
    Told,
}

impl Goal {
    /// `None` where there is no goal to keep.
    pub fn kept_by(self, value: f64) -> Option<bool> {
        match self {
            Self::AtMost(most) => Some(value <= most),
            Self::AtLeast(least) => Some(value >= least),
            Self::Exactly(exact) => Some(value == exact),
            Self::Told => None,
        }
    }
}

/// A figure as it is written down, one to a file.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Figure {
    /// What was measured, in words; the name of the figure within its row.
    pub what: String,
    pub value: f64,
    /// Empty for plain numbers.
    #[serde(default)]
    pub unit: String,
    #[serde(default)]
    pub goal: Goal,
    /// Measured by the long version of the row's proof.
    #[serde(default)]
    pub soak: bool,
}

impl Figure {
    /// Whether it is not what it should be.
    pub fn misses(&self) -> bool {
        self.goal.kept_by(self.value) == Some(false)
    }
}

/// Writes down what was measured for a row such as `F10`; what was measured before under the same words is replaced.
///
/// # Panics
/// The row has no file in `scorecard/rows`, or the figure cannot be written: a proof that nobody sees is none.
pub fn figure(row: &str, what: &str, value: f64, unit: &str, goal: Goal) {
    let home = concat!(env!("CARGO_MANIFEST_DIR"), "/rows");
    assert!(Path::new(home).join(row).with_extension("json").exists(), "scorecard/rows has no {row}.json");
    let figure = Figure { what: what.to_owned(), value, unit: unit.to_owned(), goal, soak: crate::soaking() };
    figure.write(&folder(), row).expect("the figure is written down");
}

/// Where figures are written down: `SCORECARD_DIR`, or `target/scorecard` of the workspace.
pub fn folder() -> PathBuf {
    std::env::var_os("SCORECARD_DIR")
        .map_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/../target/scorecard").into(), PathBuf::from)
}

impl Figure {
    fn write(&self, folder: &Path, row: &str) -> io::Result<()> {
        let folder = folder.join(row);
        fs::create_dir_all(&folder)?;
        let name: String = self.what.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        // Whole or not at all: tests run at the same time, and may be killed.
        let part = folder.join(format!("{name}.{}", std::process::id()));
        fs::write(&part, serde_json::to_string(self)?)?;
        fs::rename(part, folder.join(name + ".json"))
    }

    /// What was written down for a row, in the order of the words; nothing where nothing was.
    ///
    /// # Errors
    /// A file cannot be read, or is no figure: its name comes with the error.
    pub fn read_all(folder: &Path, row: &str) -> io::Result<Vec<Self>> {
        let entries = match fs::read_dir(folder.join(row)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut figures = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_some_and(|ending| ending == "json") {
                let named = |error| io::Error::other(format!("{}: {error}", path.display()));
                figures.push(serde_json::from_str::<Self>(&fs::read_to_string(&path)?).map_err(named)?);
            }
        }
        figures.sort_by(|one, other| one.what.cmp(&other.what));
        Ok(figures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_kept_up_to_its_bound() {
        assert_eq!(Goal::AtMost(5.0).kept_by(5.0), Some(true));
        assert_eq!(Goal::AtMost(5.0).kept_by(5.1), Some(false));
        assert_eq!(Goal::AtLeast(5.0).kept_by(4.9), Some(false));
        assert_eq!(Goal::Exactly(0.0).kept_by(1.0), Some(false));
        assert_eq!(Goal::Told.kept_by(1.0), None);
    }

    #[test]
    fn what_is_written_down_is_read_again_and_the_last_word_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let figure = |value| Figure {
            what: "CPU while full".to_owned(),
            value,
            unit: "%".to_owned(),
            goal: Goal::AtMost(5.0),
            soak: false,
        };
        assert_eq!(Figure::read_all(folder.path(), "F10").expect("nothing"), []);
        for value in [9.0, 1.5] {
            figure(value).write(folder.path(), "F10").expect("written");
        }
        assert_eq!(Figure::read_all(folder.path(), "F10").expect("figures"), [figure(1.5)]);
    }

    #[test]
    fn a_script_needs_no_goal_and_no_unit() {
        let figure: Figure = serde_json::from_str(r#"{"what":"cases","value":247}"#).expect("a figure");
        assert_eq!((figure.goal, figure.unit.as_str()), (Goal::Told, ""));
        let figure: Figure = serde_json::from_str(r#"{"what":"failed","value":0,"goal":{"exactly":0}}"#).expect("one");
        assert_eq!(figure.goal, Goal::Exactly(0.0));
    }
}
