//! The rows: one file for each in `scorecard/rows`, named as the row.

use std::{fs, io, path::Path};

use serde::Deserialize;

/// One promise and what proves it.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Row {
    /// The file's name, such as `F10`.
    #[serde(skip)]
    pub name: String,
    /// What users are promised, in one sentence.
    pub promise: String,
    /// The command that proves it in `make test`.
    #[serde(default)]
    pub test: Option<String>,
    /// The command of `make soak`, run with [`crate::soak::VARIABLE`] set to 1.
    #[serde(default)]
    pub soak: Option<String>,
    /// Whether nothing else may run meanwhile: it measures time, memory or CPU, or needs all of them.
    #[serde(default)]
    pub alone: bool,
    /// How long that may take, at most.
    #[serde(default = "ten")]
    pub minutes: u64,
    /// Why there is nothing that proves it.
    #[serde(default)]
    pub not_proven: Option<String>,
}

fn ten() -> u64 {
    10
}

impl Row {
    /// All rows of a folder: by their letters, and then by their numbers.
    ///
    /// # Errors
    /// A file cannot be read, or is no row: its name comes with the error.
    pub fn read_all(folder: &Path) -> io::Result<Vec<Self>> {
        let mut rows = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let named = |problem: String| io::Error::other(format!("{}: {problem}", path.display()));
            let mut row: Self =
                serde_json::from_str(&fs::read_to_string(&path)?).map_err(|error| named(error.to_string()))?;
            if row.test.is_none() && row.soak.is_none() && row.not_proven.is_none() {
                return Err(named("needs a command, or notProven".to_owned()));
            }
            row.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            rows.push(row);
        }
        rows.sort_by(|one, other| one.order().cmp(&other.order()));
        Ok(rows)
    }

    fn order(&self) -> (&str, u32) {
        let letters = self.name.trim_end_matches(|c: char| c.is_ascii_digit());
        (letters, self.name[letters.len()..].parse().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_the_order_of_their_letters_and_numbers() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["F10", "RELOAD", "F2", "B1"] {
            let row = r#"{"promise": "It stays.", "test": "true"}"#;
            fs::write(folder.path().join(name).with_extension("json"), row).expect("written");
        }
        let rows = Row::read_all(folder.path()).expect("rows");
        assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["B1", "F2", "F10", "RELOAD"]);
    }

    #[test]
    fn a_row_that_nothing_proves_says_why() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("F3.json"), r#"{"promise": "It stays."}"#).expect("written");
        let error = Row::read_all(folder.path()).expect_err("no command and no reason");
        assert!(error.to_string().ends_with("F3.json: needs a command, or notProven"), "{error}");
    }
}
