//! The `noisy` scenario against rooms that work, against some that do not, and against the real server.

mod sides;

use clap::Parser;
use meetpoint_loadtest::{
    Error,
    cli::{Cli, Command},
    progress::Progress,
    report::Report,
};
use sides::{Meetpoint, Wrong};

async fn run(address: impl std::fmt::Display, options: &str) -> Result<Report, Error> {
    let duration = if options.contains("--duration") { "" } else { "--duration 300ms" };
    let line = format!("loadtest noisy --url http://{address} {duration} --warmup 50ms --quiet {options}");
    let Command::Scenario(scenario) = Cli::parse_from(line.split_whitespace()).command else { panic!("{line}") };
    scenario.run(Progress::new(true)).await
}

async fn against(wrong: Wrong, options: &str) -> Report {
    run(sides::start(wrong).await, options).await.expect("a run")
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
async fn good_rooms_pass_and_all_figures_are_there() {
    let pid = std::process::id();
    let options = format!("--rooms 5 --window 4 --payload 128 --threads 2 --spread-addresses --pid {pid}");
    let report = against(Wrong::Nothing, &options).await;
    assert!(report.passed(), "{report}");
    assert_eq!(integrity(&report), [Some(0.0); 3]);
    let figures =
        [("traffic", "framesPerSecond"), ("latency", "p99"), ("server", "cpuPerMillion"), ("server", "threads")];
    assert_figures(&report, &figures);
    let report = against(Wrong::Nothing, &format!("--what mail {options}")).await;
    assert!(report.passed(), "{report}");
    assert_eq!(integrity(&report), [Some(0.0); 3]);
    assert_figures(&report, &[("traffic", "itemsPerSecond"), ("latency", "p99"), ("receipt", "p99")]);
    assert!(report.value("receipt", "p50") <= report.value("receipt", "max"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_of_one_brings_one_at_a_time() {
    for (what, key) in [("relay", "framesPerRead"), ("mail", "itemsPerRead")] {
        let report = against(Wrong::Nothing, &format!("--what {what} --rooms 2 --window 1")).await;
        assert!(report.passed(), "{report}");
        assert_eq!(report.value("traffic", key), Some(1.0), "{report}");
    }
}

/// The counts of both kinds of talk, each with one kind of fault.
async fn both(wrong: Wrong) -> [[Option<f64>; 3]; 2] {
    let (relay, mail) = tokio::join!(
        against(wrong, "--what relay --rooms 2 --window 4 --duration 1s"),
        against(wrong, "--what mail --rooms 2 --window 4 --duration 1s")
    );
    let [frame, item] = [&relay, &mail].map(faults);
    assert!(matches!(&frame[..], [what] if what.starts_with("a frame ")), "{relay}");
    assert!(matches!(&item[..], [what] if what.starts_with("an item ")), "{mail}");
    [integrity(&relay), integrity(&mail)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_come_is_lost() {
    let (dropped, unreceipted, deaf) = tokio::join!(
        both(Wrong::Drop),
        against(Wrong::NoReceipt, "--what mail --rooms 2 --window 4 --duration 1s"),
        against(Wrong::Deaf, "--rooms 2 --window 4 --duration 1s")
    );
    assert_eq!(dropped, [[Some(1.0), Some(0.0), Some(0.0)]; 2]);
    assert_eq!(faults(&unreceipted), ["an item or its receipt was lost"]);
    assert_eq!(faults(&deaf), ["a frame was lost"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_twice_or_too_late_is_told() {
    assert_eq!(both(Wrong::Double).await, [[Some(0.0), Some(1.0), Some(0.0)]; 2]);
    assert_eq!(both(Wrong::Swap).await, [[Some(0.0), Some(0.0), Some(1.0)]; 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_item_ends_its_room_and_is_told_without_its_id() {
    let report = against(Wrong::Full, "--what mail --rooms 2 --window 1").await;
    let full = r#"the server said {"type":"error","code":"MAILBOX_FULL","message":"The mailbox is full""#;
    assert_eq!(faults(&report)[0], full, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_socket_is_reported() {
    let report = against(Wrong::Close, "--rooms 2 --window 4").await;
    assert!(faults(&report).iter().any(|what| what.contains("closed the socket")), "{report}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let address = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bind");
        listener.local_addr().expect("address")
    };
    for what in ["relay", "mail", "codes"] {
        let error = run(address, &format!("--what {what} --rooms 1")).await.expect_err("nobody listens");
        assert!(error.to_string().contains("is the server running?"), "{error}");
    }
}

#[tokio::test]
async fn what_fits_together_with_nothing_is_refused() {
    let error = run("127.0.0.1:9", "--what codes --stuck 1").await.expect_err("codes have no rooms");
    assert!(error.to_string().contains("--stuck"), "{error}");
}

const UNPACED: [(&str, &str); 2] = [("MAX_MSG_PER_SECOND", "0"), ("MAX_BYTES_PER_SECOND", "0")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_server_passes_all_of_it() {
    let Some(server) = Meetpoint::start(&UNPACED).await else { return };
    let pid = server.child.id().expect("it runs");
    for (options, figures) in [
        ("--rooms 10", [("traffic", "framesPerSecond"), ("latency", "p99")]),
        ("--what mail --rooms 10", [("traffic", "itemsPerSecond"), ("receipt", "p99")]),
        ("--what mail --rooms 2 --window 120", [("traffic", "itemsPerSecond"), ("receipt", "p99")]),
        ("--what codes --connections 8", [("traffic", "pairsPerSecond"), ("redeem", "p99")]),
    ] {
        let report = run(server.address, &format!("{options} --pid {pid}")).await.expect("a run");
        assert!(report.passed(), "{report}");
        assert_figures(&report, &figures);
        assert_figures(&report, &[("server", "cpuPerMillion"), ("server", "rssConnected")]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_server_gives_up_who_never_reads_and_nobody_else_loses_anything() {
    let Some(server) = Meetpoint::start(&UNPACED).await else { return };
    let stuck = async |duration| {
        let options = format!("--rooms 3 --window 2 --payload 64KiB --stuck 2 --duration {duration}");
        let report = run(server.address, &options).await.expect("a run");
        assert!(report.passed(), "{report}");
        report
    };
    // Every buffer of the kernel's must be full before anybody is given up: how soon is for the machine to say.
    let mut report = stuck("2s").await;
    for longer in ["8s", "30s"] {
        if report.value("stuck", "thrownOut") == Some(0.0) {
            report = stuck(longer).await;
        }
    }
    assert_figures(&report, &[("stuck", "rooms"), ("stuck", "framesPerSecond"), ("stuck", "thrownOut")]);
    assert!(report.notes.iter().any(|note| note.contains("--stuck 0")), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_paces_its_clients_is_named() {
    // The burst of four seconds' worth is used up by the time when it is measured.
    let Some(server) = Meetpoint::start(&[("MAX_MSG_PER_SECOND", "100")]).await else { return };
    let warmed_up = "--rooms 2 --window 4 --duration 1s --warmup 2s";
    let line = format!("loadtest noisy --url http://{} {warmed_up} --quiet", server.address);
    let Command::Scenario(scenario) = Cli::parse_from(line.split_whitespace()).command else { panic!("{line}") };
    let report = scenario.run(Progress::new(true)).await.expect("a run");
    assert!(report.passed(), "{report}");
    assert!(report.notes.iter().any(|note| note.contains("MAX_MSG_PER_SECOND=0")), "{report}");
}

#[tokio::test]
async fn a_result_is_written_as_json() {
    let address = sides::start(Wrong::Nothing).await;
    let path = std::env::temp_dir().join(format!("meetpoint-loadtest-noisy-{}.json", std::process::id()));
    let line = format!("loadtest noisy --url http://{address} --what mail --rooms 2 --duration 100ms --quiet --json");
    let words = line.split_whitespace().map(Into::into).chain([path.clone().into_os_string()]);
    assert!(meetpoint_loadtest::run(Cli::parse_from(words), vec![line.clone()]).await.expect("a run"));
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).expect("written")).expect("JSON");
    std::fs::remove_file(&path).expect("removed");
    assert_eq!((&json["scenario"], &json["options"]["what"]), (&"noisy".into(), &"mail".into()));
    assert_eq!(json["figures"]["receipt"]["p99"]["unit"], "us");
}
