//! A session that is taken over from a socket that still seems to live.

use std::net::Ipv4Addr;

use serde_json::json;

use crate::session::{Session, open, open_from, pair};
use crate::support::handshake::Handshake;
use crate::support::metrics::sample;
use crate::support::proxy::{Manner, Proxy};
use crate::support::resumable::PATH;
use crate::support::server::Server;

#[tokio::test]
async fn the_socket_before_is_closed_at_once_and_the_partner_hears_nothing() {
    let server = Server::start().await;
    let [mut before, mut partner] = pair(&server).await;
    partner.offer("to the first").await;
    before.hears_offer(&partner.id, "to the first").await;
    let (mut after, had) = before.memory().back(&server).await;
    assert_eq!(had, 1);
    let closed = before.end().await;
    assert_eq!((closed.code, &*closed.reason), (4409, "replaced"));
    partner.offer("to the second").await;
    after.hears_offer(&partner.id, "to the second").await;
    after.offer("from the second").await;
    partner.hears_offer(&after.id, "from the second").await;
    partner.silence().await;
    assert_eq!(sample(server.address, r#"meetpoint_connections_closed_total{reason="replaced"}"#).await, 1.0);
    assert_eq!(sample(server.address, "meetpoint_sessions_away").await, 0.0);
}

#[tokio::test]
async fn what_the_socket_before_still_says_is_not_heard() {
    let server = Server::start().await;
    let [before, mut partner] = pair(&server).await;
    let (mut after, had) = before.memory().back(&server).await;
    assert_eq!(had, 1);
    for number in 0..10 {
        // The server may have hung up.
        let _ = before.write(&crate::support::frame::text(&json!({"type": "offer", "sdp": number}).to_string())).await;
    }
    after.offer("mine").await;
    partner.hears_offer(&after.id, "mine").await;
    partner.silence().await;
    after.settle().await;
    let (_, had) = after.memory().back(&server).await;
    assert_eq!(had, 2, "only what the session heard was counted");
}

#[tokio::test]
async fn nothing_is_lost_to_a_socket_before_that_no_longer_reads() {
    const OFFERS: usize = 100;
    let server =
        Server::with(&[("MAX_MSG_PER_SECOND", "0"), ("MAX_BYTES_PER_SECOND", "0"), ("RESUME_MAX_BYTES", "16MiB")])
            .await;
    let [before, mut partner] = pair(&server).await;
    before.pause();
    let fill = "x".repeat(4096);
    for number in 0..OFFERS {
        partner.offer(json!([number, fill])).await;
    }
    partner.settle().await;
    let (mut after, _) = before.memory().back(&server).await;
    for number in 0..OFFERS {
        after.hears_offer(&partner.id, json!([number, fill])).await;
    }
    after.silence().await;
    partner.silence().await;
}

#[tokio::test]
async fn coming_back_from_a_black_hole_loses_nothing() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address).await;
    let mut partner = Session::enter(&server).await;
    let through = Handshake { path: PATH, ..Handshake::default() }.open(proxy.address).await;
    let (mut lost, _) = crate::session::begin(through.expect("an upgrade"), json!({"type": "hello"})).await;
    for session in [&mut partner, &mut lost] {
        session.available().await;
        session.say("ping").await;
    }
    for session in [&mut partner, &mut lost] {
        while session.heard().await.is_empty() {}
        session.settle().await;
    }
    proxy.cut(Manner::BlackHole).await;
    for number in 0..5 {
        partner.offer(number).await;
    }
    partner.settle().await;
    let (mut back, _) = lost.memory().back(&server).await;
    let mut offers = Vec::new();
    while offers.len() < 5 {
        let heard = back.hear().await;
        if heard["type"] == "offer" {
            offers.push(heard["sdp"].clone());
        }
    }
    assert_eq!(offers, [0, 1, 2, 3, 4]);
    back.offer("back").await;
    partner.hears_offer(&back.id, "back").await;
}

#[tokio::test]
async fn a_session_can_be_taken_over_many_times_in_a_row() {
    let server = Server::start().await;
    let [one, mut partner] = pair(&server).await;
    let mut sessions = vec![one];
    for round in 0..50 {
        partner.offer(round).await;
        let last = sessions.last().expect("one at least").memory();
        let (mut next, _) = last.back(&server).await;
        next.hears_offer(&partner.id, round).await;
        next.offer(round).await;
        partner.hears_offer(&next.id, round).await;
        sessions.push(next);
    }
    let mut last = sessions.pop().expect("one at least");
    for mut replaced in sessions {
        assert_eq!(replaced.end().await.code, 4409);
    }
    last.silence().await;
    partner.silence().await;
}

#[tokio::test]
async fn a_session_comes_back_from_another_address() {
    let server = Server::start().await;
    let [one, mut partner] = pair(&server).await;
    let memory = one.cut(&server).await;
    partner.hear().await;
    let elsewhere = open_from(&server, Ipv4Addr::new(127, 0, 0, 9)).await.expect("an upgrade");
    let (one, _) = memory.back_over(elsewhere).await;
    partner.hears(json!({"type": "partner-back"})).await;
    one.offer(1).await;
    partner.hears_offer(&one.id, 1).await;
}

/// The successor's socket may be lost as well, before it has heard anything.
#[tokio::test]
async fn a_successor_that_is_cut_at_once_leaves_the_session_away() {
    let server = Server::start().await;
    let [mut before, mut partner] = pair(&server).await;
    let memory = before.memory();
    let after = open(&server).await;
    after.send(memory.hello()).await;
    after.terminate().await;
    assert_eq!(before.end().await.code, 4409);
    assert_eq!(partner.hear().await["type"], "partner-away");
    let (mut back, _) = memory.back(&server).await;
    partner.hears(json!({"type": "partner-back"})).await;
    back.silence().await;
}
