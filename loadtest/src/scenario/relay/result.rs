//! From what was counted to the figures of the report.

use std::time::Duration;

use super::{Options, crew::Mark, worker::Done};
use crate::{
    process::{CpuReading, CpuTime},
    report::{Figure, Report, Section, Unit},
    watch::Watch,
};

const LATENCY_NOTE: &str = "latency: one way, from just before the sender's write to just after the receiver's read, on one clock. \
The loop is closed: the next frame waits for the last, so at full speed it says how long W frames per pair queue.";
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
    pub totals: Done,
    pub watch: Option<Watch>,
}

impl Measured<'_> {
    /// Writes figures, notes and faults into the report.
    pub fn write(self, report: &mut Report) {
        let frames = self.totals.tally.latency.len();
        let outcomes = &self.totals.outcomes;
        let lost = outcomes.iter().map(|outcome| outcome.lost).sum();
        let duplicated = outcomes.iter().map(|outcome| outcome.duplicated).sum();
        let reordered = outcomes.iter().map(|outcome| outcome.reordered).sum();
        report.fault("a frame was lost".into(), lost);
        report.fault("a frame came twice".into(), duplicated);
        report.fault("a frame came after a later one".into(), reordered);
        for fault in outcomes.iter().filter_map(|outcome| outcome.fault.as_ref()) {
            report.fault(fault.to_string(), 1);
        }
        if frames == 0 {
            report.fault("no frame arrived while measuring".into(), 1);
        }

        report.figures = vec![self.traffic(frames), self.latency()];
        let count = |key, label, value: u64| Figure::new(key, label, Unit::Count, value as f64);
        report.figures.push(Section::new(
            "integrity",
            [
                count("lost", "lost", lost),
                count("duplicated", "duplicated", duplicated),
                count("reordered", "reordered", reordered),
            ],
        ));
        report.figures.push(self.set_up());
        let seconds = self.seconds();
        let cpu = |key, from: &Option<CpuReading>, to: &Option<CpuReading>| {
            let used = to.as_ref()?.since(from.as_ref()?);
            Some((Section::new(key, cpu_figures(&used, frames, seconds)), used.source))
        };
        let server = cpu("server", &self.from.server, &self.to.server);
        let generator = cpu("generator", &self.from.own, &self.to.own);
        report.notes.extend([LATENCY_NOTE.into(), SCOPE_NOTE.into()]);
        if let Some(watch) = self.watch {
            let (mut section, source) = server.unwrap_or((Section::new("server", []), "nowhere: the process is gone"));
            watch.finish(&mut section);
            report.figures.push(section);
            report.notes.push(format!("server CPU from {source}; user and system from stat (ticks of 10 ms)"));
        }
        report.figures.extend(generator.map(|(section, _)| section));
    }

    fn seconds(&self) -> f64 {
        (self.to.at - self.from.at).as_secs_f64()
    }

    fn traffic(&self, frames: u64) -> Section {
        let per_second = frames as f64 / self.seconds();
        let bytes_per_second = per_second * self.options.payload as f64;
        let per_read = frames as f64 / self.totals.tally.reads.max(1) as f64;
        Section::new(
            "traffic",
            [
                Figure::new("frames", "frames relayed", Unit::Count, frames as f64),
                Figure::new("seconds", "measured for", Unit::Seconds, self.seconds()),
                Figure::new("framesPerSecond", "frames", Unit::PerSecond, per_second),
                Figure::new("bytesPerSecond", "bytes", Unit::BytesPerSecond, bytes_per_second),
                Figure::new("framesPerRead", "frames gathered per read", Unit::Each, per_read),
            ],
        )
    }

    fn latency(&self) -> Section {
        let latency = &self.totals.tally.latency;
        let quantiles = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];
        let figure = |key, ns| Figure::new(key, key, Unit::Microseconds, ns / 1_000.0);
        let mut section = Section::new("latency", [figure("mean", latency.mean())]);
        section.extend(quantiles.map(|(key, quantile)| figure(key, latency.value_at_quantile(quantile) as f64)));
        section.extend([figure("max", latency.max() as f64)]);
        section
    }

    fn set_up(&self) -> Section {
        let SetUp { sockets, connecting, matching } = &self.set_up;
        Section::new(
            "setup",
            [
                Figure::new("sockets", "sockets", Unit::Count, *sockets as f64),
                Figure::new(
                    "connectsPerSecond",
                    "connects",
                    Unit::PerSecond,
                    *sockets as f64 / connecting.as_secs_f64(),
                ),
                Figure::new("matchSeconds", "all matched within", Unit::Seconds, matching.as_secs_f64()),
            ],
        )
    }
}

fn cpu_figures(used: &CpuTime, frames: u64, seconds: f64) -> [Figure; 4] {
    let per_million = |time: Duration| time.as_secs_f64() * 1e6 / frames.max(1) as f64;
    let unit = Unit::CpuSecondsPerMillion;
    [
        Figure::new("cpuPerMillion", "CPU per million frames", unit, per_million(used.total)),
        Figure::new("userPerMillion", "  user", unit, per_million(used.user)),
        Figure::new("systemPerMillion", "  system", unit, per_million(used.system)),
        Figure::new("cores", "CPU seconds per second", Unit::Cores, used.total.as_secs_f64() / seconds),
    ]
}
