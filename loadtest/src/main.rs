//! `loadtest SCENARIO [options]`. Exit code 0: every promise was kept; 1: the server broke one; 2: could not run.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::Parser;
use meetpoint_loadtest::{Error, cli::Cli, run};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::from)
        .and_then(|runtime| runtime.block_on(run(cli, std::env::args().collect())));
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("loadtest: {error}");
            ExitCode::from(2)
        }
    }
}
