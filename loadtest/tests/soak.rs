//! The `soak` scenario against a server that works, and against some that do not.

mod topics;

use clap::Parser;
use meetpoint_loadtest::{
    cli::{Cli, Command},
    progress::Progress,
    report::Report,
};
use topics::Wrong;

async fn against(wrong: Wrong, options: &str) -> Report {
    let address = topics::start(wrong).await;
    let line = format!("loadtest soak --url ws://{address}/ws --warmup 50ms --quiet {options}");
    let Command::Scenario(scenario) = Cli::parse_from(line.split_whitespace()).command else { panic!("{line}") };
    scenario.run(Progress::new(true)).await.expect("a run")
}

fn told(report: &Report, what: &str) -> bool {
    report.faults.iter().any(|fault| fault.what.contains(what))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_has_something_to_do_and_the_process_is_looked_at() {
    let pid = std::process::id();
    let options = format!(
        "--pairs 3 --rate 300 --rooms 2 --size 3 --visitors 8 --held 5 --threads 2 --duration 4s --payload 300 --pid {pid}"
    );
    let report = against(Wrong::Nothing, &options).await;
    assert!(report.passed(), "{report}");
    for (section, key) in [
        ("traffic", "frames"),
        ("latency", "p99"),
        ("schedule", "due"),
        ("company", "visits"),
        ("company", "matches"),
        ("company", "resumed"),
        ("company", "compared"),
        ("growth", "rssMax"),
        ("growth", "threadsMax"),
        ("growth", "descriptorsMax"),
    ] {
        assert!(report.value(section, key).is_some_and(|value| value > 0.0), "{section} {key}: {report}");
    }
    assert!(report.value("growth", "rssPerHour").is_some(), "{report}");
    assert!(report.notes.iter().any(|note| note.starts_with("SHORT")), "{report}");
    // The rooms' operations are none of the pairs' frames.
    assert_eq!(report.value("traffic", "frames"), report.value("schedule", "due"), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_whose_members_are_told_nonsense_is_a_fault() {
    let options = "--pairs 1 --rate 10 --rooms 20 --size 4 --visitors 0 --held 0 --duration 2s";
    let report = against(Wrong::Double, options).await;
    assert!(told(&report, r#"said {"type":"message""#), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_that_is_matched_twice_is_a_fault() {
    let report = against(Wrong::MatchTwice, "--pairs 1 --rate 10 --rooms 0 --visitors 10 --held 0 --duration 5s").await;
    assert!(told(&report, r#"said {"type":"matched""#), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_that_does_not_get_its_session_back_is_a_fault() {
    let options = "--pairs 1 --rate 10 --rooms 0 --visitors 10 --held 0 --duration 3s";
    let report = against(Wrong::Forget, options).await;
    assert!(told(&report, "(expired)"), "{report}");
    let report = against(Wrong::Forget, &format!("{options} --no-resume")).await;
    assert!(report.passed(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_company_it_is_a_relay() {
    let report = against(Wrong::Nothing, "--pairs 2 --rate 500 --rooms 0 --visitors 0 --held 0 --duration 300ms").await;
    assert!(report.passed(), "{report}");
    assert_eq!((report.value("company", "visits"), report.value("growth", "rssMax")), (Some(0.0), None), "{report}");
}
