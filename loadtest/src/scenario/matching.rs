//! Clients of the chat wire are matched: all of them at once, then again and again.
//!
//! ```text
//! burst    all come, all say `available` at once                      until everybody has a partner
//! churn    random clients say `next`, so many at a time               each until it has another partner
//! ```
//! Every match is held against what the partner was told: nobody is matched with itself, with one of the same user or with one that
//! has a partner, both name each other and the same room, exactly one is the initiator. In the end nobody waits beside one that
//! it could be matched with.

use std::{
    io,
    time::{Duration, Instant},
};

use clap::{Args, ValueEnum};
use hdrhistogram::Histogram;
use serde::Serialize;

use super::pace;
use crate::{
    Error,
    cli::{OutputOptions, SpanOptions, TargetOptions},
    cost::{Cost, Mark},
    crowd::{
        self, Crowd, TICK,
        gather::{Coming, MAX_TIME},
        guests::{Guests, Halt, Next},
        roll::{Kind, Roll},
        spent::Spent,
    },
    pairs::result,
    report::{Figure, Report, Section, Unit},
    scenario::{Scenario, Site},
    units, versus,
};

/// Sockets that one process can have, where it is not given more descriptors than usual.
const MAX_SOCKETS: u32 = 19_900;
/// Handshakes under way at a time.
const CONNECTING: usize = 128;

const NOTES: &[&str] = &[
    "time to match: from just before `available` or `next` is written until `matched` is read, one for each that asked.",
    "CPU per match: the server's, for a pair; µs each are seconds per million. In a burst it is read from the first `available` \
     to the last `matched`; in churn a match costs a `next`, a `partner-left` and two `matched`.",
];

/// How the server is spoken to.
#[derive(ValueEnum, Serialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// Whoever says `next` is queued again
    Chat,
    /// Whoever says `next` says `available`, too
    Original,
}

/// The options of `loadtest match`.
#[derive(Args, Serialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// The server's chat endpoint
    #[arg(long, default_value = "ws://127.0.0.1:8080/ws")]
    pub url: String,
    #[command(flatten)]
    #[serde(flatten)]
    pub target: TargetOptions,
    /// Clients that are matched, an even number
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(2..=i64::from(MAX_SOCKETS)))]
    pub clients: u32,
    /// Further clients that are one user: they are never matched with each other, and wait meanwhile
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=i64::from(MAX_SOCKETS)))]
    pub waiting: u32,
    /// Bursts, each of fresh clients
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub bursts: u32,
    /// Churn: clients that have said `next` and have no partner yet
    #[arg(long, visible_alias = "window", default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..=4_096))]
    pub under_way: u32,
    /// How the server is spoken to
    #[arg(long, value_enum, default_value = "chat")]
    pub dialect: Dialect,
    #[command(flatten)]
    #[serde(flatten)]
    pub span: SpanOptions,
    #[command(flatten)]
    #[serde(skip)]
    pub output: OutputOptions,
}

impl Scenario for Options {
    const NAME: &'static str = "match";
    const SCHEME: &'static str = "ws";

    fn title(&self) -> String {
        let Self { clients, waiting, bursts, under_way, span, url, .. } = self;
        format!("{clients} clients, {waiting} more waiting, {bursts} burst(s), {under_way} under way for {span}, {url}")
    }

    fn speak(&mut self, dialect: versus::Dialect) -> bool {
        if dialect == versus::Dialect::RandomVideoChat {
            self.dialect = Dialect::Original;
        }
        matches!(dialect, versus::Dialect::Meetpoint | versus::Dialect::RandomVideoChat)
    }

    fn sockets(&self) -> usize {
        (self.clients + self.waiting) as usize
    }

    fn check(&self) -> Result<(), Error> {
        if !self.clients.is_multiple_of(2) {
            return Err(Error::Options("--clients: an odd one would be left over".into()));
        }
        if self.clients + self.waiting > MAX_SOCKETS {
            return Err(Error::Options(format!("--clients and --waiting together exceed {MAX_SOCKETS}")));
        }
        Ok(())
    }

    async fn run(&self, site: &mut Site, report: &mut Report) -> Result<(), Error> {
        let options = self.clone();
        crowd::apart(site, report, move |site, report| measure(&options, site, report)).await
    }
}

fn measure(options: &Options, site: &mut Site, report: &mut Report) -> Result<(), Error> {
    let count = options.sockets();
    let crowd = Crowd::new(site.target.clone(), count)?;
    let mut run = Run {
        options,
        guests: Guests::new(crowd, Roll::new(Kind::Passing, count))?,
        setup: None,
        bursts: Measured::new()?,
        churn: Measured::new()?,
        matches: 0,
        rematches: 0,
    };
    match run.play(site, report) {
        Ok(()) => {}
        Err(Halt::Fault(what)) => report.fault(what, 1),
        Err(Halt::Error(error)) => return Err(error),
    }
    run.forget();
    run.guests.go(&mut site.watch)?;
    run.write(site, report);
    Ok(())
}

/// Matches of one kind.
struct Measured {
    spent: Spent,
    matches: u64,
    times: Histogram<u64>,
}

impl Measured {
    fn new() -> io::Result<Self> {
        let times = Histogram::new_with_bounds(1, MAX_TIME, 3).map_err(io::Error::other)?;
        Ok(Self { spent: Spent::default(), matches: 0, times })
    }

    /// `None` when there was none.
    fn section(&self, name: &'static str) -> Option<Section> {
        let seconds = self.spent.seconds();
        let micros = |key, label, ns: u64| Figure::new(key, label, Unit::Microseconds, ns as f64 / 1_000.0);
        let mut section = Section::new(
            name,
            [
                Figure::new("matches", "matches", Unit::Count, self.matches as f64),
                Figure::new("seconds", "measured for", Unit::Seconds, seconds),
                Figure::new("matchesPerSecond", "matches", Unit::PerSecond, self.matches as f64 / seconds),
                micros("p50", "time to match p50", self.times.value_at_quantile(0.5)),
                micros("p99", "time to match p99", self.times.value_at_quantile(0.99)),
                micros("max", "time to match max", self.times.max()),
            ],
        );
        section.extend(self.spent.each("cpuPerMatch", "CPU per match", self.matches));
        (self.matches > 0).then_some(section)
    }
}

struct Run<'a> {
    options: &'a Options,
    guests: Guests,
    /// How the first came.
    setup: Option<Section>,
    bursts: Measured,
    churn: Measured,
    /// Of clients that have gone.
    matches: u64,
    rematches: u64,
}

impl Run<'_> {
    fn play(&mut self, site: &mut Site, report: &mut Report) -> Result<(), Halt> {
        for _ in 0..self.options.bursts {
            self.burst(site)?;
        }
        self.churn(site, report)
    }

    /// Fresh clients, which all look for a partner at once.
    fn burst(&mut self, site: &mut Site) -> Result<(), Halt> {
        let (count, waiting) = (self.guests.size(), self.options.waiting as usize);
        self.forget();
        let bar = site.progress.count("connecting", count as u64);
        let arrivals = self.guests.come(Coming::Few(CONNECTING), waiting, &mut site.watch, &bar)?.complete()?;
        drop(bar);
        if self.setup.is_none() {
            site.watch.connected();
            self.setup = Some(arrivals.setup());
        }
        let _bar = site.progress.count("matching", 0);
        if waiting > 0 {
            self.guests.queue_as_one_user(0..waiting)?;
            self.guests.quiet(site)?;
        }
        site.watch.enter("burst", "matches");
        let from = Mark::now(&site.watch);
        self.guests.look(waiting..count)?;
        self.guests.wait("match all clients", site, |guests| guests.ledger.is_settled())?;
        let cost = Mark::now(&site.watch).cost_since(&from);
        let matches = self.guests.ledger.matches();
        self.bursts.add(cost, matches, self.guests.take_times())?;
        self.guests.quiet(site)
    }

    fn churn(&mut self, site: &mut Site, report: &mut Report) -> Result<(), Halt> {
        let SpanOptions { warmup, duration } = self.options.span;
        let mut churning = Churning {
            next: Next::new(self.options.dialect == Dialect::Original),
            chance: Chance(0),
            under_way: self.options.under_way as usize,
            said: 0,
        };
        churning.hold("warming up", warmup, &mut self.guests, site)?;
        self.guests.take_times();
        let before = self.guests.ledger.matches();
        let from = Mark::now(&site.watch);
        churning.said = 0;
        churning.hold("measuring", duration, &mut self.guests, site)?;
        let cost = Mark::now(&site.watch).cost_since(&from);
        let matches = self.guests.ledger.matches() - before;
        self.churn.add(cost, matches, self.guests.take_times())?;
        report.notes.extend(pace::note(churning.said, self.options.clients as usize, &cost, false));
        self.guests.quiet(site)
    }

    /// The clients go: what they were told is kept.
    fn forget(&mut self) {
        let ledger = std::mem::take(&mut self.guests.ledger);
        self.matches += ledger.matches();
        self.rematches += ledger.rematches();
    }

    fn write(self, site: &Site, report: &mut Report) {
        if self.churn.matches == 0 {
            report.fault("nothing was measured".into(), 1);
        }
        let errors: u64 = report.faults.iter().map(|fault| fault.count).sum();
        let count = |key, label, value| Figure::new(key, label, Unit::Count, value as f64);
        report.figures.extend(self.bursts.section("burst"));
        report.figures.extend(self.churn.section("churn"));
        if self.churn.matches > 0 {
            report.figures.push(result::latency("latency", &self.churn.times));
        }
        let integrity = [
            count("matches", "matches checked", self.matches),
            count("rematches", "of two that had just parted", self.rematches),
            count("errors", "errors", errors),
        ];
        report.figures.push(Section::new("integrity", integrity));
        report.figures.extend(self.setup);
        report.notes.extend(NOTES.iter().map(|note| (*note).into()));
        report.notes.extend(crowd::port_note(self.options.sockets(), self.options.target.spread_addresses));
        self.churn.spent.write(&site.watch, report);
    }
}

impl Measured {
    fn add(&mut self, cost: Cost, matches: u64, times: Histogram<u64>) -> Result<(), Halt> {
        self.spent.add(cost);
        self.matches += matches;
        self.times.add(times).map_err(|error| io::Error::other(error).into())
    }
}

/// Clients that say `next`, again and again.
struct Churning {
    next: Next,
    chance: Chance,
    under_way: usize,
    said: u64,
}

impl Churning {
    fn hold(&mut self, phase: &'static str, limit: Duration, guests: &mut Guests, site: &mut Site) -> Result<(), Halt> {
        let bar = site.progress.time(phase, limit);
        site.watch.enter(phase, "matches");
        let (begun, before) = (Instant::now(), guests.ledger.matches());
        let mut tick = begun;
        loop {
            while guests.asking() < self.under_way && guests.next(&self.next, |below| self.chance.below(below))? {
                self.said += 1;
            }
            let now = Instant::now();
            if now >= begun + limit {
                return Ok(());
            }
            if now >= tick {
                tick = now + TICK;
                let matches = guests.ledger.matches() - before;
                site.watch.sample(matches);
                let rate = matches as f64 / begun.elapsed().as_secs_f64();
                bar.at(begun.elapsed(), format!("{} matches/s", units::grouped(rate, 0)));
            }
            guests.turn(tick.min(begun + limit))?;
        }
    }
}

/// Numbers that look like chance and are the same in every run (SplitMix64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(mixed ^ (mixed >> 31)) * limit as u128) >> 64) as usize
    }
}
