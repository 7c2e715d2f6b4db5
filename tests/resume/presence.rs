//! What others hear of somebody who has lost its socket.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::session::{Session, pair};
use crate::support::chat::Guest;
use crate::support::room::Member;
use crate::support::server::Server;

/// What clocks and a busy machine may take, in milliseconds.
const TOLERANCE: u64 = 5_000;

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_millis() as u64
}

/// Takes the moment out of a frame, which must be the end of a window that has just begun.
fn until(frame: &mut Value, window: u64) -> u64 {
    let until = frame.as_object_mut().and_then(|fields| fields.remove("until")).and_then(|until| until.as_u64());
    let until = until.unwrap_or_else(|| panic!("no moment in {frame}"));
    let now = now();
    assert!(until <= now + window + 1 && until + TOLERANCE > now + window, "{until} is not {window} ms from {now}");
    until
}

async fn join(session: &mut Session, topic: &str) -> Value {
    session.send(json!({"type": "join", "topic": topic})).await;
    session.hear().await
}

#[tokio::test]
async fn a_partner_hears_of_every_going_and_coming_and_until_when() {
    let server = Server::with(&[("RESUME_WINDOW", "100s")]).await;
    let [mut one, mut other] = pair(&server).await;
    let mut last = 0;
    for _ in 0..3 {
        let memory = one.cut(&server).await;
        let mut away = other.hear().await;
        let until = until(&mut away, 100_000);
        assert!(until >= last, "each window begins anew");
        last = until;
        assert_eq!(away, json!({"type": "partner-away"}));
        one = memory.back(&server).await.0;
        other.hears(json!({"type": "partner-back"})).await;
    }
    one.silence().await;
    other.silence().await;
}

#[tokio::test]
async fn a_plain_partner_hears_nothing_and_what_it_says_is_kept() {
    let server = Server::start().await;
    let mut guest = Guest::join(&server).await;
    let mut session = Session::enter(&server).await;
    guest.available().await;
    session.available().await;
    session.matched_with(&guest.id).await;
    guest.hear().await;
    let memory = session.cut(&server).await;
    guest.offer("meanwhile").await;
    guest.silence().await;
    let (mut session, _) = memory.back(&server).await;
    session.hears_offer(&guest.id, "meanwhile").await;
    guest.silence().await;
}

#[tokio::test]
async fn members_hear_of_it_in_every_topic_if_they_can_come_back_themselves() {
    let server = Server::start().await;
    let mut lost = Session::enter(&server).await;
    let mut both = Session::enter(&server).await;
    let mut one = Session::enter(&server).await;
    let mut plain = Member::enter(&server).await;
    for topic in ["a", "b"] {
        join(&mut lost, topic).await;
        join(&mut both, topic).await;
        lost.hear().await;
    }
    join(&mut one, "b").await;
    plain.join("b").await;
    for (session, heard) in [(&mut lost, 2), (&mut both, 2), (&mut one, 1)] {
        for _ in 0..heard {
            assert_eq!(session.hear().await["type"], "peer-joined");
        }
    }
    let memory = lost.cut(&server).await;
    let away = |topic: &str| json!({"type": "peer-away", "topic": topic, "clientId": memory.id});
    let mut heard = [both.hear().await, both.hear().await];
    for frame in &mut heard {
        until(frame, 30_000);
    }
    assert!(heard == [away("a"), away("b")] || heard == [away("b"), away("a")], "{heard:?}");
    let mut heard = one.hear().await;
    until(&mut heard, 30_000);
    assert_eq!(heard, away("b"));
    plain.silence().await;

    plain.publish("b", "meanwhile").await;
    for session in [&mut both, &mut one] {
        assert_eq!(session.hear().await["data"], "meanwhile");
    }
    let (mut lost, _) = memory.back(&server).await;
    lost.hears(json!({"type": "message", "topic": "b", "from": plain.id, "data": "meanwhile"})).await;
    let back = |topic: &str| json!({"type": "peer-back", "topic": topic, "clientId": memory.id});
    let heard = [both.hear().await, both.hear().await];
    assert!(heard == [back("a"), back("b")] || heard == [back("b"), back("a")], "{heard:?}");
    one.hears(back("b")).await;
    plain.silence().await;
    let listed = plain.peers("b").await;
    assert_eq!(listed["total"], 3, "whoever is away is a member");
}

#[tokio::test]
async fn a_topic_is_kept_by_a_member_who_is_away() {
    let server = Server::start().await;
    let mut lost = Session::enter(&server).await;
    join(&mut lost, "t").await;
    let memory = lost.cut(&server).await;
    let mut newcomer = Session::enter(&server).await;
    let joined = join(&mut newcomer, "t").await;
    assert_eq!(joined["peers"][0]["clientId"], json!(memory.id));
    newcomer.send(json!({"type": "ice", "to": memory.id, "candidate": 1})).await;
    newcomer.send(json!({"type": "send", "to": memory.id, "topic": "t", "data": 2})).await;
    newcomer.silence().await;
    let (mut lost, _) = memory.back(&server).await;
    assert_eq!(lost.hear().await["type"], "peer-joined");
    lost.hears(json!({"type": "ice", "from": newcomer.id, "candidate": 1})).await;
    lost.hears(json!({"type": "message", "topic": "t", "from": newcomer.id, "data": 2})).await;
}

#[tokio::test]
async fn when_it_is_final_all_members_are_told_once() {
    let server = Server::with(&[("RESUME_WINDOW", "300ms")]).await;
    let mut lost = Session::enter(&server).await;
    let mut session = Session::enter(&server).await;
    let mut plain = Member::enter(&server).await;
    for member in [&mut lost, &mut session] {
        join(member, "t").await;
    }
    lost.hear().await;
    plain.join("t").await;
    for member in [&mut lost, &mut session] {
        member.hear().await;
    }
    let id = lost.terminate().await.id;
    let left = json!({"type": "peer-left", "topic": "t", "clientId": id, "reason": "timeout"});
    assert_eq!(session.hear().await["type"], "peer-away");
    session.hears(left.clone()).await;
    plain.hears(left).await;
    session.silence().await;
    plain.silence().await;
}

#[tokio::test]
async fn who_shares_a_match_and_a_topic_hears_of_both() {
    let server = Server::start().await;
    let [mut one, mut other] = pair(&server).await;
    for session in [&mut one, &mut other] {
        join(session, "t").await;
    }
    one.hear().await;
    let memory = one.cut(&server).await;
    let mut heard = [other.hear().await, other.hear().await];
    heard.sort_by_key(|frame| frame["type"].to_string());
    assert_eq!([&heard[0]["type"], &heard[1]["type"]], ["partner-away", "peer-away"]);
    memory.back(&server).await;
    let mut heard = [other.hear().await, other.hear().await];
    heard.sort_by_key(|frame| frame["type"].to_string());
    assert_eq!([&heard[0]["type"], &heard[1]["type"]], ["partner-back", "peer-back"]);
}

#[tokio::test]
async fn two_who_are_both_away_hear_all_of_it_when_they_return() {
    let server = Server::start().await;
    let [one, other] = pair(&server).await;
    let one = one.cut(&server).await;
    let other = other.terminate().await;
    crate::session::are_away(&server, 2).await;
    let (one, _) = one.back(&server).await;
    let (mut other, _) = other.back(&server).await;
    assert_eq!(other.hear().await["type"], "partner-away");
    other.hears(json!({"type": "partner-back"})).await;
    let mut one = one;
    assert_eq!(one.hear().await["type"], "partner-away");
    one.hears(json!({"type": "partner-back"})).await;
    one.offer(1).await;
    other.hears_offer(&one.id, 1).await;
}

#[tokio::test]
async fn a_partner_who_goes_on_while_one_is_away_is_gone_when_one_returns() {
    let server = Server::with(&[("REQUEUE_ON_PARTNER_LEAVE", "false"), ("REQUEUE_ON_NEXT", "false")]).await;
    for (kind, reason) in [("next", "next"), ("leave", "left"), ("bye", "left")] {
        let [one, mut other] = pair(&server).await;
        let memory = one.cut(&server).await;
        assert_eq!(other.hear().await["type"], "partner-away");
        other.say(kind).await;
        if kind != "bye" {
            other.settle().await;
        }
        let (mut one, _) = memory.back(&server).await;
        one.hears(json!({"type": "partner-left", "reason": reason})).await;
        one.offer(1).await;
        one.refused("NOT_PAIRED").await;
        one.bye().await;
        if kind != "bye" {
            other.silence().await;
            other.bye().await;
        }
    }
}
