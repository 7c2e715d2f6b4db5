//! The load generator against a server of the test's own.

use clap::Parser;
use meetpoint_loadtest::cli::{Cli, Command};
use meetpoint_loadtest::progress::Progress;
use meetpoint_loadtest::report::Report;
use meetpoint_scorecard::{Goal, figure, scale};

use crate::support::metrics::scrape;
use crate::support::server::{Server, meetpoint_after};

/// What protects a server from such clients.
const UNLIMITED: [(&str, &str); 4] = [
    ("MAX_BYTES_PER_SECOND", "0"),
    ("MAX_CONNECTIONS_PER_IP", "0"),
    ("MAX_CONNECTS_PER_SECOND", "0"),
    ("MAX_MSG_PER_SECOND", "0"),
];

/// A server that takes whatever comes, and may have as many descriptors as there are.
pub async fn server(more: &[(&str, &str)]) -> Server {
    Server::launch(meetpoint_after("ulimit -n $(ulimit -Hn)", &[&UNLIMITED, more].concat())).await
}

/// Does to the server what stands behind `loadtest`, and fails where it breaks a promise.
pub async fn load(server: &Server, scenario: &str, options: &str) -> Report {
    let (url, pid) = (format!("ws://{}/ws", server.address), server.id());
    let line = format!("loadtest {scenario} --url {url} --pid {pid} --quiet {options}");
    let parsed = Cli::try_parse_from(line.split_whitespace()).unwrap_or_else(|fault| panic!("{line}: {fault}"));
    let Command::Scenario(scenario) = parsed.command else { panic!("{line}") };
    let report = scenario.run(Progress::new(true)).await.unwrap_or_else(|fault| panic!("{line}: {fault}"));
    println!("{report}");
    assert!(report.passed(), "{report}");
    report
}

/// A figure that every run has.
pub fn value(report: &Report, section: &str, key: &str) -> f64 {
    report.value(section, key).unwrap_or_else(|| panic!("no {section} {key}: {report}"))
}

/// Writes down how long the server's runtime kept its tasks waiting meanwhile.
pub async fn note_stalls(server: &Server, meanwhile: &str) {
    /// For how many of all looks the bound must hold.
    const PART: f64 = 0.999;
    const BUCKET: &str = "meetpoint_runtime_stall_seconds_bucket{le=\"";
    let samples = scrape(server.address).await;
    let mut buckets: Vec<(f64, f64)> = samples
        .iter()
        .filter_map(|(name, count)| Some((name.strip_prefix(BUCKET)?.strip_suffix("\"}")?, *count)))
        .map(|(bound, count)| (bound.parse().expect("a bound"), count))
        .collect();
    buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
    let looks = samples["meetpoint_runtime_stall_seconds_count"];
    let below = |part: f64| buckets.iter().find(|(_, count)| *count >= part * looks).expect("the last holds all").0;
    let what = format!("99.9 % of stalls were below, {meanwhile}");
    // A build for tests on a machine that builds others meanwhile has no goal.
    figure("F14", &what, below(PART), "s", scale(Goal::Told, Goal::AtMost(0.05)));
    figure(
        "F14",
        &format!("all stalls were below, {meanwhile}"),
        below(1.0),
        "s",
        scale(Goal::Told, Goal::AtMost(0.2)),
    );
}
