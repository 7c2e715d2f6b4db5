//! What the server itself says of its storage, if it has metrics at the usual place.

use std::time::{Duration, Instant};

use crate::http::{Request, Wheel, load::Bench};

const ROUTE: &str = "/metrics";
/// A server that takes longer is under a load that it should not be asked about.
const LIMIT: Duration = Duration::from_secs(2);

/// Some of the server's metrics at a moment.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub struct Scrape {
    /// Live offers of all wires.
    pub offers: f64,
    /// Polls that are held.
    pub held: f64,
    /// Transactions so far, none where nothing is kept on a disk.
    pub commits: f64,
    /// Changes in those transactions.
    pub operations: f64,
}

impl Bench {
    /// Asks the server for its metrics; `None` when it does not tell.
    pub fn scrape(&self) -> Option<Scrape> {
        let mut wheel = Wheel::new().ok()?;
        let index = self.connect(&mut wheel, 0).ok()?;
        wheel.send(index, Request::get(ROUTE, &self.target.authority, "").bytes()).ok()?;
        let until = Instant::now() + LIMIT;
        let mut heard = None;
        while heard.is_none() && Instant::now() < until {
            let keep = |_, answer: Result<&crate::http::Answer<'_>, _>, _: &mut _| {
                let good = answer.ok().filter(|answer| answer.status == 200);
                heard = Some(good.and_then(|answer| parse(&String::from_utf8_lossy(answer.body))));
            };
            wheel.turn(until, keep).ok()?;
        }
        heard.flatten()
    }
}

/// Reads the Prometheus text format; `None` when none of the names is known.
fn parse(text: &str) -> Option<Scrape> {
    let mut scrape = Scrape::default();
    let mut known = false;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((series, value)) = line.rsplit_once(' ') else { continue };
        let name = series.split('{').next().unwrap_or_default();
        let sum = match name.strip_prefix(PREFIX) {
            Some("offers") => &mut scrape.offers,
            Some("held_polls") => &mut scrape.held,
            Some("storage_commits_total") => &mut scrape.commits,
            Some("storage_operations_total") => &mut scrape.operations,
            _ => continue,
        };
        *sum += value.parse::<f64>().unwrap_or_default();
        known = true;
    }
    known.then_some(scrape)
}

/// Of the server's own metrics.
const PREFIX: &str = "meetpoint_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_summed_and_strangers_ignored() {
        let text = "# HELP meetpoint_offers Live offers\nmeetpoint_offers{api=\"sessions\"} 7\nmeetpoint_offers{api=\"tags\"} 5\n\
            meetpoint_storage_commits_total 3\nmeetpoint_storage_operations_total 90\nother_offers 1\nmeetpoint_held_polls 2\n";
        let scrape = Scrape { offers: 12.0, held: 2.0, commits: 3.0, operations: 90.0 };
        assert_eq!(parse(text), Some(scrape));
        assert_eq!(parse("up 1\n"), None);
        assert_eq!(parse("meetpoint_offers x\nmeetpoint_offers"), Some(Scrape::default()));
    }
}
