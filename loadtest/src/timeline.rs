//! What a run looked like over time: how much was done, what it used, how large the server was.

use std::time::{Duration, Instant};

use crate::process::{CpuReading, Process};

/// How often one looks, at first.
const INTERVAL: Duration = Duration::from_millis(100);
/// A phase with more slices than this has every two of them made one: no screen is wide enough for more.
const MAX_SLICES: usize = 600;

/// A run's phases, in their order.
#[derive(Clone, Debug)]
pub struct Timeline {
    begun: Instant,
    phases: Vec<Phase>,
}

/// A part of a run in which one thing is done.
#[derive(Clone, Debug)]
pub struct Phase {
    /// E.g. `measuring`.
    pub name: &'static str,
    /// What is counted in it, in the plural.
    pub counts: &'static str,
    pub slices: Vec<Slice>,
    interval: Duration,
    last: Look,
}

/// What happened between two looks. Times are seconds since the run began.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Slice {
    pub from: f64,
    pub to: f64,
    /// How many things were done.
    pub done: u64,
    /// CPU seconds of the server; `None` when none is watched.
    pub server: Option<f64>,
    /// CPU seconds of this generator.
    pub own: Option<f64>,
    /// The server's resident memory at the end, in bytes.
    pub resident: Option<u64>,
}

/// What one sees when one looks.
#[derive(Clone, Debug)]
struct Look {
    at: Instant,
    done: u64,
    server: Option<CpuReading>,
    own: Option<CpuReading>,
    resident: Option<u64>,
}

impl Look {
    fn now(server: Option<&Process>, done: u64) -> Self {
        Self {
            at: Instant::now(),
            done,
            server: server.and_then(|process| process.cpu().ok()),
            own: Process::current().cpu().ok(),
            resident: server.and_then(|process| process.resident_bytes().ok()),
        }
    }
}

impl Default for Timeline {
    fn default() -> Self {
        Self { begun: Instant::now(), phases: Vec::new() }
    }
}

impl Timeline {
    /// The phases that took long enough to be seen.
    pub fn phases(&self) -> impl Iterator<Item = &Phase> {
        self.phases.iter().filter(|phase| !phase.slices.is_empty())
    }

    /// A phase begins, in which nothing is done yet.
    pub(crate) fn enter(&mut self, name: &'static str, counts: &'static str, server: Option<&Process>) {
        let last = Look::now(server, 0);
        self.phases.push(Phase { name, counts, slices: Vec::new(), interval: INTERVAL, last });
    }

    /// Looks again when it is time to: `done` things have been done in this phase. The server's memory, when it was looked at.
    pub(crate) fn look(&mut self, done: u64, server: Option<&Process>) -> Option<u64> {
        let phase = self.phases.last_mut().filter(|phase| phase.last.at.elapsed() >= phase.interval)?;
        let look = Look::now(server, done);
        let used = |from: &Option<CpuReading>, to: &Option<CpuReading>| {
            Some(to.as_ref()?.since(from.as_ref()?).total.as_secs_f64())
        };
        let last = &phase.last;
        phase.slices.push(Slice {
            from: (last.at - self.begun).as_secs_f64(),
            to: (look.at - self.begun).as_secs_f64(),
            done: done.saturating_sub(last.done),
            server: used(&last.server, &look.server),
            own: used(&last.own, &look.own),
            resident: look.resident,
        });
        let resident = look.resident;
        phase.last = look;
        if phase.slices.len() > MAX_SLICES {
            phase.slices = phase.slices.chunks(2).map(Slice::merge).collect();
            phase.interval *= 2;
        }
        resident
    }
}

impl Slice {
    /// Seconds.
    pub fn length(&self) -> f64 {
        self.to - self.from
    }

    /// One slice of several in a row.
    fn merge(slices: &[Self]) -> Self {
        let sum = |of: fn(&Self) -> Option<f64>| slices.iter().map(of).sum();
        let (first, last) = (slices[0], slices[slices.len() - 1]);
        Self {
            from: first.from,
            to: last.to,
            done: slices.iter().map(|slice| slice.done).sum(),
            server: sum(|slice| slice.server),
            own: sum(|slice| slice.own),
            resident: slices.iter().filter_map(|slice| slice.resident).max(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_that_are_made_one_lose_nothing() {
        let slice = |from, to, done, server, resident| Slice { from, to, done, server, own: Some(0.5), resident };
        let merged = Slice::merge(&[slice(1.0, 2.0, 5, Some(0.25), Some(9)), slice(2.0, 4.0, 7, Some(0.5), Some(8))]);
        assert_eq!(merged, Slice { own: Some(1.0), ..slice(1.0, 4.0, 12, Some(0.75), Some(9)) });
        let unknown = Slice::merge(&[slice(0.0, 1.0, 1, None, None), slice(1.0, 2.0, 1, Some(1.0), None)]);
        assert_eq!((unknown.server, unknown.resident, unknown.length()), (None, None, 2.0));
    }

    #[test]
    fn a_look_that_comes_too_early_is_none_and_a_phase_begins_with_nothing() {
        let mut timeline = Timeline::default();
        timeline.look(5, None);
        timeline.enter("measuring", "frames", None);
        timeline.look(7, None);
        assert_eq!(timeline.phases().count(), 0);
    }

    #[test]
    fn a_long_phase_is_kept_short() {
        let mut timeline = Timeline::default();
        timeline.enter("measuring", "frames", None);
        timeline.phases[0].interval = Duration::ZERO;
        for done in 1..=2_000 {
            timeline.look(done, None);
            timeline.phases[0].interval = Duration::ZERO;
        }
        let slices = &timeline.phases[0].slices;
        assert!(slices.len() <= MAX_SLICES, "{}", slices.len());
        assert_eq!(slices.iter().map(|slice| slice.done).sum::<u64>(), 2_000);
        assert!(slices.is_sorted_by(|one, next| one.to <= next.from));
    }
}
