//! The same scenario against two relays in turn.

#[allow(dead_code, reason = "not every test needs a relay that goes wrong in every way")]
mod support;

use clap::Parser;
use meetpoint_loadtest::{
    Error,
    cli::{Cli, Command},
    output, run,
    versus::{self, Versus},
};
use support::Wrong;
use tempfile::TempDir;

const RELAY: &str = "relay --pairs 2 --window 4 --duration 200ms --warmup 20ms --quiet";

async fn measured(peer: Wrong, before: &str, scenario: &str) -> Result<Versus, Error> {
    let (server, peer) = (support::start(Wrong::Nothing).await, support::start(peer).await);
    let line = format!("loadtest versus --peer ws://{peer}/ws {before} {scenario} --url ws://{server}/ws");
    let Command::Versus(options) = Cli::parse_from(line.split_whitespace()).command else { panic!("{line}") };
    versus::run(&options, vec![line.clone()]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_are_measured_in_every_round_and_all_their_figures_are_told() {
    let pid = std::process::id();
    let (rounds, scenario) = (format!("--rounds 3 --peer-pid {pid}"), format!("{RELAY} --pid {pid}"));
    let versus = measured(Wrong::Nothing, &rounds, &scenario).await.expect("measured");
    assert!(versus.passed(), "{versus}");
    for (section, key) in
        [("traffic", "framesPerSecond"), ("latency", "p99"), ("server", "cpuPerMillion"), ("setup", "sockets")]
    {
        let medians = versus.medians(section, key).unwrap_or_else(|| panic!("{section} {key}: {versus}"));
        assert!(medians.iter().all(|median| *median > 0.0), "{section} {key}: {versus}");
    }
    let json = serde_json::to_value(&versus).expect("JSON");
    let latency = &json["figures"]["latency"]["p50"];
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    for side in ["server", "peer"] {
        let [min, median, max] = ["min", "median", "max"].map(|key| number(&latency[side][key]));
        assert!(min <= median && median <= max && min > 0.0, "{latency}");
    }
    let ratio = number(&latency["peer"]["median"]) / number(&latency["server"]["median"]);
    assert!((number(&latency["ratio"]) - ratio).abs() < 1e-9, "{latency}");
    assert_eq!((&json["rounds"], &json["dialect"]), (&3.into(), &"meetpoint".into()));
    let svg = output::svg(&versus).expect("a picture");
    assert!(svg.contains("traffic · frames") && !svg.contains("setup · sockets"), "{svg}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_of_either_is_told_with_its_name_and_fails_the_run() {
    let versus = measured(Wrong::Double, "--rounds 1", RELAY).await.expect("measured");
    assert!(!versus.passed());
    assert!(versus.to_string().contains("FAULT 1 × peer: a frame came twice\n"), "{versus}");
}

#[tokio::test]
async fn a_dialect_without_what_the_scenario_needs_is_refused_before_anything_is_connected() {
    let refused = |dialect, scenario| {
        let line = format!("loadtest versus --peer ws://127.0.0.1:9/ws --dialect {dialect} {scenario}");
        async move {
            let error = run(Cli::parse_from(line.split_whitespace()), Vec::new()).await.expect_err("no server there");
            error.to_string().contains("--dialect")
        }
    };
    assert!(refused("random-video-chat", "rooms --url ws://127.0.0.1:9/ws").await);
    assert!(refused("random-video-chat", "storm --resumable --url ws://127.0.0.1:9/ws").await);
    assert!(!refused("websocket", "idle --connections 1 --quiet --url ws://127.0.0.1:9/ws").await);
    assert!(refused("rondevu", "relay --url ws://127.0.0.1:9/ws").await);
    assert!(!refused("random-video-chat", "relay --url ws://127.0.0.1:9/ws").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_scenarios_own_options_say_where_the_result_goes() {
    let folder = TempDir::new().expect("a folder");
    let (json, chart) = (folder.path().join("versus.json"), folder.path().join("versus.html"));
    let (server, peer) = (support::start(Wrong::Nothing).await, support::start(Wrong::Nothing).await);
    let line = format!("loadtest versus --peer ws://{peer}/ws --rounds 1 {RELAY} --url ws://{server}/ws");
    let files = ["--json".into(), json.clone().into_os_string(), "--chart".into(), chart.clone().into_os_string()];
    let words = line.split_whitespace().map(Into::into).chain(files);
    assert!(run(Cli::parse_from(words), vec![line.clone()]).await.expect("measured"));
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(&json).expect("written")).expect("JSON");
    assert_eq!(json["commandLine"][0], line);
    assert!(json["figures"]["traffic"]["frames"]["peer"]["median"].as_f64().is_some_and(|frames| frames > 0.0));
    let page = std::fs::read_to_string(&chart).expect("written");
    assert!(page.contains("<svg") && page.contains("peer/server") && page.contains("Every promise"), "{page}");
}

#[test]
fn options_are_bounded() {
    let parse = |options: &str| Cli::try_parse_from(format!("loadtest versus {options}").split_whitespace());
    assert!(parse("--peer ws://127.0.0.1:9/ws --rounds 100 relay").is_ok());
    for options in ["relay", "--peer ws://a", "--peer ws://a --rounds 0 relay", "--peer ws://a --rounds 101 relay"] {
        assert!(parse(options).is_err(), "{options}");
    }
    assert!(parse("--peer ws://a --dialect morse relay").is_err());
    assert!(parse("--peer ws://a versus --peer ws://b relay").is_err());
}
