//! Offers, answers, candidates and messages to one: only between those who share a topic or are partners.

use serde_json::{Value, json};

use crate::support::chat::meet;
use crate::support::room::{Member, NOBODY, fields, room};
use crate::support::server::Server;

/// Payloads that must arrive as they were written.
const PAYLOADS: [&str; 10] = [
    r#""v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n""#,
    r#"{"b":1, "a" : 2,"b":3}"#,
    r#"{"from":"somebody else","type":"answer","topic":"x"}"#,
    "1e400",
    "-0",
    "1.0",
    "null",
    r#""\ud800""#,
    r#""\u0000\u2028\/\u0041""#,
    r#""é 👋🏽""#,
];

/// Every frame that goes to one client, with the name of its payload.
const DIRECTED: [(&str, &str); 4] = [("offer", "sdp"), ("answer", "sdp"), ("ice", "candidate"), ("send", "data")];

/// What a directed frame is called where it arrives.
fn heard_as(kind: &str) -> &str {
    if kind == "send" { "message" } else { kind }
}

#[tokio::test]
async fn each_kind_reaches_the_one_it_is_for_stamped_with_its_sender_and_the_topic_if_it_was_given() {
    let server = Server::start().await;
    let [one, mut other, mut third] = room(&server, "t").await;
    for (kind, payload) in DIRECTED {
        one.send(json!({"type": kind, "to": other.id, "topic": "t", payload: [kind]})).await;
        other.hears(json!({"type": heard_as(kind), "topic": "t", "from": one.id, payload: [kind]})).await;
        one.send(json!({"type": kind, "to": other.id, payload: {"kind": kind}})).await;
        other.hears(json!({"type": heard_as(kind), "from": one.id, payload: {"kind": kind}})).await;
        // `topic: null` is no topic, and a frame may be without a payload.
        one.send(json!({"type": kind, "to": other.id, "topic": null})).await;
        other.hears(json!({"type": heard_as(kind), "from": one.id})).await;
    }
    third.silence().await;
}

#[tokio::test]
async fn a_payload_arrives_as_it_was_written() {
    let server = Server::start().await;
    let [one, mut other] = room(&server, "t").await;
    for (kind, field) in DIRECTED {
        for payload in PAYLOADS {
            for topic in ["", r#","topic":"t""#] {
                let to = &other.id;
                one.send_text(&format!(r#"{{"type":"{kind}","to":"{to}"{topic},"{field}":{payload}}}"#)).await;
                let heard = other.hear_text().await;
                let heard_fields = fields(&heard);
                assert_eq!(heard_fields[field].get(), payload, "{heard}");
                assert_eq!(heard_fields["from"].get(), format!("\"{}\"", one.id));
                assert_eq!(heard_fields.len(), if topic.is_empty() { 3 } else { 4 }, "{heard}");
            }
        }
    }
}

#[tokio::test]
async fn nobody_can_speak_in_another_s_name_or_add_fields() {
    let server = Server::start().await;
    let [one, mut other] = room(&server, "t").await;
    let spoofed =
        json!({"type": "offer", "to": other.id, "sdp": 1, "from": NOBODY, "clientId": NOBODY, "ref": "r", "x": 1});
    one.send(spoofed).await;
    other.hears(json!({"type": "offer", "from": one.id, "sdp": 1})).await;
    one.send(json!({"type": "send", "to": other.id, "topic": "t", "from": NOBODY, "data": 2, "sdp": 3})).await;
    other.hears(json!({"type": "message", "topic": "t", "from": one.id, "data": 2})).await;
}

#[tokio::test]
async fn a_direct_frame_has_no_answer() {
    let server = Server::start().await;
    let [mut one, mut other] = room(&server, "t").await;
    for (kind, payload) in DIRECTED {
        one.send(json!({"type": kind, "to": other.id, payload: 1, "ref": "r"})).await;
        other.hear().await;
    }
    one.silence().await;
}

#[tokio::test]
async fn partners_reach_each_other_by_id_without_any_topic() {
    let server = Server::start().await;
    let (mut one, mut other) = (Member::enter(&server).await, Member::enter(&server).await);
    meet(&mut one, &mut other).await;
    for (kind, payload) in DIRECTED {
        one.send(json!({"type": kind, "to": other.id, payload: 1})).await;
        other.hears(json!({"type": heard_as(kind), "from": one.id, payload: 1})).await;
        other.send(json!({"type": kind, "to": one.id, payload: 2})).await;
        one.hears(json!({"type": heard_as(kind), "from": other.id, payload: 2})).await;
    }
    // A topic that only one of them is in is not shared.
    one.join("t").await;
    one.refused_for(json!({"type": "offer", "to": other.id, "topic": "t", "sdp": 1}), "TARGET_GONE").await;
    other.refused_for(json!({"type": "offer", "to": one.id, "topic": "t", "sdp": 1}), "NOT_IN_TOPIC").await;
    one.say("leave").await;
    other.parted("left").await;
    other.refused_for(json!({"type": "offer", "to": one.id, "sdp": 1}), "TARGET_GONE").await;
    one.refused_for(json!({"type": "offer", "to": other.id, "sdp": 1}), "TARGET_GONE").await;
}

#[tokio::test]
async fn who_is_unknown_gone_not_shared_or_oneself_is_answered_alike() {
    let server = Server::start().await;
    let [mut asker, gone, mut left] = room(&server, "t").await;
    let [stranger, _companion] = room(&server, "elsewhere").await;
    let id_of_gone = gone.id.clone();
    gone.terminate().await;
    asker.hears_departure("t", &id_of_gone, "disconnected").await;
    left.hears_departure("t", &id_of_gone, "disconnected").await;
    left.leave("t").await;
    asker.hears_departure("t", &left.id, "left").await;
    let myself = asker.id.clone();
    let targets = [NOBODY, &id_of_gone, &left.id, &stranger.id, &myself, "", "nobody", &myself[..35], "\u{202e}", "*"];
    for target in targets {
        for (kind, payload) in DIRECTED {
            for topic in [Value::Null, json!("t")] {
                let request = json!({"type": kind, "to": target, "topic": topic, payload: 1, "ref": "same"});
                asker.refused_for(request, "TARGET_GONE").await;
            }
        }
    }
    for mut other in [left, stranger] {
        other.silence().await;
    }
}

#[tokio::test]
async fn with_a_topic_both_have_to_be_in_it() {
    let server = Server::start().await;
    let [mut one, mut other] = room(&server, "shared").await;
    one.join("mine").await;
    other.join("yours").await;
    for (kind, payload) in DIRECTED {
        let to = |topic: &str| json!({"type": kind, "to": other.id, "topic": topic, payload: 1});
        one.refused_for(to("mine"), "TARGET_GONE").await;
        one.refused_for(to("yours"), "NOT_IN_TOPIC").await;
        one.refused_for(to("nobody's"), "NOT_IN_TOPIC").await;
    }
    other.silence().await;
}

#[tokio::test]
async fn any_shared_topic_will_do_and_the_last_one_ends_it() {
    let server = Server::start().await;
    let [mut one, mut other] = room(&server, "a").await;
    one.join("b").await;
    other.join("b").await;
    one.hears_arrival("b", &other).await;
    for topic in ["a", "b"] {
        one.send(json!({"type": "send", "to": other.id, "data": topic})).await;
        other.hears(json!({"type": "message", "from": one.id, "data": topic})).await;
        one.leave(topic).await;
        other.hears_departure(topic, &one.id, "left").await;
    }
    one.refused_for(json!({"type": "send", "to": other.id, "data": 1}), "TARGET_GONE").await;
    other.refused_for(json!({"type": "send", "to": one.id, "data": 1}), "TARGET_GONE").await;
}

#[tokio::test]
async fn a_frame_to_one_keeps_its_place_among_those_to_all() {
    const FRAMES: usize = 60;
    let server = Server::start().await;
    let [one, mut other] = room(&server, "t").await;
    for number in 0..FRAMES {
        match number % 3 {
            0 => one.publish("t", number).await,
            1 => one.send(json!({"type": "send", "to": other.id, "topic": "t", "data": number})).await,
            _ => one.send(json!({"type": "offer", "to": other.id, "data": 0, "sdp": number})).await,
        }
    }
    for number in 0..FRAMES {
        let heard = other.hear().await;
        let payload = if number % 3 == 2 { "sdp" } else { "data" };
        assert_eq!(heard[payload], number, "{heard}");
    }
}
