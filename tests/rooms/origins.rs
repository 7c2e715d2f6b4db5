//! Two applications on one server never meet by accident.

use serde_json::{Value, json};

use crate::support::room::{Member, ids};
use crate::support::server::Server;

const PAGES: [&str; 5] =
    ["https://a.example", "https://b.example", "https://a.example:8443", "http://a.example", "https://A.example"];

/// A member of the same topic from each page, and one from none.
async fn one_of_each(server: &Server) -> Vec<Member> {
    let mut members = Vec::new();
    for page in PAGES {
        members.push(Member::from_page(server, page).await);
    }
    members.push(Member::enter(server).await);
    members
}

#[tokio::test]
async fn members_of_a_topic_meet_within_their_own_origin_only() {
    let server = Server::start().await;
    let mut members = one_of_each(&server).await;
    for member in &mut members {
        let joined = member.join("lobby").await;
        assert_eq!((&joined["peers"], &joined["total"]), (&json!([]), &json!(0)));
    }
    let id = members[0].id.clone();
    for member in &mut members {
        member.publish("lobby", "is anybody there?").await;
        assert_eq!(member.peers("lobby").await["peers"], json!([]));
        assert_eq!(member.topics().await, [("lobby".into(), 1)]);
    }
    for member in &mut members[1..] {
        for topic in [Value::Null, json!("lobby")] {
            let request = json!({"type": "offer", "to": id, "topic": topic, "sdp": 1});
            member.refused_for(request, "TARGET_GONE").await;
        }
        member.silence().await;
    }
    members[0].silence().await;
}

#[tokio::test]
async fn the_same_origin_meets_whatever_another_does() {
    let server = Server::start().await;
    let mut first = one_of_each(&server).await;
    let mut second = one_of_each(&server).await;
    for member in &mut first {
        member.join("lobby").await;
    }
    for (first, second) in first.iter_mut().zip(&mut second) {
        let joined = second.join("lobby").await;
        assert_eq!(ids(&joined), [&first.id]);
        first.hears_arrival("lobby", second).await;
        second.publish("lobby", 1).await;
        first.hears_message("lobby", second, 1).await;
        assert_eq!(first.topics().await, [("lobby".into(), 2)]);
        second.leave("lobby").await;
        first.hears_departure("lobby", &second.id, "left").await;
        second.silence().await;
    }
    for member in &mut first {
        member.silence().await;
    }
}

#[tokio::test]
async fn the_list_of_topics_is_the_origin_s_own() {
    let server = Server::start().await;
    let mut members = one_of_each(&server).await;
    for (number, member) in members.iter_mut().enumerate() {
        member.join(&format!("room {number}")).await;
    }
    for (number, member) in members.iter_mut().enumerate() {
        assert_eq!(member.topics().await, [(format!("room {number}"), 1)]);
        let page = member.ask(json!({"type": "topics", "prefix": "room", "after": "room"})).await;
        assert_eq!(page["topics"].as_array().map(Vec::len), Some(1), "{page}");
    }
}

#[tokio::test]
async fn with_a_global_scope_all_origins_share_their_topics() {
    let server = Server::with(&[("TOPIC_SCOPE", "global")]).await;
    let mut members = one_of_each(&server).await;
    let everybody = members.len();
    for at in 0..everybody {
        let joined = members[at].join("lobby").await;
        assert_eq!(joined["total"], at);
        let (before, newcomer) = members.split_at_mut(at);
        for member in before {
            member.hears_arrival("lobby", &newcomer[0]).await;
        }
    }
    let (speaker, others) = members.split_first_mut().unwrap();
    speaker.publish("lobby", 1).await;
    for member in others {
        member.hears_message("lobby", speaker, 1).await;
        assert_eq!(member.topics().await, [("lobby".into(), everybody as u64)]);
    }
}

#[tokio::test]
async fn partners_of_two_origins_share_no_topic() {
    let server = Server::start().await;
    let mut one = Member::from_page(&server, PAGES[0]).await;
    let mut other = Member::from_page(&server, PAGES[1]).await;
    crate::support::chat::meet(&mut one, &mut other).await;
    one.join("lobby").await;
    other.join("lobby").await;
    one.refused_for(json!({"type": "send", "to": other.id, "topic": "lobby", "data": 1}), "TARGET_GONE").await;
    one.send(json!({"type": "send", "to": other.id, "data": 1})).await;
    other.hears(json!({"type": "message", "from": one.id, "data": 1})).await;
}
