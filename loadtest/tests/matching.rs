//! The `match` scenario against a matchmaker that works, and against some that do not.

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
    let clients = if options.contains("--clients") { "" } else { "--clients 20" };
    let line = format!(
        "loadtest match --url ws://{address}/ws --under-way 4 --duration 300ms --warmup 50ms --quiet {clients} {options}"
    );
    let Command::Scenario(scenario) = Cli::parse_from(line.split_whitespace()).command else { panic!("{line}") };
    scenario.run(Progress::new(true)).await
}

fn faults(report: &Report) -> Vec<&str> {
    report.faults.iter().map(|fault| fault.what.as_str()).collect()
}

/// CPU time of so short a measurement may be none: where a thread has ended, it comes in ticks of 10 ms.
fn is_short(key: &str) -> bool {
    key.starts_with("cpu") || key == "cores"
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_matchmaker_passes_and_all_figures_are_there() {
    let pid = std::process::id();
    let report = run(Wrong::Nothing, &format!("--bursts 2 --pid {pid}")).await.expect("a run");
    assert!(report.passed(), "{report}");
    assert_eq!(report.value("burst", "matches"), Some(20.0), "{report}");
    assert_eq!((report.value("setup", "sockets"), report.value("integrity", "errors")), (Some(20.0), Some(0.0)));
    for (section, key) in [
        ("burst", "matchesPerSecond"),
        ("burst", "p99"),
        ("burst", "cpuPerMatch"),
        ("churn", "matches"),
        ("churn", "matchesPerSecond"),
        ("churn", "cpuPerMatch"),
        ("latency", "p99.9"),
        ("setup", "connectsPerSecond"),
        ("server", "rssConnected"),
        ("generator", "cores"),
    ] {
        assert!(
            report.value(section, key).is_some_and(|value| value > 0.0 || is_short(key)),
            "{section} {key}: {report}"
        );
    }
    let of = |section, key| report.value(section, key).expect("a figure");
    assert!(of("integrity", "matches") >= of("burst", "matches") + of("churn", "matches"), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_one_user_wait_and_are_met_by_others_alone() {
    let report = run(Wrong::Nothing, "--bursts 1 --waiting 30").await.expect("a run");
    assert!(report.passed(), "{report}");
    assert_eq!(report.value("burst", "matches"), Some(20.0), "each with one that waited: {report}");
    assert_eq!(report.value("setup", "sockets"), Some(50.0));
    let report = run(Wrong::SameUser, "--waiting 30").await.expect("a run");
    assert!(faults(&report)[0].contains("two connections of one user were matched"), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_match_that_does_not_fit_together_is_named_and_ends_the_run() {
    for (wrong, named) in [
        (Wrong::Itself, "a client was matched with itself"),
        (Wrong::TwoInitiators, "not exactly one of two partners is the initiator"),
        (Wrong::TwoRooms, "two partners were told of different rooms"),
        (Wrong::LeftBehind, "a client was told that its partner left who did not"),
        (Wrong::SideBySide, "two clients wait that may be matched"),
        (Wrong::Ghosts, "a client was matched with one that is not there"),
        (Wrong::SameId, "two clients were given the same id"),
        (Wrong::Closes, "the server closed the socket"),
        (Wrong::Talks, "the server said boo"),
        (Wrong::RateLimit, "MAX_MSG_PER_SECOND"),
    ] {
        let told = match run(wrong, "").await {
            Ok(report) => faults(&report).join(", "),
            Err(error) => error.to_string(),
        };
        assert!(told.contains(named), "{wrong:?}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn upgrades_that_are_refused_are_quoted() {
    let error = run(Wrong::RefusesFrom(5), "").await.expect_err("not all are let in");
    assert!(error.to_string().contains("429"), "{error}");
}

#[test]
fn options_are_bounded() {
    let parse = |options: &str| Cli::try_parse_from(format!("loadtest match {options}").split_whitespace());
    assert!(parse("--clients 19900 --waiting 0 --bursts 100 --under-way 4096 --for 10m --dialect original").is_ok());
    for options in ["--clients 1", "--clients 19901", "--bursts 0", "--under-way 1", "--window 4097", "--duration 11m"]
    {
        assert!(parse(options).is_err(), "{options}");
    }
}

#[tokio::test]
async fn options_that_cannot_be_met_together_are_refused() {
    for options in ["--clients 21", "--clients 10000 --waiting 9901"] {
        assert!(matches!(run(Wrong::Nothing, options).await, Err(Error::Options(_))), "{options}");
    }
}
