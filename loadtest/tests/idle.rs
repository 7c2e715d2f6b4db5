//! The `idle` scenario against a server that keeps its sockets, and against some that do not.

mod lobby;

use clap::Parser;
use lobby::Wrong;
use meetpoint_loadtest::{
    Error,
    cli::{Cli, Command},
    progress::Progress,
    report::Report,
};
use tokio::net::TcpListener;

async fn run_at(url: &str, options: &str) -> Result<Report, Error> {
    let line = format!("loadtest idle --url {url} --duration 200ms --quiet --connections 30 {options}");
    let Command::Scenario(scenario) = Cli::parse_from(line.split_whitespace()).command else { panic!("{line}") };
    scenario.run(Progress::new(true)).await
}

async fn run(wrong: Wrong, options: &str) -> Result<Report, Error> {
    run_at(&format!("ws://{}/ws", lobby::start(wrong).await), options).await
}

fn faults(report: &Report) -> String {
    let each = report.faults.iter().map(|fault| format!("{} × {}", fault.count, fault.what));
    each.collect::<Vec<_>>().join(", ")
}

/// CPU time of so short a measurement may be none: where a thread has ended, it comes in ticks of 10 ms.
fn is_short(key: &str) -> bool {
    key.starts_with("cpu") || key == "cores"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_server_passes_and_all_figures_are_there() {
    let pid = std::process::id();
    let options = format!("--churns 1 --connecting 4 --spread-addresses --pid {pid}");
    let report = run(Wrong::Nothing, &options).await.expect("a run");
    assert!(report.passed(), "{report}");
    assert_eq!(report.value("held", "alive"), Some(30.0), "{report}");
    for round in ["first", "churn1"] {
        for key in ["connectsPerSecond", "p50", "max", "cpuPerConnect", "rss", "rssEmpty"] {
            assert!(
                report.value(round, key).is_some_and(|value| value > 0.0 || is_short(key)),
                "{round} {key}: {report}"
            );
        }
    }
    for (section, key) in [("held", "seconds"), ("server", "rssConnected"), ("generator", "cores")] {
        assert!(
            report.value(section, key).is_some_and(|value| value > 0.0 || is_short(key)),
            "{section} {key}: {report}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_another_wire_is_held_too() {
    let report = run(Wrong::Talks, "--dialect any --churns 1").await.expect("a run");
    assert!(report.passed(), "{report}");
    assert_eq!(report.value("held", "alive"), Some(30.0), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_socket_that_is_closed_or_spoken_to_is_a_fault() {
    for (wrong, told) in [(Wrong::Closes, "the server closed the socket"), (Wrong::Talks, "the server said boo")] {
        // It happens right behind `ready`: while the others come, or while all are held.
        match run(wrong, "--churns 0").await {
            Ok(report) => {
                assert!(faults(&report).contains(told), "{wrong:?}: {report}");
                assert_eq!(report.value("held", "alive"), Some(29.0), "{report}");
            }
            Err(error) => assert!(error.to_string().contains(told), "{wrong:?}: {error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_that_is_given_twice_is_a_fault() {
    let report = run(Wrong::SameId, "--churns 0").await.expect("a run");
    assert_eq!(faults(&report), "1 × while held: two clients were given the same id");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_lets_only_the_first_in_again_is_told_apart_from_one_that_lets_nobody_in() {
    let report = run(Wrong::RefusesFrom(41), "--churns 3").await.expect("a run");
    assert!(faults(&report).starts_with("20 × coming back: the server refused the WebSocket upgrade: "), "{report}");
    assert!(report.value("churn1", "connectsPerSecond").is_some() && report.value("churn2", "p50").is_none());
    let error = run(Wrong::RefusesFrom(1), "").await.expect_err("nobody is let in");
    assert!(error.to_string().contains("429"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
        listener.local_addr().expect("address")
    };
    let error = run_at(&format!("ws://{address}/ws"), "").await.expect_err("nobody listens");
    assert!(error.to_string().contains("is the server running?"), "{error}");
}

#[test]
fn options_are_bounded() {
    let parse = |options: &str| Cli::try_parse_from(format!("loadtest idle {options}").split_whitespace());
    assert!(parse("--connections 19900 --connecting 4096 --churns 100 --for 1h --dialect any").is_ok());
    for options in ["--connections 0", "--connections 19901", "--connecting 0", "--churns 101", "--duration 61m"] {
        assert!(parse(options).is_err(), "{options}");
    }
}
