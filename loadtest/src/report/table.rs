//! Cells in lines and columns, as text and as HTML.

use std::fmt;

use super::figure::{Figure, Section};
use crate::chart::escaped;

/// A table: the first column names its lines, the others stand to the right. A line of one cell is a heading.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Table {
    pub head: Vec<String>,
    pub lines: Vec<Vec<String>>,
}

impl Table {
    /// Sections with the same figures: one line each, a column for every figure that any of them has.
    pub fn of_rows(sections: &[Section]) -> Self {
        let mut heads: Vec<&Figure> = Vec::new();
        for figure in sections.iter().flat_map(Section::figures) {
            if heads.iter().all(|head| head.key != figure.key) {
                heads.push(figure);
            }
        }
        let cell = |section: &Section, head: &&Figure| {
            let figure = section.figures().iter().find(|figure| figure.key == head.key);
            figure.map_or_else(|| "-".into(), Figure::display)
        };
        let line = |section: &Section| {
            let cells = heads.iter().map(|head| cell(section, head));
            std::iter::once(section.key.to_string()).chain(cells).collect()
        };
        let head = std::iter::once(String::new()).chain(heads.iter().map(|head| head.label.to_owned())).collect();
        Self { head, lines: sections.iter().map(line).collect() }
    }

    /// The figures of one section, below each other.
    pub fn of_list(section: &Section) -> Self {
        let line = |figure: &Figure| vec![figure.label.trim_start().to_owned(), figure.display()];
        Self { head: vec![section.key.to_string(), String::new()], lines: section.figures().iter().map(line).collect() }
    }

    /// Tables with the same columns, each as wide as in the widest of them.
    pub fn aligned(mut tables: Vec<Self>) -> Vec<Self> {
        let columns = tables.iter().map(|table| table.head.len()).max().unwrap_or_default();
        for column in 0..columns {
            let width = tables.iter().map(|table| table.width(column)).max().unwrap_or_default();
            for cell in tables.iter_mut().filter_map(|table| table.head.get_mut(column)) {
                *cell = if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") };
            }
        }
        tables
    }

    /// Characters of the widest cell of a column.
    fn width(&self, column: usize) -> usize {
        let cells = std::iter::once(&self.head).chain(&self.lines).filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    }

    /// The table as an element of a page.
    pub fn html(&self) -> String {
        let row = |tag: &str, cells: &[String]| {
            let cells: String = cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell.trim()))).collect();
            format!("<tr>{cells}</tr>\n")
        };
        let line = |line: &Vec<String>| match &line[..] {
            [name] => format!("<tr><th colspan=\"{}\">{}</th></tr>\n", self.head.len(), escaped(name)),
            cells => row("td", cells),
        };
        let lines: String = self.lines.iter().map(line).collect();
        format!("<table>\n{}{lines}</table>\n", row("th", &self.head))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<usize> = (0..self.head.len()).map(|column| self.width(column)).collect();
        for line in std::iter::once(&self.head).chain(&self.lines) {
            for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
                match column {
                    0 => write!(f, "{cell:<width$}")?,
                    _ => write!(f, "  {cell:>width$}")?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Unit;

    fn rate(value: f64) -> Figure {
        Figure::new("rate", "requests", Unit::PerSecond, value)
    }

    #[test]
    fn rows_stand_in_columns_and_lack_what_they_lack() {
        let rss = Figure::new("rss", "RSS", Unit::Bytes, 1_048_576.0);
        let rows =
            [Section::row("poll@9".into(), [rate(1_234.0)]), Section::row("mix@10".into(), [rate(9.0), rss.clone()])];
        let text = Table::of_rows(&rows).to_string();
        assert_eq!(text, "        requests      RSS\npoll@9  1,234 /s        -\nmix@10      9 /s  1.0 MiB\n");
        assert_eq!(Table::of_rows(&[]).to_string(), "\n");
        assert!(rows[0].shares_table(&rows[1]));
        assert!(!rows[0].shares_table(&Section::row("fill".into(), [rss])));
        assert!(!rows[0].shares_table(&Section::new("hold", [rate(9.0)])));
    }

    #[test]
    fn what_stands_in_a_cell_is_no_markup() {
        let table = Table {
            head: vec!["<b>".into(), "x".into()],
            lines: vec![vec!["a & b".into()], vec!["c".into(), "1".into()]],
        };
        assert_eq!(
            table.html(),
            "<table>\n<tr><th>&lt;b&gt;</th><th>x</th></tr>\n<tr><th colspan=\"2\">a &amp; b</th></tr>\n<tr><td>c</td><td>1</td></tr>\n</table>\n"
        );
        let list = Table::of_list(&Section::new("hold", [rate(9.0)]));
        assert_eq!(list.lines, [["requests", "9 /s"]]);
    }
}
