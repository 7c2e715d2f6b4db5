//! What all rows have shown so far: `docs/scorecard.json`.

use std::{collections::BTreeMap, fs, io, path::Path};

use serde::{Deserialize, Serialize};

use crate::{figure::Figure, row::Row};

/// The figures of every row by its name. Kept from run to run, since no run proves all of them.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    pub rows: BTreeMap<String, Shown>,
}

/// What a row has shown.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Shown {
    /// How its command ended, where that was not well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    pub figures: Vec<Dated>,
}

/// A figure and the day on which it was taken over, such as `2026-01-31`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Dated {
    pub on: String,
    #[serde(flatten)]
    pub figure: Figure,
}

/// Whether a promise is kept, as far as is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Proven,
    /// A figure is not what it should be, or the command failed.
    Missed,
    NotProven,
}

impl Card {
    /// # Errors
    /// The file cannot be read, or is no scorecard.
    pub fn read(path: &Path) -> io::Result<Self> {
        Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
    }

    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        fs::write(path, serde_json::to_string_pretty(self)? + "\n")
    }

    /// Takes over what was written down for a row since. What a soak has measured stays until the next one measures it again:
    /// the short version says less. Figures that nothing has measured this time stay, too.
    pub fn take(&mut self, row: &str, fresh: Vec<Figure>, today: &str) {
        let shown = self.rows.entry(row.to_owned()).or_default();
        for figure in fresh {
            let dated = Dated { on: today.to_owned(), figure };
            match shown.figures.iter_mut().find(|known| known.figure.what == dated.figure.what) {
                Some(known) if known.figure.soak && !dated.figure.soak => {}
                // The day of a figure is when it became what it is.
                Some(known) if known.figure == dated.figure => {}
                Some(known) => *known = dated,
                None => shown.figures.push(dated),
            }
        }
    }

    /// Forgets rows that there are no more.
    pub fn keep(&mut self, rows: &[Row]) {
        self.rows.retain(|name, _| rows.iter().any(|row| row.name == *name));
    }

    pub fn state(&self, row: &Row) -> State {
        match self.rows.get(&row.name) {
            Some(shown) if shown.failed.is_some() => State::Missed,
            Some(shown) if shown.figures.iter().any(|dated| dated.figure.misses()) => State::Missed,
            Some(shown) if !shown.figures.is_empty() && row.not_proven.is_none() => State::Proven,
            _ => State::NotProven,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Goal;

    fn figure(value: f64, soak: bool) -> Figure {
        Figure { what: "lost".to_owned(), value, unit: String::new(), goal: Goal::Exactly(0.0), soak }
    }

    fn row(name: &str) -> Row {
        Row {
            name: name.to_owned(),
            promise: "Nothing is lost.".to_owned(),
            test: Some("true".to_owned()),
            soak: None,
            alone: false,
            minutes: 1,
            not_proven: None,
        }
    }

    #[test]
    fn a_row_is_proven_by_figures_and_missed_by_one_that_is_wrong() {
        let mut card = Card::default();
        assert_eq!(card.state(&row("F7")), State::NotProven);
        card.take("F7", vec![figure(0.0, false)], "2026-01-01");
        assert_eq!(card.state(&row("F7")), State::Proven);
        card.take("F7", vec![figure(1.0, false)], "2026-01-02");
        assert_eq!(card.state(&row("F7")), State::Missed);
        assert_eq!(card.rows["F7"].figures.len(), 1);
    }

    #[test]
    fn what_a_soak_has_measured_is_not_replaced_by_a_test() {
        let mut card = Card::default();
        card.take("F7", vec![figure(0.0, true)], "2026-01-01");
        card.take("F7", vec![figure(1.0, false)], "2026-01-02");
        assert_eq!(card.rows["F7"].figures[0].on, "2026-01-01");
        card.take("F7", vec![figure(2.0, true)], "2026-01-03");
        assert_eq!(card.rows["F7"].figures[0].figure.value, 2.0);
    }

    #[test]
    fn a_row_that_is_gone_is_forgotten() {
        let mut card = Card::default();
        card.take("F7", vec![figure(0.0, true)], "2026-01-01");
        card.keep(&[row("F8")]);
        assert_eq!(card, Card::default());
    }
}
