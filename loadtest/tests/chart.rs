//! The pictures of runs.

#[allow(dead_code, reason = "not every test needs a relay that goes wrong in every way")]
mod support;

use clap::Parser;
use meetpoint_loadtest::{
    cli::{Cli, Command},
    output,
    progress::Progress,
    run,
};
use support::Wrong;
use tempfile::TempDir;

fn relay(address: impl std::fmt::Display, options: &str) -> String {
    format!("loadtest relay --url ws://{address}/ws --pairs 2 --window 4 --warmup 150ms --quiet {options}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_shows_the_phases_the_rate_the_processes_and_the_latency() {
    let address = support::start(Wrong::Nothing).await;
    let line = relay(address, &format!("--duration 500ms --pid {}", std::process::id()));
    let Command::Scenario(scenario) = Cli::parse_from(line.split_whitespace()).command else { panic!("{line}") };
    let report = scenario.run(Progress::new(true)).await.expect("a run");
    let measuring = report.timeline.phases().find(|phase| phase.name == "measuring").expect("it was seen");
    assert_eq!(measuring.counts, "frames");
    for slice in &measuring.slices {
        assert!(slice.done > 0 && slice.length() > 0.0, "{slice:?}");
        assert!(slice.resident.is_some() && slice.server.is_some() && slice.own.is_some(), "{slice:?}");
    }
    let svg = output::svg(&report).expect("a picture");
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
    for text in ["loadtest relay", "frames per second", "CPU seconds", "resident memory", "latency", "p99.9", "server"]
    {
        assert!(svg.contains(text), "{text}: {svg}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_process_to_watch_there_is_no_panel_of_its_memory() {
    let address = support::start(Wrong::Nothing).await;
    let line = relay(address, "--duration 300ms");
    let Command::Scenario(scenario) = Cli::parse_from(line.split_whitespace()).command else { panic!("{line}") };
    let report = scenario.run(Progress::new(true)).await.expect("a run");
    let svg = output::svg(&report).expect("a picture");
    assert!(svg.contains("frames per second") && svg.contains("(load generator)"), "{svg}");
    assert!(!svg.contains("resident"), "{svg}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ending_of_the_file_says_what_is_drawn() {
    let folder = TempDir::new().expect("a folder");
    let address = support::start(Wrong::Nothing).await;
    for (name, beginning) in [("run.svg", "<svg"), ("run.html", "<!doctype html>")] {
        let path = folder.path().join(name);
        let line = relay(address, "--duration 200ms --chart");
        let words = line.split_whitespace().map(Into::into).chain([path.clone().into_os_string()]);
        assert!(run(Cli::parse_from(words), Vec::new()).await.expect("a run"));
        let text = std::fs::read_to_string(&path).expect("written");
        assert!(text.starts_with(beginning) && text.contains("frames per second"), "{text}");
    }
    let nowhere = relay(address, "--duration 50ms --chart /nonexistent/run.svg");
    let error = run(Cli::parse_from(nowhere.split_whitespace()), Vec::new()).await.expect_err("no such folder");
    assert!(error.to_string().contains("/nonexistent/run.svg"), "{error}");
    assert!(Cli::try_parse_from(["loadtest", "relay", "--chart", "run.png"]).is_err());
}
