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
//! What runs them is in [`crate::pairs`].

use std::{ops::RangeInclusive, time::Duration};

use clap::Args;
use meetpoint_protocol::{ClientId, chat::PONG};
use serde::Serialize;
use tokio::time::Instant;

use crate::{
    Error,
    chat::{Client, PING},
    cli::{OutputOptions, TargetOptions},
    pairs::{
        self, Measured, Noun, Plan, SetUp,
        frames::{self, Expected, ICE_HEAD, MIN_ICE, STAMP},
        pair::{Loop, Pair, Wire},
    },
    population,
    progress::Progress,
    report::Report,
    target::Target,
    units,
    watch::Watch,
};

/// Bytes of a frame's text: beyond, no server takes it by default.
const PAYLOAD: RangeInclusive<usize> = MIN_ICE..=1 << 20;

static WIRE: Wire = Wire { keeps: Loop::Echo, last_word: PING, last_heard: PONG };

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

const NOTES: &[&str] = &[LATENCY_NOTE, SCOPE_NOTE];
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
    /// Bytes of a frame's text as the client sends it, e.g. 120, 1KiB (the server adds 46 for the sender's id)
    #[arg(long, default_value = "1KiB", value_parser = parse_payload)]
    #[serde(rename = "payloadBytes")]
    pub payload: usize,
    /// How long to measure, at most 10m
    #[arg(long, default_value = "10s", value_parser = units::parse_duration_up_to::<600>)]
    #[serde(rename = "durationSeconds", serialize_with = "units::as_seconds")]
    pub duration: Duration,
    /// How long to relay before measuring
    #[arg(long, default_value = "1s", value_parser = units::parse_duration_up_to::<600>)]
    #[serde(rename = "warmupSeconds", serialize_with = "units::as_seconds")]
    pub warmup: Duration,
    /// Threads that relay; connecting and matching use one
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: u16,
    /// The server's process, to watch its CPU time and memory
    #[arg(long)]
    pub pid: Option<u32>,
    #[command(flatten)]
    #[serde(skip)]
    pub output: OutputOptions,
}

impl Options {
    /// How long what is under way is awaited at the end: what has not come then is lost. It grows with the pairs, because even a
    /// server short of CPU must be able to serve them all once more.
    fn drain_limit(&self) -> Duration {
        const LEAST: Duration = Duration::from_secs(5);
        const PER_PAIR: Duration = Duration::from_millis(1);
        LEAST + PER_PAIR * self.pairs
    }

    fn plan(&self) -> Plan {
        Plan {
            template: frames::ice(self.payload),
            window: self.window as usize,
            warmup: self.warmup,
            duration: self.duration,
            drain: self.drain_limit(),
            threads: self.threads,
            plural: FRAMES.rate.1,
        }
    }

    fn title(&self) -> String {
        let Self { pairs, window, payload, duration, warmup, threads, .. } = self;
        format!(
            "{pairs} pairs, {window} under way each, {payload} B, {duration:?} after {warmup:?} of warm-up, \
             {threads} thread(s), {}",
            self.url
        )
    }
}

fn parse_payload(text: &str) -> Result<usize, String> {
    let bytes = units::parse_bytes(text)?;
    if PAYLOAD.contains(&bytes) {
        Ok(bytes)
    } else {
        Err(format!("must be {} to {} bytes", PAYLOAD.start(), PAYLOAD.end()))
    }
}

/// Runs the scenario. `Err` when it could not be run; what broke while it ran is in the report.
pub async fn run(options: &Options, progress: &Progress) -> Result<Report, Error> {
    let options_json = serde_json::to_value(options).map_err(std::io::Error::from)?;
    let mut report = Report::begin("relay", options.title(), options_json);
    let target = Target::resolve(&options.url, "ws", &options.target).await?;
    let sockets = 2 * options.pairs as usize;
    let mut watch = options.pid.map(Watch::start).transpose()?;
    population::check_descriptors(sockets, watch.as_ref().map(Watch::process))?;

    let begun = Instant::now();
    let clients = {
        let connect = |index| {
            let target = target.clone();
            async move { Client::connect(&target, index).await }
        };
        population::connect(sockets, &progress.count("connecting", sockets as u64), connect).await?
    };
    let connecting = begun.elapsed();
    let pairs = population::pair_up(clients, &progress.count("matching", sockets as u64)).await?;
    let set_up = SetUp { sockets, connecting, matching: begun.elapsed() - connecting };
    if let Some(watch) = &mut watch {
        watch.connected();
    }

    let plan = options.plan();
    let tail = frames::tail(&plan.template);
    let hears = |partner: ClientId| {
        let head = ICE_HEAD.replace(r#""candidate""#, &format!(r#""from":"{partner}","candidate""#));
        Expected::new(&head, STAMP, tail.clone())
    };
    let pair = |[a, b]: [Client; 2]| {
        let expected = [hears(b.id), hears(a.id)];
        Ok(Pair { sockets: [a.socket.detach()?, b.socket.detach()?], expected, wire: &WIRE })
    };
    let pairs = pairs.into_iter().map(pair).collect::<std::io::Result<_>>()?;
    let run = pairs::run(pairs, &plan, progress, &mut watch).await?;
    Measured { noun: &FRAMES, payload: options.payload, notes: NOTES, set_up, run, watch }.write(&mut report);
    Ok(report)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::cli::Cli;

    #[test]
    fn options_are_bounded() {
        let parse = |options: &str| Cli::try_parse_from(format!("loadtest relay {options}").split_whitespace());
        assert!(parse("--pairs 9900 --window 1 --payload 120 --duration 10m --warmup 0s").is_ok());
        for options in ["--pairs 9901", "--pairs 0", "--window 0", "--payload 10", "--duration 11m", "--threads 0"] {
            assert!(parse(options).is_err(), "{options}");
        }
    }
}
