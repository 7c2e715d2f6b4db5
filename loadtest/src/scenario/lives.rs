//! Lives of clients, so many a second, each from its first byte to its last: whether anything of them stays behind.
//!
//! ```text
//! come → are matched → three frames there, three back → leave → close frames      and so on, whatever becomes of those before
//! ```
//! Every life has a moment at which it is due, and what it waits for counts from then. The server's memory is looked at every second.

mod life;

use std::{io, time::Duration};

use clap::Args;
use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until, timeout, timeout_at},
};

use self::life::{FRAMES, live};
use super::growth::Growth;
use crate::{
    Error,
    cli::{OutputOptions, SpanOptions, TargetOptions},
    cost::{self, Mark, Per},
    http::faults::Faults,
    pairs::result,
    progress::Bar,
    report::{Figure, Report, Section, Unit},
    scenario::{Scenario, Site},
    ws::Fault,
};

/// Lives that may be under way. A server that lets more pile up does not keep up, and a generator that did would only count its own.
const MOST: usize = 4_000;
/// A life that takes longer has been forgotten.
const LONGEST: Duration = Duration::from_secs(30);
/// Nanoseconds; what takes longer counts as this long.
const MAX_TIME: u64 = 600_000_000_000;
/// How often the bar and the timeline are looked after.
const LOOK: Duration = Duration::from_millis(100);

const NOTES: &[&str] = &[
    "time of a life: from when it was due until the server has answered its good-bye; it includes the wait for a partner, which is that for the next \
     to come.",
];

/// The options of `loadtest lives`.
#[derive(Args, Serialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// The server's chat endpoint
    #[arg(long, default_value = "ws://127.0.0.1:8080/ws")]
    pub url: String,
    #[command(flatten)]
    #[serde(flatten)]
    pub target: TargetOptions,
    /// Lives that begin every second
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(2..=10_000))]
    pub rate: u32,
    #[command(flatten)]
    #[serde(flatten)]
    pub span: SpanOptions,
    #[command(flatten)]
    #[serde(skip)]
    pub output: OutputOptions,
}

impl Scenario for Options {
    const NAME: &'static str = "lives";
    const SCHEME: &'static str = "ws";

    fn title(&self) -> String {
        let Self { rate, span, url, .. } = self;
        format!("{rate} lives/s for {span}, {url}")
    }

    fn sockets(&self) -> usize {
        MOST
    }

    async fn run(&self, site: &mut Site, report: &mut Report) -> Result<(), Error> {
        let SpanOptions { duration, warmup } = self.span;
        let begun = Instant::now();
        let (mut growth, server) = (Growth::default(), site.watch.server().cloned());
        let mut run = Run::new(begun + warmup)?;
        let bar = site.progress.time("living", warmup + duration);
        let marks = {
            let living = run.live(self.rate, begun + warmup + duration, site, &bar);
            match &server {
                None => living.await,
                Some(server) => tokio::select! {
                    marks = living => marks,
                    never = growth.watch(server) => never,
                },
            }
        };
        run.end().await;
        run.write(marks, site, report);
        let (from, until) = (warmup.as_secs_f64(), (warmup + duration).as_secs_f64());
        report.figures.extend(growth.figures(from, until));
        Ok(())
    }
}

struct Run {
    lives: JoinSet<(Instant, Result<(), Fault>)>,
    /// Lives that are due earlier are not measured.
    measured_from: Instant,
    /// Nanoseconds that lives took, and that the generator was late by.
    times: Histogram<u64>,
    lateness: Histogram<u64>,
    faults: Faults,
    done: u64,
}

impl Run {
    fn new(measured_from: Instant) -> Result<Self, Error> {
        let histogram = || Histogram::new_with_bounds(1, MAX_TIME, 3).map_err(io::Error::other);
        let (times, lateness) = (histogram()?, histogram()?);
        Ok(Self { lives: JoinSet::new(), measured_from, times, lateness, faults: Faults::default(), done: 0 })
    }

    /// Begins lives two by two until `end`. Gives where the measurement began and ended.
    async fn live(&mut self, rate: u32, end: Instant, site: &mut Site, bar: &Bar) -> [Mark; 2] {
        let begun = Instant::now();
        let (mut from, mut look) = (Mark::now(&site.watch), begun);
        let mut is_measuring = false;
        site.watch.enter("living", "lives");
        for pair in 0_u32.. {
            let due = begun + Duration::from_secs(2).mul_f64(f64::from(pair) / f64::from(rate));
            if due >= end {
                break;
            }
            if !is_measuring && due >= self.measured_from {
                (is_measuring, from) = (true, Mark::now(&site.watch));
            }
            self.until(due).await;
            if is_measuring {
                self.lateness.saturating_record(due.elapsed().as_nanos() as u64);
            }
            for index in [0, 1] {
                let (target, index) = (site.target.clone(), 2 * pair as usize + index);
                self.lives.spawn(async move {
                    let lived = timeout(LONGEST, live(target, index)).await;
                    (due, lived.unwrap_or(Err(Fault::Silent("let a client live its life"))))
                });
            }
            if due >= look {
                look = due + LOOK;
                bar.at(begun.elapsed(), format!("{} under way", self.lives.len()));
                site.watch.sample(self.done);
            }
        }
        [from, Mark::now(&site.watch)]
    }

    /// Waits until then, and longer while too many are under way.
    async fn until(&mut self, due: Instant) {
        loop {
            tokio::select! {
                biased;
                Some(ended) = self.lives.join_next() => self.ended(ended),
                () = sleep_until(due), if self.lives.len() < MOST - 2 => return,
            }
        }
    }

    /// Everybody comes to an end. Where lives have been cut short, the last waits in vain for a partner.
    async fn end(&mut self) {
        let limit = Instant::now() + LONGEST;
        while self.lives.len() as u64 > self.faults.total() % 2
            && let Ok(Some(ended)) = timeout_at(limit, self.lives.join_next()).await
        {
            self.ended(ended);
        }
        self.lives.shutdown().await;
    }

    fn ended(&mut self, ended: Result<(Instant, Result<(), Fault>), tokio::task::JoinError>) {
        match ended {
            Ok((due, Ok(()))) => {
                self.done += 1;
                if due >= self.measured_from {
                    self.times.saturating_record(due.elapsed().as_nanos() as u64);
                }
            }
            Ok((_, Err(fault))) => self.faults.note(fault.to_string()),
            Err(error) => self.faults.note(error.to_string()),
        }
    }

    fn write(self, [from, to]: [Mark; 2], site: &Site, report: &mut Report) {
        let Self { times, lateness, faults, done, .. } = self;
        let count = |key, label, value: u64| Figure::new(key, label, Unit::Count, value as f64);
        let late = |key, label, ns: u64| Figure::new(key, label, Unit::Microseconds, ns as f64 / 1_000.0);
        let errors = faults.total();
        faults.write("in a life", report);
        let (lives, seconds) = (times.len(), to.seconds_since(&from));
        if lives > 0 {
            let rate = Figure::new("livesPerSecond", "lives", Unit::PerSecond, lives as f64 / seconds);
            let measured = Figure::new("seconds", "measured for", Unit::Seconds, seconds);
            report.figures.push(Section::new("traffic", [count("lives", "lives", lives), measured, rate]));
            report.figures.push(result::latency("latency", &times));
        } else {
            report.fault("nothing was measured".into(), 1);
        }
        report.figures.push(Section::new(
            "schedule",
            [
                late("lateP99", "generator late, p99", lateness.value_at_quantile(0.99)),
                late("lateMax", "generator late, max", lateness.max()),
            ],
        ));
        let frames = done * u64::from(2 * FRAMES);
        report.figures.push(Section::new(
            "integrity",
            [
                count("lives", "lives in all", done),
                count("frames", "frames said and heard", frames),
                count("errors", "errors", errors),
            ],
        ));
        report.notes.extend(NOTES.iter().map(|note| (*note).into()));
        if lives > 0 {
            cost::write(&from, &to, Per { count: lives, label: "CPU per million lives" }, &site.watch, report);
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::cli::Cli;

    #[test]
    fn options_are_bounded() {
        let parse = |options: &str| Cli::try_parse_from(format!("loadtest lives {options}").split_whitespace());
        assert!(parse("--rate 10000 --for 10m --warmup 1m").is_ok());
        for options in ["--rate 1", "--rate 10001", "--duration 11m"] {
            assert!(parse(options).is_err(), "{options}");
        }
    }
}
