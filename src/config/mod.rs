//! What the server can be told: every setting is a flag and an environment variable, and one table lists them all.
//!
//! The rows are in `table`. The command line, the help, the reading of the environment, the texts of the faults and
//! the table of the README are made from them; the defaults they show are those of [`Settings::default`].
//! To add a setting: a field, its default, a row.
//!
//! A flag wins over a variable. An empty variable is an unset one, and an empty flag restores the default whatever
//! the variable says. Every fault is found before any is told, so that a start fails once and not once per mistake.

mod command_line;
mod grammar;
mod healthcheck;
mod markdown;
mod origin;
mod original;
mod read;
mod secret;
mod setting;
mod settings;
mod table;
mod text;
mod units;

#[cfg(test)]
mod tests;

use std::ffi::OsString;

pub use healthcheck::Healthcheck;
pub use markdown::settings_markdown;
pub use origin::OriginPattern;
pub use secret::Secret;
pub use settings::{
    Listen, Log, LogFormat, Matching, Offers, Origins, Settings, Socket, Storage, StorageSync, StorageType,
};
pub use units::ByteSize;

/// What the process was started for.
#[expect(clippy::large_enum_variant, reason = "one is made, at the start")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// No subcommand: be the server.
    Serve(Settings),
    /// `healthcheck`: ask a running server whether it is well.
    Healthcheck(Healthcheck),
}

/// Why there is no [`Command`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// `--help` or `--version` was asked for: text for standard output, exit code 0.
    Told(String),
    /// Lines for standard error, one per fault, exit code 2.
    Faults(Vec<String>),
}

/// Reads `args` (the program's name first, as the system gives them) and the variables that `env` knows.
///
/// # Errors
/// [`Refusal::Told`] for `--help` and `--version`; [`Refusal::Faults`] with every unreadable value and every
/// contradiction between settings, or with clap's own text when the flags themselves make no sense.
pub fn load(
    args: impl IntoIterator<Item = OsString>,
    env: impl Fn(&str) -> Option<OsString>,
) -> Result<Command, Refusal> {
    let matches = command_line::command().try_get_matches_from(args).map_err(command_line::refusal)?;
    match matches.subcommand() {
        Some((healthcheck::NAME, asked)) => healthcheck::load(asked, &env).map(Command::Healthcheck),
        _ => read::settings(table::all(), &matches, &env).map(Command::Serve),
    }
    .map_err(Refusal::Faults)
}

/// [`load`] with the arguments and the environment of this process.
///
/// # Errors
/// Those of [`load`].
pub fn load_process() -> Result<Command, Refusal> {
    load(std::env::args_os(), |name| std::env::var_os(name))
}
