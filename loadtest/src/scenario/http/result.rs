//! From what was counted to the figures of the report.

use std::time::Duration;

use super::{phase::Phase, scrape::Scrape};
use crate::{
    cost::per_million,
    http::load::Outcome,
    report::{Figure, Report, Section, Unit},
    watch::Watch,
};

const READING: &str = "A row: a phase at a number of live offers. CPU/M: the server's CPU seconds per million requests; server and own: \
CPU seconds per second; group: changes that the storage committed at a time. p50, p99, max: from before the write to behind the read, in a closed loop at full speed: it tells how long the \
requests under way queue.";

/// A population as it stands when the phases begin.
pub fn filled(offers: usize, took: Duration, watch: &Watch) -> Section {
    let resident = watch.resident();
    let mut row = Section::row(
        format!("fill@{offers}"),
        [
            Figure::new("offers", "live offers", Unit::Count, offers as f64),
            Figure::new("seconds", "filled in", Unit::Seconds, took.as_secs_f64()),
        ],
    );
    row.extend(resident.map(|bytes| Figure::new("rss", "RSS", Unit::Bytes, bytes as f64)));
    row
}

/// A phase that is over.
pub struct Measured {
    pub phase: Phase,
    /// The population's.
    pub offers: usize,
    pub outcome: Outcome,
    /// What the server said before and after.
    pub scrapes: Option<(Scrape, Scrape)>,
}

/// Writes the row of a phase, its notes and its faults.
pub fn write(measured: Measured, watch: &Watch, report: &mut Report) {
    let Measured { phase, offers, outcome: Outcome { latency, faults, from, to }, scrapes } = measured;
    let name = format!("{phase}@{offers}");
    let requests = latency.len();
    let errors = faults.total();
    faults.write(&name, report);
    if requests == 0 {
        return report.fault(format!("{name}: nothing was measured"), 1);
    }
    let cost = to.cost_since(&from);
    let micros = |key, ns: u64| Figure::new(key, key, Unit::Microseconds, ns as f64 / 1_000.0);
    let quantile = |key, quantile| micros(key, latency.value_at_quantile(quantile));
    let mut row = Section::row(
        name.clone(),
        [
            Figure::new("requestsPerSecond", "requests", Unit::PerSecond, requests as f64 / cost.seconds),
            quantile("p50", 0.5),
            quantile("p99", 0.99),
            micros("max", latency.max()),
            Figure::new("errors", "errors", Unit::Count, errors as f64),
            Figure::new("requests", "of", Unit::Count, requests as f64),
            Figure::new("seconds", "in", Unit::Seconds, cost.seconds),
        ],
    );
    let resident = watch.resident();
    if let Some(server) = cost.server {
        let per_million = per_million(server.total, requests);
        row.extend([
            Figure::new("cpuPerMillion", "CPU/M", Unit::CpuSecondsPerMillion, per_million),
            Figure::new("serverCores", "server", Unit::Cores, cost.cores(&server)),
        ]);
    }
    if let Some(own) = cost.own {
        row.extend([Figure::new("ownCores", "own", Unit::Cores, cost.cores(&own))]);
    }
    row.extend(resident.map(|bytes| Figure::new("rss", "RSS", Unit::Bytes, bytes as f64)));
    row.extend(scrapes.into_iter().flat_map(|(before, after)| commits(&before, &after, cost.seconds)));
    report.figures.push(row);
    report.notes.extend(cost.doubts().into_iter().map(|doubt| format!("{doubt} ({name})")));
}

/// What a storage on a disk did.
fn commits(before: &Scrape, after: &Scrape, seconds: f64) -> Vec<Figure> {
    let commits = after.commits - before.commits;
    if commits < 1.0 {
        return Vec::new();
    }
    vec![
        Figure::new("commitsPerSecond", "commits", Unit::PerSecond, commits / seconds),
        Figure::new("group", "group", Unit::Each, (after.operations - before.operations) / commits),
    ]
}

/// Says how to read the rows.
pub fn explain(report: &mut Report) {
    report.notes.insert(0, READING.into());
}
