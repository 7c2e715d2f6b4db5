//! Connections that are held and silent: what each costs to open and to keep, and whether its memory comes back.
//!
//! ```text
//! all come → settle → hold → all go → settle      then so many times more: all come → settle → all go → settle
//! ```
//! Nobody may be lost while it is held, and in the end of it everybody answers a ping.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::{
    Error,
    cli::{OutputOptions, TargetOptions},
    cost::{Cost, Mark},
    crowd::{
        self, Crowd, Heard, TICK,
        gather::{Arrivals, Coming, Greeting, gather},
        roll::{Kind, Roll},
        spent::Spent,
    },
    http::faults::Faults,
    report::{Figure, Report, Section, Unit},
    scenario::{Scenario, Site},
    units, versus,
    ws::Fault,
};

/// How long all of them have for the answer to a ping: 10 s and 2 ms each, as even a server short of CPU needs them.
const PONGS: Duration = Duration::from_secs(10);
const PONG_EACH: Duration = Duration::from_millis(2);

const NOTES: &[&str] = &[
    "RSS per connection: what the server has more than before the first connection, shared among all. It includes what a server \
     loads and keeps once, so it falls with the number of connections; the kernel's buffers are not in it.",
    "CPU per connect: the server's, from the first SYN until all are ready, for each; µs each are ms per 1,000.",
];

/// What makes a client ready.
#[derive(ValueEnum, Serialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// The chat's `ready`
    Chat,
    /// The upgrade alone: any WebSocket server, whatever it says then
    Any,
}

/// The options of `loadtest idle`.
#[derive(Args, Serialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// The server's WebSocket endpoint
    #[arg(long, default_value = "ws://127.0.0.1:8080/ws")]
    pub url: String,
    #[command(flatten)]
    #[serde(flatten)]
    pub target: TargetOptions,
    /// Connections; each takes a descriptor here and one of the server's
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=19_900))]
    pub connections: u32,
    /// Handshakes under way at a time
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u16).range(1..=4_096))]
    pub connecting: u16,
    /// How often all go and come again
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub churns: u32,
    /// How long to hold the first connections, at most 1h
    #[arg(long, visible_alias = "for", default_value = "10s", value_parser = units::parse_duration_up_to::<3_600>)]
    #[serde(rename = "durationSeconds", serialize_with = "units::as_seconds")]
    pub duration: Duration,
    /// What makes a client ready
    #[arg(long, value_enum, default_value = "chat")]
    pub dialect: Dialect,
    #[command(flatten)]
    #[serde(skip)]
    pub output: OutputOptions,
}

impl Scenario for Options {
    const NAME: &'static str = "idle";
    const SCHEME: &'static str = "ws";

    fn title(&self) -> String {
        let Self { connections, connecting, churns, duration, url, .. } = self;
        format!("{connections} connections, {connecting} at a time, held for {duration:?}, {churns} churn(s), {url}")
    }

    fn speak(&mut self, dialect: versus::Dialect) -> bool {
        if dialect == versus::Dialect::Websocket {
            self.dialect = Dialect::Any;
        }
        !matches!(dialect, versus::Dialect::Noisytransfer | versus::Dialect::Rondevu)
    }

    fn sockets(&self) -> usize {
        self.connections as usize
    }

    async fn run(&self, site: &mut Site, report: &mut Report) -> Result<(), Error> {
        let options = self.clone();
        crowd::apart(site, report, move |site, report| measure(&options, site, report)).await
    }
}

fn measure(options: &Options, site: &mut Site, report: &mut Report) -> Result<(), Error> {
    let count = options.sockets();
    let mut run = Run {
        options,
        crowd: Crowd::new(site.target.clone(), count)?,
        before: site.watch.resident(),
        faults: Faults::default(),
        spent: Spent::default(),
        rounds: Vec::new(),
    };
    for round in 0..=options.churns {
        if !run.round(round, site, report)? {
            break;
        }
    }
    run.write(site, report);
    Ok(())
}

struct Run<'a> {
    options: &'a Options,
    crowd: Crowd,
    /// The server's memory before the first connection.
    before: Option<u64>,
    faults: Faults,
    spent: Spent,
    /// The server's memory with all of them, in bytes per connection.
    rounds: Vec<f64>,
}

impl Run<'_> {
    /// All come and go once; the first time they are held. `false` when there is no use in going on.
    fn round(&mut self, round: u32, site: &mut Site, report: &mut Report) -> Result<bool, Error> {
        let count = self.crowd.size();
        let mut door = Door::new(self.options.dialect, count);
        let arrivals = {
            let bar = site.progress.count("connecting", count as u64);
            let coming = Coming::Few(self.options.connecting.into());
            gather(&mut self.crowd, coming, &mut door, &mut site.watch, &bar)?
        };
        let arrivals = if round == 0 { arrivals.complete()? } else { arrivals };
        if !door.all_differ() {
            self.faults.note("two clients were given the same id".into());
        }
        let mut figures = arrivals.figures();
        let Arrivals { from, to, faults, .. } = arrivals;
        self.spent.add(to.cost_since(&from));
        let is_complete = faults.total() == 0;
        faults.write("coming back", report);

        let (lost, dialect) = (&mut self.faults, self.options.dialect);
        site.watch.enter("settling", "clients");
        crowd::settle(&mut self.crowd, &mut site.watch, |_, heard, _| silent(heard, dialect, lost))?;
        let held = site.watch.resident();
        if round == 0 {
            site.watch.connected();
            self.hold(site, report)?;
        }
        self.crowd.cut_all();
        crowd::settle(&mut self.crowd, &mut site.watch, |_, _, _| Ok(()))?;
        if let Some(((before, held), empty)) = self.before.zip(held).zip(site.watch.resident()) {
            let each = held.saturating_sub(before) as f64 / count as f64;
            self.rounds.push(each);
            figures.extend([
                Figure::new("rss", "RSS", Unit::Bytes, held as f64),
                Figure::new("rssPerConnection", "per connection", Unit::Bytes, each),
                Figure::new("rssEmpty", "RSS all gone", Unit::Bytes, empty as f64),
            ]);
        }
        let name = if round == 0 { "first".to_owned() } else { format!("churn{round}") };
        report.figures.push(Section::row(name, figures));
        Ok(is_complete)
    }

    /// Holds all connections, and has all of them show that they live.
    fn hold(&mut self, site: &mut Site, report: &mut Report) -> Result<(), Error> {
        let (dialect, limit) = (self.options.dialect, self.options.duration);
        let Self { crowd, faults, .. } = self;
        let bar = site.progress.time("holding", limit);
        site.watch.enter("holding", "pings answered");
        let (from, before) = (Mark::now(&site.watch), crowd.pings());
        let begun = Instant::now();
        while begun.elapsed() < limit {
            crowd.turn((begun + limit).min(Instant::now() + TICK), |_, heard, _| silent(heard, dialect, faults))?;
            let answered = crowd.pings() - before;
            site.watch.sample(answered);
            bar.at(begun.elapsed(), format!("{answered} pings answered, {} lost", faults.total()));
        }
        let cost = Mark::now(&site.watch).cost_since(&from);
        let answered = crowd.pings() - before;
        let alive = self.count_alive()?;
        report.figures.push(held(alive, answered, &cost));
        Ok(())
    }

    /// How many answer a ping.
    fn count_alive(&mut self) -> Result<usize, Error> {
        const WORD: &[u8] = b"alive?";
        let (dialect, Self { crowd, faults, .. }) = (self.options.dialect, self);
        let count = crowd.size();
        let ping = crowd::ping(WORD);
        let mut waits = Vec::with_capacity(count);
        for index in 0..count {
            waits.push(crowd.is_there(index));
            // A connection that cannot be written to is lost, and says so when it is read.
            let _ = crowd.send(index, &ping);
        }
        let (mut alive, mut pending) = (0, waits.iter().filter(|waits| **waits).count());
        let limit = Instant::now() + PONGS + PONG_EACH * count as u32;
        while pending > 0 && Instant::now() < limit {
            crowd.turn(limit, |index, heard, _| {
                let ends_waiting = matches!(heard, Heard::Pong(WORD) | Heard::Lost(_));
                if ends_waiting && std::mem::take(&mut waits[index]) {
                    pending -= 1;
                    alive += usize::from(matches!(heard, Heard::Pong(_)));
                }
                silent(heard, dialect, faults)
            })?;
        }
        faults.note_many("a connection that was held did not answer a ping".into(), pending as u64);
        Ok(alive)
    }

    fn write(self, site: &Site, report: &mut Report) {
        self.faults.write("while held", report);
        if let [first, .., last] = self.rounds[..]
            && first > 0.0
        {
            let drift = (last / first - 1.0) * 100.0;
            let figure = Figure::new("drift", "RSS per connection, % over the first", Unit::Each, drift);
            report.figures.push(Section::new("churn", [figure]));
        }
        report.notes.extend(NOTES.iter().map(|note| (*note).into()));
        report.notes.extend(crowd::port_note(self.options.sockets(), self.options.target.spread_addresses));
        self.spent.write(&site.watch, report);
    }
}

/// What was held, and what it cost.
fn held(alive: usize, answered: u64, cost: &Cost) -> Section {
    let mut section = Section::new(
        "held",
        [
            Figure::new("alive", "connections alive in the end", Unit::Count, alive as f64),
            Figure::new("seconds", "held for", Unit::Seconds, cost.seconds),
            Figure::new("pings", "pings answered", Unit::Count, answered as f64),
        ],
    );
    let cores = |used| Figure::new("cores", "server CPU seconds per second", Unit::Cores, cost.cores(&used));
    section.extend(cost.server.map(cores));
    section
}

/// Looks at what a client heard that has nothing to hear.
fn silent(heard: Heard<'_>, dialect: Dialect, faults: &mut Faults) -> Result<(), Fault> {
    match heard {
        Heard::Text(text) if dialect == Dialect::Chat => Err(Fault::unexpected(text)),
        Heard::Lost(loss) => {
            faults.note(loss.to_string());
            Ok(())
        }
        Heard::Open | Heard::Pong(_) | Heard::Text(_) => Ok(()),
    }
}

/// Who comes in, and how.
enum Door {
    Chat(Roll),
    Any,
}

impl Door {
    fn new(dialect: Dialect, count: usize) -> Self {
        match dialect {
            Dialect::Chat => Door::Chat(Roll::new(Kind::Passing, count)),
            Dialect::Any => Door::Any,
        }
    }

    fn all_differ(&self) -> bool {
        let Door::Chat(roll) = self else { return true };
        let ids = roll.ids();
        ids.iter().collect::<HashSet<_>>().len() == ids.len()
    }
}

impl Greeting for Door {
    fn opened(&mut self, index: usize, out: &mut Vec<u8>) -> Result<bool, Fault> {
        match self {
            Door::Chat(roll) => roll.opened(index, out),
            Door::Any => Ok(true),
        }
    }

    fn told(&mut self, index: usize, text: &[u8], out: &mut Vec<u8>) -> Result<bool, Fault> {
        match self {
            Door::Chat(roll) => roll.told(index, text, out),
            Door::Any => Ok(false),
        }
    }
}
