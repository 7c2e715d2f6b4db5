//! The place in the queue of somebody who has lost its socket.

use serde_json::json;

use crate::session::{Memory, Session, are_away, begin, reaches};
use crate::support::chat::Guest;
use crate::support::handshake::Handshake;
use crate::support::proxy::{Manner, Proxy};
use crate::support::resumable::PATH;
use crate::support::server::Server;

const WAITING: &str = "meetpoint_queue_waiting_clients{queue=\"chat\"}";

/// Waits for a partner, loses its socket in this manner, and the server knows.
async fn waits_and_is_cut(server: &Server, manner: Manner) -> (Memory, Proxy) {
    let proxy = Proxy::to(server.address).await;
    let opened = Handshake { path: PATH, ..Handshake::default() }.open(proxy.address).await;
    let (mut session, _) = begin(opened.expect("an upgrade"), json!({"type": "hello"})).await;
    session.available().await;
    proxy.cut(manner).await;
    are_away(server, 1).await;
    (session.memory(), proxy)
}

#[tokio::test]
async fn whoever_is_away_is_not_offered_and_is_matched_first_on_its_return() {
    let server = Server::start().await;
    for manner in [Manner::Reset, Manner::Fin, Manner::HalfFin] {
        let (lost, _proxy) = waits_and_is_cut(&server, manner).await;
        let mut second = Guest::join(&server).await;
        second.available().await;
        second.silence().await;
        let mut third = Guest::join(&server).await;
        third.available().await;
        third.matched_with(&second).await;
        second.matched_with(&third).await;
        let mut fourth = Guest::join(&server).await;
        fourth.available().await;
        fourth.silence().await;

        let (mut lost, _) = lost.back(&server).await;
        lost.matched_with(&fourth.id).await;
        assert_eq!(fourth.hear().await["partnerId"], json!(lost.id));
        lost.offer("met").await;
        assert_eq!(fourth.hear().await["sdp"], "met");
        for guest in [second, third, fourth] {
            guest.say("leave").await;
            guest.terminate().await;
        }
        lost.bye().await;
        reaches(&server, "meetpoint_connections", 0.0).await;
    }
}

/// Of people with one name no two are matched, so that several can wait.
#[tokio::test]
async fn a_place_is_kept_before_those_who_came_later() {
    let server = Server::start().await;
    let mut first = Session::enter(&server).await;
    first.send(json!({"type": "auth", "userId": "one of many"})).await;
    first.available().await;
    let first = first.cut(&server).await;
    let mut later = Vec::new();
    for _ in 0..3 {
        let mut guest = Guest::join_as(&server, "one of many").await;
        guest.available().await;
        later.push(guest);
    }
    let mut stranger = Guest::join(&server).await;
    stranger.available().await;
    stranger.matched_with(&later[0]).await;

    let (mut first, _) = first.back(&server).await;
    first.silence().await;
    let mut stranger = Guest::join(&server).await;
    stranger.available().await;
    first.matched_with(&stranger.id).await;
    stranger.hear().await;
    later[1].silence().await;
}

#[tokio::test]
async fn in_a_black_hole_a_place_is_good_and_the_match_is_heard_on_return() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address).await;
    let opened = Handshake { path: PATH, ..Handshake::default() }.open(proxy.address).await;
    let (mut lost, _) = begin(opened.expect("an upgrade"), json!({"type": "hello"})).await;
    lost.available().await;
    proxy.cut(Manner::BlackHole).await;
    let mut partner = Guest::join(&server).await;
    partner.available().await;
    assert_eq!(partner.hear().await["partnerId"], json!(lost.id), "for all the server knows it is there");
    partner.offer("hello?").await;
    partner.settle().await;
    let (mut lost, _) = lost.memory().back(&server).await;
    lost.matched_with(&partner.id).await;
    lost.hears_offer(&partner.id, "hello?").await;
}

#[tokio::test]
async fn whoever_is_away_waits_no_longer_when_its_window_is_over() {
    let server = Server::with(&[("RESUME_WINDOW", "300ms")]).await;
    let mut session = Session::enter(&server).await;
    session.available().await;
    session.terminate().await;
    reaches(&server, WAITING, 0.0).await;
    are_away(&server, 0).await;
}

#[tokio::test]
async fn two_who_wait_and_are_away_meet_when_both_are_back() {
    let server = Server::start().await;
    let mut first = Session::enter(&server).await;
    first.available().await;
    let first = first.cut(&server).await;
    let mut second = Session::enter(&server).await;
    second.available().await;
    let second = second.terminate().await;
    are_away(&server, 2).await;
    let (mut second, _) = second.back(&server).await;
    second.silence().await;
    let (mut first, _) = first.back(&server).await;
    first.matched_with(&second.id).await;
    second.matched_with(&first.id).await;
}

#[tokio::test]
async fn whose_partner_goes_while_it_is_away_waits_again_and_is_matched_on_return() {
    let server = Server::start().await;
    let [one, mut other] = crate::session::pair(&server).await;
    let lost = one.cut(&server).await;
    other.hear().await;
    other.say("leave").await;
    other.settle().await;
    let mut newcomer = Guest::join(&server).await;
    newcomer.available().await;
    newcomer.silence().await;
    let (mut lost, _) = lost.back(&server).await;
    lost.hears(json!({"type": "partner-left", "reason": "left"})).await;
    lost.matched_with(&newcomer.id).await;
    assert_eq!(newcomer.hear().await["partnerId"], json!(lost.id));
    lost.offer(1).await;
    assert_eq!(newcomer.hear().await["sdp"], 1);
    other.silence().await;
}
