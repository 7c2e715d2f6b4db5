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
/// CPU seconds per second at which a thread can do no more.
const BUSY_CORES: f64 = 0.9;

/// A moment at which a measurement begins or ends, with the CPU time used until then.
#[derive(Debug)]
pub struct Mark {
    at: Instant,
    server: Option<CpuReading>,
    own: Option<CpuReading>,
    machine: Option<Duration>,
}

/// What was used between two marks.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub seconds: f64,
    /// `None` when no server is watched.
    pub server: Option<CpuTime>,
    pub own: Option<CpuTime>,
    /// CPU seconds per second of all else on this machine; known when the server's are.
    pub others: Option<f64>,
}

impl Mark {
    /// Reads the clock and the CPU times; the server's only when it is watched.
    pub fn now(watch: &Watch) -> Self {
        Self { at: Instant::now(), server: watch.cpu(), own: Process::current().cpu().ok(), machine: host::busy() }
    }

    /// Seconds from an `earlier` mark to this one.
    pub fn seconds_since(&self, earlier: &Self) -> f64 {
        (self.at - earlier.at).as_secs_f64()
    }

    /// What was used since an `earlier` mark.
    pub fn cost_since(&self, earlier: &Self) -> Cost {
        let seconds = self.seconds_since(earlier);
        let used = |from: &Option<CpuReading>, to: &Option<CpuReading>| Some(to.as_ref()?.since(from.as_ref()?));
        let server = used(&earlier.server, &self.server);
        let own = used(&earlier.own, &self.own);
        let others = || {
            let machine = self.machine?.saturating_sub(earlier.machine?);
            Some(machine.saturating_sub(server?.total + own?.total).as_secs_f64() / seconds)
        };
        Cost { seconds, server, own, others: others() }
    }
}

impl Cost {
    /// CPU seconds per second.
    pub fn cores(&self, used: &CpuTime) -> f64 {
        used.total.as_secs_f64() / self.seconds
    }

    /// The cores that other work took, when they were so many that the figures are suspect.
    pub fn noise(&self) -> Option<f64> {
        self.others.filter(|cores| *cores > QUIET_CORES)
    }

    /// Notes for what makes the figures doubtful.
    pub fn doubts(&self) -> Vec<String> {
        let noise = self
            .noise()
            .map(|others| format!("NOT QUIET: other work took {others:.2} cores meanwhile; repeat the run."));
        let busiest = self.own.map(|own| own.busiest.as_secs_f64() / self.seconds);
        let busy = busiest.filter(|cores| *cores > BUSY_CORES).map(|cores| {
            format!(
                "BUSY: a thread of this generator used {cores:.2} of a core: rates and times may be its own limit and not \
                 the server's, whose CPU time is its own in any case."
            )
        });
        noise.into_iter().chain(busy).collect()
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
pub fn write(from: &Mark, to: &Mark, per: Per, watch: &Watch, report: &mut Report) {
    let cost = to.cost_since(from);
    if watch.server().is_some() {
        let mut section = Section::new("server", cost.server.iter().flat_map(|used| figures(used, per, &cost)));
        watch.finish(&mut section);
        report.figures.push(section);
    }
    report.figures.extend(cost.own.map(|own| Section::new("generator", figures(&own, per, &cost))));
    report.figures.extend(cost.others.map(|others| Section::new("others", [cores(others)])));
    let source = |used: CpuTime| format!("server CPU: {}; user and system: stat, in ticks of 10 ms.", used.source);
    report.notes.extend(cost.server.map(source));
    report.notes.extend(cost.doubts());
}

fn figures(used: &CpuTime, per: Per, cost: &Cost) -> [Figure; 4] {
    let per_million =
        |key, label, time| Figure::new(key, label, Unit::CpuSecondsPerMillion, per_million(time, per.count));
    [
        per_million("cpuPerMillion", per.label, used.total),
        per_million("userPerMillion", "  user", used.user),
        per_million("systemPerMillion", "  system", used.system),
        cores(cost.cores(used)),
    ]
}

/// Seconds per million of `count`, which is more than none.
pub fn per_million(time: Duration, count: u64) -> f64 {
    time.as_secs_f64() * 1e6 / count as f64
}

fn cores(value: f64) -> Figure {
    Figure::new("cores", "CPU seconds per second", Unit::Cores, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_work_and_a_thread_without_a_pause_make_figures_doubtful() {
        let used = |busiest_ms| {
            let [total, busiest] = [2_000, busiest_ms].map(Duration::from_millis);
            CpuTime { total, source: "schedstat", user: total, system: Duration::ZERO, busiest }
        };
        let doubts = |busiest_ms, others| {
            Cost { seconds: 2.0, server: None, own: Some(used(busiest_ms)), others: Some(others) }.doubts()
        };
        assert_eq!(doubts(1_700, 0.05), [""; 0]);
        assert!(matches!(&doubts(1_900, 0.05)[..], [busy] if busy.starts_with("BUSY: ") && busy.contains("0.95")));
        assert!(
            matches!(&doubts(1_700, 0.5)[..], [noise] if noise.starts_with("NOT QUIET: ") && noise.contains("0.50"))
        );
    }
}
