//! What ends a session, and what only ends its socket.

use std::net::Ipv4Addr;

use serde_json::json;

use crate::session::{Memory, Session, are_away, begin, open, open_from, pair};
use crate::support::chat::Guest;
use crate::support::frame::{self, FIN, TEXT};
use crate::support::metrics::sample;
use crate::support::server::Server;

#[tokio::test]
async fn bye_ends_a_session_at_once() {
    let server = Server::start().await;
    let [one, mut other] = pair(&server).await;
    let memory = one.bye().await;
    other.hears(json!({"type": "partner-left", "reason": "left"})).await;
    other.silence().await;
    memory.refused(&server, "ended").await;
}

#[tokio::test]
async fn what_is_said_behind_bye_is_not_heard() {
    let server = Server::start().await;
    let [mut one, mut other] = pair(&server).await;
    let words = [r#"{"type":"bye"}"#, r#"{"type":"offer","sdp":1}"#].map(frame::text).concat();
    one.write(&words).await.expect("an open connection");
    assert_eq!(one.end().await.code, 1000);
    other.hears(json!({"type": "partner-left", "reason": "left"})).await;
    other.silence().await;
}

#[tokio::test]
async fn a_normal_close_ends_a_session_at_once() {
    let server = Server::start().await;
    for code in [1000, 1001] {
        let [mut one, mut other] = pair(&server).await;
        one.close(code, "").await;
        one.end().await;
        other.hears(json!({"type": "partner-left", "reason": "left"})).await;
        let stranger = one.memory().refused(&server, "ended").await;
        for session in [other, stranger] {
            session.bye().await;
        }
    }
}

#[tokio::test]
async fn any_other_close_is_a_cut() {
    let server = Server::start().await;
    for code in [None, Some(1011), Some(1012), Some(3000), Some(4000), Some(4399), Some(4999)] {
        let [mut one, mut other] = pair(&server).await;
        match code {
            Some(code) => one.close(code, "no reason").await,
            None => one.close_without_code().await,
        }
        one.end().await;
        assert_eq!(other.hear().await["type"], "partner-away", "{code:?}");
        let (one, _) = one.memory().back(&server).await;
        other.hears(json!({"type": "partner-back"})).await;
        one.offer(1).await;
        other.hears_offer(&one.id, 1).await;
        for session in [one, other] {
            session.bye().await;
        }
    }
}

#[tokio::test]
async fn what_is_the_clients_own_fault_ends_its_session() {
    let server = Server::with(&[("REQUEUE_ON_PARTNER_LEAVE", "false")]).await;
    let unmasked = frame::unmasked(FIN | TEXT, b"{}");
    let no_text = frame::masked(FIN | TEXT, b"\xff\xff");
    let garbage = frame::text("?").repeat(101);
    for (bytes, code) in
        [(unmasked, 1002), (no_text, 1007), (frame::header(FIN | TEXT, 1 << 20), 1009), (garbage, 4400)]
    {
        let [mut one, mut other] = pair(&server).await;
        let _ = one.write(&bytes).await;
        assert_eq!(one.end().await.code, code);
        other.hears(json!({"type": "partner-left", "reason": "disconnected"})).await;
        one.memory().refused(&server, "ended").await;
    }
    server.assert_no_panic();
}

#[tokio::test]
async fn a_session_is_gone_from_the_books_when_it_ends() {
    let server = Server::start().await;
    for way in ["bye", "close"] {
        let mut session = Session::enter(&server).await;
        session.available().await;
        session.send(json!({"type": "join", "topic": "t"})).await;
        session.settle().await;
        let before = ["meetpoint_queue_waiting_clients{queue=\"chat\"}", "meetpoint_topic_members"];
        for name in before {
            assert_eq!(sample(server.address, name).await, 1.0, "{name}");
        }
        if way == "bye" {
            session.bye().await;
        } else {
            session.close(1000, "").await;
            session.end().await;
        }
        for name in [before[0], before[1], "meetpoint_topics", "meetpoint_sessions_away"] {
            assert_eq!(sample(server.address, name).await, 0.0, "{name}");
        }
    }
}

#[tokio::test]
async fn tokens_that_were_never_given_are_unknown() {
    let server = Server::start().await;
    let other = Server::start().await;
    let foreign = Session::enter(&other).await.token;
    let own = Session::enter(&server).await.token;
    let mut forged = own.clone().into_bytes();
    forged[0] = if forged[0] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).expect("ASCII");
    let tokens = [
        foreign,
        forged,
        String::new(),
        "x".into(),
        own[..42].to_owned(),
        format!("{own}A"),
        format!("{own}="),
        "A".repeat(43),
        "\u{1f511}".repeat(43),
    ];
    for token in tokens {
        let memory = Memory { id: "nobody".into(), token, received: 0 };
        memory.refused(&server, "unknown").await;
    }
    let peer = open_from(&server, Ipv4Addr::new(127, 0, 0, 2)).await.expect("the upgrade is accepted");
    for token in [json!(1), json!(null), json!(["x"]), json!({})] {
        let peer = open_from(&server, Ipv4Addr::new(127, 0, 0, 3)).await.expect("the upgrade is accepted");
        let (_, ready) = begin(peer, json!({"type": "hello", "resume": {"token": token, "received": 0}})).await;
        assert_eq!((&ready["resumed"], &ready["reason"]), (&json!(false), &json!("unknown")));
    }
    let (_, ready) =
        begin(peer, json!({"type": "hello", "resume": {"token": "x".repeat(60_000), "received": 0}})).await;
    assert_eq!(ready["reason"], "unknown");
}

#[tokio::test]
async fn when_its_window_is_over_a_session_has_expired() {
    let server = Server::with(&[("RESUME_WINDOW", "300ms")]).await;
    let [one, mut other] = pair(&server).await;
    let memory = one.cut(&server).await;
    assert_eq!(other.hear().await["type"], "partner-away");
    other.hears(json!({"type": "partner-left", "reason": "timeout"})).await;
    are_away(&server, 0).await;
    memory.refused(&server, "expired").await;
}

#[tokio::test]
async fn a_plain_partner_is_told_the_same_when_it_is_final() {
    let server = Server::with(&[("RESUME_WINDOW", "300ms")]).await;
    for way in ["bye", "cut"] {
        let mut guest = Guest::join(&server).await;
        let mut session = Session::enter(&server).await;
        guest.available().await;
        session.available().await;
        session.hear().await;
        guest.hear().await;
        let reason = if way == "bye" {
            session.bye().await;
            "left"
        } else {
            session.terminate().await;
            "timeout"
        };
        guest.parted(reason).await;
        guest.silence().await;
    }
}

#[tokio::test]
async fn a_socket_that_goes_before_hello_leaves_nothing() {
    let server = Server::start().await;
    let peer = open(&server).await;
    peer.terminate().await;
    let peer = open(&server).await;
    peer.close(4000, "").await;
    crate::session::reaches(&server, "meetpoint_connections", 0.0).await;
    assert_eq!(sample(server.address, "meetpoint_sessions_away").await, 0.0);
}
