//! How long a topic and its info may be, in how many topics one may be and how many in one.

use serde_json::json;

use crate::support::room::{Member, error, ids, room};
use crate::support::server::Server;

#[tokio::test]
async fn a_topic_has_256_units_of_utf_16_at_most() {
    let server = Server::start().await;
    let mut member = Member::enter(&server).await;
    let fits = [
        "x".repeat(256),
        "é".repeat(256),
        "\u{ffee}".repeat(256),
        "\u{1f44b}".repeat(128),
        format!("x{}y", "\u{1f44b}".repeat(127)),
        "\0".repeat(256),
        "\"".repeat(256),
    ];
    for topic in &fits {
        let joined = member.join(topic).await;
        assert_eq!((&joined["type"], &joined["topic"]), (&json!("joined"), &json!(topic)));
        member.publish(topic, 1).await;
        assert_eq!(member.peers(topic).await["topic"], **topic);
        member.leave(topic).await;
    }
    let too_long = [
        "x".repeat(257),
        "é".repeat(257),
        "\u{ffee}".repeat(257),
        format!("{}x", "\u{1f44b}".repeat(128)),
        "\u{1f44b}".repeat(129),
        "\"".repeat(257),
        "x".repeat(50_000),
    ];
    for topic in &too_long {
        for kind in ["join", "leave", "publish", "peers"] {
            member.refused_for(json!({"type": kind, "topic": topic, "ref": "long"}), "INVALID_TOPIC").await;
        }
    }
    assert_eq!(member.topics().await, []);
}

#[tokio::test]
async fn info_has_1024_bytes_as_written_at_most() {
    let server = Server::start().await;
    let mut witness = Member::enter(&server).await;
    witness.join("t").await;
    let text = |unit: &str, count| format!("\"{}\"", unit.repeat(count));
    let spellings = [
        (text("x", 1022), text("x", 1023)),
        (text("é", 511), text("é", 512)),
        (text("\\u0041", 170), text("\\u0041", 171)),
        (format!("[{}1]", " ".repeat(1021)), format!("[{}1]", " ".repeat(1022))),
        ("1".repeat(1024), "1".repeat(1025)),
    ];
    for (fits, too_large) in &spellings {
        let mut member = Member::enter(&server).await;
        member.send_text(&format!(r#"{{"type":"join","topic":"t","info":{fits}}}"#)).await;
        assert_eq!(ids(&member.hear().await), [&witness.id], "{} bytes", fits.len());
        let heard = witness.hear_text().await;
        assert!(heard.contains(fits), "{heard}");
        for info in [too_large, &text("x", 30_000)] {
            member.send_text(&format!(r#"{{"type":"join","topic":"t","ref":"big","info":{info}}}"#)).await;
            member.hears(error("INFO_TOO_LARGE", Some(&json!("big")))).await;
        }
        witness.send_text(r#"{"type":"peers","topic":"t"}"#).await;
        assert!(witness.hear_text().await.contains(fits), "what was refused changes nothing");
        member.leave("t").await;
        witness.hears_departure("t", &member.id, "left").await;
    }
    witness.refused_for(json!({"type": "join", "topic": "new", "info": "x".repeat(1023)}), "INFO_TOO_LARGE").await;
    assert_eq!(witness.topics().await, [("t".into(), 1)]);
}

#[tokio::test]
async fn nobody_is_in_more_than_16_topics() {
    let server = Server::start().await;
    let mut member = Member::enter(&server).await;
    for number in 0..16 {
        assert_eq!(member.join(&format!("topic {number:02}")).await["type"], "joined");
    }
    member.refused_for(json!({"type": "join", "topic": "one more", "ref": "17"}), "TOO_MANY_TOPICS").await;
    // Saying `join` again where it is already takes no further place.
    assert_eq!(member.join_as("topic 07", json!(1)).await["type"], "joined");
    member.leave("topic 03").await;
    assert_eq!(member.join("one more").await["type"], "joined");
    member.refused_for(json!({"type": "join", "topic": "topic 03"}), "TOO_MANY_TOPICS").await;
    assert_eq!(member.topics().await.len(), 16);
}

#[tokio::test]
async fn a_full_room_takes_nobody_until_somebody_leaves() {
    let server = Server::with(&[("MAX_ROOM_SIZE", "3")]).await;
    let [mut one, mut two, mut three] = room(&server, "t").await;
    let mut late = Member::enter(&server).await;
    late.refused_for(json!({"type": "join", "topic": "t", "ref": "full"}), "TOPIC_FULL").await;
    late.refused_for(json!({"type": "publish", "topic": "t"}), "NOT_IN_TOPIC").await;
    for member in [&mut one, &mut two, &mut three] {
        member.silence().await;
    }
    // Who is in may still say `join` again.
    assert_eq!(one.join_as("t", json!("here")).await["total"], 2);
    for other in [&mut two, &mut three] {
        assert_eq!(other.hear().await["type"], "peer-updated");
    }
    two.leave("t").await;
    assert_eq!(ids(&late.join("t").await), [&one.id, &three.id]);
    two.refused_for(json!({"type": "join", "topic": "t"}), "TOPIC_FULL").await;
    // Other rooms, and the same topic of another origin, have places of their own.
    assert_eq!(two.join("u").await["total"], 0);
    assert_eq!(Member::from_page(&server, "https://a.example").await.join("t").await["total"], 0);
}

#[tokio::test]
async fn a_refused_join_takes_no_place() {
    let server = Server::with(&[("MAX_ROOM_SIZE", "2"), ("MAX_TOPICS_PER_CLIENT", "1")]).await;
    let [mut one, mut two] = room(&server, "t").await;
    let mut late = Member::enter(&server).await;
    for _ in 0..3 {
        late.refused_for(json!({"type": "join", "topic": "t"}), "TOPIC_FULL").await;
    }
    assert_eq!(late.join("u").await["type"], "joined");
    for _ in 0..3 {
        one.refused_for(json!({"type": "join", "topic": "u"}), "TOO_MANY_TOPICS").await;
    }
    assert_eq!(one.topics().await, [("t".into(), 2), ("u".into(), 1)]);
    two.leave("t").await;
    one.hears_departure("t", &two.id, "left").await;
    late.leave("u").await;
    assert_eq!(late.join("t").await["total"], 1);
}
