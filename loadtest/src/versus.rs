//! `loadtest versus --peer URL SCENARIO …`: the same scenario against two servers in turn.
//!
//! ```text
//! round 1: server, peer · round 2: peer, server · round 3: server, peer …
//! ```
//! What changes on the machine meanwhile meets both alike, and who comes first gains nothing by it. What is told is the median
//! of all rounds and how far they lie apart.

mod result;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::{Error, progress::Progress, report::Report, scenario::AnyScenario};
pub use result::Versus;

/// The options of `loadtest versus`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The other server, which is compared with the scenario's own --url
    #[arg(long, value_name = "URL")]
    pub peer: String,
    /// The other server's process, to watch its CPU time and memory, as the scenario's --pid does for its own
    #[arg(long, value_name = "PID")]
    pub peer_pid: Option<u32>,
    /// What the other server speaks
    #[arg(long, value_enum, default_value = "meetpoint")]
    pub dialect: Dialect,
    /// How often each server is measured
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub rounds: u16,
    /// What is done to both
    #[command(subcommand)]
    pub scenario: AnyScenario,
}

/// A wire, and how much of it a server speaks.
#[derive(ValueEnum, Serialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// Whatever the scenario says to meetpoint
    Meetpoint,
    /// Any WebSocket server: it is connected to and says nothing that is understood
    Websocket,
    /// Random video chat without what meetpoint adds: no rooms, nothing resumes, nobody who says next is queued
    RandomVideoChat,
    /// NoisyTransfer's rooms, mailboxes and codes
    Noisytransfer,
    /// Rondevu's routes: those of the version that the peer is
    Rondevu,
}

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Server,
    Peer,
}

impl Side {
    const BOTH: [Self; 2] = [Side::Server, Side::Peer];

    const fn name(self) -> &'static str {
        match self {
            Side::Server => "server",
            Side::Peer => "peer",
        }
    }
}

/// Measures both servers in turn. `Err` when one of them could not be measured at all.
pub async fn run(options: &Options, command_line: Vec<String>) -> Result<Versus, Error> {
    let Options { peer, peer_pid, dialect, rounds, scenario } = options;
    let mut of_peer = scenario.clone();
    of_peer.aim(peer.clone(), *peer_pid);
    if !of_peer.speak(*dialect) {
        return Err(Error::Options("--dialect: it lacks what this scenario needs".into()));
    }
    let progress = Progress::new(scenario.output().quiet);
    let mut reports: [Vec<Report>; 2] = [Vec::new(), Vec::new()];
    for round in 1..=*rounds {
        let mut order = Side::BOTH;
        order.rotate_left(usize::from((round - 1) % 2));
        for side in order {
            progress.say(&format!("round {round} of {rounds}: {}", side.name()));
            let scenario = if side == Side::Server { scenario } else { &of_peer };
            reports[side as usize].push(scenario.run(progress).await?);
        }
    }
    Ok(Versus::new(options, command_line, reports))
}
