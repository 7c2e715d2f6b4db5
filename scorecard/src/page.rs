//! The page that people read: `docs/scorecard.md`.

use std::fmt::Write;

use crate::{
    card::{Card, Dated, State},
    figure::{Figure, Goal},
    row::Row,
};

const HEAD: &str = "\
# The scorecard

Each row is a promise, with what was measured and the command that repeats it. `make test` runs the short versions, `make soak`
the long ones (marked ●); both write down what they measure, and `make scorecard` draws this page from
[scorecard.json](scorecard.json) and the rows in `scorecard/rows`. Figures of time and memory are of one shared machine with two cores.
";

/// The page of all rows.
pub fn draw(rows: &[Row], card: &Card) -> String {
    let count = |state| rows.iter().filter(|row| card.state(row) == state).count();
    let mut page = format!(
        "{HEAD}\n{} promises: {} proven, {} missed, {} not proven.\n",
        rows.len(),
        count(State::Proven),
        count(State::Missed),
        count(State::NotProven)
    );
    page.push_str("\n| row | promise | | measured | repeat |\n|---|---|---|---|---|\n");
    for row in rows {
        let state = match card.state(row) {
            State::Proven => "proven",
            State::Missed => "**missed**",
            State::NotProven => "not proven",
        };
        let shown = card.rows.get(&row.name);
        let failed = shown.and_then(|shown| shown.failed.as_ref()).map(|how| format!("**failed**: {how}"));
        let figures = shown.map(|shown| shown.figures.as_slice()).unwrap_or_default().iter().map(cell);
        let measured: Vec<_> = row.not_proven.iter().cloned().chain(failed).chain(figures).collect();
        let test = row.test.iter().map(|command| format!("`{command}`"));
        let commands: Vec<_> = test.chain(row.soak.iter().map(|command| format!("● `SOAK=1 {command}`"))).collect();
        writeln!(
            page,
            "| {} | {} | {state} | {} | {} |",
            row.name,
            escaped(&row.promise),
            escaped(&measured.join("<br>")),
            escaped(&commands.join("<br>"))
        )
        .expect("a text takes everything");
    }
    page
}

fn cell(Dated { on, figure }: &Dated) -> String {
    let Figure { what, value, unit, goal, soak } = figure;
    let goal = match goal {
        Goal::AtMost(most) => format!(" (at most {})", number(*most)),
        Goal::AtLeast(least) => format!(" (at least {})", number(*least)),
        Goal::Exactly(exact) => format!(" ({})", number(*exact)),
        Goal::Told => String::new(),
    };
    let missed = if figure.misses() { " **missed**" } else { "" };
    let mark = if *soak { "● " } else { "" };
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    format!("{mark}{what}: {}{unit}{goal}{missed}, {on}", number(*value))
}

/// Three digits that count, and thousands apart.
fn number(value: f64) -> String {
    if value != 0.0 && value.abs() < 100.0 && value.fract() != 0.0 {
        let digits = (2.0 - value.abs().log10().floor()).max(0.0) as usize;
        let text = format!("{value:.digits$}");
        return if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text };
    }
    let whole = format!("{:.0}", value.abs());
    let grouped: Vec<_> = whole.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    format!("{}{}", if value < 0.0 { "-" } else { "" }, grouped.join(","))
}

/// A cell of a table stays one.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_that_count() {
        for (value, shown) in [
            (0.0, "0"),
            (1.256, "1.26"),
            (0.01234, "0.0123"),
            (19_500.0, "19,500"),
            (123.456, "123"),
            (-7.0, "-7"),
            (99.5, "99.5"),
        ] {
            assert_eq!(number(value), shown);
        }
    }

    #[test]
    fn a_row_without_figures_is_marked_so_and_says_why() {
        let row = Row {
            name: "F3".to_owned(),
            promise: "A|B stays.".to_owned(),
            test: None,
            soak: None,
            alone: false,
            minutes: 1,
            not_proven: Some("there is one process".to_owned()),
        };
        let page = draw(&[row], &Card::default());
        assert!(page.contains("1 promises: 0 proven, 0 missed, 1 not proven."), "{page}");
        assert!(page.ends_with("| F3 | A\\|B stays. | not proven | there is one process |  |\n"), "{page}");
    }
}
