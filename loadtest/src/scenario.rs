//! What is done to the server. A scenario is its options: they say who the server is and what to do with it, and write a
//! [`Report`]. A new one is a file with its `Options` and a line in the list below.

mod growth;
pub mod http;
pub mod idle;
pub mod lives;
pub mod matching;
pub mod noisy;
mod pace;
pub mod relay;
pub mod resume;
pub mod rooms;
pub mod soak;
pub mod storm;

use std::io;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::{
    Error,
    cli::{OutputOptions, TargetOptions},
    population,
    progress::Progress,
    report::Report,
    target::Target,
    versus::Dialect,
    watch::Watch,
};

/// What is done to a server: the options, and doing it. Those that are common to all are fields: `url`, `target` and `output`.
pub trait Scenario: Args + Serialize {
    /// As it is named on the command line.
    const NAME: &'static str;
    /// The only scheme of a URL that it speaks.
    const SCHEME: &'static str;

    /// The options in one line.
    fn title(&self) -> String;

    /// Speaks to a server of this dialect from now on; `false` when it cannot do without what that lacks.
    fn speak(&mut self, dialect: Dialect) -> bool {
        dialect == Dialect::Meetpoint
    }

    /// Sockets that are open at a time: this many must be had before the first is opened.
    fn sockets(&self) -> usize;

    /// Says no to options that cannot be met together, before anything is connected.
    fn check(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Runs it. `Err` when it could not be run; what broke while it ran is in the report.
    fn run(&self, site: &mut Site, report: &mut Report) -> impl Future<Output = Result<(), Error>>;
}

/// Where a scenario runs.
#[derive(Debug)]
pub struct Site {
    pub target: Target,
    pub watch: Watch,
    pub progress: Progress,
}

/// Prepares what every scenario needs, and runs it.
async fn run<S: Scenario>(
    scenario: &S,
    url: &str,
    options: &TargetOptions,
    progress: Progress,
) -> Result<Report, Error> {
    scenario.check()?;
    let json = serde_json::to_value(scenario).map_err(io::Error::from)?;
    let mut report = Report::begin(S::NAME, scenario.title(), json);
    let target = Target::resolve(url, S::SCHEME, options).await?;
    let watch = Watch::start(options.pid)?;
    population::check_descriptors(scenario.sockets(), watch.server())?;
    let mut site = Site { target, watch, progress };
    scenario.run(&mut site, &mut report).await?;
    report.timeline = site.watch.take_timeline();
    Ok(report)
}

macro_rules! scenarios {
    ($($(#[$help:meta])* $name:ident($module:ident),)+) => {
        /// The scenario that the command line names.
        #[derive(Subcommand, Clone, Debug)]
        pub enum AnyScenario {
            $($(#[$help])* $name($module::Options),)+
        }

        #[cfg(test)]
        const NAMES: &[&str] = &[$(<$module::Options as Scenario>::NAME,)+];

        impl AnyScenario {
            /// Runs it. `Err` when it could not be run; what broke while it ran is in the report.
            pub async fn run(&self, progress: Progress) -> Result<Report, Error> {
                match self {
                    $(Self::$name(options) => run(options, &options.url, &options.target, progress).await,)+
                }
            }

            /// Where its result goes.
            pub fn output(&self) -> &OutputOptions {
                match self {
                    $(Self::$name(options) => &options.output,)+
                }
            }

            /// [`Scenario::speak`]
            pub fn speak(&mut self, dialect: Dialect) -> bool {
                match self {
                    $(Self::$name(options) => options.speak(dialect),)+
                }
            }

            /// Has it done to another server, whose process may be watched.
            pub fn aim(&mut self, url: String, pid: Option<u32>) {
                match self {
                    $(Self::$name(options) => (options.url, options.target.pid) = (url, pid),)+
                }
            }
        }
    };
}

scenarios! {
    /// Pairs of chat clients relay frames to each other, with so many under way or at a fixed rate
    Relay(relay),
    /// Connections that are held and silent: what each costs to open and to keep
    Idle(idle),
    /// Clients are matched, all at once and then again and again
    Match(matching),
    /// Clients come, are matched, talk and go, so many a second: whether anything stays behind
    Lives(lives),
    /// All clients are cut at once, and all come back at once
    Storm(storm),
    /// Pairs with sessions that outlive their sockets relay while their connections are cut
    Resume(resume),
    /// Topic rooms: one member publishes to many, or many small rooms are joined, spoken in and left
    Rooms(rooms),
    /// NoisyTransfer: two sides of a room relay frames or mail each other, or codes are minted and redeemed
    Noisy(noisy),
    /// Requests to the Rondevu routes among many live offers, over connections that are kept alive
    Http(http),
    /// A mix of everything for a long time: whether the server grows
    Soak(soak),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn every_scenario_is_asked_for_by_the_name_that_its_report_has() {
        let command = Cli::command();
        for name in NAMES {
            assert!(command.find_subcommand(name).is_some(), "{name}");
        }
    }
}
