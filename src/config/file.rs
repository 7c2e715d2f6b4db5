//! A file of settings: lines `NAME=value`, as systemd's `EnvironmentFile` and `docker --env-file` read them.
//!
//! Blank lines and lines that begin with `#` or `;` say nothing. A value may stand between quotes, which are taken off; there are no escapes and
//! no variables in it. Every name must be one of a setting, and comes once. No fault repeats what stands in the file: it may be secret.

use std::{
    fs,
    io::{self, Read},
};

use super::{fault::Fault, table, units::ByteSize};

/// The variable that names the file, and its flag.
pub(super) const VARIABLE: &str = "CONFIG_FILE";
pub(super) const FLAG: &str = "config";

/// The most that is read.
const LARGEST: ByteSize = ByteSize::new(64 * 1024);

/// A name this similar was probably meant (0 to 1, Jaro and Winkler).
const SIMILAR: f64 = 0.8;

/// What a file says, as far as it can be understood.
#[derive(Default)]
pub(super) struct SettingsFile {
    path: String,
    lines: Vec<Line>,
}

struct Line {
    /// From 1.
    number: usize,
    name: &'static str,
    value: String,
}

impl SettingsFile {
    /// Reads the file at `path`, which was given as `name`, and everything that is wrong with it.
    pub(super) fn open(name: &str, path: &str) -> (Self, Vec<Fault>) {
        let shown = path.escape_debug();
        match contents(path) {
            Err(error) => (Self::default(), vec![format!("invalid {name}: {shown}: {error}").into()]),
            Ok(text) => match text {
                Some(text) => Self::read(path, &text),
                None => {
                    let expected = format!("expected a file of at most {LARGEST} of UTF-8 text");
                    (Self::default(), vec![format!("invalid {name}: {shown} ({expected})").into()])
                }
            },
        }
    }

    fn read(path: &str, text: &str) -> (Self, Vec<Fault>) {
        let mut file = Self { path: path.to_owned(), lines: Vec::new() };
        let mut faults = Vec::new();
        for (index, text) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let text = text.trim();
            if text.is_empty() || text.starts_with(['#', ';']) {
                continue;
            }
            let number = index + 1;
            match line(number, text).and_then(|line| file.once(line)) {
                Ok(line) => file.lines.push(line),
                Err(problem) => faults.push(format!("{}: {problem}", file.place(number)).into()),
            }
        }
        (file, faults)
    }

    fn once(&self, line: Line) -> Result<Line, String> {
        match self.lines.iter().find(|other| other.name == line.name) {
            Some(other) => Err(format!("{} stands in line {} already", line.name, other.number)),
            None => Ok(line),
        }
    }

    /// What the file says for a variable, and where. Empty texts say nothing.
    pub(super) fn get(&self, variable: &str) -> Option<(&str, String)> {
        let line = self.lines.iter().find(|line| line.name == variable && !line.value.is_empty())?;
        Some((&line.value, self.place(line.number)))
    }

    fn place(&self, number: usize) -> String {
        format!("{}:{number}", self.path.escape_debug())
    }
}

fn line(number: usize, text: &str) -> Result<Line, String> {
    let (name, value) = text.split_once('=').ok_or("no setting (expected NAME=value)")?;
    let name = known(name.trim_end())?;
    Ok(Line { number, name, value: unquoted(value.trim_start())?.trim().to_owned() })
}

/// The variable of a setting.
fn known(name: &str) -> Result<&'static str, String> {
    let names = || table::all().flat_map(|setting| setting.variables());
    if let Some(known) = names().find(|known| *known == name) {
        return Ok(known);
    }
    let wanted = name.to_ascii_uppercase();
    let similar = names().map(|known| (strsim::jaro_winkler(known, &wanted), known));
    let closest = similar.filter(|(how, _)| *how > SIMILAR).max_by(|(one, _), (other, _)| one.total_cmp(other));
    let meant = closest.map(|(_, known)| format!(" (did you mean {known}?)")).unwrap_or_default();
    Err(format!("no setting has this name{meant}"))
}

fn unquoted(value: &str) -> Result<&str, &'static str> {
    let Some(quote) = value.chars().next().filter(|first| matches!(first, '"' | '\'')) else { return Ok(value) };
    match value[1..].split_once(quote) {
        Some((inner, "")) => Ok(inner),
        Some(_) => Err("something stands behind the closing quote"),
        None => Err("the quote is not closed"),
    }
}

/// The text of a file; `None` when there is too much of it, or when it is no text.
fn contents(path: &str) -> io::Result<Option<String>> {
    let mut contents = Vec::new();
    // One byte more than it may hold: it could have no end.
    fs::File::open(path)?.take(LARGEST.bytes() as u64 + 1).read_to_end(&mut contents)?;
    Ok(if contents.len() > LARGEST.bytes() { None } else { String::from_utf8(contents).ok() })
}
