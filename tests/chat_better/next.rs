//! `next`: parting from one stranger and meeting another.

use serde_json::json;

use crate::support::chat::{Guest, matched_in_order, meet, pair, talk};
use crate::support::frame;
use crate::support::server::Server;

#[tokio::test]
async fn next_asks_for_the_next_partner_too() {
    let server = Server::start().await;
    let (mut skipper, mut skipped) = pair(&server).await;
    skipper.say("next").await;
    skipped.parted("next").await;
    let (mut first, mut second) = (Guest::join(&server).await, Guest::join(&server).await);
    first.available().await;
    first.matched_with(&skipped).await;
    second.available().await;
    second.matched_with(&skipper).await;
    skipper.matched_with(&second).await;
    talk(&mut skipper, &mut second).await;
}

#[tokio::test]
async fn the_skipped_guest_is_served_before_the_skipper() {
    let server = Server::start().await;
    let (mut skipper, mut skipped) = pair(&server).await;
    let mut waiting = Guest::join(&server).await;
    waiting.available().await;
    skipper.say("next").await;
    skipped.parted("next").await;
    skipped.matched_with(&waiting).await;
    waiting.matched_with(&skipped).await;
    skipper.silence().await;
}

#[tokio::test]
async fn the_skipper_goes_behind_all_who_wait() {
    let server = Server::start().await;
    // The skipper cannot meet those who wait, who are of its own user; the skipped one can.
    let (mut skipper, mut skipped) = (Guest::join_as(&server, "u").await, Guest::join(&server).await);
    meet(&mut skipper, &mut skipped).await;
    let (mut first, mut second) = (Guest::join_as(&server, "u").await, Guest::join_as(&server, "u").await);
    first.available().await;
    second.available().await;
    skipper.say("next").await;
    skipped.parted("next").await;
    skipped.matched_with(&first).await;
    matched_in_order(&server, [&mut second, &mut skipper]).await;
}

#[tokio::test]
async fn an_available_that_crosses_with_the_match_made_by_next_is_ignored() {
    let server = Server::start().await;
    let (mut skipper, mut skipped) = pair(&server).await;
    let (mut first, mut second) = (Guest::join_as(&server, "u").await, Guest::join_as(&server, "u").await);
    first.available().await;
    second.available().await;
    // An old client's habit: it does not know that next asks for it already.
    let words = [r#"{"type":"next"}"#, r#"{"type":"available"}"#].map(frame::text);
    skipper.write(&words.concat()).await.unwrap();
    skipped.parted("next").await;
    skipped.matched_with(&first).await;
    skipper.matched_with(&second).await;
    second.matched_with(&skipper).await;
    skipper.silence().await;
    talk(&mut skipper, &mut second).await;
}

#[tokio::test]
async fn next_can_be_told_to_leave_the_asking_to_the_client() {
    let server = Server::with(&[("REQUEUE_ON_NEXT", "false")]).await;
    let (mut skipper, mut skipped) = pair(&server).await;
    skipper.say("next").await;
    skipped.parted("next").await;
    let (mut first, mut second) = (Guest::join(&server).await, Guest::join(&server).await);
    first.available().await;
    first.matched_with(&skipped).await;
    second.available().await;
    second.silence().await;
    skipper.available().await;
    skipper.matched_with(&second).await;
}

#[tokio::test]
async fn a_late_frame_reaches_neither_the_skipper_nor_the_next_stranger() {
    let server = Server::with(&[("REQUEUE_ON_PARTNER_LEAVE", "false")]).await;
    let (mut skipper, mut skipped) = pair(&server).await;
    let mut stranger = Guest::join(&server).await;
    stranger.available().await;
    skipper.say("next").await;
    skipper.matched_with(&stranger).await;
    stranger.matched_with(&skipper).await;
    skipped.parted("next").await;
    skipped.send(json!({"type": "ice", "candidate": "late"})).await;
    skipped.refused("NOT_PAIRED").await;
    skipper.silence().await;
    stranger.silence().await;
}

#[tokio::test]
async fn frames_on_their_way_during_next_never_enter_the_next_call() {
    const FRAMES: usize = 200;
    let server = Server::with(&[("REQUEUE_ON_PARTNER_LEAVE", "false")]).await;
    let (mut skipper, mut skipped) = pair(&server).await;
    let mut stranger = Guest::join(&server).await;
    stranger.available().await;
    let flood: Vec<u8> = (0..FRAMES).flat_map(|number| frame::text(&offer(number))).collect();
    let (flooded, ()) = tokio::join!(skipped.write(&flood), skipper.say("next"));
    flooded.unwrap();
    skipped.settle().await;
    stranger.matched_with(&skipper).await;
    stranger.silence().await;
    loop {
        let words = skipper.hear().await;
        if words["type"] == "matched" {
            assert_eq!(words["partnerId"], stranger.id);
            break;
        }
        assert_eq!((&words["type"], &words["from"]), (&json!("offer"), &json!(skipped.id)));
    }
    skipper.silence().await;
}

fn offer(number: usize) -> String {
    json!({"type": "offer", "sdp": number}).to_string()
}
