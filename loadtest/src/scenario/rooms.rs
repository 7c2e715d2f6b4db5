//! The topic rooms of the chat wire.
//!
//! ```text
//! fanout   one publishes, N hear it: W messages under way, each until it has reached the last of them
//! churn    rooms of a few members each, in rounds: all join at once, all publish at once, all leave at once
//! ```
//! Every message is checked byte for byte and against its number; in each round everybody's view of who is there, of who spoke
//! when and of who left when is compared with everybody else's.

mod churn;
mod fanout;
mod round;

use std::{io, ops::RangeInclusive, time::Duration};

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::{
    Error,
    cli::{OutputOptions, TargetOptions},
    pairs::{Plan, frames},
    progress::Progress,
    report::Report,
    rooms::Topic,
    target::Target,
    units,
    watch::Watch,
};

/// Bytes of a `publish`: enough for the topic and the digits; beyond, no server takes it by default.
const PAYLOAD: RangeInclusive<usize> = 200..=1 << 16;

/// What stands before the number in the data of a message.
const DATA_HEAD: &str = r#"{"seq":""#;
const END: &str = "}";

/// What is put under load.
#[derive(ValueEnum, Serialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// One member publishes to many
    Fanout,
    /// Rooms that are joined, spoken in and left, again and again
    Churn,
}

/// The options of `loadtest rooms`.
#[derive(Args, Serialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Options {
    /// The server's chat endpoint
    #[arg(long, default_value = "ws://127.0.0.1:8080/ws")]
    pub url: String,
    #[command(flatten)]
    #[serde(flatten)]
    pub target: TargetOptions,
    /// What to put under load
    #[arg(long, value_enum, default_value = "fanout")]
    pub what: What,
    /// fanout: members that hear the publisher; with it they are one more, which MAX_ROOM_SIZE must permit
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=9_900))]
    pub members: u32,
    /// fanout: messages under way until they have reached every member
    #[arg(long, visible_alias = "window", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=128))]
    pub under_way: u32,
    /// churn: rooms
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=9_900))]
    pub rooms: u32,
    /// churn: members of a room; each takes a socket
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..=100))]
    pub size: u32,
    /// Bytes of a publish as the client sends it, e.g. 200, 1KiB
    #[arg(long, default_value = "1KiB", value_parser = parse_payload)]
    #[serde(rename = "payloadBytes")]
    pub payload: usize,
    /// How long to measure, at most 10m
    #[arg(long, visible_alias = "for", default_value = "10s", value_parser = units::parse_duration_up_to::<600>)]
    #[serde(rename = "durationSeconds", serialize_with = "units::as_seconds")]
    pub duration: Duration,
    /// How long to do the same before measuring
    #[arg(long, default_value = "1s", value_parser = units::parse_duration_up_to::<600>)]
    #[serde(rename = "warmupSeconds", serialize_with = "units::as_seconds")]
    pub warmup: Duration,
    /// churn: threads that run rooms; all else uses one
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: u16,
    /// The server's process, to watch its CPU time and memory
    #[arg(long)]
    pub pid: Option<u32>,
    #[command(flatten)]
    #[serde(skip)]
    pub output: OutputOptions,
}

fn parse_payload(text: &str) -> Result<usize, String> {
    let bytes = units::parse_bytes(text)?;
    if PAYLOAD.contains(&bytes) {
        Ok(bytes)
    } else {
        Err(format!("must be {} to {} bytes", PAYLOAD.start(), PAYLOAD.end()))
    }
}

impl Options {
    fn title(&self) -> String {
        let Self { what, members, under_way, rooms, size, payload, duration, warmup, threads, url, .. } = self;
        let time = format!("{payload} B, {duration:?} after {warmup:?} of warm-up");
        match what {
            What::Fanout => format!("fanout, one to {members}, {under_way} under way, {time}, {url}"),
            What::Churn => format!("churn, {rooms} rooms of {size}, {time}, {threads} thread(s), {url}"),
        }
    }

    /// Clients that are connected.
    fn sockets(&self) -> usize {
        match self.what {
            What::Fanout => self.members as usize + 1,
            What::Churn => self.rooms as usize * self.size as usize,
        }
    }

    /// How long what is under way is awaited at the end. It grows with the clients, because even a server short of CPU must be
    /// able to serve them all once more.
    fn drain_limit(&self) -> Duration {
        const LEAST: Duration = Duration::from_secs(5);
        const PER_SOCKET: Duration = Duration::from_millis(5);
        LEAST + PER_SOCKET.saturating_mul(u32::try_from(self.sockets()).unwrap_or(u32::MAX))
    }

    fn plan(&self, template: String, window: usize, plural: &'static str) -> Plan {
        let &Self { warmup, duration, threads, .. } = self;
        Plan { template, window, warmup, duration, drain: self.drain_limit(), threads, plural }
    }
}

/// The template of a `publish` of `payload` bytes.
fn template(topic: &Topic, payload: usize) -> String {
    frames::padded(&format!("{}{DATA_HEAD}", topic.publish), END, payload)
}

/// Runs the scenario. `Err` when it could not be run; what broke while it ran is in the report.
pub async fn run(options: &Options, progress: &Progress) -> Result<Report, Error> {
    let options_json = serde_json::to_value(options).map_err(io::Error::from)?;
    let mut report = Report::begin("rooms", options.title(), options_json);
    let target = Target::resolve(&options.url, "ws", &options.target).await?;
    let watch = options.pid.map(Watch::start).transpose()?;
    crate::population::check_descriptors(options.sockets(), watch.as_ref().map(Watch::process))?;
    match options.what {
        What::Fanout => fanout::measure(options, &target, watch, progress, &mut report).await?,
        What::Churn => churn::measure(options, &target, watch, progress, &mut report).await?,
    }
    Ok(report)
}
