//! A load generator for meetpoint: real connections, checked frames, latency percentiles, and what they cost the server.
//!
//! - [`cli`]: the options; those that every scenario shares stand apart
//! - [`scenario`]: what is done to the server, one folder each
//! - [`population`]: many clients at once: connecting them, having them matched
//! - [`chat`], [`noisy`]: one client of that wire · [`rooms`]: a member of a topic · [`ws`]: its WebSocket
//! - [`http`]: requests over kept connections
//! - [`pairs`]: clients that talk two by two, on worker threads
//! - [`target`]: the server's address
//! - [`process`], [`watch`]: CPU time and memory of a process, from `/proc` · [`cost`]: what a measurement used of them
//! - [`report`]: the figures, as a table and as JSON · [`progress`]: the bar · [`units`]: durations, sizes, dates
//!
//! ```text
//! cli → relay, noisy, rooms: connect → match → warm up → measure → drain → report
//!                     population         worker threads with their own runtime
//!     → http:         fill → each phase: connect → measure → drain → … → hold → report
//!                     one thread, which waits for all connections at once
//! ```

#![forbid(unsafe_code)]

pub mod chat;
pub mod cli;
pub mod cost;
mod error;
mod host;
pub mod http;
pub mod noisy;
pub mod pairs;
pub mod population;
pub mod process;
pub mod progress;
pub mod report;
pub mod rooms;
pub mod scenario;
pub mod target;
pub mod units;
pub mod watch;
pub mod ws;

pub use error::Error;

use cli::{Cli, Command};
use progress::Progress;
use report::Report;

/// Runs the scenario that the command line names, prints its table and writes its JSON.
pub async fn run(cli: &Cli, command_line: Vec<String>) -> Result<Report, Error> {
    let (output, outcome) = match &cli.command {
        Command::Relay(options) => {
            let progress = Progress::new(options.output.quiet);
            (&options.output, scenario::relay::run(options, &progress).await)
        }
        Command::Http(options) => {
            let progress = Progress::new(options.output.quiet);
            (&options.output, scenario::http::run(options, &progress).await)
        }
        Command::Noisy(options) => {
            let progress = Progress::new(options.output.quiet);
            (&options.output, scenario::noisy::run(options, &progress).await)
        }
        Command::Rooms(options) => {
            let progress = Progress::new(options.output.quiet);
            (&options.output, scenario::rooms::run(options, &progress).await)
        }
    };
    let mut report = outcome?;
    report.command_line = command_line;
    print!("{report}");
    if let Some(path) = &output.json {
        report.write_json(path).map_err(|source| Error::Output { path: path.clone(), source })?;
    }
    Ok(report)
}
