//! CPU time of several measurements of one kind, taken together.

use crate::{
    cost::Cost,
    process::CpuTime,
    report::{Figure, Report, Section, Unit},
    watch::Watch,
};

/// CPU seconds per second at which one thread can do no more.
const BUSY: f64 = 0.9;

/// What was used so far.
#[derive(Default, Debug)]
pub struct Spent(Option<Cost>);

impl Spent {
    pub fn add(&mut self, cost: Cost) {
        self.0 = Some(self.0.map_or(cost, |before| together(&before, &cost)));
    }

    /// How long they took.
    pub fn seconds(&self) -> f64 {
        self.0.map_or(0.0, |cost| cost.seconds)
    }

    /// The server's microseconds for each of so many things; `None` when no server is watched.
    pub fn each(&self, key: &'static str, label: &'static str, count: u64) -> Option<Figure> {
        let micros = self.0?.server?.total.as_secs_f64() * 1e6 / count as f64;
        (count > 0).then(|| Figure::new(key, label, Unit::Microseconds, micros))
    }

    /// Adds the sections `server`, `generator` and `others`, and says what makes the figures doubtful.
    pub fn write(&self, watch: &Watch, report: &mut Report) {
        let Some(cost) = self.0 else { return };
        let cores = |value| Figure::new("cores", "CPU seconds per second", Unit::Cores, value);
        if watch.server().is_some() {
            let mut section = Section::new("server", cost.server.map(|used| cores(cost.cores(&used))));
            watch.finish(&mut section);
            report.figures.push(section);
        }
        report.figures.extend(cost.own.map(|own| Section::new("generator", [cores(cost.cores(&own))])));
        report.figures.extend(cost.others.map(|others| Section::new("others", [cores(others)])));
        report.notes.extend(cost.server.map(|used| format!("server CPU: {}.", used.source)));
        if cost.own.is_some_and(|own| cost.cores(&own) > BUSY) {
            report.notes.push(
                "GENERATOR AT ITS LIMIT: its one thread had no pause, so rates and times are its own as much as the \
                 server's; CPU is the server's alone."
                    .into(),
            );
        }
        if let Some(others) = cost.noise() {
            report.notes.push(format!("NOT QUIET: other work took {others:.2} cores meanwhile; repeat the run."));
        }
    }
}

fn together(one: &Cost, other: &Cost) -> Cost {
    let used = |one: Option<CpuTime>, other: Option<CpuTime>| {
        let (one, other) = (one?, other?);
        let total = one.total + other.total;
        Some(CpuTime {
            total,
            user: one.user + other.user,
            system: one.system + other.system,
            busiest: one.busiest + other.busiest,
            ..other
        })
    };
    let seconds = one.seconds + other.seconds;
    let others = one.others.zip(other.others);
    Cost {
        seconds,
        server: used(one.server, other.server),
        own: used(one.own, other.own),
        others: others.map(|(first, second)| (first * one.seconds + second * other.seconds) / seconds),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_add_up_and_cores_are_weighed() {
        let used = |ms| {
            let time = Duration::from_millis(ms);
            CpuTime { total: time, source: "schedstat", user: time, system: Duration::ZERO, busiest: time }
        };
        let mut spent = Spent::default();
        spent.add(Cost { seconds: 1.0, server: Some(used(30)), own: Some(used(5)), others: Some(0.4) });
        spent.add(Cost { seconds: 3.0, server: Some(used(50)), own: Some(used(5)), others: Some(0.0) });
        let Spent(Some(cost)) = spent else { panic!("two were added") };
        assert_eq!((cost.seconds, cost.server, cost.own), (4.0, Some(used(80)), Some(used(10))));
        assert!(cost.others.is_some_and(|others| (others - 0.1).abs() < 1e-9));
        assert_eq!(spent.each("cpu", "CPU", 4).map(|figure| figure.value), Some(20_000.0));
        assert_eq!(spent.each("cpu", "CPU", 0), None);
    }
}
