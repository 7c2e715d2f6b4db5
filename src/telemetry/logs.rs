//! Structured logs on standard error: text for people, JSON for machines.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::{EnvFilter, filter::ParseError};

/// Starts logging, once per process. `filter` is a level or a list of directives such as `info,meetpoint=debug`.
pub fn init(filter: &str, json: bool) -> Result<(), ParseError> {
    let logs = tracing_subscriber::fmt().with_env_filter(EnvFilter::try_new(filter)?).with_writer(stderr);
    if json {
        logs.json().init()
    } else {
        logs.with_ansi(stderr().is_terminal()).init()
    }
    Ok(())
}
