//! The `resume` scenario against sessions that outlive their sockets, and against some that do not.

mod sessions;

use clap::Parser;
use meetpoint_loadtest::{
    Error,
    cli::{Cli, Command},
    progress::Progress,
    report::Report,
};
use sessions::Wrong;

async fn run(wrong: Wrong, options: &str) -> Result<Report, Error> {
    let address = sessions::start(wrong).await;
    let line = format!("loadtest resume --url ws://{address}/ws --duration 500ms --warmup 50ms --quiet {options}");
    let Command::Scenario(scenario) = Cli::parse_from(line.split_whitespace()).command else { panic!("{line}") };
    scenario.run(Progress::new(true)).await
}

/// One pair whose clients are away for some frames each time.
async fn against(wrong: Wrong) -> Report {
    run(wrong, "--pairs 1 --rate 500 --cuts 20 --away 40ms --payload 200").await.expect("a run")
}

fn integrity(report: &Report) -> [Option<f64>; 3] {
    ["lost", "duplicated", "reordered"].map(|key| report.value("integrity", key))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_survive_all_cuts_and_all_figures_are_there() {
    let pid = std::process::id();
    let options = format!("--pairs 4 --rate 2000 --cuts 100 --away 20ms --threads 2 --spread-addresses --pid {pid}");
    let report = run(Wrong::Nothing, &options).await.expect("a run");
    assert!(report.passed(), "{report}");
    assert_eq!(integrity(&report), [Some(0.0); 3]);
    for (section, key) in [
        ("traffic", "framesPerSecond"),
        ("latency", "p99"),
        ("cuts", "cuts"),
        ("cuts", "resumed"),
        ("cuts", "waited"),
        ("back", "p50"),
        ("schedule", "due"),
        ("server", "cpuPerMillion"),
    ] {
        assert!(report.value(section, key).is_some_and(|value| value > 0.0), "{section} {key}: {report}");
    }
    assert_eq!(report.value("traffic", "frames"), report.value("schedule", "due"), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cuts_may_come_faster_than_anybody_comes_back() {
    let report = run(Wrong::Nothing, "--pairs 1 --rate 200 --cuts 5000 --away 0s").await.expect("a run");
    assert!(report.passed(), "{report}");
    assert!(report.value("cuts", "cuts") >= report.value("cuts", "resumed"), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_cuts_it_is_a_relay() {
    let report = run(Wrong::Nothing, "--pairs 2 --rate 500 --cuts 0").await.expect("a run");
    assert!(report.passed(), "{report}");
    assert_eq!((report.value("cuts", "cuts"), report.value("back", "p50")), (Some(0.0), None), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_lost_doubled_or_swapped_by_a_resumption_is_seen() {
    let (lost, doubled, swapped) = tokio::join!(against(Wrong::Lose), against(Wrong::Double), against(Wrong::Swap));
    assert_eq!(integrity(&lost), [Some(1.0), Some(0.0), Some(0.0)], "{lost}");
    assert_eq!(integrity(&doubled), [Some(0.0), Some(1.0), Some(0.0)], "{doubled}");
    assert_eq!(integrity(&swapped), [Some(0.0), Some(0.0), Some(1.0)], "{swapped}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_counts_wrongly_has_frames_lost_or_said_twice() {
    let (less, more) = tokio::join!(against(Wrong::Undercount), against(Wrong::Overcount));
    assert_eq!(integrity(&less), [Some(0.0), Some(1.0), Some(0.0)], "{less}");
    assert_eq!(integrity(&more), [Some(1.0), Some(0.0), Some(0.0)], "{more}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_get_its_session_back_is_a_fault() {
    let (stranger, forgotten, silent) =
        tokio::join!(against(Wrong::Stranger), against(Wrong::Forget), against(Wrong::Silent));
    for (report, told) in [(stranger, "came back is another"), (forgotten, "(expired)"), (silent, "did not")] {
        assert!(report.faults.iter().any(|fault| fault.what.contains(told)), "{told}: {report}");
    }
}

#[tokio::test]
async fn a_server_without_sessions_is_named() {
    let error = run(Wrong::Tokenless, "--pairs 1").await.expect_err("nothing can be resumed");
    assert!(error.to_string().contains("RESUME_WINDOW"), "{error}");
}
