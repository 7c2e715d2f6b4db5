//! The `relay` scenario against a relay that works, and against some that do not.

mod support;

use clap::Parser;
use meetpoint_loadtest::{
    Error,
    cli::{Cli, Command},
    progress::Progress,
    report::Report,
};
use support::Wrong;

async fn run(url: &str, options: &str) -> Result<Report, Error> {
    let line = format!("loadtest relay --url {url} --duration 300ms --warmup 50ms --quiet {options}");
    let Command::Scenario(scenario) = Cli::parse_from(line.split_whitespace()).command else { panic!("{line}") };
    scenario.run(Progress::new(true)).await
}

async fn against(wrong: Wrong, options: &str) -> Report {
    let address = support::start(wrong).await;
    run(&format!("ws://{address}/ws"), options).await.expect("a run")
}

fn integrity(report: &Report) -> [Option<f64>; 3] {
    ["lost", "duplicated", "reordered"].map(|key| report.value("integrity", key))
}

fn faults(report: &Report) -> Vec<&str> {
    report.faults.iter().map(|fault| fault.what.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_relay_passes_and_all_figures_are_there() {
    let pid = std::process::id();
    let report = against(
        Wrong::Nothing,
        &format!("--pairs 5 --window 4 --payload 120 --threads 2 --spread-addresses --pid {pid}"),
    )
    .await;
    assert!(report.passed(), "{report}");
    assert_eq!(integrity(&report), [Some(0.0); 3]);
    let figures = [
        ("traffic", "framesPerSecond"),
        ("traffic", "bytesPerSecond"),
        ("traffic", "framesPerRead"),
        ("latency", "p50"),
        ("latency", "p99.9"),
        ("setup", "connectsPerSecond"),
        ("server", "cpuPerMillion"),
        ("server", "rssConnected"),
        ("server", "threads"),
        ("server", "descriptors"),
        ("generator", "cpuPerMillion"),
    ];
    for (section, key) in figures {
        assert!(report.value(section, key).is_some_and(|value| value > 0.0), "{section} {key}: {report}");
    }
    assert!(report.value("latency", "p50") <= report.value("latency", "max"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_larger_than_a_socket_takes_at_once_pass_too() {
    let report = against(Wrong::Nothing, "--pairs 2 --window 4 --payload 400000").await;
    assert!(report.passed(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ping_pong_brings_one_frame_per_read() {
    let report = against(Wrong::Nothing, "--pairs 3 --window 1").await;
    assert!(report.passed(), "{report}");
    assert_eq!(report.value("traffic", "framesPerRead"), Some(1.0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_frame_is_lost() {
    let report = against(Wrong::Drop, "--pairs 2 --window 4").await;
    assert_eq!(integrity(&report), [Some(1.0), Some(0.0), Some(0.0)], "{report}");
    assert_eq!(faults(&report), ["a frame was lost"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swapped_frames_are_reordered_and_none_is_lost() {
    let report = against(Wrong::Swap, "--pairs 2 --window 4").await;
    assert_eq!(integrity(&report), [Some(0.0), Some(0.0), Some(1.0)], "{report}");
    assert_eq!(faults(&report), ["a frame came after a later one"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_doubled_frame_is_seen_and_not_answered_twice() {
    let report = against(Wrong::Double, "--pairs 2 --window 4").await;
    assert_eq!(integrity(&report), [Some(0.0), Some(1.0), Some(0.0)], "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_frame_ends_the_pair_with_advice() {
    let report = against(Wrong::RateLimit, "--pairs 1 --window 4").await;
    assert!(faults(&report).iter().any(|what| what.contains("MAX_MSG_PER_SECOND")), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_socket_is_reported() {
    let report = against(Wrong::Close, "--pairs 2 --window 4").await;
    assert!(faults(&report).iter().any(|what| what.contains("closed the socket")), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_rate_whatever_was_due_is_relayed_and_counted() {
    let report = against(Wrong::Nothing, "--pairs 7 --rate 3000 --payload 120 --threads 2").await;
    assert!(report.passed(), "{report}");
    let of = |section, key| report.value(section, key).expect("a figure");
    assert!(of("schedule", "due") > 0.0 && of("schedule", "notSent") == 0.0, "{report}");
    assert_eq!(of("traffic", "frames"), of("schedule", "due"), "{report}");
    assert!(of("schedule", "lateP99") <= of("latency", "max"), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_due_while_the_server_stalled_counts_from_when_it_was_due() {
    let report = against(Wrong::Stall, "--pairs 1 --rate 2000").await;
    assert!(report.passed(), "{report}");
    assert_eq!(report.value("traffic", "frames"), report.value("schedule", "due"), "also what came after the end");
    // One frame was kept for a second. Nearly all behind it were due long before it was gone.
    assert!(report.value("latency", "p90") > Some(300_000.0), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_falls_behind_is_not_sent_frames_without_end() {
    let report = against(Wrong::Stall, "--pairs 1 --rate 2000 --payload 200000").await;
    assert!(report.passed(), "{report}");
    assert!(report.value("schedule", "notSent") > Some(0.0), "{report}");
    assert!(report.notes.iter().any(|note| note.starts_with("BEHIND")), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_a_rate_every_fault_is_seen_as_well() {
    for (wrong, expected) in
        [(Wrong::Drop, [1.0, 0.0, 0.0]), (Wrong::Double, [0.0, 1.0, 0.0]), (Wrong::Swap, [0.0, 0.0, 1.0])]
    {
        let report = against(wrong, "--pairs 2 --rate 2000").await;
        assert_eq!(integrity(&report), expected.map(Some), "{wrong:?} {report}");
    }
    let report = against(Wrong::Close, "--pairs 2 --rate 2000").await;
    assert!(faults(&report).iter().any(|what| what.contains("closed the socket")), "{report}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let address = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bind");
        listener.local_addr().expect("address")
    };
    let error = run(&format!("ws://{address}/ws"), "--pairs 1").await.expect_err("nobody listens");
    assert!(error.to_string().contains("is the server running?"), "{error}");
}

#[tokio::test]
async fn a_result_is_written_as_json() {
    let address = support::start(Wrong::Nothing).await;
    let path = std::env::temp_dir().join(format!("meetpoint-loadtest-{}.json", std::process::id()));
    let line = format!("loadtest relay --url ws://{address}/ws --pairs 2 --duration 100ms --warmup 0s --quiet --json");
    let words = line.split_whitespace().map(Into::into).chain([path.clone().into_os_string()]);
    assert!(meetpoint_loadtest::run(Cli::parse_from(words), vec![line.clone()]).await.expect("a run"));
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).expect("written")).expect("JSON");
    std::fs::remove_file(&path).expect("removed");
    assert_eq!(json["scenario"], "relay");
    assert_eq!(json["options"]["pairs"], 2);
    assert_eq!(json["commandLine"][0], line);
    assert_eq!(json["figures"]["latency"]["p99"]["unit"], "us");
    assert!(json["figures"]["traffic"]["frames"]["value"].as_f64().is_some_and(|frames| frames > 0.0), "{json}");
    assert!(json["host"]["cores"].as_u64().is_some_and(|cores| cores > 0));
}
