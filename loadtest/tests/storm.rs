//! The `storm` scenario against a server whose clients may come back, and against some where they may not.

mod lobby;

use clap::Parser;
use lobby::Wrong;
use meetpoint_loadtest::{
    Error,
    cli::{Cli, Command},
    progress::Progress,
    report::Report,
};

async fn run(wrong: Wrong, options: &str) -> Result<Report, Error> {
    let address = lobby::start(wrong).await;
    let line = format!("loadtest storm --url ws://{address}/ws --quiet --clients 20 --rounds 2 {options}");
    let Command::Scenario(scenario) = Cli::parse_from(line.split_whitespace()).command else { panic!("{line}") };
    scenario.run(Progress::new(true)).await
}

fn faults(report: &Report) -> String {
    report.faults.iter().map(|fault| fault.what.as_str()).collect::<Vec<_>>().join(", ")
}

/// CPU time of so short a measurement may be none: where a thread has ended, it comes in ticks of 10 ms.
fn is_short(key: &str) -> bool {
    key.starts_with("cpu") || key == "cores"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_come_back_anew_or_as_who_they_were_pass_and_all_figures_are_there() {
    for options in ["", "--resumable", "--unpaired", "--resumable --unpaired"] {
        let report = run(Wrong::Nothing, &format!("{options} --pid {}", std::process::id())).await.expect("a run");
        assert!(report.passed(), "{options}: {report}");
        for (section, key) in [
            ("storm1", "readySeconds"),
            ("storm2", "p99"),
            ("storm2", "cpuPerConnect"),
            ("storm2", "rssPeak"),
            ("storms", "connectsPerSecond"),
            ("storms", "cpuPerConnect"),
            ("setup", "connectsPerSecond"),
            ("server", "rssPeak"),
        ] {
            assert!(
                report.value(section, key).is_some_and(|value| value > 0.0 || is_short(key)),
                "{options} {section} {key}: {report}"
            );
        }
        let resumed = options.contains("resumable").then_some(40.0);
        let talks = (!options.contains("unpaired")).then_some(30.0);
        assert_eq!((report.value("integrity", "resumed"), report.value("integrity", "talks")), (resumed, talks));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_does_not_come_back_as_who_it_was_is_a_fault() {
    for (wrong, told) in [
        (Wrong::Forgets, "the server did not resume a session (unknown)"),
        (Wrong::AnotherId, "a client that came back was given another's id"),
        (Wrong::Miscounts, "a client that came back has said another number of frames"),
    ] {
        let report = run(wrong, "--resumable").await.expect("a run");
        assert!(faults(&report).contains(told), "{wrong:?}: {report}");
        assert_eq!(report.value("integrity", "resumed"), Some(0.0), "{wrong:?}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_before_or_after_a_storm_is_named() {
    for (wrong, told) in [
        (Wrong::Ghosts, "a client was matched with one that is not there"),
        (Wrong::TwoOffers, r#"the server said {"type":"offer""#),
        (Wrong::RefusesFrom(21), "coming back: the server refused the WebSocket upgrade"),
        (Wrong::Closes, "the server closed the socket"),
        (Wrong::Talks, "the server said boo"),
    ] {
        let found = match run(wrong, "").await {
            Ok(report) => faults(&report),
            Err(error) => error.to_string(),
        };
        assert!(found.contains(told), "{wrong:?}: {found}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_keeps_no_sessions_is_found_out_at_once() {
    let address = lobby::start(Wrong::Nothing).await;
    // Asked in a way that this server does not take for a wish to be resumable: it says `ready` as to everybody.
    let line = format!("loadtest storm --url ws://{address}/ws?v=1 --quiet --clients 4 --resumable");
    let Command::Scenario(scenario) = Cli::parse_from(line.split_whitespace()).command else { panic!("{line}") };
    let error = scenario.run(Progress::new(true)).await.expect_err("no token is given");
    assert!(error.to_string().contains("keeps no sessions"), "{error}");
}

#[test]
fn options_are_bounded() {
    let parse = |options: &str| Cli::try_parse_from(format!("loadtest storm {options}").split_whitespace());
    assert!(parse("--clients 19900 --rounds 100 --resumable --unpaired").is_ok());
    for options in ["--clients 1", "--clients 19901", "--rounds 0", "--rounds 101"] {
        assert!(parse(options).is_err(), "{options}");
    }
}
