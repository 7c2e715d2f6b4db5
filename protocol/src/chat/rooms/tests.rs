use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const TOPIC: &str = r#""t\"1""#;

fn id(n: u8) -> ClientId {
    ClientId::from_random([n; 16])
}

fn raw(json: &str) -> Json<'_> {
    Json::read(json).expect("JSON")
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> (Value, usize) {
    // Whatever stands before the frame is no part of it.
    let mut out = b"before".to_vec();
    write(&mut out);
    (serde_json::from_slice(&out[6..]).expect("JSON"), out.len() - 6)
}

fn value(write: impl FnOnce(&mut Vec<u8>)) -> Value {
    written(write).0
}

fn text(parts: &[&[u8]]) -> String {
    String::from_utf8(parts.concat()).expect("UTF-8")
}

fn view(n: u8) -> PeerView<'static> {
    PeerView { client: id(n), initiator: true, user: None, info: None }
}

/// What `join` gives of so many peers with so much to say, and the length of the frame.
fn joined(count: u8, info: &str, limit_bytes: usize, mark: Option<&str>) -> (Value, usize) {
    let mark = mark.map(raw);
    let reference = mark.and_then(Reference::read);
    let peers = (0..count).map(|n| PeerView { info: Some(info), ..view(n) });
    let answer = Joined { topic_json: TOPIC, client: id(255), reference };
    written(|out| answer.write(peers, limit_bytes, count.into(), out))
}

fn listed(frame: &Value) -> usize {
    frame["peers"].as_array().expect("a list").len()
}

#[test]
fn a_peer_says_no_more_than_it_gave() {
    let bare = value(|out| view(1).write(out));
    assert_eq!(bare, json!({"clientId": id(1).to_string(), "initiator": true}));
    let user = UserId::new(r#"{"n":1}"#).expect("short");
    let full = PeerView { client: id(2), initiator: false, user: Some(&user), info: Some("[1, 2]") };
    assert_eq!(
        value(|out| full.write(out)),
        json!({"clientId": id(2).to_string(), "initiator": false, "userId": {"n": 1}, "info": [1, 2]})
    );
}

#[test]
fn joined_lists_everybody_in_the_order_given() {
    let (frame, _) = joined(3, "7", usize::MAX / 2, Some(r#""\u0072""#));
    let peer = |n| json!({"clientId": id(n).to_string(), "initiator": true, "info": 7});
    assert_eq!(
        frame,
        json!({
            "type": "joined", "topic": "t\"1", "clientId": id(255).to_string(),
            "peers": [peer(0), peer(1), peer(2)], "total": 3, "ref": "r"
        })
    );
    let (empty, _) = joined(0, "7", 0, None);
    assert_eq!((&empty["peers"], &empty["total"], empty.get("next")), (&json!([]), &json!(0), None));
}

#[test]
fn joined_lists_one_peer_however_small_the_frame_must_be() {
    let (frame, _) = joined(2, "7", 0, None);
    assert_eq!((listed(&frame), &frame["next"]), (1, &json!(id(0).to_string())));
    let (frame, _) = joined(1, "7", 0, None);
    assert_eq!((listed(&frame), frame.get("next")), (1, None));
}

#[test]
fn a_page_of_peers_names_its_last_where_there_is_more() {
    let mark = raw("\"r\"");
    let reference = Reference::read(mark);
    let page = |limit_bytes, next| value(|out| peers(TOPIC, (0..3).map(view), limit_bytes, 9, next, reference, out));
    let whole = page(4096, None);
    assert_eq!((listed(&whole), &whole["total"], whole.get("next")), (3, &json!(9), None));
    assert_eq!((&whole["type"], &whole["topic"], &whole["ref"]), (&json!("peers"), &json!("t\"1"), &json!("r")));
    assert_eq!(page(4096, Some(id(2)))["next"], json!(id(2).to_string()));
    let cut = page(0, Some(id(2)));
    assert_eq!((listed(&cut), &cut["next"]), (1, &json!(id(0).to_string())));
}

#[test]
fn a_page_of_topics_counts_their_members() {
    let page =
        |limit_bytes, next| value(|out| topics([("a\n", 1), ("b", 1000)].into_iter(), limit_bytes, next, None, out));
    assert_eq!(
        page(4096, None),
        json!({"type": "topics", "topics": [{"topic": "a\n", "count": 1}, {"topic": "b", "count": 1000}]})
    );
    assert_eq!(page(4096, Some("b"))["next"], json!("b"));
    assert_eq!(page(0, Some("b")), json!({"type": "topics", "topics": [{"topic": "a\n", "count": 1}], "next": "a\n"}));
    let empty = value(|out| topics(std::iter::empty(), 4096, None, None, out));
    assert_eq!(empty, json!({"type": "topics", "topics": []}));
}

#[test]
fn those_who_stay_are_told_who_came_changed_and_left() {
    let topic = "t\"1";
    let client = id(4).to_string();
    let peer = json!({"clientId": client, "initiator": true});
    let said = [
        (value(|out| peer_joined(TOPIC, &view(4), out)), json!({"type": "peer-joined", "topic": topic, "peer": peer})),
        (
            value(|out| peer_updated(TOPIC, &view(4), out)),
            json!({"type": "peer-updated", "topic": topic, "peer": peer}),
        ),
        (
            value(|out| peer_away(TOPIC, id(4), Timestamp::from_millis(5), out)),
            json!({"type": "peer-away", "topic": topic, "clientId": client, "until": 5}),
        ),
        (value(|out| peer_back(TOPIC, id(4), out)), json!({"type": "peer-back", "topic": topic, "clientId": client})),
        (value(|out| left(TOPIC, None, out)), json!({"type": "left", "topic": topic})),
    ];
    for (frame, meant) in said {
        assert_eq!(frame, meant);
    }
    for reason in LeftReason::ALL {
        assert_eq!(
            value(|out| peer_left(TOPIC, id(4), *reason, out)),
            json!({"type": "peer-left", "topic": topic, "clientId": client, "reason": reason.name()})
        );
    }
}

#[test]
fn a_directed_frame_is_stamped_with_its_sender_and_topic() {
    let from = id(3).to_text();
    let payload = raw(r#"{"x" : [1]}"#);
    let directed = |relay, topic, payload| text(Directed::new(relay, topic, &from, payload).parts());
    let id = id(3);
    assert_eq!(
        directed(Relay::Offer, Some(TOPIC), Some(payload)),
        format!(r#"{{"type":"offer","topic":"t\"1","from":"{id}","sdp":{{"x" : [1]}}}}"#)
    );
    assert_eq!(
        directed(Relay::Answer, None, Some(payload)),
        format!(r#"{{"type":"answer","from":"{id}","sdp":{{"x" : [1]}}}}"#)
    );
    assert_eq!(
        directed(Relay::Ice, Some(TOPIC), Some(payload)),
        format!(r#"{{"type":"ice","topic":"t\"1","from":"{id}","candidate":{{"x" : [1]}}}}"#)
    );
    assert_eq!(directed(Relay::Ice, None, None), format!(r#"{{"type":"ice","from":"{id}"}}"#));
}

#[test]
fn a_message_is_stamped_with_its_sender_and_topic() {
    let from = id(3).to_text();
    let data = raw("null");
    let message = |topic, data| text(Message::new(topic, &from, data).parts());
    let id = id(3);
    assert_eq!(
        message(Some(TOPIC), Some(data)),
        format!(r#"{{"type":"message","topic":"t\"1","from":"{id}","data":null}}"#)
    );
    assert_eq!(message(None, None), format!(r#"{{"type":"message","from":"{id}"}}"#));
}

proptest! {
    #[test]
    fn joined_keeps_within_its_bytes_and_leaves_nobody_out(
        count in 2_u8..60,
        info in "[a-z]{0,40}",
        limit_bytes in 800_usize..6000,
        mark in proptest::option::of("[a-z]{0,64}"),
    ) {
        let (info, mark) = (json!(info).to_string(), mark.map(|mark| json!(mark).to_string()));
        let (frame, len) = joined(count, &info, limit_bytes, mark.as_deref());
        prop_assert!(len <= limit_bytes, "{len} > {limit_bytes}");
        let shown = listed(&frame);
        prop_assert_eq!(shown < count.into(), frame.get("next").is_some());
        let peers = frame["peers"].as_array().expect("a list");
        for (n, peer) in (0_u8..).zip(peers) {
            prop_assert_eq!(&peer["clientId"], &json!(id(n).to_string()));
        }
        if shown < count.into() {
            prop_assert_eq!(&frame["next"], &peers[shown - 1]["clientId"]);
            // Another peer and the reserve would not have fitted.
            prop_assert!(len + 2 * (info.len() + 100) + 100 > limit_bytes, "{len} of {limit_bytes}");
        }
    }

    #[test]
    fn a_page_of_topics_keeps_within_its_bytes(names in proptest::collection::vec("[a\\x00\"€🎥]{1,64}", 1..40)) {
        let limit_bytes = 6000;
        let page = names.iter().map(|name| (name.as_str(), 1));
        let (frame, len) = written(|out| topics(page, limit_bytes, None, None, out));
        prop_assert!(len <= limit_bytes, "{len}");
        let shown = frame["topics"].as_array().expect("a list");
        for (name, topic) in names.iter().zip(shown) {
            prop_assert_eq!(&topic["topic"], name);
        }
        prop_assert_eq!(shown.len() < names.len(), frame.get("next").is_some());
    }
}
