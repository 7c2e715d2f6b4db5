//! The first word on a socket that asks for a session.

use serde_json::{Value, json};

use crate::session::{Session, begin, open};
use crate::support::chat::Guest;
use crate::support::handshake::Handshake;
use crate::support::server::Server;

fn names(frame: &Value) -> Vec<&str> {
    frame.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[tokio::test]
async fn a_fresh_hello_is_answered_with_a_token() {
    let server = Server::with(&[("RESUME_WINDOW", "45s")]).await;
    let (mut session, ready) = begin(open(&server).await, json!({"type": "hello"})).await;
    let expected = ["type", "clientId", "pingInterval", "protocol", "features", "resumeToken", "resumeWindow"];
    assert_eq!(names(&ready), expected);
    assert_eq!(ready["features"], json!(["match", "rooms", "resume"]));
    assert_eq!(ready["resumeWindow"], 45_000);
    assert_eq!(session.token.len(), 43);
    assert!(
        session.token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
        "{}",
        session.token
    );
    assert_eq!(session.pinged().await, "0");
}

#[tokio::test]
async fn tokens_and_ids_are_not_given_twice() {
    let server = Server::start().await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..50 {
        let session = Session::enter(&server).await;
        assert!(seen.insert(session.id.clone()) && seen.insert(session.token.clone()));
    }
}

#[tokio::test]
async fn nothing_is_said_to_who_has_not_said_hello() {
    let server = Server::start().await;
    let mut peer = open(&server).await;
    peer.silence().await;
    let (mut session, _) = begin(peer, json!({"type": "hello"})).await;
    session.silence().await;
}

#[tokio::test]
async fn what_comes_before_hello_is_refused_and_not_counted() {
    let server = Server::start().await;
    let mut peer = open(&server).await;
    let early = [
        r#"{"type":"available"}"#,
        r#"{"type":"ping"}"#,
        r#"{"type":"ack","received":0}"#,
        r#"{"type":"bye"}"#,
        r#"{"type":"join","topic":"t"}"#,
        r#"{"type":"nonsense"}"#,
        "[]",
        "?",
        "",
    ];
    for words in early {
        peer.send_text(words).await;
        let heard = peer.hear().await;
        assert_eq!((&heard["type"], &heard["code"]), (&json!("error"), &json!("INVALID_FORMAT")), "{words}: {heard}");
    }
    let (mut session, _) = begin(peer, json!({"type": "hello"})).await;
    assert_eq!(session.pinged().await, "0");
    let (_, had) = session.cut(&server).await.back(&server).await;
    assert_eq!(had, 0);
    assert_eq!(crate::support::metrics::sample(server.address, "meetpoint_topics").await, 0.0);
}

#[tokio::test]
async fn a_hello_that_cannot_be_read_can_be_said_again() {
    let server = Server::start().await;
    let token = Session::enter(&server).await.token;
    let mut peer = open(&server).await;
    for received in [json!(null), json!(-1), json!(1.5), json!("1"), json!([])] {
        peer.send(json!({"type": "hello", "resume": {"token": token, "received": received}})).await;
        let heard = peer.hear().await;
        assert_eq!(
            (&heard["type"], &heard["code"]),
            (&json!("error"), &json!("INVALID_FORMAT")),
            "{received}: {heard}"
        );
    }
    for resume in [json!({"token": token}), json!("text"), json!(7), json!([])] {
        peer.send(json!({"type": "hello", "resume": resume})).await;
        let heard = peer.hear().await;
        assert_eq!((&heard["type"], &heard["code"]), (&json!("error"), &json!("INVALID_FORMAT")), "{resume}: {heard}");
    }
    let (_, ready) = begin(peer, json!({"type": "hello", "resume": null, "more": "is ignored"})).await;
    assert_eq!(ready.get("resumed"), None, "no session was asked for");
}

#[tokio::test]
async fn hello_is_said_once() {
    let server = Server::start().await;
    let mut session = Session::enter(&server).await;
    session.say("hello").await;
    session.refused("INVALID_FORMAT").await;
    session.send(session.memory().hello()).await;
    session.refused("INVALID_FORMAT").await;
    session.say("ping").await;
    session.hears(json!({"type": "pong"})).await;
    let (mut session, had) = session.cut(&server).await.back(&server).await;
    assert_eq!(had, 3, "they count as any frame");
    session.say("hello").await;
    session.refused("INVALID_FORMAT").await;
}

#[tokio::test]
async fn only_one_value_of_the_parameter_asks_for_a_session() {
    let server = Server::start().await;
    for path in ["/ws", "/ws?resumable", "/ws?resumable=", "/ws?resumable=0", "/ws?resumable=true", "/ws?resumable=11"]
    {
        let mut guest = Guest::enter(&server, Handshake { path, ..Handshake::default() }).await;
        guest.say("hello").await;
        guest.refused("UNKNOWN_TYPE").await;
    }
    for path in ["/ws?resumable=1", "/ws?x=y&resumable=1", "/ws?resumable=1&x"] {
        let opened = Handshake { path, ..Handshake::default() }.open(server.address).await;
        let mut peer = opened.expect("the upgrade is accepted");
        peer.silence().await;
        begin(peer, json!({"type": "hello"})).await;
    }
}

#[tokio::test]
async fn a_socket_that_did_not_ask_knows_no_word_of_it() {
    let server = Server::start().await;
    let mut peer = Handshake::default().open(server.address).await.expect("the upgrade is accepted");
    let ready = peer.hear().await;
    assert_eq!(names(&ready), ["type", "clientId", "pingInterval", "protocol", "features"]);
    assert_eq!(ready["features"], json!(["match", "rooms", "resume"]));
    for frame in [
        json!({"type": "hello"}),
        json!({"type": "hello", "resume": {"token": "x", "received": 0}}),
        json!({"type": "hello", "resume": {"token": "x", "received": -1}}),
        json!({"type": "ack", "received": 0}),
        json!({"type": "ack", "received": "x"}),
        json!({"type": "ack"}),
        json!({"type": "bye"}),
    ] {
        peer.send(frame.clone()).await;
        let heard = peer.hear().await;
        assert_eq!(
            heard,
            json!({"type": "error", "code": "UNKNOWN_TYPE", "message": "Unknown message type"}),
            "{frame}"
        );
    }
    peer.send(json!({"type": "ping"})).await;
    assert_eq!(peer.hear().await, json!({"type": "pong"}));
}
