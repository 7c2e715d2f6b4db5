//! The command line. A scenario's own options stand with the scenario; here are those that all share.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use serde::Serialize;

use crate::scenario::{http, noisy, relay, rooms};

/// Load generator for meetpoint.
#[derive(Parser, Debug)]
#[command(name = "loadtest", version)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Pairs of chat clients relay frames to each other, with a fixed number under way per pair
    Relay(relay::Options),
    /// Requests to the Rondevu routes among many live offers, over connections that are kept alive
    Http(http::Options),
    /// NoisyTransfer: two sides of a room relay frames or mail each other, or codes are minted and redeemed
    Noisy(noisy::Options),
    /// Topic rooms: one member publishes to many, or many small rooms are joined, spoken in and left
    Rooms(rooms::Options),
}

/// From where, and what is permitted. Which server is the scenario's to ask: each speaks a scheme of its own.
#[derive(Args, Serialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct TargetOptions {
    /// Permit a target that is not this machine: only with its owner's consent
    #[arg(long)]
    pub allow_remote: bool,
    /// Connect from 127.0.0.2 to 127.0.0.251 in turn (loopback targets only)
    #[arg(long)]
    pub spread_addresses: bool,
}

/// Where the result goes.
#[derive(Args, Clone, Debug)]
pub struct OutputOptions {
    /// Also write the result to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Show no progress bar (none is shown either when standard error is not a terminal)
    #[arg(long)]
    pub quiet: bool,
}
