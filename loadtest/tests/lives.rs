//! The `lives` scenario against a server where one may live, and against some where one may not.

mod lobby;

use clap::Parser;
use lobby::Wrong;
use meetpoint_loadtest::{
    cli::{Cli, Command},
    progress::Progress,
    report::Report,
};

async fn against(wrong: Wrong, options: &str) -> Report {
    let address = lobby::start(wrong).await;
    let line = format!("loadtest lives --url ws://{address}/ws --rate 100 --warmup 100ms --quiet {options}");
    let Command::Scenario(scenario) = Cli::parse_from(line.split_whitespace()).command else { panic!("{line}") };
    scenario.run(Progress::new(true)).await.expect("a run")
}

fn faults(report: &Report) -> String {
    report.faults.iter().map(|fault| fault.what.as_str()).collect::<Vec<_>>().join(", ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_lives_its_life_and_the_process_is_looked_at() {
    let options = format!("--duration 1900ms --pid {}", std::process::id());
    let report = against(Wrong::Nothing, &options).await;
    assert!(report.passed(), "{report}");
    let integrity = |key| report.value("integrity", key);
    assert_eq!((integrity("lives"), integrity("frames"), integrity("errors")), (Some(200.0), Some(1200.0), Some(0.0)));
    assert_eq!(report.value("traffic", "lives"), Some(190.0), "{report}");
    for (section, key) in [("latency", "p99"), ("schedule", "lateMax"), ("growth", "rssFirst"), ("growth", "rssMax")] {
        assert!(report.value(section, key).is_some_and(|value| value > 0.0), "{section} {key}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_life_that_is_cut_short_or_told_nonsense_is_a_fault() {
    for (wrong, told) in [
        (Wrong::Closes, "the server closed the socket"),
        (Wrong::Talks, "in a life: the server said boo"),
        (Wrong::TwoOffers, r#"in a life: the server said {"type":"offer""#),
        (Wrong::RefusesFrom(5), "in a life: a client could not connect: the server refused the WebSocket upgrade"),
    ] {
        let report = against(wrong, "--duration 200ms").await;
        assert!(faults(&report).contains(told), "{wrong:?}: {report}");
        assert!(report.value("integrity", "errors").is_some_and(|errors| errors > 0.0), "{report}");
    }
}
