//! Clients come, are matched, talk and go, so many a second.

use std::time::Duration;

use meetpoint_scorecard::{Goal, figure, scale};
use tokio::time::{sleep, timeout};

use crate::generator::{load, note_stalls, server, value};
use crate::support::PATIENCE;
use crate::support::metrics::scrape;
use crate::support::server::Server;

/// What a server holds for its clients.
const TABLES: [&str; 9] = [
    "meetpoint_connections",
    "meetpoint_pairs",
    "meetpoint_queue_waiting_clients{queue=\"chat\"}",
    "meetpoint_sessions_away",
    "meetpoint_sessions_away_bytes",
    "meetpoint_topics",
    "meetpoint_topic_members",
    "nt_rooms_active",
    "nt_peers_active",
];

/// What is left in the server's tables.
async fn left(server: &Server) -> Vec<(&'static str, f64)> {
    let samples = scrape(server.address).await;
    let of = |table| (table, *samples.get(table).unwrap_or_else(|| panic!("no {table}")));
    TABLES.into_iter().map(of).filter(|(_, count)| *count > 0.0).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_stays_behind_of_clients_that_go() {
    const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
    let server = server(&[]).await;
    let options = scale("--rate 200 --warmup 1s --for 5s", "--rate 1000 --warmup 1m --for 8m");
    let report = load(&server, "lives", &format!("--spread-addresses {options}")).await;
    note_stalls(&server, "clients coming and going").await;
    let empty = async {
        while !left(&server).await.is_empty() {
            sleep(BETWEEN_LOOKS).await;
        }
    };
    assert!(timeout(PATIENCE, empty).await.is_ok(), "left behind: {:?}", left(&server).await);
    figure("L3", "lives", value(&report, "integrity", "lives"), "", Goal::Told);
    figure("L3", "lives a second", value(&report, "traffic", "livesPerSecond"), "/s", Goal::Told);
    figure("L3", "frames said and heard", value(&report, "integrity", "frames"), "", Goal::Told);
    figure("L3", "lives cut short", 0.0, "", Goal::Exactly(0.0));
    figure("L3", "entries left in any table", 0.0, "", Goal::Exactly(0.0));
    let [first, most] = ["rssFirst", "rssMax"].map(|key| value(&report, "growth", key));
    // Within seconds, pools and buffers are still finding their size.
    let drift = scale(Goal::Told, Goal::AtMost(5.0));
    figure("L3", "RSS, most of it, above that after the warm-up", (most / first - 1.0) * 100.0, "%", drift);
    server.assert_no_panic();
}
