//! Who is matched with whom, and what both are told.

use serde_json::json;

use crate::support::chat::{Guest, matched_in_order, meet, pair, talk};
use crate::support::frame::{self, FIN, TEXT};
use crate::support::handshake::Handshake;
use crate::support::peer::Manners;
use crate::support::server::Server;

#[tokio::test]
async fn a_requeue_setting_understands_every_spelling_of_yes_and_no() {
    for (spelling, requeued) in
        [("TRUE", true), ("yes", true), ("1", true), ("False", false), ("NO", false), ("0", false)]
    {
        let server = Server::with(&[("REQUEUE_ON_PARTNER_LEAVE", spelling)]).await;
        let (mut leaver, mut abandoned) = pair(&server).await;
        leaver.say("leave").await;
        abandoned.parted("left").await;
        let mut newcomer = Guest::join(&server).await;
        newcomer.available().await;
        if requeued {
            newcomer.matched_with(&abandoned).await;
            abandoned.matched_with(&newcomer).await;
        } else {
            newcomer.silence().await;
            abandoned.silence().await;
        }
        leaver.silence().await;
    }
}

#[tokio::test]
async fn two_abandoned_guests_are_matched_with_each_other_at_once() {
    let server = Server::start().await;
    let (a, mut b) = pair(&server).await;
    let (mut c, mut d) = pair(&server).await;
    a.terminate().await;
    b.parted("disconnected").await;
    b.silence().await;
    c.say("leave").await;
    d.parted("left").await;
    d.matched_with(&b).await;
    b.matched_with(&d).await;
    talk(&mut b, &mut d).await;
    c.silence().await;
}

#[tokio::test]
async fn an_abandoned_guest_and_a_waiting_one_are_matched_at_once() {
    let server = Server::start().await;
    let (leaver, mut abandoned) = pair(&server).await;
    let mut waiting = Guest::join(&server).await;
    waiting.available().await;
    waiting.silence().await;
    leaver.terminate().await;
    abandoned.parted("disconnected").await;
    abandoned.matched_with(&waiting).await;
    waiting.matched_with(&abandoned).await;
    talk(&mut abandoned, &mut waiting).await;
}

#[tokio::test]
async fn who_waited_longest_is_matched_first_whoever_connected_first() {
    let server = Server::start().await;
    // Guests of one user never meet each other, so that several can wait.
    let mut early = Guest::join_as(&server, "u").await;
    let mut middle = Guest::join_as(&server, "u").await;
    let mut late = Guest::join_as(&server, "u").await;
    late.available().await;
    early.available().await;
    middle.available().await;
    matched_in_order(&server, [&mut late, &mut early, &mut middle]).await;
}

#[tokio::test]
async fn an_abandoned_guest_goes_before_all_who_wait() {
    let server = Server::start().await;
    let (mut abandoned, mut leaver) = (Guest::join_as(&server, "u").await, Guest::join(&server).await);
    meet(&mut abandoned, &mut leaver).await;
    let mut waiting = Guest::join_as(&server, "u").await;
    waiting.available().await;
    leaver.say("leave").await;
    abandoned.parted("left").await;
    abandoned.silence().await;
    let mut newcomer = Guest::join(&server).await;
    newcomer.available().await;
    newcomer.matched_with(&abandoned).await;
    waiting.silence().await;
}

#[tokio::test]
async fn asking_again_keeps_the_place_in_the_queue() {
    let server = Server::start().await;
    let mut first = Guest::join_as(&server, "u").await;
    let mut second = Guest::join_as(&server, "u").await;
    first.available().await;
    second.available().await;
    first.available().await;
    first.silence().await;
    let mut newcomer = Guest::join(&server).await;
    newcomer.available().await;
    newcomer.matched_with(&first).await;
    second.silence().await;
}

#[tokio::test]
async fn one_user_on_two_devices_never_meets_themself() {
    let server = Server::start().await;
    let (mut phone, mut laptop) = (Guest::join_as(&server, "u").await, Guest::join_as(&server, "u").await);
    phone.available().await;
    laptop.available().await;
    phone.silence().await;
    laptop.silence().await;
    matched_in_order(&server, [&mut phone, &mut laptop]).await;
}

#[tokio::test]
async fn guests_without_a_user_are_not_taken_for_one() {
    let server = Server::start().await;
    let (mut one, mut other) = (Guest::join(&server).await, Guest::join(&server).await);
    for guest in [&one, &other] {
        guest.say("auth").await;
        guest.send(json!({"type": "auth", "userId": null})).await;
    }
    meet(&mut one, &mut other).await;
}

#[tokio::test]
async fn exactly_one_side_makes_the_offer_and_not_the_one_that_waited() {
    let server = Server::start().await;
    let (mut waited, mut came) = (Guest::join(&server).await, Guest::join(&server).await);
    waited.available().await;
    came.available().await;
    assert_eq!(came.matched_with(&waited).await["initiator"], true);
    assert_eq!(waited.matched_with(&came).await["initiator"], false);
}

#[tokio::test]
async fn an_abandoned_guest_makes_the_offer_to_one_who_waited_longer() {
    let server = Server::start().await;
    let (leaver, mut abandoned) = pair(&server).await;
    let mut waited = Guest::join(&server).await;
    waited.available().await;
    leaver.terminate().await;
    abandoned.parted("disconnected").await;
    let sides = [abandoned.matched_with(&waited).await, waited.matched_with(&abandoned).await];
    assert_eq!(sides[0]["roomId"], sides[1]["roomId"]);
    assert_ne!(sides[0]["initiator"], sides[1]["initiator"], "{sides:?}");
}

#[tokio::test]
async fn a_match_names_the_partner_s_user_when_there_is_one() {
    let server = Server::start().await;
    let (mut known, mut unknown) = (Guest::join_as(&server, "ada").await, Guest::join(&server).await);
    known.available().await;
    unknown.available().await;
    assert_eq!(unknown.matched_with(&known).await["partnerUserId"], "ada");
    assert_eq!(known.matched_with(&unknown).await.get("partnerUserId"), None);
}

#[tokio::test]
async fn a_slow_farewell_after_an_error_leaves_the_next_pair_alone() {
    let server = Server::start().await;
    let manners = Manners { answers_close: false, ..Manners::default() };
    let mut culprit = Guest::enter(&server, Handshake { manners, ..Handshake::default() }).await;
    let mut partner = Guest::join(&server).await;
    meet(&mut culprit, &mut partner).await;
    let invalid_utf8 = frame::masked(FIN | TEXT, b"{\"type\":\"offer\",\"sdp\":\"\xff\"}");
    culprit.write(&invalid_utf8).await.unwrap();
    partner.parted("disconnected").await;
    let mut next = Guest::join(&server).await;
    next.available().await;
    next.matched_with(&partner).await;
    partner.matched_with(&next).await;
    assert_eq!(culprit.closed().await.code, 1007);
    culprit.close(1007, "").await;
    culprit.terminate().await;
    talk(&mut next, &mut partner).await;
    partner.silence().await;
    next.silence().await;
}
