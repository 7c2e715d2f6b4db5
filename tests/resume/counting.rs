//! How much each side has had of the other.

use serde_json::json;

use crate::session::{Session, are_away, begin, open, pair, reaches};
use crate::support::frame::{self, BINARY, FIN};
use crate::support::server::Server;

#[tokio::test]
async fn both_sides_count_and_pings_tell_the_servers_count() {
    let server = Server::start().await;
    let mut session = Session::enter(&server).await;
    assert_eq!(session.pinged().await, "0");
    for _ in 0..3 {
        session.say("ping").await;
        session.hears(json!({"type": "pong"})).await;
    }
    let (mut session, had) = session.cut(&server).await.back(&server).await;
    assert_eq!((had, session.received), (3, 3));
    assert_eq!(session.pinged().await, "3", "nothing is replayed that was received");
    session.silence().await;
}

#[tokio::test]
async fn whatever_the_client_says_counts_also_what_is_refused() {
    let server = Server::start().await;
    let session = Session::enter(&server).await;
    let words = ["?", "[]", "", r#"{"type":"nonsense"}"#, r#"{"type":"offer","sdp":1}"#, r#"{"type":"leave"}"#];
    for words in words {
        session.send_text(words).await;
    }
    for bytes in [&br#"{"type":"ping"}"#[..], b"\xff\xfe"] {
        session.write(&frame::masked(FIN | BINARY, bytes)).await.expect("an open connection");
    }
    session.ping(b"is no frame of the session").await;
    session.pong("is none either").await;
    let mut session = session;
    session.settle().await;
    let (_, had) = session.cut(&server).await.back(&server).await;
    assert_eq!(had, words.len() as u64 + 2);
}

#[tokio::test]
async fn a_message_in_fragments_counts_once() {
    let server = Server::start().await;
    let mut session = Session::enter(&server).await;
    for (first, part) in [(frame::TEXT, r#"{"type""#), (frame::CONTINUATION, r#":"pi"#), (FIN, r#"ng"}"#)] {
        session.write(&frame::masked(first, part.as_bytes())).await.expect("an open connection");
    }
    session.hears(json!({"type": "pong"})).await;
    let (_, had) = session.cut(&server).await.back(&server).await;
    assert_eq!(had, 1);
}

#[tokio::test]
async fn frames_over_the_message_rate_count() {
    let server = Server::with(&[("MAX_MSG_PER_SECOND", "1")]).await;
    let mut session = Session::enter(&server).await;
    for _ in 0..30 {
        session.say("ping").await;
    }
    let heard = session.heard().await;
    assert!(heard.len() < 10 && heard.iter().any(|frame| frame["code"] == "RATE_LIMIT"), "{heard:?}");
    let (_, had) = session.cut(&server).await.back(&server).await;
    assert_eq!(had, 30);
}

#[tokio::test]
async fn what_was_not_received_is_replayed_before_anything_new() {
    let server = Server::start().await;
    let [mut lost, other] = pair(&server).await;
    for number in 0..5 {
        other.offer(number).await;
    }
    for number in 0..2 {
        lost.hears_offer(&other.id, number).await;
    }
    let lost = lost.cut(&server).await;
    for number in 5..10 {
        other.offer(number).await;
    }
    let mut other = other;
    other.settle().await;
    let (mut lost, _) = lost.back(&server).await;
    other.offer(10).await;
    for number in 2..=10 {
        lost.hears_offer(&other.id, number).await;
    }
    lost.silence().await;
}

#[tokio::test]
async fn what_is_replayed_can_be_replayed_again_until_it_is_acknowledged() {
    let server = Server::start().await;
    let [lost, mut other] = pair(&server).await;
    let mut memory = lost.cut(&server).await;
    for number in 0..4 {
        other.offer(number).await;
    }
    other.settle().await;
    for round in 0..4 {
        let (mut lost, _) = memory.back(&server).await;
        for number in round..4 {
            lost.hears_offer(&other.id, number).await;
        }
        let token = lost.cut(&server).await.token;
        (memory.token, memory.received) = (token, memory.received + 1);
    }
}

#[tokio::test]
async fn the_ping_behind_a_replay_tells_its_count() {
    let server = Server::start().await;
    let [lost, mut other] = pair(&server).await;
    let memory = lost.cut(&server).await;
    for number in 0..4 {
        other.offer(number).await;
    }
    other.settle().await;
    let (mut lost, _) = memory.back(&server).await;
    assert_eq!(lost.pinged().await, (memory.received + 4).to_string());
}

/// Says or pongs that it has all, loses its socket, and claims to have one frame less.
async fn claims_less_than_it_acknowledged(with_pong: bool) {
    let server = Server::start().await;
    let [mut session, mut other] = pair(&server).await;
    other.offer(1).await;
    session.hears_offer(&other.id, 1).await;
    if with_pong {
        session.pong(&session.received.to_string()).await;
        session.settle().await;
    } else {
        session.acknowledge().await;
    }
    let mut memory = session.cut(&server).await;
    other.hear().await;
    memory.received -= 1;
    let _stranger = memory.refused(&server, "gap").await;
    let left = other.hear().await;
    assert_eq!(left["type"], "partner-left", "the session has ended at once: {left}");
    memory.received += 1;
    memory.refused(&server, "ended").await;
}

#[tokio::test]
async fn who_claims_less_than_it_said_it_had_gets_no_session() {
    claims_less_than_it_acknowledged(false).await;
}

#[tokio::test]
async fn who_claims_less_than_its_pong_said_gets_no_session() {
    claims_less_than_it_acknowledged(true).await;
}

#[tokio::test]
async fn who_claims_more_than_was_sent_gets_no_session() {
    let server = Server::start().await;
    for more in [1, 1_000_000, (1 << 53) - 10] {
        let [session, mut other] = pair(&server).await;
        let mut memory = session.cut(&server).await;
        assert_eq!(other.hear().await["type"], "partner-away");
        memory.received += more;
        let stranger = memory.refused(&server, "gap").await;
        assert_eq!(other.hear().await["type"], "partner-left");
        are_away(&server, 0).await;
        for session in [other, stranger] {
            session.bye().await;
        }
    }
}

#[tokio::test]
async fn who_claims_wrongly_while_its_socket_is_open_loses_that_too() {
    let server = Server::start().await;
    let mut session = Session::enter(&server).await;
    let mut memory = session.memory();
    memory.received += 1;
    let _stranger = memory.refused(&server, "gap").await;
    let closed = session.end().await;
    assert_eq!((closed.code, &*closed.reason), (4409, "replaced"));
    reaches(&server, "meetpoint_connections", 1.0).await;
}

#[tokio::test]
async fn an_ack_beyond_what_was_sent_is_refused_and_harmless() {
    let server = Server::start().await;
    let mut session = Session::enter(&server).await;
    session.say("ping").await;
    session.hear().await;
    let faulty =
        [json!(2), json!(1_u64 << 40), json!(-1), json!(0.5), json!("1"), json!(null), json!(u64::MAX), json!({})];
    for received in &faulty {
        session.send(json!({"type": "ack", "received": received})).await;
        session.refused("INVALID_FORMAT").await;
        if *received == json!(2) {
            // By now two have been sent.
            session.send(json!({"type": "ack", "received": 2})).await;
            session.silence().await;
        }
    }
    session.say("ack").await;
    session.refused("INVALID_FORMAT").await;
    let sent = faulty.len() as u64 + 3;
    let (session, had) = session.cut(&server).await.back(&server).await;
    assert_eq!((had, session.received), (sent, sent - 1));
}

#[tokio::test]
async fn an_ack_that_says_less_than_the_one_before_changes_nothing() {
    let server = Server::start().await;
    let mut session = Session::enter(&server).await;
    for _ in 0..3 {
        session.say("ping").await;
        session.hear().await;
    }
    for received in [2, 1, 0, 2] {
        session.send(json!({"type": "ack", "received": received})).await;
    }
    session.silence().await;
    let mut memory = session.cut(&server).await;
    memory.received = 2;
    let (mut session, _) = memory.back(&server).await;
    session.hears(json!({"type": "pong"})).await;
}

#[tokio::test]
async fn pongs_that_say_what_no_ping_said_acknowledge_nothing() {
    let server = Server::start().await;
    let mut session = Session::enter(&server).await;
    for _ in 0..3 {
        session.say("ping").await;
        session.hear().await;
    }
    for payload in ["4", "99999999999999999999999", "-1", "1 ", " 1", "1.0", "", "x", "\u{661}"] {
        session.pong(payload).await;
    }
    session.silence().await;
    let mut memory = session.cut(&server).await;
    memory.received = 0;
    let (mut session, _) = memory.back(&server).await;
    for _ in 0..3 {
        session.hears(json!({"type": "pong"})).await;
    }
}

#[tokio::test]
async fn the_server_asks_before_its_log_is_full() {
    let server = Server::with(&[("RESUME_MAX_FRAMES", "16")]).await;
    let mut session = Session::enter(&server).await;
    assert_eq!(session.pinged().await, "0");
    for count in 1..=100_u64 {
        session.say("ping").await;
        session.hears(json!({"type": "pong"})).await;
        if count % 4 == 0 {
            assert_eq!(session.pinged().await, count.to_string(), "a quarter of the log is not acknowledged");
            session.pong(&count.to_string()).await;
        }
    }
    let (session, had) = session.cut(&server).await.back(&server).await;
    assert_eq!((had, session.received), (100, 100));
}

#[tokio::test]
async fn acks_alone_keep_a_session_alive() {
    let server = Server::with(&[("RESUME_MAX_FRAMES", "16")]).await;
    let (mut session, _) = begin(open(&server).await, json!({"type": "hello"})).await;
    for _ in 0..20 {
        for _ in 0..10 {
            session.say("ping").await;
            session.hears(json!({"type": "pong"})).await;
        }
        session.acknowledge().await;
    }
}
