//! All clients lose their connection at once, and all come back at once: as when a switch, a proxy or the server's own machine has
//! gone for a moment.
//!
//! ```text
//! come → [match → talk] → so many times: cut all, all come back → [who they were, or matched anew → talk]
//! ```
//! Clients that are resumable must come back as who they were, beside the partner that they had, with nothing lost. Others are
//! new ones: nobody may be matched with one that is gone.

use clap::Args;
use serde::Serialize;

use crate::{
    Error,
    cli::{OutputOptions, TargetOptions},
    crowd::{
        self, Crowd,
        gather::{Arrivals, Coming},
        guests::{Guests, Halt},
        overflows,
        roll::{Kind, Roll},
        spent::Spent,
    },
    report::{Figure, Report, Section, Unit},
    scenario::{Scenario, Site},
    versus::Dialect,
};

/// Handshakes under way at a time before the first storm.
const CONNECTING: usize = 128;

const NOTES: &[&str] = &[
    "time to ready: from the moment at which all connections are cut until a client is ready again; all want to be there at once, \
     so it counts from there for everybody.",
    "CPU per connect: the server's, from the cut until all are ready, for each; µs each are ms per 1,000. It includes what the \
     server does about those that are gone.",
];

/// The options of `loadtest storm`.
#[derive(Args, Serialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// The server's chat endpoint
    #[arg(long, default_value = "ws://127.0.0.1:8080/ws")]
    pub url: String,
    #[command(flatten)]
    #[serde(flatten)]
    pub target: TargetOptions,
    /// Clients, an even number
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(2..=19_900))]
    pub clients: u32,
    /// Storms
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub rounds: u32,
    /// The clients come back with the sessions that they had
    #[arg(long)]
    pub resumable: bool,
    /// The clients are not matched, and say nothing
    #[arg(long)]
    pub unpaired: bool,
    #[command(flatten)]
    #[serde(skip)]
    pub output: OutputOptions,
}

impl Options {
    fn kind(&self) -> Kind {
        if self.resumable { Kind::Resumable } else { Kind::Passing }
    }
}

impl Scenario for Options {
    const NAME: &'static str = "storm";
    const SCHEME: &'static str = "ws";

    fn title(&self) -> String {
        let Self { clients, rounds, resumable, unpaired, url, .. } = self;
        let resumable = if *resumable { "resumable " } else { "" };
        let paired = if *unpaired { "unpaired" } else { "in pairs" };
        format!("{clients} {resumable}clients {paired}, {rounds} storm(s), {url}")
    }

    fn speak(&mut self, dialect: Dialect) -> bool {
        dialect == Dialect::Meetpoint || dialect == Dialect::RandomVideoChat && !self.resumable
    }

    fn sockets(&self) -> usize {
        self.clients as usize
    }

    fn check(&self) -> Result<(), Error> {
        if self.clients.is_multiple_of(2) {
            Ok(())
        } else {
            Err(Error::Options("--clients: an odd one would be left over".into()))
        }
    }

    async fn run(&self, site: &mut Site, report: &mut Report) -> Result<(), Error> {
        let options = self.clone();
        crowd::apart(site, report, move |site, report| measure(&options, site, report)).await
    }
}

fn measure(options: &Options, site: &mut Site, report: &mut Report) -> Result<(), Error> {
    let count = options.sockets();
    let target = options.kind().target(&site.target);
    let crowd = Crowd::new(target, count)?;
    let guests = Guests::new(crowd, Roll::new(options.kind(), count))?;
    let mut run = Run { options, guests, spent: Spent::default(), ready: 0, talks: 0 };
    match run.play(site, report) {
        Ok(()) => {}
        Err(Halt::Fault(what)) => report.fault(what, 1),
        Err(Halt::Error(error)) => return Err(error),
    }
    run.guests.go(&mut site.watch)?;
    run.write(site, report);
    Ok(())
}

struct Run<'a> {
    options: &'a Options,
    guests: Guests,
    spent: Spent,
    /// Clients that came back, in all storms.
    ready: u64,
    /// Offers that were answered.
    talks: u64,
}

impl Run<'_> {
    fn play(&mut self, site: &mut Site, report: &mut Report) -> Result<(), Halt> {
        let arrivals = self.come(Coming::Few(CONNECTING), site)?.complete()?;
        report.figures.push(arrivals.setup());
        site.watch.connected();
        self.meet(true, site)?;
        for round in 1..=self.options.rounds {
            self.storm(round, site, report)?;
        }
        Ok(())
    }

    fn storm(&mut self, round: u32, site: &mut Site, report: &mut Report) -> Result<(), Halt> {
        let before = overflows();
        let arrivals = self.come(Coming::AllAtOnce, site)?;
        self.spent.add(arrivals.to.cost_since(&arrivals.from));
        self.ready += arrivals.ready as u64;
        let mut figures = arrivals.figures();
        let peak = |peak: u64| Figure::new("rssPeak", "RSS peak", Unit::Bytes, peak as f64);
        figures.extend(arrivals.peak.map(peak));
        let dropped = before.zip(overflows()).map(|(before, after)| after.saturating_sub(before));
        figures.extend(dropped.map(|dropped| Figure::new("overflows", "SYNs refused", Unit::Count, dropped as f64)));
        report.figures.push(Section::row(format!("storm{round}"), figures));
        let are_all_there = arrivals.faults.total() == 0;
        arrivals.faults.write("coming back", report);
        if are_all_there {
            self.meet(self.options.kind() == Kind::Passing, site)
        } else {
            Err(Halt::Fault("not all clients came back".into()))
        }
    }

    fn come(&mut self, coming: Coming, site: &mut Site) -> Result<Arrivals, Error> {
        let bar = site.progress.count("connecting", self.guests.size() as u64);
        self.guests.come(coming, 0, &mut site.watch, &bar)
    }

    /// Those who are new find partners; all show that they have them.
    fn meet(&mut self, are_new: bool, site: &mut Site) -> Result<(), Halt> {
        let count = self.guests.size();
        if self.options.unpaired {
            return self.guests.ping_all(site);
        }
        site.watch.enter("meeting", "matches");
        if are_new {
            // By the time that everybody has been answered, the server has heard of those that are gone.
            self.guests.quiet(site)?;
            self.guests.look(0..count)?;
            self.guests.wait("match all clients", site, |guests| guests.ledger.is_settled())?;
        }
        self.guests.quiet(site)?;
        self.guests.talk(site)?;
        self.talks += count as u64 / 2;
        self.guests.quiet(site)
    }

    fn write(self, site: &Site, report: &mut Report) {
        let count = |key, label, value: u64| Figure::new(key, label, Unit::Count, value as f64);
        let errors: u64 = report.faults.iter().map(|fault| fault.count).sum();
        let mut section = Section::new("integrity", []);
        if self.options.resumable {
            section.extend([count("resumed", "came back as who they were", self.ready)]);
        }
        if !self.options.unpaired {
            section.extend([count("talks", "offers answered between", self.talks)]);
        }
        section.extend([count("errors", "errors", errors)]);
        report.figures.push(section);
        let each = self.spent.each("cpuPerConnect", "CPU per connect", self.ready);
        if self.ready > 0 {
            let rate = self.ready as f64 / self.spent.seconds();
            let mut all = Section::new("storms", [count("connects", "came back", self.ready)]);
            all.extend([Figure::new("connectsPerSecond", "connects", Unit::PerSecond, rate)]);
            all.extend(each);
            report.figures.push(all);
        }
        report.notes.extend(NOTES.iter().map(|note| (*note).into()));
        report.notes.extend(crowd::port_note(self.options.sockets(), self.options.target.spread_addresses));
        self.spent.write(&site.watch, report);
    }
}
