//! The command line. A scenario's own options stand with the scenario; here are those that several share.

use std::{fmt, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};
use serde::Serialize;

use crate::{compare, scenario::AnyScenario, units, versus};

/// Load generator for meetpoint.
#[derive(Parser, Debug)]
#[command(name = "loadtest", version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    #[command(flatten)]
    Scenario(AnyScenario),
    /// Two stored results beside each other, with the ratio of every figure
    Compare(compare::Options),
    /// The same scenario against two servers in turn: medians, spread and ratios
    Versus(versus::Options),
}

/// The server under load. Its URL is the scenario's to ask for: each speaks a scheme of its own.
#[derive(Args, Serialize, Clone, Default, Debug)]
#[serde(rename_all = "camelCase")]
pub struct TargetOptions {
    /// Permit a target that is not this machine: only with its owner's consent
    #[arg(long)]
    pub allow_remote: bool,
    /// Connect from 127.0.0.2 to 127.0.0.251 in turn (loopback targets only)
    #[arg(long)]
    pub spread_addresses: bool,
    /// The server's process, to watch its CPU time and memory
    #[arg(long)]
    pub pid: Option<u32>,
}

/// How long it goes.
#[derive(Args, Serialize, Clone, Copy, Debug)]
#[serde(rename_all = "camelCase")]
pub struct SpanOptions {
    /// How long to measure, at most 10m
    #[arg(long, visible_alias = "for", default_value = "10s", value_parser = units::parse_duration_up_to::<600>)]
    #[serde(rename = "durationSeconds", serialize_with = "units::as_seconds")]
    pub duration: Duration,
    /// How long to do the same before measuring
    #[arg(long, default_value = "1s", value_parser = units::parse_duration_up_to::<600>)]
    #[serde(rename = "warmupSeconds", serialize_with = "units::as_seconds")]
    pub warmup: Duration,
}

impl fmt::Display for SpanOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} after {:?} of warm-up", self.duration, self.warmup)
    }
}

/// Where the result goes.
#[derive(Args, Clone, Debug)]
pub struct OutputOptions {
    /// Also write the result to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Also draw the result: .svg a picture, .html a page with the tables
    #[arg(long, value_name = "FILE", value_parser = parse_chart)]
    pub chart: Option<PathBuf>,
    /// Show no progress bar (none is shown either when standard error is not a terminal)
    #[arg(long)]
    pub quiet: bool,
}

fn parse_chart(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    if ["svg", "html"].contains(&ending.as_str()) { Ok(path) } else { Err("must end with .svg or .html".into()) }
}
