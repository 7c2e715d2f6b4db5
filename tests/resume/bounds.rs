//! What a session may cost.

use serde_json::json;
use tokio::time::Duration;

use crate::session::{Memory, Session, are_away, begin, open, pair, reaches};
use crate::support::chat::Guest;
use crate::support::metrics::sample;
use crate::support::peer::Incoming;
use crate::support::server::Server;

const FRAMES: (&str, &str) = ("RESUME_MAX_FRAMES", "16");
/// As small as a message of the largest size allows.
const BYTES: (&str, &str) = ("RESUME_MAX_BYTES", "65KiB");
const ENDED_FULL: &str = r#"meetpoint_sessions_ended_total{reason="full"}"#;

#[tokio::test]
async fn a_full_log_of_one_who_is_away_waits_for_it() {
    let server = Server::with(&[FRAMES]).await;
    let [mut one, mut other] = pair(&server).await;
    one.acknowledge().await;
    let memory = one.cut(&server).await;
    other.hear().await;
    for number in 0..16 {
        other.offer(number).await;
    }
    other.silence().await;
    let (mut one, _) = memory.back(&server).await;
    for number in 0..16 {
        one.hears_offer(&other.id, number).await;
    }
}

#[tokio::test]
async fn a_frame_too_many_ends_the_session_of_one_who_is_away() {
    let server = Server::with(&[FRAMES]).await;
    let [mut one, mut other] = pair(&server).await;
    one.acknowledge().await;
    let memory = one.cut(&server).await;
    other.hear().await;
    for number in 0..17 {
        other.offer(number).await;
    }
    other.hears(json!({"type": "partner-left", "reason": "disconnected"})).await;
    other.silence().await;
    are_away(&server, 0).await;
    assert_eq!(sample(server.address, ENDED_FULL).await, 1.0);
    assert_eq!(sample(server.address, "meetpoint_sessions_away_bytes").await, 0.0);
    memory.refused(&server, "ended").await;
}

#[tokio::test]
async fn bytes_too_many_end_the_session_of_one_who_is_away() {
    let server = Server::with(&[BYTES]).await;
    let [one, mut other] = pair(&server).await;
    let memory = one.cut(&server).await;
    other.hear().await;
    let fill = "x".repeat(30_000);
    for _ in 0..2 {
        other.offer(&*fill).await;
    }
    other.silence().await;
    let kept = sample(server.address, "meetpoint_sessions_away_bytes").await;
    assert!((60_000.0..66_560.0).contains(&kept), "{kept}");
    other.offer(&*fill).await;
    other.hears(json!({"type": "partner-left", "reason": "disconnected"})).await;
    memory.refused(&server, "ended").await;
}

#[tokio::test]
async fn whoever_reads_but_never_says_so_is_a_slow_consumer() {
    let server = Server::with(&[BYTES]).await;
    let [mut one, mut other] = pair(&server).await;
    let fill = "x".repeat(1000);
    for _ in 0..100 {
        other.offer(&*fill).await;
    }
    let mut heard = 0;
    let closed = loop {
        match one.next().await {
            Incoming::Text(_) => heard += 1,
            Incoming::Closed(closed) => break closed,
            other => panic!("heard {other:?}"),
        }
    };
    assert_eq!((closed.code, &*closed.reason), (4008, "slow consumer"));
    assert!((50..66).contains(&heard), "{heard} KiB of 65 KiB");
    other.hears(json!({"type": "partner-left", "reason": "disconnected"})).await;
    one.memory().refused(&server, "ended").await;
}

#[tokio::test]
async fn many_small_frames_at_once_are_no_burden_while_there_is_a_socket() {
    const OFFERS: usize = 100;
    let server = Server::with(&[FRAMES]).await;
    let [one, mut other] = pair(&server).await;
    for number in 0..OFFERS {
        other.offer(number).await;
    }
    other.settle().await;
    let memory = one.cut(&server).await;
    assert_eq!(other.hear().await["type"], "partner-away");
    let (mut one, _) = memory.back(&server).await;
    for number in 0..OFFERS {
        one.hears_offer(&other.id, number).await;
    }
}

#[tokio::test]
async fn whoever_does_not_read_is_a_slow_consumer_and_gets_no_second_chance() {
    let server = Server::with(&[
        ("MAX_MSG_PER_SECOND", "0"),
        ("MAX_BYTES_PER_SECOND", "0"),
        ("REQUEUE_ON_PARTNER_LEAVE", "false"),
    ])
    .await;
    let [one, mut other] = pair(&server).await;
    one.pause();
    let fill = "x".repeat(60_000);
    let left = loop {
        other.offer(&*fill).await;
        if let Some(frame) = other.heard().await.first() {
            break frame.clone();
        }
    };
    assert_eq!(left, json!({"type": "partner-left", "reason": "disconnected"}));
    one.memory().refused(&server, "ended").await;
    reaches(&server, "meetpoint_pairs", 0.0).await;
}

#[tokio::test]
async fn plain_clients_are_not_asked_to_acknowledge_anything() {
    let server = Server::with(&[FRAMES]).await;
    let [mut one, mut other] = [Guest::join(&server).await, Guest::join(&server).await];
    crate::support::chat::meet(&mut one, &mut other).await;
    for number in 0..100 {
        other.offer(&number.to_string()).await;
        one.hears_offer(&other, &number.to_string()).await;
    }
    one.silence().await;
}

/// An eighth of the smallest store, for all who are away together.
#[tokio::test]
async fn what_is_kept_for_all_who_are_away_is_bounded() {
    const STORE: (&str, &str) = ("MAX_STORED_BYTES", "1MiB");
    const SHARE: f64 = 131_072.0;
    let server = Server::with(&[
        STORE,
        ("MAX_MSG_PER_SECOND", "0"),
        ("MAX_BYTES_PER_SECOND", "0"),
        ("REQUEUE_ON_PARTNER_LEAVE", "false"),
    ])
    .await;
    let fill = "x".repeat(50_000);
    let mut kept: Vec<(Memory, Session)> = Vec::new();
    for number in 0..4_usize {
        let [one, mut other] = pair(&server).await;
        let memory = one.terminate().await;
        assert_eq!(other.hear().await["type"], "partner-away");
        other.offer(&*fill).await;
        if number < 2 {
            other.silence().await;
            kept.push((memory, other));
        } else {
            other.hears(json!({"type": "partner-left", "reason": "disconnected"})).await;
            memory.refused(&server, "ended").await.bye().await;
            other.bye().await;
        }
        let used = sample(server.address, "meetpoint_sessions_away_bytes").await;
        assert!(used <= SHARE, "{used} bytes");
    }
    for (memory, other) in kept {
        let (mut one, _) = memory.back(&server).await;
        one.hears_offer(&other.id, &*fill).await;
        one.bye().await;
        other.bye().await;
    }
    reaches(&server, "meetpoint_sessions_away_bytes", 0.0).await;
}

/// What is cut with more unacknowledged frames than there is room for has no window.
#[tokio::test]
async fn a_session_that_does_not_fit_when_it_is_cut_ends_at_once() {
    let server =
        Server::with(&[("MAX_STORED_BYTES", "1MiB"), ("MAX_MSG_PER_SECOND", "0"), ("MAX_BYTES_PER_SECOND", "0")]).await;
    let [one, mut other] = pair(&server).await;
    let fill = "x".repeat(50_000);
    for _ in 0..4 {
        other.offer(&*fill).await;
    }
    other.settle().await;
    let memory = one.terminate().await;
    other.hears(json!({"type": "partner-left", "reason": "disconnected"})).await;
    memory.refused(&server, "ended").await;
}

#[tokio::test]
async fn without_a_window_hello_is_answered_and_nothing_is_kept() {
    let server =
        Server::with(&[("RESUME_WINDOW", "0"), ("MAX_MSG_PER_SECOND", "0"), ("MAX_BYTES_PER_SECOND", "0")]).await;
    let (mut one, ready) = begin(open(&server).await, json!({"type": "hello"})).await;
    assert_eq!(ready["features"], json!(["match", "rooms"]));
    for field in ["resumeToken", "resumeWindow", "resumed", "reason"] {
        assert_eq!(ready.get(field), None, "{ready}");
    }
    let resume = json!({"type": "hello", "resume": {"token": "x".repeat(43), "received": 0}});
    let (mut other, ready) = begin(open(&server).await, resume).await;
    assert_eq!((&ready["resumed"], &ready["reason"]), (&json!(false), &json!("unknown")));
    assert_eq!(ready.get("resumeToken"), None, "{ready}");
    for session in [&mut one, &mut other] {
        session.available().await;
    }
    other.matched_with(&one.id).await;
    one.matched_with(&other.id).await;
    for number in 0..600 {
        one.offer(number).await;
        other.hears_offer(&one.id, number).await;
    }
    one.terminate().await;
    other.hears(json!({"type": "partner-left", "reason": "disconnected"})).await;
    assert_eq!(sample(server.address, "meetpoint_sessions_away").await, 0.0);
}

#[tokio::test]
async fn without_a_window_the_words_of_sessions_are_understood_all_the_same() {
    let server = Server::with(&[("RESUME_WINDOW", "0")]).await;
    let mut session = Session::enter(&server).await;
    session.send(json!({"type": "ack", "received": 0})).await;
    session.silence().await;
    session.bye().await;
}

#[tokio::test]
async fn the_server_ends_without_waiting_for_those_who_are_away() {
    let mut server = Server::with(&[("RESUME_WINDOW", "1h"), ("SHUTDOWN_GRACE", "5s")]).await;
    let [one, mut other] = pair(&server).await;
    one.cut(&server).await;
    assert_eq!(other.hear().await["type"], "partner-away");
    server.signal("TERM").await;
    let closed = other.closed().await;
    assert_eq!((closed.code, &*closed.reason), (1001, "shutting down"), "nothing is said of partners that are lost");
    let exit = server.exit(Duration::from_secs(10)).await.expect("the server ends");
    assert_eq!(exit.code(), Some(0));
    server.assert_no_panic();
}
