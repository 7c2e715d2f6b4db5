//! A load generator for meetpoint: real connections, checked frames, latency percentiles, and what they cost the server.
//!
//! - [`cli`]: the options; those that every scenario shares stand apart
//! - [`scenario`]: what is done to the server, one folder each
//! - [`population`]: many clients at once: connecting them, having them matched
//! - [`chat`], [`noisy`]: one client of that wire · [`resume`]: its session · [`rooms`]: a member of a topic · [`ws`]: its WebSocket
//! - [`http`]: requests over kept connections
//! - [`pairs`]: clients that talk two by two, on worker threads
//! - [`target`]: the server's address
//! - [`process`]: CPU time and memory of a process, from `/proc` · [`cost`]: what a measurement used of them
//! - [`watch`]: the server's process during a run · [`timeline`]: what the run looked like over time
//! - [`report`]: the figures, as a table and as JSON · [`progress`]: the bar · [`units`]: durations, sizes, dates
//!
//! ```text
//! cli → relay, noisy, rooms: connect → match → warm up → measure → drain → report
//!                     population         worker threads with their own runtime
//!     → http:         fill → each phase: connect → measure → drain → … → hold → report
//!                     one thread, which waits for all connections at once
//! ```

#![forbid(unsafe_code)]

pub mod chart;
pub mod chat;
pub mod cli;
pub mod compare;
pub mod cost;
pub mod crowd;
mod error;
mod host;
pub mod http;
pub mod noisy;
pub mod output;
pub mod pairs;
pub mod population;
pub mod process;
pub mod progress;
pub mod report;
pub mod resume;
pub mod rooms;
pub mod scenario;
pub mod target;
pub mod timeline;
pub mod units;
pub mod versus;
pub mod watch;
pub mod ws;

pub use error::Error;

use cli::{Cli, Command};
use progress::Progress;

/// Does what the command line says: prints the result and writes the files that are asked for. `false`: the server broke a
/// promise.
pub async fn run(cli: Cli, command_line: Vec<String>) -> Result<bool, Error> {
    match cli.command {
        Command::Scenario(scenario) => {
            let output = scenario.output();
            let mut report = scenario.run(Progress::new(output.quiet)).await?;
            report.origin.command_line = command_line;
            output::put(&report, output)?;
            Ok(report.passed())
        }
        Command::Compare(options) => {
            print!("{}", compare::compare(&options)?);
            Ok(true)
        }
        Command::Versus(options) => {
            let versus = versus::run(&options, command_line).await?;
            output::put(&versus, options.scenario.output())?;
            Ok(versus.passed())
        }
    }
}
