//! The command line, made from the table.

use clap::{Arg, Command, Error, builder::OsStringValueParser};

use super::{
    Refusal, effective, file, healthcheck,
    setting::{Group, Setting},
    table,
};

const AFTER_HELP: &str = "\
Every setting is also an environment variable and a line NAME=value of the file that --config names; a flag wins over a variable, that over the file, and an empty variable is an unset one. Durations are \
written as 300ms, 20s, 10m, 1h30m; sizes as 512, 64KiB, 1MiB, 2GiB; switches as true, false, 1, 0, yes, no.";

pub(super) fn command() -> Command {
    Command::new("meetpoint")
        .version(env!("CARGO_PKG_VERSION"))
        .about(env!("CARGO_PKG_DESCRIPTION"))
        .after_help(AFTER_HELP)
        .next_line_help(true)
        .subcommand(healthcheck::subcommand())
        .subcommand(Command::new(super::CHECK).about(
            "Say whether a server would start with these settings: ok, or everything that is wrong and the exit code of the start",
        ))
        .subcommand(effective::subcommand())
        .arg(
            Arg::new(file::VARIABLE)
                .long(file::FLAG)
                .value_name("FILE")
                .value_parser(OsStringValueParser::new())
                .global(true)
                .help(format!("File of settings, a line NAME=value for each\n[env: {}]", file::VARIABLE)),
        )
        .args(table::GROUPS.iter().flat_map(|group| group.settings.iter().map(|setting| arg(group, setting))))
}

/// What clap has to say, sorted by where it belongs.
pub(super) fn refusal(error: Error) -> Refusal {
    let text = error.render().to_string();
    if error.use_stderr() {
        Refusal::misconfigured(text.lines().map(str::to_owned).collect())
    } else {
        Refusal::Told(text)
    }
}

/// The flag of a setting. Its value stays a text here: clap would stop at the first bad one.
fn arg(group: &Group, setting: &'static Setting) -> Arg {
    let flag = Arg::new(setting.variable)
        .long(setting.flag)
        .value_name(setting.value.name())
        .value_parser(OsStringValueParser::new())
        .allow_negative_numbers(true)
        .help_heading(group.heading)
        .help(help(setting))
        // A probe is told where the server listens in the same way as the server, and a check whatever the server is told.
        .global(true);
    if setting.value.name() == "BOOL" { flag.num_args(0..=1).default_missing_value("true") } else { flag }
}

fn help(setting: &Setting) -> String {
    let variables = setting.variables().collect::<Vec<_>>().join("] [alias: ");
    let (help, takes, default) = (setting.help, setting.value.takes(), setting.default());
    let live = if setting.live { "; changed by SIGHUP" } else { "" };
    format!("{help}{live}\nAccepts {takes}\n[default: {default}] [env: {variables}]")
}
