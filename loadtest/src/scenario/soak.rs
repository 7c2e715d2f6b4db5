//! A mix of everything for a long time, at a rate far below what the server can do: whether it grows.
//!
//! ```text
//! pairs      relay in an open loop            rooms     are joined, spoken in and left about once a second
//! held       are connected and say nothing    visitors  come, are matched, take the next, say good-bye or are cut, come back
//! ```
//! Whatever is checked elsewhere is checked here, too. The server's memory, threads and descriptors are looked at every second; what
//! its memory does in the second half is put as a line (least squares), because in the first every pool and buffer still finds its size.

mod visitor;

use std::{
    cell::RefCell,
    io,
    rc::Rc,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use clap::Args;
use serde::Serialize;
use tokio::time::Instant;

use self::visitor::{Guestbook, Held, Visitor};
use super::{
    growth::Growth,
    relay::{self, FRAMES},
    rooms::churn::Room,
};
use crate::{
    Error,
    chat::Client,
    cli::{OutputOptions, TargetOptions},
    pairs::{
        self, Bench, Measured, Outcome, Plan, SetUp, Talk, frames,
        pair::{Pair, Timed},
        timetable::{Timetable, scatter},
    },
    population,
    report::{Figure, Report, Section, Unit},
    rooms::Topic,
    scenario::{Scenario, Site},
    units,
};

/// Bytes of a text: enough for a publish; beyond, no server takes it by default.
const MIN_PAYLOAD: usize = 200;
const MAX_PAYLOAD: usize = 1 << 16;
const DAY: u64 = 24 * 60 * 60;
/// Frames that may be under way in each direction.
const MAX_UNDER_WAY: usize = 1_024;
/// How long rooms rest between two rounds, at least, and how much longer, at most: they do not all begin at once.
const ROOM_RESTS: Duration = Duration::from_millis(900);
const ROOM_RESTS_LONGER_MS: u64 = 200;
/// A slope of less time is mostly what the allocator happens to do.
const TELLING: Duration = Duration::from_secs(20 * 60);

const NOTES: &[&str] = &[
    "traffic and latency are those of the pairs: one way, from when a frame was due to just after the receiver's read, on one clock. \
     CPU is that of everything, per million of their frames.",
    "lost, duplicated and reordered cover warm-up, measurement and drain; all else the measurement alone, but for the company.",
];

/// The options of `loadtest soak`.
#[derive(Args, Serialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// The server's chat endpoint
    #[arg(long, default_value = "ws://127.0.0.1:8080/ws")]
    pub url: String,
    #[command(flatten)]
    #[serde(flatten)]
    pub target: TargetOptions,
    /// Pairs that relay
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    pub pairs: u32,
    /// Frames a second over all pairs, each sent when it is due
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub rate: u32,
    /// Rooms that are joined, spoken in and left about once a second
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=200))]
    pub rooms: u32,
    /// Members of a room
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=20))]
    pub size: u32,
    /// Clients that come, are matched and go; a visit takes a second or so
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(0..=2_000))]
    pub visitors: u32,
    /// No visitor is cut and comes back: for a server that keeps no sessions (RESUME_WINDOW=0)
    #[arg(long)]
    pub no_resume: bool,
    /// Clients that are connected and say nothing
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=9_000))]
    pub held: u32,
    /// Bytes of a frame's text as the client sends it, e.g. 200, 1KiB
    #[arg(long, default_value = "1KiB", value_parser = units::parse_bytes_within::<MIN_PAYLOAD, MAX_PAYLOAD>)]
    #[serde(rename = "payloadBytes")]
    pub payload: usize,
    /// How long to measure, at most 24h
    #[arg(long, visible_alias = "for", default_value = "10m", value_parser = units::parse_duration_up_to::<DAY>)]
    #[serde(rename = "durationSeconds", serialize_with = "units::as_seconds")]
    pub duration: Duration,
    /// How long to do the same before measuring
    #[arg(long, default_value = "5s", value_parser = units::parse_duration_up_to::<600>)]
    #[serde(rename = "warmupSeconds", serialize_with = "units::as_seconds")]
    pub warmup: Duration,
    /// Threads that talk; connecting and matching use one
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: u16,
    #[command(flatten)]
    #[serde(skip)]
    pub output: OutputOptions,
}

impl Options {
    fn plan(&self) -> Plan {
        Plan {
            template: frames::ice(self.payload),
            window: MAX_UNDER_WAY,
            warmup: self.warmup,
            duration: self.duration,
            // Whoever is in the midst of a visit ends it.
            drain: Duration::from_secs(10),
            threads: self.threads,
            plural: FRAMES.rate.1,
        }
    }
}

/// Whoever takes part, on the way into a worker.
enum Guest {
    Pair(Timed),
    Room(Room),
    Held(Held),
    Visitor(Visitor),
}

impl Talk for Guest {
    async fn run(self, bench: Rc<RefCell<Bench>>, deadline: Instant) -> Outcome {
        match self {
            Guest::Pair(pair) => pair.run(bench, deadline).await,
            Guest::Room(room) => room.run(bench, deadline).await,
            Guest::Held(held) => held.run(bench, deadline).await,
            Guest::Visitor(visitor) => visitor.run(bench, deadline).await,
        }
    }
}

impl Scenario for Options {
    const NAME: &'static str = "soak";
    const SCHEME: &'static str = "ws";

    fn title(&self) -> String {
        let Self { pairs, rate, rooms, size, visitors, held, payload, duration, warmup, threads, url, .. } = self;
        format!(
            "{pairs} pairs with {rate} frames/s, {rooms} rooms of {size}, {visitors} visitors, {held} held, {payload} B, \
             {duration:?} after {warmup:?} of warm-up, {threads} thread(s), {url}"
        )
    }

    fn sockets(&self) -> usize {
        let Self { pairs, rooms, size, visitors, held, .. } = self;
        (2 * pairs + rooms * size + visitors + held) as usize
    }

    async fn run(&self, site: &mut Site, report: &mut Report) -> Result<(), Error> {
        let book = Arc::new(Guestbook::default());
        let (guests, set_up) = self.gather(&book, site).await?;
        site.watch.connected();

        let plan = self.plan();
        let (mut growth, server) = (Growth::default(), site.watch.server().cloned());
        let running = pairs::run(guests, &plan, site);
        let run = match &server {
            None => running.await?,
            Some(server) => tokio::select! {
                run = running => run?,
                never = growth.watch(server) => never,
            },
        };
        let compared: u64 = run.done.outcomes.iter().map(|outcome| outcome.compared).sum();
        Measured { noun: &FRAMES, payload: self.payload, notes: NOTES, set_up, run }.write(&site.watch, report);

        let (from, until) = (self.warmup.as_secs_f64(), (self.warmup + self.duration).as_secs_f64());
        report.figures.extend(growth.figures(from, until));
        let count = |key, label, count: u64| Figure::new(key, label, Unit::Count, count as f64);
        report.figures.push(Section::new(
            "company",
            [
                count("visits", "visits", book.visits.load(Ordering::Relaxed)),
                count("matches", "visitors matched", book.matches.load(Ordering::Relaxed)),
                count("resumed", "visitors' sessions resumed", book.resumed.load(Ordering::Relaxed)),
                count("compared", "accounts of rooms compared", compared),
            ],
        ));
        if server.is_some() && self.duration < TELLING {
            report.notes.push("SHORT: within minutes, RSS per hour tells what the allocator happens to do.".into());
        }
        Ok(())
    }
}

impl Options {
    /// Has everybody come but the visitors, who come by themselves.
    async fn gather(&self, book: &Arc<Guestbook>, site: &mut Site) -> Result<(Vec<Guest>, SetUp), Error> {
        let (talkers, size) = (2 * self.pairs as usize, self.size as usize);
        let sockets = self.sockets() - self.visitors as usize;
        let begun = Instant::now();
        let mut clients = population::connect_clients(sockets, site).await?;
        let connecting = begun.elapsed();
        let mut others = clients.split_off(talkers).into_iter();
        let pairs = population::pair_up(clients, &site.progress.count("matching", talkers as u64)).await?;
        let set_up = SetUp { sockets, connecting, matching: begun.elapsed() - connecting };

        let tail = frames::tail(&frames::ice(self.payload));
        let mut guests = Vec::new();
        for (pair, [a, b]) in (0..).zip(pairs) {
            let timetable = Timetable { per_second: self.rate, pairs: self.pairs, pair };
            let expected = [relay::heard_from(b.id, &tail), relay::heard_from(a.id, &tail)];
            let sockets = [a.socket.detach()?, b.socket.detach()?];
            guests.push(Guest::Pair(Timed { pair: Pair { sockets, expected, wire: &relay::WIRE }, timetable }));
        }
        for number in 0..self.rooms as usize {
            let members = others.by_ref().take(size).map(|client: Client| Ok((client.id, client.socket.detach()?)));
            let members = members.collect::<io::Result<_>>()?;
            let every = ROOM_RESTS + Duration::from_millis(scatter(number as u64) % ROOM_RESTS_LONGER_MS);
            guests.push(Guest::Room(Room {
                topic: Topic::new(number),
                payload: self.payload,
                members,
                every: Some(every),
            }));
        }
        for client in others {
            guests.push(Guest::Held(Held(client.socket.detach()?)));
        }
        let resumes = !self.no_resume;
        let visitor = |index| Visitor { target: site.target.clone(), index, resumes, book: Arc::clone(book) };
        guests.extend((0..self.visitors as usize).map(visitor).map(Guest::Visitor));
        Ok((guests, set_up))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::cli::Cli;

    #[test]
    fn options_are_bounded() {
        let parse = |options: &str| Cli::try_parse_from(format!("loadtest soak {options}").split_whitespace());
        assert!(
            parse("--duration 24h --pairs 2000 --rate 100000 --rooms 200 --size 20 --visitors 2000 --held 9000")
                .is_ok()
        );
        assert!(parse("--rooms 0 --visitors 0 --held 0").is_ok());
        for options in
            ["--duration 25h", "--pairs 0", "--rate 0", "--rooms 201", "--size 1", "--visitors 2001", "--payload 199"]
        {
            assert!(parse(options).is_err(), "{options}");
        }
    }
}
