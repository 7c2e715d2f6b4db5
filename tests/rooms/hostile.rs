//! Any text is a topic, also one that was made to break whatever it is pasted into.

use serde_json::json;

use crate::support::chat::assert_unharmed;
use crate::support::frame::{self, BINARY, FIN};
use crate::support::room::{Member, listed};
use crate::support::server::Server;

const TOPICS: [&str; 20] = [
    "\"",
    "\\",
    "\\\"},{\"type\":\"joined\"",
    "\",\"peers\":[{\"clientId\":\"",
    "\0",
    "a\0b",
    "\r\nHTTP/1.1 200 OK\r\n\r\n",
    "\u{1b}[2J\u{1b}[31mred\u{7}",
    "\u{202e}gnitirw\u{2066}",
    "\u{feff}",
    "\u{2028}\u{2029}",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    "\u{10ffff}\u{fffe}",
    "e\u{301}",
    "\u{e9}",
    " ",
    "__proto__",
    "<script>alert(1)</script>",
    "${jndi:ldap://x}{{7*7}}%s%n",
    "../../etc/passwd?a=b&c#d",
];

#[tokio::test]
async fn a_hostile_topic_is_a_topic_like_any_other() {
    let server = Server::with(&[("LOG_LEVEL", "debug"), ("MAX_TOPICS_PER_CLIENT", "20")]).await;
    let (mut one, mut other) = (Member::enter(&server).await, Member::enter(&server).await);
    for topic in TOPICS {
        assert_eq!(one.join(topic).await["topic"], topic);
        let joined =
            json!({"type": "joined", "topic": topic, "clientId": other.id, "peers": [one.as_peer(true)], "total": 1});
        assert_eq!(other.join(topic).await, joined);
        one.hears_arrival(topic, &other).await;
        one.publish(topic, topic).await;
        other.hears_message(topic, &one, topic).await;
        other.send(json!({"type": "offer", "to": one.id, "topic": topic, "sdp": topic})).await;
        one.hears(json!({"type": "offer", "topic": topic, "from": other.id, "sdp": topic})).await;
        assert_eq!(one.peers(topic).await["topic"], topic);
        other.join_as(topic, json!(topic)).await;
        assert_eq!(one.hear().await["peer"]["info"], topic);
    }
    let mut sorted = TOPICS.to_vec();
    sorted.sort_unstable();
    let expected: Vec<_> = sorted.iter().map(|topic| ((*topic).to_owned(), 2)).collect();
    assert_eq!(one.topics().await, expected, "no two of them are the same");
    for topic in TOPICS {
        let page = one.ask(json!({"type": "topics", "prefix": topic, "limit": 1})).await;
        assert_eq!(listed(&page), [(topic.to_owned(), 2)], "its own name is the first that begins with it");
        other.leave(topic).await;
        one.hears_departure(topic, &other.id, "left").await;
    }
    one.close(1000, "").await;
    one.closed().await;
    assert_eq!(other.topics().await, []);
    for line in server.log() {
        assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok(), "a broken line of the log: {line}");
        assert!(
            !line.contains('\u{1b}') && !line.contains("[31m") && !line.contains("jndi"),
            "a topic was logged: {line}"
        );
    }
    server.assert_no_panic();
}

#[tokio::test]
async fn rooms_take_json_in_binary_frames_too() {
    let server = Server::start().await;
    let mut member = Member::enter(&server).await;
    member.write(&frame::masked(FIN | BINARY, br#"{"type":"join","topic":"bin"}"#)).await.unwrap();
    assert_eq!(member.hear().await["topic"], "bin");
}

#[tokio::test]
async fn nesting_costs_its_sender_alone() {
    const DEEP: usize = 30_000;
    let server = Server::start().await;
    let (mut one, mut other) = (Member::enter(&server).await, Member::enter(&server).await);
    one.join("t").await;
    other.join("t").await;
    one.hears_arrival("t", &other).await;
    let nested = format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP));
    for field in ["topic", "ref", "to", "after", "limit", "prefix", "info"] {
        for kind in ["join", "send", "peers", "topics", "leave", "offer"] {
            one.send_text(&format!(r#"{{"type":"{kind}","{field}":{nested}}}"#)).await;
        }
    }
    one.send_text(&format!(r#"{{"type":"publish","topic":"t","data":{nested}}}"#)).await;
    assert!(other.hear_text().await.contains(&nested), "a payload is nobody's to judge");
    one.settle().await;
    for answer in one.heard().await {
        assert!(["error", "topics"].contains(&answer["type"].as_str().unwrap()), "{answer}");
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn a_message_over_the_limit_closes_its_sender_and_the_room_hears_of_it() {
    let server = Server::start().await;
    let (mut one, mut other) = (Member::enter(&server).await, Member::enter(&server).await);
    one.join("t").await;
    other.join("t").await;
    let words = json!({"type": "publish", "topic": "t", "data": "x".repeat(64 * 1024)}).to_string();
    one.hears_arrival("t", &other).await;
    // The server may hang up before it has all of it.
    let _ = other.write(&frame::text(&words)).await;
    assert_eq!(other.end().await.code, 1009);
    one.hears_departure("t", &other.id, "disconnected").await;
    one.silence().await;
}
