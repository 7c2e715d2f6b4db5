//! The `rooms` scenario against topic rooms that work, and against some that do not.

mod topics;

use clap::Parser;
use meetpoint_loadtest::{
    Error,
    cli::{Cli, Command},
    progress::Progress,
    report::Report,
};
use topics::Wrong;

async fn run(wrong: Wrong, options: &str) -> Result<Report, Error> {
    let address = topics::start(wrong).await;
    let line = format!("loadtest rooms --url ws://{address}/ws --duration 300ms --warmup 50ms --quiet {options}");
    let Command::Scenario(scenario) = Cli::parse_from(line.split_whitespace()).command else { panic!("{line}") };
    scenario.run(Progress::new(true)).await
}

async fn against(wrong: Wrong, options: &str) -> Report {
    run(wrong, options).await.expect("a run")
}

fn integrity(report: &Report) -> [Option<f64>; 3] {
    ["lost", "duplicated", "reordered"].map(|key| report.value("integrity", key))
}

fn faults(report: &Report) -> Vec<&str> {
    report.faults.iter().map(|fault| fault.what.as_str()).collect()
}

fn assert_figures(report: &Report, figures: &[(&str, &str)]) {
    for (section, key) in figures {
        assert!(report.value(section, key).is_some_and(|value| value > 0.0), "{section} {key}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_fanout_passes_and_all_figures_are_there() {
    let pid = std::process::id();
    let report = against(Wrong::Nothing, &format!("--members 20 --under-way 4 --payload 300 --pid {pid}")).await;
    assert!(report.passed(), "{report}");
    assert_eq!(integrity(&report), [Some(0.0); 3]);
    assert_eq!((report.value("room", "members"), report.value("setup", "sockets")), (Some(20.0), Some(21.0)));
    assert_figures(
        &report,
        &[
            ("traffic", "deliveriesPerSecond"),
            ("room", "publishesPerSecond"),
            ("latency", "p50"),
            ("latency", "p99"),
            ("server", "cpuPerMillion"),
            ("generator", "cpuPerMillion"),
        ],
    );
    let of = |section, key| report.value(section, key).expect("a figure");
    let each = of("traffic", "deliveriesPerSecond") / of("room", "publishesPerSecond");
    assert!((19.0..22.0).contains(&each), "{each} deliveries of each message: {report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_does_not_reach_one_member_is_lost() {
    let report = against(Wrong::Drop, "--members 5").await;
    assert_eq!(integrity(&report), [Some(1.0), Some(0.0), Some(0.0)], "{report}");
    assert_eq!(faults(&report)[0], "a message did not reach a member");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_comes_twice_or_too_late_is_seen() {
    let report = against(Wrong::Double, "--members 5 --under-way 4").await;
    assert_eq!(integrity(&report), [Some(0.0), Some(1.0), Some(0.0)], "{report}");
    let report = against(Wrong::Swap, "--members 5 --under-way 4").await;
    assert_eq!(integrity(&report), [Some(0.0), Some(0.0), Some(1.0)], "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_frame_ends_the_run_with_advice() {
    for what in ["fanout --members 5", "churn --rooms 1 --size 5"] {
        let report = against(Wrong::RateLimit, &format!("--what {what}")).await;
        assert!(faults(&report).iter().any(|what| what.contains("MAX_MSG_PER_SECOND")), "{report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_full_stops_a_fanout_with_advice() {
    let error = run(Wrong::Full, "--members 5").await.expect_err("nobody is let in");
    assert!(error.to_string().contains("MAX_ROOM_SIZE"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_churn_passes_and_everybodys_account_is_compared() {
    let pid = std::process::id();
    let options = format!("--what churn --rooms 4 --size 6 --threads 2 --payload 300 --pid {pid}");
    let report = against(Wrong::Nothing, &options).await;
    assert!(report.passed(), "{report}");
    assert_eq!((report.value("integrity", "errors"), report.value("setup", "sockets")), (Some(0.0), Some(24.0)));
    assert_figures(
        &report,
        &[
            ("traffic", "operationsPerSecond"),
            ("integrity", "compared"),
            ("latency", "p99"),
            ("server", "cpuPerMillion"),
        ],
    );
    let of = |section, key| report.value(section, key).expect("a figure");
    let each = of("traffic", "operations") / of("integrity", "compared");
    assert!((2.0..4.0).contains(&each), "three operations for each account: {each} {report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_member_is_told_wrongly_is_a_fault_of_the_churn() {
    for (wrong, told) in [
        (Wrong::Drop, "did not deliver all messages in time"),
        (Wrong::Double, r#"said {"type":"message""#),
        (Wrong::Ghost, r#"said {"type":"peer-left""#),
        (Wrong::Unordered, "members heard the same messages in different orders"),
        (Wrong::Unlisted, "did not tell all members who has joined in time"),
        (Wrong::Full, "TOPIC_FULL"),
    ] {
        let report = against(wrong, "--what churn --rooms 1 --size 4").await;
        assert!(faults(&report).iter().any(|what| what.contains(told)), "{wrong:?}: {report}");
        assert!(report.value("integrity", "errors") >= Some(1.0), "{wrong:?}: {report}");
    }
}

#[test]
fn options_are_bounded() {
    let parse = |options: &str| Cli::try_parse_from(format!("loadtest rooms {options}").split_whitespace());
    assert!(parse("--members 9900 --under-way 128 --payload 64KiB --duration 10m --warmup 0s").is_ok());
    assert!(parse("--what churn --rooms 9900 --size 100 --for 30s").is_ok() && parse("--window 8").is_ok());
    for options in [
        "--members 0",
        "--members 9901",
        "--under-way 0",
        "--under-way 129",
        "--rooms 0",
        "--size 1",
        "--size 101",
        "--payload 199",
        "--payload 65KiB",
        "--duration 11m",
        "--threads 0",
        "--what sleep",
    ] {
        assert!(parse(options).is_err(), "{options}");
    }
}
