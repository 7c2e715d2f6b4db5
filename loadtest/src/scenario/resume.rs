//! Sessions that outlive their sockets: pairs relay while their connections are cut, again and again, and come back.
//!
//! ```text
//! A ── ice 7 ──▶ server ── ice 7 ──╳ B            B's connection is reset, at a moment of chance
//!                          hello {token, received} ──▶  resumed {received}, ice 7, ice 8, …
//! A ── ice 8 ──▶ server ◀── what B has said and the server has not read
//! ```
//! The loop is open (see [`super::relay`]): frames go on being due, also from clients that are away. Every arrival is checked byte for
//! byte and against its number: nothing may be lost, come twice or out of order, whatever was cut where. A client that comes back must
//! be who it was.

mod pair;
mod side;

use std::{collections::HashMap, time::Duration};

use clap::Args;
use meetpoint_protocol::ClientId;
use serde::Serialize;
use tokio::time::Instant;

use self::{
    pair::Pair,
    side::{Home, Word},
};
use super::relay::{self, FRAMES};
use crate::{
    Error, chat,
    cli::{OutputOptions, SpanOptions, TargetOptions},
    pairs::{
        self, Measured, Plan, Run, SetUp,
        frames::{self, MIN_ICE},
        result,
        timetable::Timetable,
    },
    population,
    report::{Figure, Report, Section, Unit},
    resume::{Session, resumable},
    scenario::{Scenario, Site},
    units,
};

/// Bytes of a frame's text: beyond, no server takes it by default.
const MAX_PAYLOAD: usize = 1 << 16;
/// Frames that may be under way in each direction.
const MAX_UNDER_WAY: usize = 1_024;

const NOTES: &[&str] = &[
    "latency: one way, from when a frame was due to just after the receiver's read, on one clock; frames to and from clients that were \
     away wait for them. back: from beginning to connect until resumed.",
    "waited: frames that were due before their receiver was back, and reached it then. said again: frames that the server had not read \
     when it was cut.",
    "lost, duplicated and reordered cover warm-up, measurement and drain; all else the measurement alone. MB/s counts the text as sent.",
];

/// The options of `loadtest resume`.
#[derive(Args, Serialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// The server's chat endpoint
    #[arg(long, default_value = "ws://127.0.0.1:8080/ws")]
    pub url: String,
    #[command(flatten)]
    #[serde(flatten)]
    pub target: TargetOptions,
    /// Pairs of clients; each takes two sockets
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=9_900))]
    pub pairs: u32,
    /// Frames a second over all pairs, each sent when it is due
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub rate: u32,
    /// Connections that are cut in a second, over all pairs
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub cuts: u32,
    /// How long a client stays away after a cut, at most 1m
    #[arg(long, default_value = "100ms", value_parser = units::parse_duration_up_to::<60>)]
    #[serde(rename = "awaySeconds", serialize_with = "units::as_seconds")]
    pub away: Duration,
    /// Bytes of a frame's text as the client sends it, e.g. 120, 1KiB
    #[arg(long, default_value = "1KiB", value_parser = units::parse_bytes_within::<MIN_ICE, MAX_PAYLOAD>)]
    #[serde(rename = "payloadBytes")]
    pub payload: usize,
    #[command(flatten)]
    #[serde(flatten)]
    pub span: SpanOptions,
    /// Threads that relay; connecting and matching use one
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
            warmup: self.span.warmup,
            duration: self.span.duration,
            drain: pairs::drain_limit(self.sockets()) + self.away,
            threads: self.threads,
            plural: FRAMES.rate.1,
        }
    }
}

impl Scenario for Options {
    const NAME: &'static str = "resume";
    const SCHEME: &'static str = "ws";

    fn title(&self) -> String {
        let Self { pairs, rate, cuts, away, payload, span, threads, url, .. } = self;
        format!(
            "{pairs} pairs, {rate} frames/s, {cuts} cuts/s for {away:?} each, {payload} B, {span}, {threads} thread(s), {url}"
        )
    }

    fn sockets(&self) -> usize {
        2 * self.pairs as usize
    }

    async fn run(&self, site: &mut Site, report: &mut Report) -> Result<(), Error> {
        let sockets = self.sockets();
        let target = resumable(&site.target);
        let begun = Instant::now();
        let begin = |index| {
            let target = target.clone();
            async move { Ok((index, Session::begin(target, index).await?)) }
        };
        let connected = population::connect(sockets, site, begin).await?;
        let connecting = begun.elapsed();
        let mut sessions = HashMap::new();
        let mut clients = Vec::with_capacity(sockets);
        for (index, (session, socket)) in connected {
            clients.push(chat::Client { id: session.id, socket });
            sessions.insert(session.id, (index, session));
        }
        let pairs = population::pair_up(clients, &site.progress.count("matching", sockets as u64)).await?;
        let set_up = SetUp { sockets, connecting, matching: begun.elapsed() - connecting };
        site.watch.connected();

        let plan = self.plan();
        let tail = frames::tail(&plan.template);
        let mut client = |client: chat::Client, partner: ClientId| {
            let (index, session) = sessions.remove(&client.id).ok_or_else(|| Error::Stranger(client.id.to_string()))?;
            let home = Home { target: target.clone(), index, away: self.away };
            let expected = relay::heard_from(partner, &tail);
            Ok::<_, Error>(side::Client { session: paired(session), socket: client.socket.detach()?, expected, home })
        };
        let timetable = |per_second, pair| Timetable { per_second, pairs: self.pairs, pair };
        let pair = |(number, [a, b]): (u32, [chat::Client; 2])| {
            let (a_id, b_id) = (a.id, b.id);
            let cuts = (self.cuts > 0).then(|| timetable(self.cuts, number));
            Ok(Pair { clients: [client(a, b_id)?, client(b, a_id)?], frames: timetable(self.rate, number), cuts })
        };
        let pairs = (0..).zip(pairs).map(pair).collect::<Result<Vec<_>, Error>>()?;
        let run = pairs::run(pairs, &plan, site).await?;
        let cuts = cut_figures(&run);
        let back = (!run.done.tally.back.is_empty()).then(|| result::latency("back", &run.done.tally.back));
        Measured { noun: &FRAMES, payload: self.payload, notes: NOTES, set_up, run }.write(&site.watch, report);
        report.figures.push(cuts);
        report.figures.extend(back);
        Ok(())
    }
}

/// The client has said `available`, and has heard `matched`: which confirms the former.
fn paired(mut session: Session<Word>) -> Session<Word> {
    session.say(Word::Ping(0));
    session.has_read(1);
    session.hear();
    session
}

fn cut_figures(run: &Run) -> Section {
    let cuts = run.done.outcomes.iter().map(|outcome| outcome.cuts).fold(Default::default(), std::ops::Add::add);
    let pairs::CutCount { cut, waited, said_again } = cuts;
    let figure = |key, label, count| Figure::new(key, label, Unit::Count, count as f64);
    Section::new(
        "cuts",
        [
            figure("cuts", "connections cut", cut),
            figure("resumed", "sessions resumed", run.done.tally.back.len()),
            figure("waited", "frames that waited", waited),
            figure("saidAgain", "frames said again", said_again),
        ],
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::cli::Cli;

    #[test]
    fn options_are_bounded() {
        let parse = |options: &str| Cli::try_parse_from(format!("loadtest resume {options}").split_whitespace());
        assert!(parse("--pairs 9900 --rate 1000000 --cuts 10000 --away 1m --payload 64KiB").is_ok());
        assert!(parse("--cuts 0 --away 0s").is_ok());
        for options in ["--pairs 0", "--pairs 9901", "--rate 0", "--cuts 10001", "--away 61s", "--payload 65KiB"] {
            assert!(parse(options).is_err(), "{options}");
        }
    }
}
