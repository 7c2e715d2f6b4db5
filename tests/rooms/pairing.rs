//! Rooms and pairing on one socket: neither knows of the other.

use serde_json::json;

use crate::support::chat::{meet, talk};
use crate::support::room::{Member, room};
use crate::support::server::Server;

#[tokio::test]
async fn members_of_a_topic_are_paired_like_anybody_else_and_stay_members() {
    let server = Server::start().await;
    let [mut one, mut other] = room(&server, "t").await;
    meet(&mut one, &mut other).await;
    talk(&mut one, &mut other).await;
    one.publish("t", 1).await;
    other.hears_message("t", &one, 1).await;
    // The pair is parted, the room is not.
    one.say("leave").await;
    other.parted("left").await;
    one.offer("nobody").await;
    one.refused("NOT_PAIRED").await;
    one.publish("t", 2).await;
    other.hears_message("t", &one, 2).await;
    one.send(json!({"type": "offer", "to": other.id, "sdp": 3})).await;
    other.hears(json!({"type": "offer", "from": one.id, "sdp": 3})).await;
}

#[tokio::test]
async fn who_waits_for_a_partner_goes_on_waiting_whatever_it_does_in_rooms() {
    let server = Server::start().await;
    let mut waiting = Member::enter(&server).await;
    waiting.available().await;
    waiting.join("t").await;
    waiting.join_as("t", json!(1)).await;
    waiting.publish("t", 1).await;
    waiting.leave("t").await;
    waiting.refused_for(json!({"type": "leave", "topic": "t"}), "NOT_IN_TOPIC").await;
    let mut newcomer = Member::enter(&server).await;
    newcomer.available().await;
    newcomer.matched_with(&waiting).await;
    waiting.matched_with(&newcomer).await;
}

#[tokio::test]
async fn leaving_the_room_leaves_the_pair_alone() {
    let server = Server::start().await;
    let [mut one, mut other] = room(&server, "t").await;
    meet(&mut one, &mut other).await;
    one.leave("t").await;
    other.hears_departure("t", &one.id, "left").await;
    talk(&mut one, &mut other).await;
    one.send(json!({"type": "ice", "to": other.id, "candidate": 1})).await;
    other.hears(json!({"type": "ice", "from": one.id, "candidate": 1})).await;
}

#[tokio::test]
async fn leave_without_a_topic_is_the_pairing_s() {
    let server = Server::start().await;
    let [mut one, mut other] = room(&server, "t").await;
    for nothing in [json!({"type": "leave"}), json!({"type": "leave", "topic": null})] {
        one.send(nothing).await;
        one.silence().await;
        other.silence().await;
    }
    assert_eq!(one.topics().await, [("t".into(), 2)]);
}

#[tokio::test]
async fn next_parts_the_pair_and_keeps_the_rooms() {
    let server = Server::start().await;
    let [mut one, mut other] = room(&server, "t").await;
    meet(&mut one, &mut other).await;
    one.say("next").await;
    other.parted("next").await;
    other.publish("t", 1).await;
    one.hears_message("t", &other, 1).await;
}

#[tokio::test]
async fn without_to_a_description_goes_to_the_partner_and_not_to_the_room() {
    let server = Server::start().await;
    let [mut one, mut other] = room(&server, "t").await;
    let mut partner = Member::enter(&server).await;
    meet(&mut partner, &mut one).await;
    one.offer("for the partner").await;
    partner.hears_offer(&one, "for the partner").await;
    other.silence().await;
    // Towards a member and towards the partner at the same time.
    one.send(json!({"type": "offer", "to": other.id, "topic": "t", "sdp": "for the member"})).await;
    other.hears(json!({"type": "offer", "topic": "t", "from": one.id, "sdp": "for the member"})).await;
    partner.silence().await;
    other.offer("nobody").await;
    other.refused("NOT_PAIRED").await;
}

#[tokio::test]
async fn a_partner_that_dies_is_missed_in_the_pair_and_in_the_room() {
    let server = Server::start().await;
    let [mut one, mut other] = room(&server, "t").await;
    meet(&mut one, &mut other).await;
    let id = one.id.clone();
    one.terminate().await;
    let mut heard = [other.hear().await, other.hear().await];
    heard.sort_by_key(|frame| frame["type"].to_string());
    let parted = json!({"type": "partner-left", "reason": "disconnected"});
    let left = json!({"type": "peer-left", "topic": "t", "clientId": id, "reason": "disconnected"});
    assert_eq!(heard, [parted, left]);
    other.silence().await;
}
