//! Two stored results beside each other.

#[allow(dead_code, reason = "not every test needs a relay that goes wrong in every way")]
mod support;

use std::path::{Path, PathBuf};

use clap::Parser;
use meetpoint_loadtest::{
    Error,
    cli::{Cli, Command},
    compare::{Options, compare},
};
use serde_json::{Value, json};
use support::Wrong;
use tempfile::TempDir;

fn result(scenario: &str, options: Value, figures: Value, faults: Value) -> Value {
    json!({
        "scenario": scenario, "title": "10 pairs", "version": "0.1.0", "startedAt": "2026-01-01T00:00:00Z", "commandLine": [],
        "options": options, "host": {}, "figures": figures, "notes": [], "faults": faults,
    })
}

fn store(folder: &TempDir, name: &str, result: &Value) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, result.to_string()).expect("written");
    path
}

fn compared(a: &Path, b: &Path) -> Result<String, Error> {
    compare(&Options { a: a.into(), b: b.into() }).map(|comparison| comparison.to_string())
}

#[test]
fn every_figure_stands_beside_its_counterpart_with_their_ratio() {
    let folder = TempDir::new().expect("a folder");
    let figures = |cpu: f64| {
        json!({"traffic": {"frames": {"value": 1_000.0, "unit": "count"}}, "server": {
            "cpuPerMillion": {"value": cpu, "unit": "CPU s per million"}, "rss": {"value": 2_097_152.0, "unit": "B"}}})
    };
    let mut other = figures(0.5);
    other["server"]["rss"] = Value::Null;
    other["latency"] = json!({"p50": {"value": 12.0, "unit": "us"}, "strange": {"value": 3.5, "unit": "furlongs"}});
    let faults = json!([{"what": "a frame was lost", "count": 3}]);
    let a = store(&folder, "a.json", &result("relay", json!({"pairs": 10, "url": "ws://a"}), figures(2.0), json!([])));
    let b = store(&folder, "b.json", &result("relay", json!({"pairs": 20, "url": "ws://b"}), other, faults));
    let text = compared(&a, &b).expect("compared");
    let lines: Vec<String> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in
        ["frames 1,000 1,000 1.000", "cpuPerMillion 2.000 s 0.500 s 0.250", "rss 2.0 MiB - -", "p50 - 12.0 µs -"]
    {
        assert!(lines.iter().any(|found| found == line), "{line}\n{text}");
    }
    assert!(text.contains("3.5 furlongs"), "{text}");
    assert!(text.contains("DIFFERENT pairs: 10 and 20\n") && !text.contains("DIFFERENT url"), "{text}");
    assert!(text.contains("FAULT in B: 3 × a frame was lost\n"), "{text}");
}

#[test]
fn what_cannot_be_compared_is_refused_by_name() {
    let folder = TempDir::new().expect("a folder");
    let relay = store(&folder, "relay.json", &result("relay", json!({}), json!({}), json!([])));
    let rooms = store(&folder, "rooms.json", &result("rooms", json!({}), json!({}), json!([])));
    let error = compared(&relay, &rooms).expect_err("different scenarios").to_string();
    assert!(error.contains("relay") && error.contains("rooms"), "{error}");
    let other = store(&folder, "other.json", &json!({"name": "a package"}));
    for path in [other, folder.path().join("none.json"), folder.path().to_owned()] {
        let error = compared(&relay, &path).expect_err("no result").to_string();
        assert!(error.contains(path.to_str().expect("UTF-8")), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_run_has_written_can_be_compared() {
    let folder = TempDir::new().expect("a folder");
    let address = support::start(Wrong::Nothing).await;
    let stored = folder.path().join("run.json");
    let line = format!("loadtest relay --url ws://{address}/ws --pairs 2 --duration 100ms --warmup 0s --quiet --json");
    let words = line.split_whitespace().map(Into::into).chain([stored.clone().into_os_string()]);
    assert!(meetpoint_loadtest::run(Cli::parse_from(words), Vec::new()).await.expect("a run"));
    let text = compared(&stored, &stored).expect("compared");
    assert!(text.contains("framesPerSecond") && text.contains("1.000") && !text.contains("DIFFERENT"), "{text}");
    let words = ["loadtest".into(), "compare".into(), stored.clone().into_os_string(), stored.into_os_string()];
    let cli = Cli::parse_from(words);
    assert!(matches!(cli.command, Command::Compare(_)));
    assert!(meetpoint_loadtest::run(cli, Vec::new()).await.expect("compared"));
}
