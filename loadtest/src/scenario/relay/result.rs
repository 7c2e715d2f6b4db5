//! From what was counted to the figures of the report.

use std::time::Duration;

use super::{
    Options,
    pair::Outcome,
    worker::{Done, Tally},
};
use crate::{
    cost::{self, Mark, Per},
    report::{Figure, Report, Section, Unit},
    watch::Watch,
};

const LATENCY_NOTE: &str = "latency: one way, from just before the sender's write to just after the receiver's read, on one clock. \
The loop is closed (each frame answers another): at full speed it tells how long the frames under way queue.";
const SCOPE_NOTE: &str = "lost, duplicated and reordered cover warm-up, measurement and drain; all else the measurement alone. \
MB/s counts the text as sent.";

/// How the clients came to be.
pub struct SetUp {
    pub sockets: usize,
    pub connecting: Duration,
    pub matching: Duration,
}

/// A run that is over.
pub struct Measured<'a> {
    pub options: &'a Options,
    pub set_up: SetUp,
    pub from: Mark,
    pub to: Mark,
    pub done: Done,
    pub watch: Option<Watch>,
}

impl Measured<'_> {
    /// Writes figures, notes and faults into the report.
    pub fn write(self, report: &mut Report) {
        let Self { options, set_up, from, to, done: Done { tally, outcomes }, watch } = self;
        let frames = tally.latency.len();
        note_faults(&outcomes, report);
        if frames > 0 {
            report.figures.push(traffic(&tally, to.seconds_since(&from), options.payload));
            report.figures.push(latency(&tally));
        }
        report.figures.extend([integrity(&outcomes), setup(&set_up)]);
        if frames == 0 {
            // Costs per nothing would only mislead.
            report.fault("nothing was measured".into(), 1);
            return;
        }
        report.notes.extend([LATENCY_NOTE.into(), SCOPE_NOTE.into()]);
        cost::write(&from, &to, Per { count: frames, label: "CPU per million frames" }, watch, report);
    }
}

fn traffic(tally: &Tally, seconds: f64, payload: usize) -> Section {
    let frames = tally.latency.len() as f64;
    let per_second = frames / seconds;
    Section::new(
        "traffic",
        [
            Figure::new("frames", "frames relayed", Unit::Count, frames),
            Figure::new("seconds", "measured for", Unit::Seconds, seconds),
            Figure::new("framesPerSecond", "frames", Unit::PerSecond, per_second),
            Figure::new("bytesPerSecond", "bytes", Unit::BytesPerSecond, per_second * payload as f64),
            Figure::new("framesPerRead", "frames gathered per read", Unit::Each, frames / tally.reads.max(1) as f64),
        ],
    )
}

fn latency(tally: &Tally) -> Section {
    let figure = |key, ns| Figure::new(key, key, Unit::Microseconds, ns / 1_000.0);
    let quantile = |key, quantile| figure(key, tally.latency.value_at_quantile(quantile) as f64);
    Section::new(
        "latency",
        [
            quantile("p50", 0.5),
            quantile("p90", 0.9),
            quantile("p99", 0.99),
            quantile("p99.9", 0.999),
            figure("max", tally.latency.max() as f64),
            figure("mean", tally.latency.mean()),
        ],
    )
}

/// Causes first: what a socket died of, then what was lost with it.
fn note_faults(outcomes: &[Outcome], report: &mut Report) {
    for fault in outcomes.iter().filter_map(|outcome| outcome.fault.as_ref()) {
        report.fault(fault.to_string(), 1);
    }
    report.fault("a frame was lost".into(), sum(outcomes, |outcome| outcome.lost));
    report.fault("a frame came twice".into(), sum(outcomes, |outcome| outcome.duplicated));
    report.fault("a frame came after a later one".into(), sum(outcomes, |outcome| outcome.reordered));
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

fn setup(SetUp { sockets, connecting, matching }: &SetUp) -> Section {
    let sockets = *sockets as f64;
    Section::new(
        "setup",
        [
            Figure::new("sockets", "sockets", Unit::Count, sockets),
            Figure::new("connectsPerSecond", "connects", Unit::PerSecond, sockets / connecting.as_secs_f64()),
            Figure::new("matchSeconds", "all matched within", Unit::Seconds, matching.as_secs_f64()),
        ],
    )
}
