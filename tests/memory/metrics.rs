//! What Prometheus scrapes: true figures, and a page that its own linter accepts.

use std::{
    collections::HashMap,
    io::Write,
    process::{Command, Stdio},
};

use meetpoint::config::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::pipes::Memory;

/// The page, and every sample by its name and labels.
async fn scrape(memory: &Memory) -> (String, HashMap<String, f64>) {
    let mut pipe = memory.pipe().await;
    pipe.write_all(b"GET /metrics HTTP/1.1\r\nHost: memory\r\nConnection: close\r\n\r\n").await.expect("a server");
    let mut answer = String::new();
    pipe.read_to_string(&mut answer).await.expect("an answer");
    let (head, page) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    let samples = page.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let (name, value) = line.rsplit_once(' ').expect("a sample");
        (name.to_owned(), value.parse().expect("a number"))
    });
    (page.to_owned(), samples.collect())
}

#[tokio::test(start_paused = true)]
async fn the_figures_are_those_of_what_happened() {
    let memory = Memory::start(&Settings::default());
    let [mut one, mut other] = memory.pair().await;
    let mut waiting = memory.client().await;
    waiting.say(r#"{"type":"available"}"#).await;
    waiting.say(r#"{"type":"offer"}"#).await;
    waiting.hear("error").await;
    tokio::time::advance(std::time::Duration::from_secs(3)).await;
    one.say(r#"{"type":"offer","sdp":"0123456789"}"#).await;
    other.hear("offer").await;
    one.say("?").await;
    one.hear("error").await;

    let (_, figures) = scrape(&memory).await;
    for (name, value) in [
        ("meetpoint_connections", 3.0),
        ("meetpoint_connections_opened_total", 3.0),
        ("meetpoint_pairs", 1.0),
        ("meetpoint_matches_total", 1.0),
        ("meetpoint_match_wait_seconds_count", 2.0),
        (r#"meetpoint_queue_waiting_clients{queue="chat"}"#, 1.0),
        (r#"meetpoint_queue_oldest_wait_seconds{queue="chat"}"#, 3.0),
        (r#"meetpoint_frames_received_total{type="available"}"#, 3.0),
        (r#"meetpoint_frames_received_total{type="offer"}"#, 2.0),
        (r#"meetpoint_frames_received_total{type="other"}"#, 1.0),
        (r#"meetpoint_frames_sent_total{type="offer"}"#, 1.0),
        (r#"meetpoint_frames_sent_total{type="matched"}"#, 2.0),
        (r#"meetpoint_frames_sent_total{type="error"}"#, 2.0),
        (r#"meetpoint_relay_drops_total{reason="not_paired"}"#, 1.0),
        ("meetpoint_relayed_bytes_total", 12.0),
        (r#"meetpoint_http_requests_total{route="/ws",status="101"}"#, 3.0),
    ] {
        assert_eq!(figures.get(name), Some(&value), "{name}");
    }
    assert!(figures["process_resident_memory_bytes"] > 0.0);

    one.socket.close(None).await.expect("a close frame");
    other.hear("partner-left").await;
    let (_, figures) = scrape(&memory).await;
    assert_eq!(figures[r#"meetpoint_connections_closed_total{reason="client"}"#], 1.0);
    assert_eq!(figures[r#"meetpoint_frames_sent_total{type="partner-left"}"#], 1.0);
    // The abandoned client was matched with the one that waited.
    assert_eq!((figures["meetpoint_pairs"], figures["meetpoint_matches_total"]), (1.0, 2.0));
    assert_eq!(figures["meetpoint_connections"], 2.0);
}

#[tokio::test(start_paused = true)]
async fn no_client_can_make_a_time_series() {
    let memory = Memory::start(&Settings { socket: unlimited(), ..Settings::default() });
    let mut client = memory.client().await;
    client.say(r#"{"type":"x"}"#).await;
    client.hear("error").await;
    let (_, before) = scrape(&memory).await;
    for n in 0..500 {
        client.say(&format!(r#"{{"type":"invented-{n}"}}"#)).await;
        client.hear("error").await;
        client.say(r#"{"type":"ping"}"#).await;
        client.hear("pong").await;
    }
    let mut pipe = memory.pipe().await;
    pipe.write_all(b"GET /invented HTTP/1.1\r\nHost: memory\r\nConnection: close\r\n\r\n").await.expect("a server");
    pipe.read_to_end(&mut Vec::new()).await.expect("an answer");
    let (_, after) = scrape(&memory).await;
    let new: Vec<_> =
        after.keys().filter(|name| !before.contains_key(*name) && !name.contains("http_request")).collect();
    assert!(new.is_empty(), "{new:?}");
    assert!(after.keys().all(|name| !name.contains("invented")));
    assert_eq!(after[r#"meetpoint_http_requests_total{route="none",status="404"}"#], 1.0);
}

#[tokio::test(start_paused = true)]
async fn promtool_finds_nothing_to_complain_about() {
    let memory = Memory::start(&Settings::default());
    let _pair = memory.pair().await;
    let (page, _) = scrape(&memory).await;
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool: `make tools` installs it");
    promtool.stdin.take().expect("a pipe").write_all(page.as_bytes()).expect("promtool reads");
    let output = promtool.wait_with_output().expect("promtool ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

fn unlimited() -> meetpoint::config::Socket {
    meetpoint::config::Socket { max_messages_per_second: 0, ..Settings::default().socket }
}
