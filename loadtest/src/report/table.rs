//! Sections with the same figures, side by side: one line each, one column per figure.

use std::fmt;

use super::figure::{Figure, Section};

/// Rows, with a column for every figure that any of them has.
pub struct Table<'a>(pub &'a [Section]);

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut heads: Vec<&Figure> = Vec::new();
        for figure in self.0.iter().flat_map(Section::figures) {
            if heads.iter().all(|head| head.key != figure.key) {
                heads.push(figure);
            }
        }
        let names = self.0.iter().map(|row| row.key.chars().count()).max().unwrap_or_default();
        let columns: Vec<Vec<String>> = heads.iter().map(|head| self.column(head)).collect();
        for line in 0..=self.0.len() {
            let name = line.checked_sub(1).and_then(|row| self.0.get(row)).map_or("", |row| &row.key);
            write!(f, "{name:<names$}")?;
            for column in &columns {
                let width = column.iter().map(|cell| cell.chars().count()).max().unwrap_or_default();
                write!(f, "  {:>width$}", column.get(line).map_or("", String::as_str))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl Table<'_> {
    /// The label and below it what each row has there.
    fn column(&self, head: &Figure) -> Vec<String> {
        let cell = |row: &Section| {
            let figure = row.figures().iter().find(|figure| figure.key == head.key);
            figure.map_or_else(|| "-".into(), |figure| figure.unit.display(figure.value))
        };
        std::iter::once(head.label.to_owned()).chain(self.0.iter().map(cell)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Unit;

    #[test]
    fn rows_stand_in_columns_and_lack_what_they_lack() {
        let rate = |value| Figure::new("rate", "requests", Unit::PerSecond, value);
        let rss = Figure::new("rss", "RSS", Unit::Bytes, 1_048_576.0);
        let rows =
            [Section::row("poll@9".into(), [rate(1_234.0)]), Section::row("mix@10".into(), [rate(9.0), rss.clone()])];
        let text = Table(&rows).to_string();
        assert_eq!(text, "        requests      RSS\npoll@9  1,234 /s        -\nmix@10      9 /s  1.0 MiB\n");
        assert_eq!(Table(&[]).to_string(), "\n");
        assert!(rows[0].shares_table(&rows[1]));
        assert!(!rows[0].shares_table(&Section::row("fill".into(), [rss])));
        assert!(!rows[0].shares_table(&Section::new("hold", [rate(9.0)])));
    }
}
