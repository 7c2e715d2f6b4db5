//! What the server can be told: every setting is a flag, an environment variable and a line of a file, and one table lists them all.
//!
//! The rows are in `table`. The command line, the help, the reading of the environment, the texts of the faults and
//! the table of the README are made from them; the defaults they show are those of [`Settings::default`].
//! To add a setting: a field, its default, a row.
//!
//! A flag wins over a variable, and that over the file. An empty variable is an unset one, and an empty flag restores the default whatever
//! the variable says. Every fault is found before any is told, so that a start fails once and not once per mistake.

mod arrivals;
mod change;
mod cidr;
mod command_line;
mod defaults;
mod effective;
mod fault;
mod file;
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
mod tls;
mod units;

#[cfg(test)]
mod tests;

use std::ffi::OsString;

pub use arrivals::Arrivals;
pub use change::Change;
pub use cidr::Cidr;
pub use healthcheck::Healthcheck;
pub use markdown::settings_markdown;
pub use origin::OriginPattern;
pub use secret::{Key, Secret, is_same};
pub use settings::{
    FrameReader, Listen, Log, LogFormat, Matching, Noisy, Offers, Origins, Rates, Resume, Rooms, Secrets, Settings,
    Socket, Storage, StorageSync, StorageType, TopicScope,
};
pub use tls::{Tls, TlsFiles, Unreadable, read_file};
pub use units::ByteSize;

use fault::Fault;

/// The subcommand that starts nothing.
const CHECK: &str = "check-config";

/// What the process was started for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// No subcommand: be the server.
    Serve(Settings),
    /// `check-config`: say whether a server would start with this.
    Check(Settings),
    /// `healthcheck`: ask a running server whether it is well.
    Healthcheck(Healthcheck),
}

/// Why there is no [`Command`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// `--help`, `--version` or `config` was asked for: text for standard output, exit code 0.
    Told(String),
    Faults {
        /// For standard error, one per fault.
        lines: Vec<String>,
        /// [`Refusal::AS_THE_ORIGINAL`] when the NoisyTransfer original refused to start for each of them, in these
        /// words; else [`Refusal::MISCONFIGURED`].
        exit_code: u8,
    },
}

impl Refusal {
    /// The exit code of a start that is refused.
    pub const MISCONFIGURED: u8 = 2;

    /// The exit code for the faults that the NoisyTransfer original had words for: whoever watches for them knows it.
    pub const AS_THE_ORIGINAL: u8 = 1;

    fn of_server(faults: Vec<Fault>) -> Self {
        let original = faults.iter().all(|fault| fault.of_original);
        let exit_code = if original { Self::AS_THE_ORIGINAL } else { Self::MISCONFIGURED };
        Self::Faults { lines: faults.into_iter().map(|fault| fault.line).collect(), exit_code }
    }

    fn misconfigured(lines: Vec<String>) -> Self {
        Self::Faults { lines, exit_code: Self::MISCONFIGURED }
    }
}

/// Reads `args` (the program's name first, as the system gives them) and the variables that `env` knows.
///
/// # Errors
/// [`Refusal::Told`] for `--help`, `--version` and `config`; [`Refusal::Faults`] with every unreadable value and every
/// contradiction between settings, or with clap's own text when the flags themselves make no sense.
pub fn load(
    args: impl IntoIterator<Item = OsString>,
    env: impl Fn(&str) -> Option<OsString>,
) -> Result<Command, Refusal> {
    let matches = command_line::command().try_get_matches_from(args).map_err(command_line::refusal)?;
    match matches.subcommand() {
        Some((healthcheck::NAME, asked)) => {
            healthcheck::load(asked, &env).map(Command::Healthcheck).map_err(Refusal::misconfigured)
        }
        Some((effective::NAME, asked)) => {
            let (_, rows) = read::settings(asked, &env).map_err(Refusal::of_server)?;
            Err(Refusal::Told(effective::text(asked, &rows)))
        }
        Some((CHECK, asked)) => {
            read::settings(asked, &env).map(|(settings, _)| Command::Check(settings)).map_err(Refusal::of_server)
        }
        _ => read::settings(&matches, &env).map(|(settings, _)| Command::Serve(settings)).map_err(Refusal::of_server),
    }
}

/// [`load`] with the arguments and the environment of this process.
///
/// # Errors
/// Those of [`load`].
pub fn load_process() -> Result<Command, Refusal> {
    load(std::env::args_os(), |name| std::env::var_os(name))
}
