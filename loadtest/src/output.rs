//! Where results go: standard output, JSON, a picture, a page.

use std::{fmt, fs, path::Path};

use serde::Serialize;

use crate::{
    Error,
    chart::{Panel, escaped, sheet},
    cli::OutputOptions,
    report::{FaultCount, Origin, Table},
};

/// A result: `Display` is its table, `Serialize` its JSON, and this what a page shows of it.
pub trait Document: fmt::Display + Serialize {
    fn title(&self) -> String;
    /// What explains the title in one line.
    fn subtitle(&self) -> String;
    fn panels(&self) -> Vec<Panel<'_>>;
    fn tables(&self) -> Vec<Table>;
    /// How to read the figures.
    fn notes(&self) -> &[String];
    fn faults(&self) -> &[FaultCount];
    fn origin(&self) -> &Origin;
}

/// Prints a result and writes the files that are asked for.
pub fn put(document: &impl Document, options: &OutputOptions) -> Result<(), Error> {
    print!("{document}");
    if let Some(path) = &options.json {
        let mut text = serde_json::to_string_pretty(document).map_err(std::io::Error::from)?;
        text.push('\n');
        write(path, text)?;
    }
    if let Some(path) = &options.chart {
        let text = if is_picture(path) { svg(document)? } else { page(document)? };
        write(path, text)?;
    }
    Ok(())
}

/// Whether a chart is to be a picture; else it is a page.
fn is_picture(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("svg"))
}

fn write(path: &Path, text: String) -> Result<(), Error> {
    fs::write(path, text).map_err(|source| Error::Output { path: path.to_owned(), source })
}

/// The picture, with a title of its own.
pub fn svg(document: &impl Document) -> Result<String, Error> {
    let faults: Vec<_> = document.faults().iter().map(ToString::to_string).collect();
    sheet(Some((&document.title(), &document.subtitle(), &faults)), &document.panels())
}

/// The picture and all tables as one page that needs nothing else.
pub fn page(document: &impl Document) -> Result<String, Error> {
    let (title, subtitle) = (escaped(&document.title()), escaped(&document.subtitle()));
    let svg = sheet(None, &document.panels())?;
    let items = |class, lines: &mut dyn Iterator<Item = &String>| {
        let item = |line: &String| {
            let tag = if is_warning(line) { "<li class=\"warning\">" } else { "<li>" };
            format!("{tag}{}</li>\n", escaped(line))
        };
        let lines: String = lines.map(item).collect();
        if lines.is_empty() { lines } else { format!("<ul class=\"{class}\">\n{lines}</ul>\n") }
    };
    let verdict = match document.faults() {
        [] => "<p class=\"kept\">Every promise was kept.</p>\n".into(),
        faults => items("faults", &mut faults.iter().map(ToString::to_string).collect::<Vec<_>>().iter()),
    };
    let notes = items("notes", &mut document.notes().iter());
    let tables: String = document.tables().iter().map(Table::html).collect();
    let origin = |(name, value): &(_, String)| format!("<dt>{name}</dt><dd>{}</dd>\n", escaped(value));
    let origin: String = document.origin().lines().iter().map(origin).collect();
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<h1>{title}</h1>\n<p>{subtitle}</p>\n{verdict}<figure>\n{svg}</figure>\n<div class=\"tables\">\n{tables}</div>\n\
         {notes}<dl>\n{origin}</dl>\n</body>\n</html>\n"
    ))
}

/// Notes that make a result doubtful begin with capitals: NOT QUIET, BUSY, PACED.
fn is_warning(note: &str) -> bool {
    let text = note.split_once(": ").filter(|(round, _)| round.contains(", round ")).map_or(note, |(_, rest)| rest);
    text.bytes().take_while(u8::is_ascii_uppercase).count() > 2
}

const STYLE: &str = include_str!("output/page.css");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Report;

    #[test]
    fn a_page_says_first_what_broke_and_holds_no_markup_of_others() {
        let mut report = Report::begin("relay", "<2> pairs".into(), serde_json::Value::Null);
        let html = page(&report).expect("a page");
        assert!(html.contains("Every promise") && html.contains("&lt;2&gt; pairs") && !html.contains("<2>"), "{html}");
        report.fault("the server said <script>".into(), 3);
        let html = page(&report).expect("a page");
        assert!(
            html.contains("<li>3 × the server said &lt;script&gt;</li>") && !html.contains("Every promise"),
            "{html}"
        );
        let svg = svg(&report).expect("a picture");
        assert!(svg.contains("3 × the server said &lt;script&gt;"), "{svg}");
    }

    #[test]
    fn a_note_that_makes_a_result_doubtful_stands_out() {
        assert!(is_warning("NOT QUIET: other work") && is_warning("peer, round 3: PACED? The server"));
        assert!(!is_warning("A row: a phase") && !is_warning("latency: one way") && !is_warning("stuck: NOT"));
    }

    #[test]
    fn the_ending_says_whether_a_chart_is_a_picture() {
        assert!(is_picture(Path::new("a/b.SVG")) && !is_picture(Path::new("a.svg.html")));
    }
}
