//! From the reports of all rounds to what both servers have come to.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{Dialect, Options, Side};
use crate::{
    chart::{
        Panel,
        ratios::{self, Ratio},
    },
    compare::{factor, ratio},
    output::Document,
    report::{FaultCount, Figure, Origin, Report, Table, Unit},
};

/// Columns of the table; a section's name stands above the figures.
const HEAD: [&str; 6] = ["", "server", "min .. max", "peer", "min .. max", "peer/server"];
/// Sections that say nothing of either server: they are in the tables and not in the picture.
const NOT_THEIRS: [&str; 2] = ["generator", "others"];

/// What two servers have come to.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Versus {
    pub scenario: &'static str,
    /// The scenario's options in one line.
    pub title: String,
    pub peer: String,
    pub dialect: Dialect,
    pub rounds: u16,
    /// The scenario's.
    pub options: Value,
    #[serde(flatten)]
    pub origin: Origin,
    #[serde(serialize_with = "as_map")]
    figures: Vec<Section>,
    /// How to read the figures.
    pub notes: Vec<String>,
    /// Broken promises of either; none when both kept all.
    pub faults: Vec<FaultCount>,
}

#[derive(Debug)]
struct Section {
    key: String,
    figures: Vec<Both>,
}

/// One figure of both servers.
#[derive(Debug)]
struct Both {
    key: &'static str,
    label: &'static str,
    unit: Unit,
    /// One value for each round that has one.
    values: [Vec<f64>; 2],
    /// Peer to server, round by round.
    ratios: Vec<f64>,
}

/// The middle and the ends of several values.
#[derive(Serialize, Clone, Copy, PartialEq, Debug)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// `None` of nothing.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median =
            if sorted.len().is_multiple_of(2) { (sorted[middle - 1] + sorted[middle]) / 2.0 } else { sorted[middle] };
        Some(Self { median, min, max })
    }
}

impl Versus {
    /// `reports`: of both sides, round by round.
    pub(super) fn new(options: &Options, command_line: Vec<String>, reports: [Vec<Report>; 2]) -> Self {
        let figures = sections(&reports);
        let notes = notes(&reports);
        let mut faults: Vec<FaultCount> = Vec::new();
        for (side, reports) in Side::BOTH.into_iter().zip(&reports) {
            for FaultCount { what, count } in reports.iter().flat_map(|report| &report.faults) {
                let what = format!("{}: {what}", side.name());
                match faults.iter_mut().find(|fault| fault.what == what) {
                    Some(fault) => fault.count += count,
                    None => faults.push(FaultCount { what, count: *count }),
                }
            }
        }
        let [mut of_server, _] = reports;
        let Report { scenario, title, origin, options: done, .. } = of_server.swap_remove(0);
        let Options { peer, dialect, rounds, .. } = options;
        Self {
            scenario,
            title,
            peer: peer.clone(),
            dialect: *dialect,
            rounds: *rounds,
            options: done,
            origin: Origin { command_line, ..origin },
            figures,
            notes,
            faults,
        }
    }

    /// Whether both servers kept every promise.
    pub fn passed(&self) -> bool {
        self.faults.is_empty()
    }

    /// The medians of server and peer of a figure that both have.
    pub fn medians(&self, section: &str, key: &str) -> Option<[f64; 2]> {
        let section = self.figures.iter().find(|found| found.key == section)?;
        let [server, peer] = section.figures.iter().find(|figure| figure.key == key)?.spreads();
        Some([server?.median, peer?.median])
    }
}

/// All figures that any report has, in their order.
fn sections(reports: &[Vec<Report>; 2]) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for found in reports.iter().flatten().flat_map(|report| &report.figures) {
        let place = sections.iter().position(|section| section.key == found.key).unwrap_or_else(|| {
            sections.push(Section { key: found.key.to_string(), figures: Vec::new() });
            sections.len() - 1
        });
        let Section { key, figures } = &mut sections[place];
        for &Figure { key: figure, label, unit, .. } in found.figures() {
            if figures.iter().all(|known| known.key != figure) {
                let values = |side: Side| reports[side as usize].iter().map(|report| report.value(key, figure));
                let both = values(Side::Server).zip(values(Side::Peer));
                let ratios = both.filter_map(|(server, peer)| ratio(server, peer)).collect();
                let values = Side::BOTH.map(|side| values(side).flatten().collect());
                figures.push(Both { key: figure, label, unit, values, ratios });
            }
        }
    }
    sections
}

/// What every report says is said once, all else with its round.
fn notes(reports: &[Vec<Report>; 2]) -> Vec<String> {
    let all = || reports.iter().flatten();
    let mut notes: Vec<String> = Vec::new();
    for note in all().flat_map(|report| &report.notes) {
        if !notes.contains(note) && all().all(|report| report.notes.contains(note)) {
            notes.push(note.clone());
        }
    }
    let common = notes.len();
    for (side, reports) in Side::BOTH.into_iter().zip(reports) {
        for (round, report) in (1..).zip(reports) {
            let own = report.notes.iter().filter(|note| !notes[..common].contains(note));
            let own: Vec<_> = own.map(|note| format!("{}, round {round}: {note}", side.name())).collect();
            notes.extend(own);
        }
    }
    notes
}

impl Both {
    fn spreads(&self) -> [Option<Spread>; 2] {
        self.values.each_ref().map(|values| Spread::of(values))
    }

    /// Peer to server, of the medians.
    fn ratio(&self) -> Option<f64> {
        let [server, peer] = self.spreads().map(|spread| spread.map(|spread| spread.median));
        ratio(server, peer)
    }

    /// Whether it differs at all: what both agree on is no comparison.
    fn differs(&self) -> bool {
        const ALIKE: f64 = 0.005;
        self.ratios.iter().any(|ratio| (ratio - 1.0).abs() > ALIKE)
    }

    fn line(&self) -> Vec<String> {
        let none = || "-".to_owned();
        let cells = self.spreads().into_iter().flat_map(|spread| match spread {
            Some(Spread { median, min, max }) if min < max => {
                [self.unit.display(median), format!("{} .. {}", self.unit.display(min), self.unit.display(max))]
            }
            Some(Spread { median, .. }) => [self.unit.display(median), String::new()],
            None => [none(), String::new()],
        });
        let cells: Vec<String> = cells.collect();
        [vec![format!("  {}", self.label)], cells, vec![self.ratio().map_or_else(none, factor)]].concat()
    }
}

impl Section {
    fn lines(&self) -> impl Iterator<Item = Vec<String>> {
        self.figures.iter().map(Both::line)
    }

    fn table(&self) -> Table {
        let mut head = HEAD.map(str::to_owned);
        head[0].clone_from(&self.key);
        Table { head: head.into(), lines: self.lines().collect() }
    }
}

impl fmt::Display for Versus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}", Document::title(self), self.subtitle())?;
        for table in Table::aligned(self.figures.iter().map(Section::table).collect()) {
            write!(f, "\n{table}")?;
        }
        writeln!(f)?;
        self.notes.iter().try_for_each(|note| writeln!(f, "{note}"))?;
        self.faults.iter().try_for_each(|fault| writeln!(f, "FAULT {fault}"))
    }
}

impl Document for Versus {
    fn title(&self) -> String {
        format!("{} versus {}, medians of {} rounds in turn", self.scenario, self.peer, self.rounds)
    }

    fn subtitle(&self) -> String {
        self.title.clone()
    }

    fn panels(&self) -> Vec<Panel<'_>> {
        let ours = self.figures.iter().filter(|section| !NOT_THEIRS.contains(&section.key.as_str()));
        let ratios = ours.flat_map(|section| {
            section.figures.iter().filter(|figure| figure.differs()).filter_map(|figure| {
                let [server, peer] =
                    figure.spreads().map(|spread| spread.map(|spread| figure.unit.display(spread.median)));
                Some(Ratio {
                    name: format!("{} · {}", section.key, figure.label.trim_start()),
                    rounds: figure.ratios.clone(),
                    median: figure.ratio()?,
                    values: [server?, peer?],
                })
            })
        });
        ratios::panel(ratios.collect()).into_iter().collect()
    }

    fn tables(&self) -> Vec<Table> {
        let mut all = Table { head: HEAD.map(str::to_owned).into(), lines: Vec::new() };
        for section in &self.figures {
            all.lines.push(vec![section.key.clone()]);
            all.lines.extend(section.lines());
        }
        vec![all]
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    fn faults(&self) -> &[FaultCount] {
        &self.faults
    }

    fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Serialize for Section {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Entry {
            unit: &'static str,
            server: Option<Spread>,
            peer: Option<Spread>,
            ratio: Option<f64>,
        }
        serializer.collect_map(self.figures.iter().map(|figure| {
            let [server, peer] = figure.spreads();
            (figure.key, Entry { unit: figure.unit.name(), server, peer, ratio: figure.ratio() })
        }))
    }
}

/// Sections as an object by their keys, in their order.
fn as_map<S: Serializer>(sections: &[Section], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(sections.iter().map(|section| (&section.key, section)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_the_mean_of_the_two_there() {
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&[3.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 3.0 }));
        assert_eq!(Spread::of(&[4.0, 1.0, 2.0, 3.0]), Some(Spread { median: 2.5, min: 1.0, max: 4.0 }));
    }
}
