//! The NoisyTransfer wire: what two sides of a room say to each other, and the codes that bring them there.
//!
//! ```text
//! relay   A ── ice ──▶ server ──▶ B   and back: each direction has W frames under way
//!         and rooms whose B never reads, while A goes on sending: what the others notice of that
//! mail    A ── send {id} ──▶ server ── item ──▶ B   W items under way, until A has the receipt and B the item
//!         A ◀── sent {id} ───┘   └──◀── delivered ── B   every sixteen items
//! codes   POST /rendezvous/code → POST /rendezvous/redeem, over connections that are kept alive
//! ```
//! The first two are run by [`crate::pairs`], the last by [`crate::http::load`]. Every answer and every arrival is checked.

mod codes;
mod mail;
mod stuck;

use std::{cell::RefCell, rc::Rc, time::Duration};

use clap::{Args, ValueEnum};
use meetpoint_protocol::noisy::Side;
use serde::Serialize;
use tokio::time::Instant;

use self::{mail::Mail, stuck::Stuck};
use super::{Scenario, Site, pace, relay::FRAMES};
use crate::{
    Error,
    cli::{OutputOptions, SpanOptions, TargetOptions},
    http::load,
    noisy::{await_other, room, sit},
    pairs::{
        self, Bench, Measured, Outcome, Plan, SetUp, Talk,
        frames::{self, Expected, ICE_HEAD, STAMP},
        pair::{Loop, Pair, Wire},
    },
    population,
    report::Report,
    target::Target,
    units,
    versus::Dialect,
    ws::Socket,
};

/// Bytes of a frame's text: mail needs as many for its digits; beyond, no server takes it by default.
const MIN_PAYLOAD: usize = 128;
const MAX_PAYLOAD: usize = 1 << 20;

/// No client of this wire is answered by the server itself, so both relay a last word to each other.
const LAST_WORD: &str = r#"{"type":"sender_ready"}"#;
static WIRE: Wire = Wire { keeps: Loop::Each, last_word: LAST_WORD, last_heard: LAST_WORD };

const RELAY_NOTES: &[&str] = &[
    "latency: one way, from just before the sender's write to just after the receiver's read, on one clock. The loop is closed (each \
     arrival lets its sender send the next): at full speed it tells how long the frames under way queue.",
    SCOPE_NOTE,
];
const SCOPE_NOTE: &str = "lost, duplicated and reordered cover warm-up, measurement and drain; all else the measurement alone. \
MB/s counts the text as sent.";

/// What is put under load.
#[derive(ValueEnum, Serialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Frames from side to side, in both directions
    Relay,
    /// Items for the mailbox of the other side
    Mail,
    /// Codes that are minted and redeemed
    Codes,
}

/// The options of `loadtest noisy`.
#[derive(Args, Serialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// The server
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub url: String,
    #[command(flatten)]
    #[serde(flatten)]
    pub target: TargetOptions,
    /// What to put under load
    #[arg(long, value_enum, default_value = "relay")]
    pub what: What,
    /// Rooms with two sides, which take two sockets each
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=9_900))]
    pub rooms: u32,
    /// relay: further rooms whose side B never reads. Compare with a run without
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub stuck: u32,
    /// relay: frames under way in each direction of a room; mail: items under way in each room
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=192))]
    pub window: u32,
    /// Bytes of a frame's text as the client sends it, e.g. 128, 1KiB
    #[arg(long, default_value = "1KiB", value_parser = units::parse_bytes_within::<MIN_PAYLOAD, MAX_PAYLOAD>)]
    #[serde(rename = "payloadBytes")]
    pub payload: usize,
    /// codes: connections, kept alive
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=9_900))]
    pub connections: u16,
    #[command(flatten)]
    #[serde(flatten)]
    pub span: SpanOptions,
    /// relay, mail: threads that talk; all else uses one
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: u16,
    #[command(flatten)]
    #[serde(skip)]
    pub output: OutputOptions,
}

impl Options {
    fn plan(&self, template: String, plural: &'static str) -> Plan {
        let &Self { window, span: SpanOptions { warmup, duration }, threads, .. } = self;
        Plan {
            template,
            window: window as usize,
            warmup,
            duration,
            drain: pairs::drain_limit(self.sockets()),
            threads,
            plural,
        }
    }
}

impl Scenario for Options {
    const NAME: &'static str = "noisy";
    const SCHEME: &'static str = "http";

    fn title(&self) -> String {
        let Self { what, rooms, stuck, window, payload, connections, span, threads, url, .. } = self;
        let stuck = if *stuck > 0 { format!(" and {stuck} stuck ones") } else { String::new() };
        let rest = format!("{payload} B, {span}, {threads} thread(s), {url}");
        match what {
            What::Relay => format!("relay, {rooms} rooms{stuck}, {window} under way each way, {rest}"),
            What::Mail => format!("mail, {rooms} rooms, {window} under way each, {rest}"),
            What::Codes => format!("codes, {connections} connections, {span}, {url}"),
        }
    }

    fn speak(&mut self, dialect: Dialect) -> bool {
        matches!(dialect, Dialect::Meetpoint | Dialect::Noisytransfer)
    }

    fn sockets(&self) -> usize {
        match self.what {
            What::Relay | What::Mail => 2 * (self.rooms + self.stuck) as usize,
            What::Codes => self.connections.into(),
        }
    }

    fn check(&self) -> Result<(), Error> {
        if self.stuck > 0 && self.what != What::Relay {
            return Err(Error::Options("--stuck: only with --what relay".into()));
        }
        if self.what == What::Mail && !mail::fits(self.window as usize, self.payload) {
            return Err(Error::Options(
                "--window and --payload: two windows do not fit into a mailbox, which has room for 256 items and 1 MiB"
                    .into(),
            ));
        }
        Ok(())
    }

    async fn run(&self, site: &mut Site, report: &mut Report) -> Result<(), Error> {
        match self.what {
            What::Relay | What::Mail => talk(self, site, report).await,
            What::Codes => {
                let span = self.span;
                let measure = move |bench: &mut _, report: &mut _| codes::measure(span, bench, report);
                load::apart(site, report, self.connections.into(), 1, measure).await
            }
        }
    }
}

/// A room on its way into a worker.
enum Room {
    Relay(Pair),
    Mail(Mail),
    Stuck(Stuck),
}

impl Talk for Room {
    async fn run(self, bench: Rc<RefCell<Bench>>, deadline: Instant) -> Outcome {
        match self {
            Room::Relay(pair) => pair.run(bench, deadline).await,
            Room::Mail(mail) => mail.run(bench, deadline).await,
            Room::Stuck(stuck) => stuck.run(bench, deadline).await,
        }
    }
}

/// Has two sides meet. `number` is the room's; the second side's kernel may take only so many bytes for it.
async fn meet(target: Target, number: usize, receive_buffer: Option<u32>) -> Result<[Socket; 2], Error> {
    let app = room(number);
    let mut a = sit(&target, app, Side::A, 2 * number, None).await?;
    let mut b = sit(&target, app, Side::B, 2 * number + 1, receive_buffer).await?;
    await_other(&mut a).await?;
    await_other(&mut b).await?;
    Ok([a, b])
}

/// Rooms whose sides talk.
async fn talk(options: &Options, site: &mut Site, report: &mut Report) -> Result<(), Error> {
    let (rooms, stuck) = (options.rooms as usize, options.stuck as usize);
    let is_mail = options.what == What::Mail;
    let (noun, notes) = if is_mail { (&mail::ITEMS, mail::NOTES) } else { (&FRAMES, RELAY_NOTES) };
    let plan = options.plan(if is_mail { mail::template } else { frames::ice }(options.payload), noun.rate.1);
    let tail = frames::tail(&plan.template);

    let begun = Instant::now();
    let target = site.target.clone();
    let connect = |number| {
        let (target, tail, payload) = (target.clone(), tail.clone(), options.payload);
        async move {
            if number >= rooms {
                return Ok(Room::Stuck(Stuck::new(target, number).await?));
            }
            let [a, b] = meet(target, number, None).await?;
            let sockets = [a.detach()?, b.detach()?];
            if is_mail {
                return Ok(Room::Mail(Mail { sockets, tail, payload }));
            }
            let expected = Expected::new(ICE_HEAD, STAMP, tail);
            Ok(Room::Relay(Pair { sockets, expected: [expected.clone(), expected], wire: &WIRE }))
        }
    };
    let talks = population::connect(rooms + stuck, site, connect).await?;
    let set_up = SetUp { sockets: options.sockets(), connecting: begun.elapsed(), matching: Duration::ZERO };
    site.watch.connected();

    let run = pairs::run(talks, &plan, site).await?;
    let senders = if is_mail { rooms } else { 2 * rooms };
    let cost = run.to.cost_since(&run.from);
    let (stuck, pace) = (stuck::report(stuck, &run), pace::note(run.done.tally.latency.len(), senders, &cost, is_mail));
    Measured { noun, payload: options.payload, notes, set_up, run }.write(&site.watch, report);
    if let Some((section, note)) = stuck {
        report.figures.push(section);
        report.notes.push(note);
    }
    report.notes.extend(pace);
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
        match Cli::try_parse_from(format!("loadtest noisy {options}").split_whitespace()).ok()?.command {
            Command::Scenario(AnyScenario::Noisy(options)) => Some(options),
            _ => None,
        }
    }

    #[test]
    fn options_are_bounded() {
        assert!(parse("--rooms 9900 --stuck 1000 --window 192 --payload 128 --duration 10m --warmup 0s").is_some());
        for options in [
            "--rooms 0",
            "--rooms 9901",
            "--stuck 1001",
            "--window 0",
            "--window 193",
            "--payload 127",
            "--payload 2MiB",
            "--connections 0",
            "--duration 11m",
            "--threads 0",
            "--what sleep",
        ] {
            assert!(parse(options).is_none(), "{options}");
        }
    }

    #[test]
    fn what_cannot_be_met_is_refused_before_anything_is_connected() {
        let check = |options| parse(options).expect(options).check().is_ok();
        assert!(check("--stuck 5") && check("--what mail") && check("--what mail --window 120"));
        assert!(!check("--stuck 5 --what mail") && !check("--stuck 5 --what codes"));
        assert!(
            !check("--what mail --window 121")
                && !check("--what mail --window 16 --payload 64KiB")
                && check("--what mail --window 1 --payload 16KiB")
        );
    }
}
