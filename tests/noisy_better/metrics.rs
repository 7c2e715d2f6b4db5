//! The original's figures, with truth in them.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::metrics::{sample, scrape};
use crate::support::noisy::{PEER_LEFT, Seat, clients, pair, room};
use crate::support::server::Server;

#[tokio::test]
async fn rooms_and_peers_are_those_that_are_there() {
    let server = Server::start().await;
    let counted = async || {
        let figures = scrape(server.address).await;
        (figures["nt_rooms_active"], figures["nt_peers_active"])
    };
    assert_eq!(counted().await, (0.0, 0.0));
    let (mut a, b) = pair(&server, &room(1)).await;
    let alone = Seat::join(&server, &room(2), "B").await;
    assert_eq!(counted().await, (2.0, 3.0));
    b.terminate().await;
    a.hears(PEER_LEFT).await;
    assert_eq!(counted().await, (2.0, 2.0));
    alone.terminate().await;
    a.terminate().await;
    clients(&server, 0).await;
    assert_eq!(counted().await, (0.0, 0.0));
    assert_eq!(sample(server.address, "nt_ws_connections_total").await, 3.0);
}

#[tokio::test]
async fn a_room_that_only_keeps_mail_is_no_active_room() {
    let server = Server::start().await;
    let mut a = Seat::join(&server, &room(1), "A").await;
    a.keep("B", json!("x")).await;
    a.terminate().await;
    clients(&server, 0).await;
    assert_eq!(sample(server.address, "nt_rooms_active").await, 0.0);
}

/// The names and labels of all samples but those of scrapes themselves.
async fn series(server: &Server) -> BTreeSet<String> {
    scrape(server.address).await.into_keys().filter(|name| !name.contains("http_request")).collect()
}

#[tokio::test]
async fn invented_words_make_no_series() {
    let server = Server::start().await;
    let (mut a, _b) = pair(&server, &room(1)).await;
    a.send(json!({"type": "telemetry", "event": "ice-connected", "mode": "x-1"})).await;
    a.send(json!({"type": "telemetry", "event": "ice-failed", "reason": "x"})).await;
    a.send(json!({"type": "invented"})).await;
    a.settle().await;
    let before = series(&server).await;
    for number in 0..50 {
        a.send(json!({"type": format!("invented-{number}")})).await;
        let mode = format!("invented-{number}");
        a.send(json!({"type": "telemetry", "event": "ice-connected", "mode": mode})).await;
        a.send(json!({"type": "telemetry", "event": mode, "reason": mode})).await;
        a.send(json!({"type": "telemetry", "event": "ice-failed", "reason": mode})).await;
    }
    a.settle().await;
    let after = series(&server).await;
    assert!(after.is_subset(&before), "{:?}", after.difference(&before));
    assert_eq!(sample(server.address, r#"nt_signal_messages_total{type="other"}"#).await, 51.0);
}

#[tokio::test]
async fn a_session_is_established_once_per_room_whoever_says_so() {
    let server = Server::start().await;
    let (mut a, mut b) = pair(&server, &room(1)).await;
    for _ in 0..3 {
        a.send(json!({"type": "telemetry", "event": " ICE-Connected ", "mode": " Never-Heard-Of "})).await;
        a.settle().await;
        b.send(json!({"type": "telemetry", "event": "ice-connected", "mode": "p2p"})).await;
        b.settle().await;
    }
    let figures = scrape(server.address).await;
    let established = |mode: &str| {
        let name = format!("nt_session_established_total{{mode=\"{mode}\"}}");
        figures.get(&name).copied().unwrap_or_default()
    };
    assert_eq!((established("other"), established("p2p")), (1.0, 0.0));
    assert_eq!(figures["nt_session_time_to_first_flow_seconds_count"], 1.0);
}
