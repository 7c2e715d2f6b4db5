//! The page about load says what the command line takes.

use clap::{CommandFactory, Parser};
use meetpoint_loadtest::cli::Cli;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/loadtest.md");

fn page() -> String {
    std::fs::read_to_string(PAGE).expect("the page")
}

/// The commands of the shell blocks, without comments and with numbers in the place of variables.
fn commands(page: &str) -> Vec<String> {
    let blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let lines = blocks.map(|block| block.replace("\\\n", " ")).collect::<String>();
    let word =
        |line: &str| line.split(" #").next().unwrap_or_default().trim_start_matches("target/release/").to_owned();
    let lines = lines.lines().map(word).filter(|line| line.starts_with("loadtest "));
    lines.map(|line| ["$PID", "$PEER", "$!"].iter().fold(line, |line, name| line.replace(name, "1"))).collect()
}

#[test]
fn every_command_of_the_page_is_taken() {
    let commands = commands(&page());
    assert!(commands.len() > 12, "{commands:?}");
    for command in commands {
        if let Err(error) = Cli::try_parse_from(command.split_whitespace()) {
            panic!("{command}: {error}");
        }
    }
}

#[test]
fn every_command_of_the_program_is_on_the_page() {
    let commands = commands(&page());
    for command in Cli::command().get_subcommands() {
        let beginning = format!("loadtest {} ", command.get_name());
        assert!(commands.iter().any(|command| command.starts_with(&beginning)), "{beginning}");
    }
}
