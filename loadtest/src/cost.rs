//! What a measurement cost: CPU time of the server, of the generator, and of whatever else ran on the machine meanwhile.

use std::time::{Duration, Instant};

use crate::{
    host,
    process::{CpuReading, CpuTime, Process},
    report::{Figure, Report, Section, Unit},
    watch::Watch,
};

/// CPU seconds per second that other processes may use before the figures are suspect.
const QUIET_CORES: f64 = 0.1;

/// A moment at which a measurement begins or ends, with the CPU time used until then.
#[derive(Debug)]
pub struct Mark {
    at: Instant,
    server: Option<CpuReading>,
    own: Option<CpuReading>,
    machine: Option<Duration>,
}

impl Mark {
    /// Reads the clock and the CPU times; the server's only when it is watched.
    pub fn now(watch: Option<&Watch>) -> Self {
        let server = watch.and_then(Watch::cpu);
        Self { at: Instant::now(), server, own: Process::current().cpu().ok(), machine: host::busy() }
    }

    /// Seconds from an `earlier` mark to this one.
    pub fn seconds_since(&self, earlier: &Self) -> f64 {
        (self.at - earlier.at).as_secs_f64()
    }
}

/// What the CPU time is divided by.
#[derive(Clone, Copy, Debug)]
pub struct Per {
    /// More than none.
    pub count: u64,
    /// E.g. `CPU per million frames`.
    pub label: &'static str,
}

/// Adds the sections `server`, `generator` and `others` to the report.
pub fn write(from: &Mark, to: &Mark, per: Per, watch: Option<Watch>, report: &mut Report) {
    let seconds = to.seconds_since(from);
    let used = |from: &Option<CpuReading>, to: &Option<CpuReading>| Some(to.as_ref()?.since(from.as_ref()?));
    let server = used(&from.server, &to.server);
    let own = used(&from.own, &to.own);
    if let Some(watch) = watch {
        let mut section = Section::new("server", server.iter().flat_map(|used| figures(used, per, seconds)));
        watch.finish(&mut section);
        report.figures.push(section);
    }
    report.figures.extend(own.map(|own| Section::new("generator", figures(&own, per, seconds))));
    let (Some(server), Some(own)) = (server, own) else { return };
    report.notes.push(format!("server CPU: {}; user and system: stat, in ticks of 10 ms.", server.source));
    if let (Some(from), Some(to)) = (from.machine, to.machine) {
        let others = to.saturating_sub(from).saturating_sub(server.total + own.total).as_secs_f64() / seconds;
        report.figures.push(Section::new("others", [cores(others)]));
        if others > QUIET_CORES {
            report.notes.push(format!("NOT QUIET: other work took {others:.2} cores meanwhile; repeat the run."));
        }
    }
}

fn figures(used: &CpuTime, per: Per, seconds: f64) -> [Figure; 4] {
    let per_million = |key, label, time: Duration| {
        let value = time.as_secs_f64() * 1e6 / per.count as f64;
        Figure::new(key, label, Unit::CpuSecondsPerMillion, value)
    };
    [
        per_million("cpuPerMillion", per.label, used.total),
        per_million("userPerMillion", "  user", used.user),
        per_million("systemPerMillion", "  system", used.system),
        cores(used.total.as_secs_f64() / seconds),
    ]
}

fn cores(value: f64) -> Figure {
    Figure::new("cores", "CPU seconds per second", Unit::Cores, value)
}
