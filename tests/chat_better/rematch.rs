//! The same two again: not soon, and not while somebody else is there.

use std::time::{Duration, Instant};

use crate::support::chat::{Guest, meet, pair};
use crate::support::server::Server;

const BY_REQUEST: [(&str, &str); 2] = [("REQUEUE_ON_NEXT", "false"), ("REQUEUE_ON_PARTNER_LEAVE", "false")];

#[tokio::test]
async fn a_pair_that_parted_does_not_meet_again_at_once() {
    let server = Server::start().await;
    let (mut one, mut other) = pair(&server).await;
    one.say("next").await;
    other.parted("next").await;
    one.available().await;
    other.available().await;
    one.silence().await;
    other.silence().await;
}

#[tokio::test]
async fn a_pair_that_parted_meets_again_after_the_cooldown_when_nobody_else_is_there() {
    let server = Server::with(&[("REMATCH_COOLDOWN", "300ms")]).await;
    let (mut one, mut other) = pair(&server).await;
    let parting = Instant::now();
    one.say("next").await;
    other.parted("next").await;
    other.matched_with(&one).await;
    one.matched_with(&other).await;
    assert!(parting.elapsed() >= Duration::from_millis(300), "met again after {:?}", parting.elapsed());
}

#[tokio::test]
async fn somebody_else_goes_before_the_old_partner() {
    let server = Server::with(&[("REMATCH_COOLDOWN", "0"), BY_REQUEST[0], BY_REQUEST[1]]).await;
    let (mut one, mut other) = (Guest::join_as(&server, "u").await, Guest::join(&server).await);
    meet(&mut one, &mut other).await;
    one.say("leave").await;
    other.parted("left").await;
    // Of the same user, so that both wait: the old partner longer.
    let mut stranger = Guest::join_as(&server, "u").await;
    one.available().await;
    stranger.available().await;
    other.available().await;
    other.matched_with(&stranger).await;
    one.silence().await;
}

#[tokio::test]
async fn without_a_cooldown_the_old_partner_is_better_than_nobody() {
    let server = Server::with(&[("REMATCH_COOLDOWN", "0")]).await;
    let (mut one, mut other) = pair(&server).await;
    one.say("next").await;
    other.parted("next").await;
    other.matched_with(&one).await;
    one.matched_with(&other).await;
}

#[tokio::test]
async fn only_the_last_partners_are_remembered() {
    for (memory, remembered) in [("1", false), ("3", true)] {
        let server =
            Server::with(&[("REMATCH_COOLDOWN", "1h"), ("REMATCH_MEMORY", memory), BY_REQUEST[0], BY_REQUEST[1]]).await;
        let (mut one, mut other) = pair(&server).await;
        one.say("leave").await;
        other.parted("left").await;
        for guest in [&mut one, &mut other] {
            let mut passer_by = Guest::join(&server).await;
            meet(guest, &mut passer_by).await;
            passer_by.say("leave").await;
            guest.parted("left").await;
        }
        one.available().await;
        other.available().await;
        if remembered {
            one.silence().await;
            other.silence().await;
        } else {
            other.matched_with(&one).await;
            one.matched_with(&other).await;
        }
    }
}
