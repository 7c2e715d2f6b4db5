//! Pairs relay frames to each other through the chat wire.
//!
//! ```text
//!             ice seq 0..W          stamped, passed on
//! A ─────────────────────────▶ server ───────────────▶ B     every frame that arrives is answered
//! A ◀───────────────────────── server ◀─────────────── B     with one frame to the other side
//! ```
//! So each pair always has W frames under way: W = 1 is ping-pong, W = 16 measures throughput. Both directions count their
//! own frames, and every arrival is checked byte for byte and against its number.
//!
//! With `--rate` the loop is open: every frame is due at a time that was fixed beforehand, at equal distances over all pairs, and is
//! sent then, however late the answers are. Its latency counts from when it was due, so that the time which a slow server makes the
//! frames behind it wait is counted, too.
//!
//! What runs them is in [`crate::pairs`].

use std::sync::Arc;

use clap::Args;
use meetpoint_protocol::{ClientId, chat::PONG};
use serde::Serialize;
use tokio::time::Instant;

use crate::{
    Error,
    chat::{Client, PING},
    cli::{OutputOptions, SpanOptions, TargetOptions},
    pairs::{
        self, Measured, Noun, Plan, SetUp,
        frames::{self, Expected, ICE_HEAD, MIN_ICE, STAMP},
        pair::{Loop, Pair, Timed, Wire},
        timetable::Timetable,
    },
    population,
    report::Report,
    scenario::{Scenario, Site},
    units,
    versus::Dialect,
};

/// Bytes of a frame's text: beyond, no server takes it by default.
const MAX_PAYLOAD: usize = 1 << 20;

pub static WIRE: Wire = Wire { keeps: Loop::Echo, last_word: PING, last_heard: PONG };

/// Frames, as all scenarios that relay count them.
pub static FRAMES: Noun = Noun {
    count: ("frames", "frames relayed"),
    rate: ("framesPerSecond", "frames"),
    gathered: ("framesPerRead", "frames gathered per read"),
    cost: "CPU per million frames",
    lost: "a frame was lost",
    duplicated: "a frame came twice",
    reordered: "a frame came after a later one",
};

/// Frames that may be under way in each direction of an open loop, and what they may come to together in bytes.
const MAX_UNDER_WAY: usize = 1_024;
const MAX_BYTES_UNDER_WAY: usize = 1 << 20;

const NOTES: &[&str] = &[LATENCY_NOTE, SCOPE_NOTE];
const RATE_NOTES: &[&str] = &[
    "latency: one way, from when a frame was due to just after the receiver's read, on one clock. The loop is open: frames are due at \
     equal distances, whatever has arrived, so how late this generator is (schedule) is part of it. It is woken every 50 µs at most.",
    SCOPE_NOTE,
];
const LATENCY_NOTE: &str = "latency: one way, from just before the sender's write to just after the receiver's read, on one clock. \
The loop is closed (each frame answers another): at full speed it tells how long the frames under way queue.";
const SCOPE_NOTE: &str = "lost, duplicated and reordered cover warm-up, measurement and drain; all else the measurement alone. \
MB/s counts the text as sent.";

/// The options of `loadtest relay`.
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
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=9_900))]
    pub pairs: u32,
    /// Frames under way per pair: 1 is ping-pong, 16 measures throughput
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    pub window: u32,
    /// Frames a second over all pairs, each sent when it is due, whatever has arrived, instead of so many under way
    #[arg(long, conflicts_with = "window", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub rate: Option<u32>,
    /// Bytes of a frame's text as the client sends it, e.g. 120, 1KiB (the server adds 46 for the sender's id)
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

/// What a client hears of a partner that says candidates. `tail`: what stands behind their digits.
pub fn heard_from(partner: ClientId, tail: &Arc<[u8]>) -> Expected {
    let head = ICE_HEAD.replace(r#""candidate""#, &format!(r#""from":"{partner}","candidate""#));
    Expected::new(&head, STAMP, Arc::clone(tail))
}

impl Options {
    /// Frames that may be under way: of a pair or, in an open loop, of a direction.
    fn under_way(&self) -> usize {
        match self.rate {
            Some(_) => (MAX_BYTES_UNDER_WAY / self.payload).clamp(4, MAX_UNDER_WAY),
            None => self.window as usize,
        }
    }

    fn plan(&self) -> Plan {
        Plan {
            template: frames::ice(self.payload),
            window: self.under_way(),
            warmup: self.span.warmup,
            duration: self.span.duration,
            drain: pairs::drain_limit(self.sockets()),
            threads: self.threads,
            plural: FRAMES.rate.1,
        }
    }
}

impl Scenario for Options {
    const NAME: &'static str = "relay";
    const SCHEME: &'static str = "ws";

    fn title(&self) -> String {
        let Self { pairs, window, rate, payload, span, threads, url, .. } = self;
        let load = match rate {
            Some(rate) => format!("{rate} frames/s"),
            None => format!("{window} under way each"),
        };
        format!("{pairs} pairs, {load}, {payload} B, {span}, {threads} thread(s), {url}")
    }

    fn speak(&mut self, dialect: Dialect) -> bool {
        matches!(dialect, Dialect::Meetpoint | Dialect::RandomVideoChat)
    }

    fn sockets(&self) -> usize {
        2 * self.pairs as usize
    }

    async fn run(&self, site: &mut Site, report: &mut Report) -> Result<(), Error> {
        let sockets = self.sockets();
        let begun = Instant::now();
        let clients = population::connect_clients(sockets, site).await?;
        let connecting = begun.elapsed();
        let pairs = population::pair_up(clients, &site.progress.count("matching", sockets as u64)).await?;
        let set_up = SetUp { sockets, connecting, matching: begun.elapsed() - connecting };
        site.watch.connected();

        let plan = self.plan();
        let tail = frames::tail(&plan.template);
        let pair = |[a, b]: [Client; 2]| {
            let expected = [heard_from(b.id, &tail), heard_from(a.id, &tail)];
            Ok(Pair { sockets: [a.socket.detach()?, b.socket.detach()?], expected, wire: &WIRE })
        };
        let pairs = pairs.into_iter().map(pair).collect::<std::io::Result<Vec<_>>>()?;
        let (run, notes) = match self.rate {
            None => (pairs::run(pairs, &plan, site).await?, NOTES),
            Some(per_second) => {
                let timetable = |pair| Timetable { per_second, pairs: self.pairs, pair };
                let pairs = (0..).zip(pairs).map(|(index, pair)| Timed { pair, timetable: timetable(index) });
                (pairs::run(pairs.collect(), &plan, site).await?, RATE_NOTES)
            }
        };
        Measured { noun: &FRAMES, payload: self.payload, notes, set_up, run }.write(&site.watch, report);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::cli::Cli;

    #[test]
    fn options_are_bounded() {
        let parse = |options: &str| Cli::try_parse_from(format!("loadtest relay {options}").split_whitespace());
        assert!(parse("--pairs 9900 --window 1 --payload 120 --duration 10m --warmup 0s").is_ok());
        assert!(parse("--rate 1000000 --pairs 1").is_ok());
        for options in [
            "--pairs 9901",
            "--pairs 0",
            "--window 0",
            "--payload 10",
            "--duration 11m",
            "--threads 0",
            "--rate 0",
            "--rate 1000001",
            "--rate 100 --window 2",
        ] {
            assert!(parse(options).is_err(), "{options}");
        }
    }
}
