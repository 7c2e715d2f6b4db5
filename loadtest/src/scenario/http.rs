//! Requests to the Rondevu routes, many at a time, among many live offers.
//!
//! ```text
//! for each population:  fill → answer → poll → discover … → mix → announce     each over fresh connections, one after another
//! then, if asked:       hold
//! ```
//! One thread drives all connections in a closed loop: each has one request under way (or as many as `--pipeline` says) and
//! sends the next when it is answered. Requests are encoded beforehand; every answer is checked for what it must hold.
//!
//! - `offers`: topics and descriptions · `book`: all requests · `publish`: those that need an owner
//! - `fill`: the population · `phase`: what is asked and what is a right answer · `hold`: held polls
//! - `advice`, `result`: what is reported · `scrape`: what the server says of itself

mod advice;
mod book;
mod fill;
mod hold;
mod offers;
mod phase;
mod publish;
mod result;
mod scrape;

use std::{collections::BTreeSet, time::Duration};

use clap::Args;
use serde::Serialize;

use crate::{
    Error,
    cli::{OutputOptions, TargetOptions},
    http::load::{self, Bench, Span},
    report::Report,
    scenario::{Scenario, Site},
    units,
    versus::Dialect,
};
use book::{Book, Common, Wire};
use fill::Population;
use offers::{MIN_PAYLOAD, Topics};
use phase::{Phase, Traffic};
use result::Measured;

/// Characters of a description: beyond, fifty of them do not fit into one request.
const MAX_PAYLOAD: usize = 16 * 1024;

/// The options of `loadtest http`.
#[derive(Args, Serialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// The server
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub url: String,
    #[command(flatten)]
    #[serde(flatten)]
    pub target: TargetOptions,
    /// What to measure, in this order, over and over for each population
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        num_args = 1,
        default_value = "answer,poll,discover,discover-topic,discover-tag,mix,announce"
    )]
    pub phases: Vec<Phase>,
    /// Live offers, shared evenly among the wires that the phases speak (sessions, topics, tags); several numbers, ascending,
    /// make several populations on the same server, e.g. 1000,100000
    #[arg(long, value_delimiter = ',', num_args = 1, default_value = "10000",
        value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    pub offers: Vec<u32>,
    /// MAX_OFFERS of the server. All that a run announces stays within it: what the populations, and offers that are there
    /// already, leave of it is dealt out to announce and mix, which end early when they have used it up, and are left out
    /// when there is none
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..=100_000_000))]
    pub max_offers: u32,
    /// Topics that hold all offers but those that are listed, which have topics of ten offers to themselves
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub topics: u32,
    /// Connections, kept alive during a phase
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=9_900))]
    pub connections: u16,
    /// Requests under way on each connection
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub pipeline: u8,
    /// Characters of a session description, e.g. 300, 1KiB
    #[arg(long, default_value = "1KiB", value_parser = units::parse_bytes_within::<MIN_PAYLOAD, MAX_PAYLOAD>)]
    #[serde(rename = "payloadBytes")]
    pub payload: usize,
    /// How long each phase measures, at most 1m
    #[arg(long, default_value = "3s", value_parser = units::parse_duration_up_to::<60>)]
    #[serde(rename = "durationSeconds", serialize_with = "units::as_seconds")]
    pub duration: Duration,
    /// At the end, hold so many polls open at once and post an answer to each; 0: none
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=20_000))]
    pub hold: u16,
    /// The Origin header of all requests
    #[arg(long, default_value = "http://loadtest.localhost", value_parser = parse_origin)]
    pub origin: String,
    #[command(flatten)]
    #[serde(skip)]
    pub output: OutputOptions,
}

fn parse_origin(text: &str) -> Result<String, String> {
    const MAX: usize = 256;
    let plain = (1..=MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    plain.then(|| text.to_owned()).ok_or_else(|| format!("must be 1 to {MAX} printable characters without blanks"))
}

impl Options {
    /// The wires that the population is shared among.
    fn wires(&self) -> BTreeSet<Wire> {
        self.phases.iter().map(|phase| phase.wire()).collect()
    }

    /// How many sessions each announcing phase may announce. `live`: offers that the server has already.
    fn room(&self, live: u32) -> Result<u64, Error> {
        if !self.offers.is_sorted_by(|one, next| one < next) {
            return Err(Error::Options("--offers: each number must be larger than the one before".into()));
        }
        let population = self.offers.last().copied().unwrap_or_default();
        let room = [live, population, self.hold.into()].into_iter().try_fold(self.max_offers, u32::checked_sub);
        let room = room.ok_or_else(|| {
            let live = if live > 0 { format!(", with the {live} that the server has already,") } else { String::new() };
            Error::Options(format!("--offers and --hold together{live} exceed --max-offers"))
        })?;
        let takers = self.phases.iter().filter(|phase| phase.announces()).count() * self.offers.len();
        Ok(u64::from(room) / takers.max(1) as u64)
    }
}

impl Scenario for Options {
    const NAME: &'static str = "http";
    const SCHEME: &'static str = "http";

    fn title(&self) -> String {
        let Self { offers, connections, pipeline, payload, duration, url, .. } = self;
        let offers: Vec<_> = offers.iter().map(|offers| units::grouped(f64::from(*offers), 0)).collect();
        let offers = offers.join(" and ");
        format!(
            "{offers} live offers, {connections} connections, {pipeline} under way each, {payload} B, {duration:?} per phase, {url}"
        )
    }

    fn speak(&mut self, dialect: Dialect) -> bool {
        matches!(dialect, Dialect::Meetpoint | Dialect::Rondevu)
    }

    fn sockets(&self) -> usize {
        self.connections.max(self.hold).into()
    }

    fn check(&self) -> Result<(), Error> {
        // What cannot be met whatever the server says is said at once.
        self.room(0).map(drop)
    }

    async fn run(&self, site: &mut Site, report: &mut Report) -> Result<(), Error> {
        let (options, connections, pipeline) = (self.clone(), self.connections.into(), self.pipeline.into());
        load::apart(site, report, connections, pipeline, move |bench, report| measure(&options, bench, report)).await
    }
}

fn measure(options: &Options, bench: &mut Bench, report: &mut Report) -> Result<(), Error> {
    let room = options.room(bench.scrape().unwrap_or_default().offers as u32)?;
    let topics = Topics::new(options.topics as usize);
    let authority = bench.target.authority.clone();
    let common = Common { authority: &authority, origin: &options.origin, payload: options.payload };
    let mut book = Book::new(&common, &topics).ok_or_else(|| Error::Options("a request cannot be written".into()))?;
    let mut population = Population::new(topics);
    let mut fills = Vec::new();
    let mut announced = 0;
    for &offers in &options.offers {
        let offers = offers as usize;
        let took = population.grow(offers, &options.wires(), options.payload, &mut book, bench)?;
        fills.push(result::filled(offers, took, &bench.watch));
        for &phase in &options.phases {
            if phase.announces() && room == 0 {
                report
                    .notes
                    .push(format!("{phase}@{offers}: left out, the population leaves no room below --max-offers."));
                continue;
            }
            let (far, most) = (options.topics as usize, announced + room);
            let mut traffic = Traffic::new(phase, &mut book, population.far(), far, &mut announced, most);
            let before = bench.scrape();
            let outcome = bench.load(phase.name(), &mut traffic, Span::Time(options.duration))?;
            let scrapes = before.zip(bench.scrape());
            result::write(Measured { phase, offers, outcome, scrapes }, &bench.watch, report);
        }
    }
    report.figures.splice(0..0, fills);
    if options.hold > 0 {
        let (section, faults) = hold::run(options.hold.into(), &population.topics, &mut book, bench)?;
        report.figures.push(section);
        faults.write("hold", report);
    }
    result::explain(report);
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::{
        cli::{Cli, Command},
        scenario::AnyScenario,
    };

    fn parse(options: &str) -> Option<Options> {
        match Cli::try_parse_from(format!("loadtest http {options}").split_whitespace()).ok()?.command {
            Command::Scenario(AnyScenario::Http(options)) => Some(options),
            _ => None,
        }
    }

    #[test]
    fn options_are_bounded() {
        let most = "--offers 1000,10000000 --connections 9900 --pipeline 64 --payload 16KiB --duration 1m --hold 20000";
        assert!(parse(most).is_some());
        for options in [
            "--offers 999",
            "--offers 10000001",
            "--offers 1000,x",
            "--max-offers 0",
            "--topics 0",
            "--connections 0",
            "--connections 9901",
            "--pipeline 65",
            "--payload 255",
            "--payload 17KiB",
            "--duration 61s",
            "--hold 20001",
            "--phases sleep",
            "--origin é",
            "--origin ",
        ] {
            assert!(parse(options).is_none(), "{options}");
        }
    }

    #[test]
    fn what_is_announced_stays_within_what_the_server_has_room_for() {
        let room = |options| parse(options).expect(options).room(0).map_err(|error| error.to_string());
        assert_eq!(room(""), Ok(45_000), "announce and mix share what 10,000 offers leave");
        assert_eq!(room("--phases announce --hold 5000"), Ok(85_000));
        assert_eq!(room("--phases mix,announce --offers 1000,20000"), Ok(20_000));
        assert_eq!(room("--offers 100000"), Ok(0));
        assert!(room("--offers 100001").is_err());
        assert!(room("--offers 100000 --hold 1").is_err());
        assert!(room("--offers 20000,1000").is_err());
        assert!(room("--offers 20000,20000").is_err());
        let options = parse("--phases announce").expect("options");
        assert_eq!(options.room(70_000).ok(), Some(20_000), "what others have announced is minded");
        assert!(options.room(90_001).is_err());
    }

    #[test]
    fn only_the_wires_that_are_spoken_are_filled() {
        let wires = |options| parse(options).expect(options).wires();
        assert_eq!(wires("").len(), 3);
        assert_eq!(wires("--phases discover-tag"), BTreeSet::from([Wire::Tags]));
        assert_eq!(wires("--phases mix,poll"), BTreeSet::from([Wire::Sessions]));
    }
}
