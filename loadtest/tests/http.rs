//! The `http` scenario against a server that works, and against some that do not.

mod rendezvous;

use std::sync::Arc;

use clap::Parser;
use meetpoint_loadtest::{
    Error,
    cli::{Cli, Command},
    progress::Progress,
    report::Report,
};
use rendezvous::{Server, Wrong};

async fn run(url: &str, options: &str) -> Result<Report, Error> {
    let connections = if options.contains("--connections") { "" } else { "--connections 8" };
    let line = format!("loadtest http --url {url} {connections} --payload 256 --topics 5 --quiet {options}");
    let Command::Scenario(scenario) = Cli::parse_from(line.split_whitespace()).command else { panic!("{line}") };
    scenario.run(Progress::new(true)).await
}

async fn against(wrong: Wrong, options: &str) -> (Report, Arc<Server>) {
    let (address, server) = rendezvous::start(wrong).await;
    (run(&format!("http://{address}"), options).await.expect("a run"), server)
}

fn faults(report: &Report) -> Vec<(&str, u64)> {
    report.faults.iter().map(|fault| (fault.what.as_str(), fault.count)).collect()
}

fn count(report: &Report, row: &str, key: &str) -> u64 {
    report.value(row, key).unwrap_or_else(|| panic!("{row} {key}: {report}")) as u64
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_server_passes_in_all_phases_and_all_figures_are_there() {
    let pid = std::process::id();
    let (report, server) =
        against(Wrong::Nothing, &format!("--offers 1000,2000 --duration 100ms --spread-addresses --pid {pid}")).await;
    assert!(report.passed(), "{report}");
    let phases = ["answer", "poll", "discover", "discover-topic", "discover-tag", "mix", "announce"];
    for row in phases.iter().flat_map(|phase| [format!("{phase}@1000"), format!("{phase}@2000")]) {
        for key in
            ["requestsPerSecond", "requests", "p50", "p99", "max", "cpuPerMillion", "serverCores", "ownCores", "rss"]
        {
            assert!(report.value(&row, key).is_some_and(|value| value > 0.0), "{row} {key}: {report}");
        }
        assert_eq!(count(&report, &row, "errors"), 0);
        assert!(report.value(&row, "p50") <= report.value(&row, "p99"));
        assert!(report.value(&row, "p99") <= report.value(&row, "max"));
    }
    for offers in [1000, 2000] {
        assert_eq!(count(&report, &format!("fill@{offers}"), "offers"), offers);
    }
    let [_, with_topics, with_tags] = server.counts();
    assert_eq!([with_topics, with_tags], [667, 666]);
    assert!(server.answered() > 100);
    assert!(report.to_string().contains("\nmix@2000 "), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_is_counted_once() {
    let (report, server) = against(Wrong::Nothing, "--offers 1000 --duration 100ms --phases poll --pipeline 4").await;
    assert!(report.passed(), "{report}");
    // What was under way when the time was over is answered, but not counted.
    let counted = count(&report, "poll@1000", "requests");
    assert!((counted..=counted + 8 * 4).contains(&server.polls()), "{} polls: {report}", server.polls());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_is_announced_than_the_server_has_room_for() {
    let options = "--offers 1000 --max-offers 1300 --hold 60 --phases announce,mix --duration 10s";
    let (report, server) = against(Wrong::Nothing, options).await;
    assert!(report.passed(), "{report}");
    assert_eq!(server.counts(), [1300, 0, 0]);
    assert_eq!(count(&report, "announce@1000", "requests"), 120);
    assert_eq!(count(&report, "mix@1000", "requests"), 4 * 120, "{report}");
    let (report, server) = against(Wrong::Nothing, "--offers 1000 --max-offers 1000 --phases mix --duration 1s").await;
    assert!(report.passed() && report.value("mix@1000", "requests").is_none(), "{report}");
    assert!(report.notes.iter().any(|note| note.contains("--max-offers")), "{report}");
    assert_eq!(server.counts(), [1000, 0, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_in_pieces_are_answers() {
    let (report, _) = against(Wrong::Pieces, "--offers 1000 --duration 100ms --hold 20").await;
    assert!(report.passed(), "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn held_polls_hear_what_is_posted() {
    let pid = std::process::id();
    let (report, server) =
        against(Wrong::Nothing, &format!("--offers 1000 --phases discover --duration 50ms --hold 200 --pid {pid}"))
            .await;
    assert!(report.passed(), "{report}");
    assert_eq!((server.polls(), server.answered()), (200, 200));
    for key in ["held", "p50", "p99", "newsPerSecond", "rssHeld", "threads"] {
        assert!(report.value("hold", key).is_some_and(|value| value > 0.0), "{key}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_that_is_not_held_is_reported() {
    let (report, _) = against(Wrong::Impatient, "--offers 1000 --phases discover --duration 50ms --hold 20").await;
    let [(what, 20)] = faults(&report)[..] else { panic!("{report}") };
    assert!(what.starts_with("hold: before anything was posted"), "{what}");
}

const POLLS: &str = "--offers 1000 --phases poll --duration 200ms";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_session_is_an_error_with_advice() {
    let (report, _) = against(Wrong::Forget, POLLS).await;
    assert_eq!(count(&report, "poll@1000", "errors"), 1);
    let [(what, 1)] = faults(&report)[..] else { panic!("{report}") };
    assert!(what.starts_with("poll@1000: the server answered 404") && what.contains("SESSION_TIMEOUT"), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_sessions_description_is_an_error() {
    // Its hundredth poll is an answerer's: the sides take turns.
    let (report, _) = against(Wrong::Swap, &format!("{POLLS} --connections 1")).await;
    assert_eq!(count(&report, "poll@1000", "errors"), 1, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_that_lacks_an_offer_is_an_error() {
    let (report, _) = against(Wrong::Nine, "--offers 1000 --phases discover --duration 200ms").await;
    assert_eq!(count(&report, "discover@1000", "errors"), 1, "{report}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chunked_answer_costs_its_connection_and_says_why() {
    let (report, _) = against(Wrong::Chunked, POLLS).await;
    assert_eq!(
        faults(&report),
        [("poll@1000: the server sent an answer with a transfer encoding: this client reads lengths only", 1)]
    );
    assert!(count(&report, "poll@1000", "requests") > 200, "the other connections go on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_ends_is_a_fault_of_all_that_was_under_way_on_it() {
    let (report, _) = against(Wrong::Close, &format!("{POLLS} --pipeline 3")).await;
    let [(what, 3)] = faults(&report)[..] else { panic!("{report}") };
    assert!(what.starts_with("poll@1000: the connection ended"), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_full_ends_the_run_with_advice() {
    let (address, _) = rendezvous::start(Wrong::Full).await;
    let error = run(&format!("http://{address}"), "--offers 2000 --phases poll").await.expect_err("no room");
    let text = error.to_string();
    assert!(text.contains("announcing sessions") && text.contains("507") && text.contains("MAX_OFFERS"), "{text}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let address = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("bind");
        listener.local_addr().expect("address")
    };
    let error = run(&format!("http://{address}"), "").await.expect_err("nobody listens");
    assert!(error.to_string().contains("is the server running?"), "{error}");
}

#[tokio::test]
async fn a_result_is_written_as_json() {
    let (address, _) = rendezvous::start(Wrong::Nothing).await;
    let path = std::env::temp_dir().join(format!("meetpoint-loadtest-http-{}.json", std::process::id()));
    let line = format!(
        "loadtest http --url http://{address} --offers 1000 --phases poll,discover-tag --duration 50ms --quiet --json"
    );
    let words = line.split_whitespace().map(Into::into).chain([path.clone().into_os_string()]);
    assert!(meetpoint_loadtest::run(Cli::parse_from(words), vec![line.clone()]).await.expect("a run"));
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).expect("written")).expect("JSON");
    std::fs::remove_file(&path).expect("removed");
    assert_eq!((&json["scenario"], &json["options"]["offers"][0]), (&"http".into(), &1000.into()));
    assert_eq!(json["options"]["phases"][1], "discover-tag");
    assert_eq!(json["figures"]["poll@1000"]["p99"]["unit"], "us");
    assert!(json["figures"]["discover-tag@1000"]["requestsPerSecond"]["value"].as_f64().is_some_and(|rate| rate > 0.0));
}
