//! What is published reaches every other member, as it was written and in one order.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::frame;
use crate::support::room::{Member, NOBODY, fields, room};
use crate::support::server::Server;

#[tokio::test]
async fn every_other_member_hears_it_and_nobody_else() {
    let server = Server::start().await;
    let [mut speaker, mut one, mut other] = room(&server, "t").await;
    let [mut elsewhere] = room(&server, "elsewhere").await;
    speaker.join("second").await;
    speaker.publish("t", json!({"text": "hello"})).await;
    for member in [&mut one, &mut other] {
        member.hears_message("t", &speaker, json!({"text": "hello"})).await;
        member.silence().await;
    }
    elsewhere.silence().await;
    speaker.silence().await;
}

#[tokio::test]
async fn data_arrives_as_it_was_written_and_is_absent_where_there_was_none() {
    let server = Server::start().await;
    let [speaker, mut one] = room(&server, "t").await;
    for data in [r#"{"b":1, "a" : 2,"b":3}"#, "1e400", "-0", "null", r#""\ud800""#, r#"["👋🏽",	{}]"#, "false", r#""""#]
    {
        speaker.send_text(&format!(r#"{{"data":{data},"type":"publish","topic":"t"}}"#)).await;
        let heard = one.hear_text().await;
        let heard_fields = fields(&heard);
        assert_eq!(heard_fields["data"].get(), data, "{heard}");
        assert_eq!(heard_fields["type"].get(), r#""message""#);
    }
    speaker.send(json!({"type": "publish", "topic": "t"})).await;
    one.hears(json!({"type": "message", "topic": "t", "from": speaker.id})).await;
    speaker.send(json!({"type": "publish", "topic": "t", "data": 1, "from": NOBODY, "to": NOBODY, "x": 2})).await;
    one.hears_message("t", &speaker, 1).await;
}

#[tokio::test]
async fn whoever_is_alone_speaks_to_nobody_and_hears_nothing() {
    let server = Server::start().await;
    let [mut alone] = room(&server, "t").await;
    alone.publish("t", 1).await;
    alone.silence().await;
}

#[tokio::test]
async fn only_members_publish() {
    let server = Server::start().await;
    let [mut member, mut goes] = room(&server, "t").await;
    goes.leave("t").await;
    member.hears_departure("t", &goes.id, "left").await;
    let mut outsider = Member::enter(&server).await;
    for stranger in [&mut goes, &mut outsider] {
        stranger.refused_for(json!({"type": "publish", "topic": "t", "data": 1, "ref": "p"}), "NOT_IN_TOPIC").await;
        stranger.refused_for(json!({"type": "publish", "topic": "empty", "data": 1}), "NOT_IN_TOPIC").await;
    }
    member.silence().await;
    assert_eq!(member.topics().await, [("t".into(), 1)], "publishing makes no room");
}

#[tokio::test]
async fn a_newcomer_hears_all_that_comes_after_it_and_nothing_from_before() {
    let server = Server::start().await;
    let [speaker, mut listener] = room(&server, "t").await;
    speaker.publish("t", "before").await;
    listener.hears_message("t", &speaker, "before").await;
    let mut newcomer = Member::enter(&server).await;
    newcomer.join("t").await;
    listener.hears_arrival("t", &newcomer).await;
    speaker.publish("t", "after").await;
    newcomer.hears_message("t", &speaker, "after").await;
    newcomer.silence().await;
}

/// Ten speak at once, as fast as they can. What two of them hear of all the others comes in the same order.
#[tokio::test]
async fn all_members_hear_everything_in_the_same_order() {
    const SPEAKERS: usize = 10;
    const EACH: usize = 50;
    let server = Server::with(&[("MAX_MSG_PER_SECOND", "0"), ("MAX_BYTES_PER_SECOND", "0")]).await;
    let mut members: [Member; SPEAKERS + 2] = room(&server, "t").await;
    let frames = (0..EACH).map(|number| json!({"type": "publish", "topic": "t", "data": number}).to_string());
    let speech: Vec<u8> = frames.flat_map(|words| frame::text(&words)).collect();
    for spoken in join_all(members[..SPEAKERS].iter().map(|member| member.write(&speech))).await {
        spoken.expect("the server keeps the connection");
    }
    let mut heard: Vec<Vec<(String, u64)>> = Vec::new();
    for (at, member) in members.iter_mut().enumerate() {
        let expected = EACH * if at < SPEAKERS { SPEAKERS - 1 } else { SPEAKERS };
        let mut messages = Vec::with_capacity(expected);
        for _ in 0..expected {
            let frame = member.hear().await;
            messages.push(message(&frame));
        }
        member.silence().await;
        heard.push(messages);
    }
    let everything = heard.last().unwrap();
    for (at, member) in members.iter().enumerate() {
        let without_own: Vec<_> = everything.iter().filter(|(from, _)| *from != member.id).cloned().collect();
        assert_eq!(heard[at], without_own, "what member {at} heard");
        let own: Vec<_> = everything.iter().filter(|(from, _)| *from == member.id).map(|(_, number)| *number).collect();
        let said = if at < SPEAKERS { EACH as u64 } else { 0 };
        assert_eq!(own, (0..said).collect::<Vec<_>>(), "what member {at} said");
    }
}

fn message(frame: &Value) -> (String, u64) {
    assert_eq!((&frame["type"], &frame["topic"]), (&json!("message"), &json!("t")), "{frame}");
    let from = frame["from"].as_str().expect("a sender");
    (from.to_owned(), frame["data"].as_u64().expect("a number"))
}
