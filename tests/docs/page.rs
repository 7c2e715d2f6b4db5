//! A page of the documents, as its readers see it: headings, tables, blocks of code, links.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::fs;
use std::path::{Path, PathBuf};

pub struct Page {
    path: PathBuf,
    pub text: String,
}

impl Page {
    /// Reads a file of the repository.
    pub fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let text = fs::read_to_string(&path).expect(name);
        Self { path, text }
    }

    /// A page that is no file.
    pub fn new(text: String) -> Self {
        Self { path: PathBuf::new(), text }
    }

    /// The cells of all rows of the table that comes first under a heading, without its head.
    pub fn table(&self, heading: &str) -> Vec<Vec<&str>> {
        let (_, section) = self.text.split_once(&format!("\n## {heading}\n")).expect(heading);
        let table = section.lines().skip_while(|line| !line.starts_with('|')).skip(2);
        table.take_while(|line| line.starts_with('|')).map(cells).collect()
    }

    /// The cells of every row of every table.
    pub fn rows(&self) -> Vec<Vec<&str>> {
        self.text.lines().filter(|line| line.starts_with('|')).map(cells).collect()
    }

    /// The blocks of code in a language.
    pub fn blocks(&self, language: &str) -> Vec<&str> {
        let blocks = self.text.split("```").skip(1).step_by(2);
        blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n')).collect()
    }

    /// Whether a link has a target: the file, this one if it names none, and the heading where it names one.
    pub fn leads_to(&self, link: &str) -> bool {
        let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
        let target = if file.is_empty() { self.path.clone() } else { self.path.with_file_name(file) };
        let has_heading = || {
            let text = fs::read_to_string(&target).unwrap_or_default();
            text.lines().filter(|line| line.starts_with('#')).any(|line| name_of(line) == anchor)
        };
        target.exists() && (anchor.is_empty() || has_heading())
    }
}

fn cells(row: &str) -> Vec<&str> {
    row.trim_matches('|').split('|').map(str::trim).collect()
}

/// By which name a heading is linked to.
fn name_of(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    words.replace(' ', "-").chars().filter(|letter| letter.is_alphanumeric() || *letter == '-').collect()
}
