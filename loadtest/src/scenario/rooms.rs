//! The topic rooms of the chat wire.
//!
//! ```text
//! fanout   one publishes, N hear it: W messages under way, each until it has reached the last of them
//! churn    rooms of a few members each, in rounds: all join at once, all publish at once, all leave at once
//! ```
//! Every message is checked byte for byte and against its number; in each round everybody's view of who is there, of who spoke
//! when and of who left when is compared with everybody else's.

pub(super) mod churn;
mod fanout;
mod round;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::{
    Error,
    cli::{OutputOptions, SpanOptions, TargetOptions},
    pairs::{self, Plan, frames},
    report::Report,
    rooms::Topic,
    scenario::{Scenario, Site},
    units,
};

/// Bytes of a `publish`: enough for the topic and the digits; beyond, no server takes it by default.
const MIN_PAYLOAD: usize = 200;
const MAX_PAYLOAD: usize = 1 << 16;

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
    #[arg(long, default_value = "1KiB", value_parser = units::parse_bytes_within::<MIN_PAYLOAD, MAX_PAYLOAD>)]
    #[serde(rename = "payloadBytes")]
    pub payload: usize,
    #[command(flatten)]
    #[serde(flatten)]
    pub span: SpanOptions,
    /// churn: threads that run rooms; all else uses one
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: u16,
    #[command(flatten)]
    #[serde(skip)]
    pub output: OutputOptions,
}

impl Options {
    fn plan(&self, template: String, window: usize, plural: &'static str) -> Plan {
        let &Self { span: SpanOptions { warmup, duration }, threads, .. } = self;
        Plan { template, window, warmup, duration, drain: pairs::drain_limit(self.sockets()), threads, plural }
    }
}

/// The template of a `publish` of `payload` bytes.
fn template(topic: &Topic, payload: usize) -> String {
    frames::padded(&format!("{}{DATA_HEAD}", topic.publish), END, payload)
}

impl Scenario for Options {
    const NAME: &'static str = "rooms";
    const SCHEME: &'static str = "ws";

    fn title(&self) -> String {
        let Self { what, members, under_way, rooms, size, payload, span, threads, url, .. } = self;
        match what {
            What::Fanout => format!("fanout, one to {members}, {under_way} under way, {payload} B, {span}, {url}"),
            What::Churn => format!("churn, {rooms} rooms of {size}, {payload} B, {span}, {threads} thread(s), {url}"),
        }
    }

    fn sockets(&self) -> usize {
        match self.what {
            What::Fanout => self.members as usize + 1,
            What::Churn => self.rooms as usize * self.size as usize,
        }
    }

    async fn run(&self, site: &mut Site, report: &mut Report) -> Result<(), Error> {
        match self.what {
            What::Fanout => fanout::measure(self, site, report).await,
            What::Churn => churn::measure(self, site, report).await,
        }
    }
}
