//! What is not understood is refused with its own word, and `ref` tells the client which request was meant.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::chat::assert_unharmed;
use crate::support::frame;
use crate::support::room::{Member, NOBODY, error, room};
use crate::support::server::Server;

/// What is no topic, as it stands in a frame.
const NO_TOPICS: [&str; 9] = [
    "1",
    "true",
    r#"["t"]"#,
    r#"{"t":"t"}"#,
    r#""""#,
    r#""\ud800""#,
    r#""t\udc00""#,
    r#""\udc00\ud800""#,
    r#""\ud83d ""#,
];

/// Frames that name a topic, but for the name.
const NAMING: [&str; 5] = [
    r#""type":"join""#,
    r#""type":"leave""#,
    r#""type":"publish","data":1"#,
    r#""type":"peers""#,
    r#""type":"send","to":"5f0f6a3e-9b1c-4d2e-8f70-1234567890ab","data":1"#,
];

async fn refused_as_written(member: &mut Member, words: &str, code: &str, reference: Option<Value>) {
    member.send_text(words).await;
    assert_eq!(member.hear().await, error(code, reference.as_ref()), "the answer to {words}");
}

#[tokio::test]
async fn what_is_no_topic_is_refused_wherever_it_stands() {
    let server = Server::start().await;
    let [mut member] = room(&server, "t").await;
    for topic in NO_TOPICS {
        for frame in NAMING {
            refused_as_written(&mut member, &format!(r#"{{{frame},"topic":{topic}}}"#), "INVALID_TOPIC", None).await;
        }
        let offer = format!(r#"{{"type":"offer","to":"{NOBODY}","topic":{topic},"ref":"o","sdp":1}}"#);
        refused_as_written(&mut member, &offer, "INVALID_TOPIC", Some(json!("o"))).await;
    }
    for kind in ["join", "publish", "peers"] {
        for topic in ["", r#","topic":null"#] {
            let words = format!(r#"{{"type":"{kind}","ref":"none"{topic}}}"#);
            refused_as_written(&mut member, &words, "INVALID_TOPIC", Some(json!("none"))).await;
        }
    }
    assert_eq!(member.topics().await, [("t".into(), 1)]);
}

#[tokio::test]
async fn what_is_no_target_is_refused() {
    let server = Server::start().await;
    let [mut one, mut other] = room(&server, "t").await;
    for to in [json!(1), json!(true), json!([other.id]), json!({"clientId": other.id})] {
        for kind in ["offer", "answer", "ice", "send"] {
            one.refused_for(json!({"type": kind, "to": to, "topic": "t", "ref": "to"}), "INVALID_FORMAT").await;
        }
    }
    one.refused_for(json!({"type": "send", "topic": "t", "data": 1}), "INVALID_FORMAT").await;
    one.refused_for(json!({"type": "send", "to": null, "topic": "t", "data": 1}), "INVALID_FORMAT").await;
    for words in [r#""\ud800""#, r#""\u0000""#] {
        refused_as_written(&mut one, &format!(r#"{{"type":"send","to":{words}}}"#), "TARGET_GONE", None).await;
    }
    other.silence().await;
}

#[tokio::test]
async fn what_is_no_page_is_refused() {
    let server = Server::start().await;
    let [mut member] = room(&server, "t").await;
    for limit in [json!(0), json!(-1), json!(1.5), json!("1"), json!([1]), json!({}), json!(true), json!(-1e300)] {
        member.refused_for(json!({"type": "peers", "topic": "t", "limit": limit, "ref": "p"}), "INVALID_FORMAT").await;
        member.refused_for(json!({"type": "topics", "limit": limit, "ref": "p"}), "INVALID_FORMAT").await;
    }
    for no_text in [json!(1), json!(["t"]), json!({"t": 1}), json!(false)] {
        member.refused_for(json!({"type": "peers", "topic": "t", "after": no_text}), "INVALID_FORMAT").await;
        member.refused_for(json!({"type": "topics", "after": no_text}), "INVALID_FORMAT").await;
        member.refused_for(json!({"type": "topics", "prefix": no_text}), "INVALID_FORMAT").await;
    }
    refused_as_written(&mut member, r#"{"type":"topics","prefix":"\ud800"}"#, "INVALID_FORMAT", None).await;
    // No value is as good as none.
    let page = member.ask(json!({"type": "peers", "topic": "t", "limit": null, "after": null})).await;
    assert_eq!(page, json!({"type": "peers", "topic": "t", "peers": [], "total": 0}));
    let page = member.ask(json!({"type": "topics", "limit": null, "after": null, "prefix": null})).await;
    assert_eq!(page, json!({"type": "topics", "topics": [{"topic": "t", "count": 1}]}));
}

#[tokio::test]
async fn a_ref_comes_back_in_every_answer_as_it_was_written() {
    let server = Server::start().await;
    let mut member = Member::enter(&server).await;
    let longest = format!("\"{}\"", "r".repeat(64));
    let astral = format!("\"{}\"", "\u{1f44b}".repeat(32));
    let escaped = format!("\"{}\"", "\\u0072".repeat(64));
    for reference in [r#""1""#, r#""""#, r#""\u0041\/\"\\""#, r#""é👋""#, r#""\ud800""#, &longest, &astral, &escaped]
    {
        let requests = [
            (r#""type":"join","topic":"t""#, r#"{"type":"joined","#),
            (r#""type":"join","topic":"t","info":1"#, r#"{"type":"joined","#),
            (r#""type":"peers","topic":"t""#, r#"{"type":"peers","#),
            (r#""type":"topics""#, r#"{"type":"topics","#),
            (r#""type":"leave","topic":"t""#, r#"{"type":"left","#),
            (r#""type":"leave","topic":"t""#, r#"{"type":"error","code":"NOT_IN_TOPIC","#),
            (r#""type":"publish","topic":"t""#, r#"{"type":"error","code":"NOT_IN_TOPIC","#),
            (r#""type":"send","to":"nobody""#, r#"{"type":"error","code":"TARGET_GONE","#),
            (r#""type":"ice","to":"nobody""#, r#"{"type":"error","code":"TARGET_GONE","#),
            (r#""type":"join","topic":5"#, r#"{"type":"error","code":"INVALID_TOPIC","#),
            (r#""type":"peers","topic":"t","limit":0"#, r#"{"type":"error","code":"INVALID_FORMAT","#),
        ];
        for (request, answer) in requests {
            member.send_text(&format!(r#"{{"ref":{reference},{request}}}"#)).await;
            let heard = member.hear_text().await;
            assert!(heard.starts_with(answer), "{request} was answered with {heard}");
            assert!(heard.ends_with(&format!(r#""ref":{reference}}}"#)), "{reference} became {heard}");
        }
    }
}

#[tokio::test]
async fn what_is_no_ref_is_refused_and_not_repeated() {
    let server = Server::start().await;
    let [mut member] = room(&server, "t").await;
    let astral = format!("\"{}a\"", "\u{1f44b}".repeat(32));
    let escaped = format!("\"{}\"", "\\ud83d\\udc4b".repeat(33));
    let long = format!("\"{}\"", "r".repeat(65));
    let longer = format!("\"{}\"", "r".repeat(10_000));
    for reference in ["1", "true", r#"["r"]"#, r#"{"r":"r"}"#, &long, &longer, &astral, &escaped] {
        for frame in NAMING {
            let words = format!(r#"{{{frame},"topic":"t","ref":{reference}}}"#);
            refused_as_written(&mut member, &words, "INVALID_FORMAT", None).await;
        }
        let offer = format!(r#"{{"type":"offer","to":"{NOBODY}","ref":{reference}}}"#);
        refused_as_written(&mut member, &offer, "INVALID_FORMAT", None).await;
        let topics = format!(r#"{{"type":"topics","ref":{reference}}}"#);
        refused_as_written(&mut member, &topics, "INVALID_FORMAT", None).await;
    }
    assert_eq!(member.topics().await, [("t".into(), 1)], "nothing of it was done");
}

#[tokio::test]
async fn words_of_the_server_s_own_are_unknown_to_it() {
    let server = Server::start().await;
    let [mut member] = room(&server, "t").await;
    for kind in [
        "joined",
        "left",
        "message",
        "peer-joined",
        "peer-updated",
        "peer-left",
        "peer-away",
        "Join",
        "room",
        "subscribe",
    ] {
        refused_as_written(&mut member, &json!({"type": kind, "topic": "t"}).to_string(), "UNKNOWN_TYPE", None).await;
    }
}

#[tokio::test]
async fn over_the_message_rate_a_room_s_frames_are_dropped_like_all_others() {
    const RATE: usize = 10;
    /// Four seconds' worth, but for the `join` and the protocol pings before.
    const BURST: usize = 4 * RATE - 5;
    const FRAMES: usize = 20 * RATE;
    let server = Server::with(&[("MAX_MSG_PER_SECOND", "10")]).await;
    let [mut one, mut other] = room(&server, "t").await;
    let began = Instant::now();
    let publish = |number| frame::text(&json!({"type": "publish", "topic": "t", "data": number}).to_string());
    one.write(&(0..FRAMES).flat_map(publish).collect::<Vec<u8>>()).await.unwrap();
    let refused = one.heard().await;
    let refilled = (began.elapsed().as_secs_f64() * RATE as f64).ceil() as usize;
    assert!(!refused.is_empty() && refused.iter().all(|answer| *answer == error("RATE_LIMIT", None)), "{refused:?}");
    let heard = other.heard().await;
    assert!((BURST..=4 * RATE + refilled).contains(&heard.len()), "{} passed", heard.len());
    for (number, message) in heard.iter().take(BURST).enumerate() {
        assert_eq!(message["data"], number, "the first ones pass, in order");
    }
}

#[tokio::test]
async fn a_hundred_refusals_in_a_row_close_nobody_who_can_be_read() {
    let server = Server::start().await;
    let [mut member] = room(&server, "t").await;
    for _ in 0..150 {
        member.refused_for(json!({"type": "leave", "topic": "u"}), "NOT_IN_TOPIC").await;
    }
    for _ in 0..150 {
        member.refused_for(json!({"type": "join", "topic": ""}), "INVALID_TOPIC").await;
    }
    assert_unharmed(&server).await;
}
