//! From what was counted to the figures of the report.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::{Done, Outcome, Run, Tally, alarm::RESOLUTION};
use crate::{
    cost::{self, Per},
    report::{Figure, Report, Section, Unit},
    watch::Watch,
};

/// Nanoseconds by which the generator may be late, whatever the latency: twice what its alarm may be.
const SPOILS: u64 = 2 * RESOLUTION.as_nanos() as u64;

/// What is counted, in the words of the report.
#[derive(Debug)]
pub struct Noun {
    /// Key and label of how many were counted.
    pub count: (&'static str, &'static str),
    /// Key and label of how many in a second.
    pub rate: (&'static str, &'static str),
    /// Key and label of how many came with one read.
    pub gathered: (&'static str, &'static str),
    pub cost: &'static str,
    pub lost: &'static str,
    pub duplicated: &'static str,
    pub reordered: &'static str,
}

/// How the clients came to be.
pub struct SetUp {
    pub sockets: usize,
    pub connecting: Duration,
    /// Zero where they need not find each other.
    pub matching: Duration,
}

/// A run that is over, with what must be known to report it.
pub struct Measured {
    pub noun: &'static Noun,
    /// Bytes of a text as it was sent.
    pub payload: usize,
    /// How to read the figures.
    pub notes: &'static [&'static str],
    pub set_up: SetUp,
    pub run: Run,
}

impl Measured {
    /// Writes figures, notes and faults into the report.
    pub fn write(self, watch: &Watch, report: &mut Report) {
        let Self { noun, payload, notes, set_up, run } = self;
        let Run { from, to, done: Done { tally, outcomes } } = run;
        let count = tally.latency.len();
        note_faults(noun, &outcomes, report);
        if count > 0 {
            report.figures.push(traffic(noun, &tally, to.seconds_since(&from), payload));
            report.figures.push(latency("latency", &tally.latency));
        }
        if !tally.lateness.is_empty() {
            schedule(noun, &tally, report);
        }
        if !tally.receipts.is_empty() {
            report.figures.push(latency("receipt", &tally.receipts));
        }
        report.figures.extend([integrity(&outcomes), setup(&set_up)]);
        if count == 0 {
            // Costs per nothing would only mislead.
            report.fault("nothing was measured".into(), 1);
            return;
        }
        report.notes.extend(notes.iter().map(|note| (*note).into()));
        cost::write(&from, &to, Per { count, label: noun.cost }, watch, report);
    }
}

fn traffic(noun: &Noun, tally: &Tally, seconds: f64, payload: usize) -> Section {
    let count = tally.latency.len() as f64;
    let per_second = count / seconds;
    let figure = |(key, label), unit, value| Figure::new(key, label, unit, value);
    Section::new(
        "traffic",
        [
            figure(noun.count, Unit::Count, count),
            Figure::new("seconds", "measured for", Unit::Seconds, seconds),
            figure(noun.rate, Unit::PerSecond, per_second),
            Figure::new("bytesPerSecond", "bytes", Unit::BytesPerSecond, per_second * payload as f64),
            figure(noun.gathered, Unit::Each, count / tally.reads.max(1) as f64),
        ],
    )
}

/// How far what was due was sent when it was due.
fn schedule(noun: &Noun, tally: &Tally, report: &mut Report) {
    let Tally { lateness, not_sent, .. } = tally;
    let due = lateness.len() + not_sent;
    let late = |key, label, ns| Figure::new(key, label, Unit::Microseconds, ns as f64 / 1_000.0);
    let p99 = lateness.value_at_quantile(0.99);
    report.figures.push(Section::new(
        "schedule",
        [
            Figure::new("due", "due", Unit::Count, due as f64),
            Figure::new("notSent", "due, but not sent", Unit::Count, *not_sent as f64),
            late("lateP50", "generator late, p50", lateness.value_at_quantile(0.5)),
            late("lateP99", "generator late, p99", p99),
            late("lateMax", "generator late, max", lateness.max()),
        ],
    ));
    let plural = noun.rate.1;
    if *not_sent > 0 {
        report.notes.push(format!(
            "BEHIND: {not_sent} of {due} {plural} were due and not sent, because too many in their direction had not arrived yet.              The server does not keep up with this rate: latency tells only how far it fell behind."
        ));
    }
    let served = tally.latency.value_at_quantile(0.99);
    if p99 > SPOILS && p99 > served / 4 {
        report.notes.push(format!(
            "LATE: this generator itself came {:.0} µs late for one in a hundred, of a latency of {:.0} µs; repeat the run on a \
             quieter machine, with more --threads, or at a lower rate.",
            p99 as f64 / 1_000.0,
            served as f64 / 1_000.0
        ));
    }
}

/// The usual quantiles of a histogram of nanoseconds.
pub fn latency(name: &'static str, histogram: &Histogram<u64>) -> Section {
    let figure = |key, ns| Figure::new(key, key, Unit::Microseconds, ns / 1_000.0);
    let quantile = |key, quantile| figure(key, histogram.value_at_quantile(quantile) as f64);
    Section::new(
        name,
        [
            quantile("p50", 0.5),
            quantile("p90", 0.9),
            quantile("p99", 0.99),
            quantile("p99.9", 0.999),
            figure("max", histogram.max() as f64),
            figure("mean", histogram.mean()),
        ],
    )
}

/// Causes first: what a socket died of, then what was lost with it.
fn note_faults(noun: &Noun, outcomes: &[Outcome], report: &mut Report) {
    for fault in outcomes.iter().filter_map(|outcome| outcome.fault.as_ref()) {
        report.fault(fault.to_string(), 1);
    }
    report.fault(noun.lost.into(), sum(outcomes, |outcome| outcome.lost));
    report.fault(noun.duplicated.into(), sum(outcomes, |outcome| outcome.duplicated));
    report.fault(noun.reordered.into(), sum(outcomes, |outcome| outcome.reordered));
}

fn integrity(outcomes: &[Outcome]) -> Section {
    let figure = |key, of| Figure::new(key, key, Unit::Count, sum(outcomes, of) as f64);
    Section::new(
        "integrity",
        [
            figure("lost", |outcome| outcome.lost),
            figure("duplicated", |outcome| outcome.duplicated),
            figure("reordered", |outcome| outcome.reordered),
        ],
    )
}

fn sum(outcomes: &[Outcome], of: fn(&Outcome) -> u64) -> u64 {
    outcomes.iter().map(of).sum()
}

/// The section of the connections.
pub fn setup(SetUp { sockets, connecting, matching }: &SetUp) -> Section {
    let sockets = *sockets as f64;
    let mut section = Section::new(
        "setup",
        [
            Figure::new("sockets", "sockets", Unit::Count, sockets),
            Figure::new("connectsPerSecond", "connects", Unit::PerSecond, sockets / connecting.as_secs_f64()),
        ],
    );
    if !matching.is_zero() {
        let matching = matching.as_secs_f64();
        section.extend([Figure::new("matchSeconds", "all matched within", Unit::Seconds, matching)]);
    }
    section
}
