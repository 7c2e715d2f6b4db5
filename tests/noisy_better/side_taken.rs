//! Two want the same side: who lives stays, who is dead or came back itself makes room.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::handshake::Handshake;
use crate::support::noisy::{PEER_LEFT, ROOM_FULL, Seat, pair, path, room, talk};
use crate::support::peer::{Incoming, Manners};
use crate::support::server::Server;

/// How long a holder may take to answer a ping, and slack for a busy machine.
const VERDICT: Duration = Duration::from_secs(2);
const SLACK: Duration = Duration::from_secs(4);

/// A client that answers no ping any more, as one whose machine sleeps.
async fn frozen(server: &Server, app: &str, side: &str) -> Seat {
    let manners = Manners { answers_pings: false, ..Manners::default() };
    Seat::enter(server.address, Handshake { path: &path(app, side), manners, ..Handshake::default() }).await
}

#[tokio::test]
async fn a_holder_that_lives_stays_and_the_newcomer_is_told_at_once() {
    let server = Server::start().await;
    for side in ["A", "B"] {
        let app = room(1);
        let (mut a, mut b) = pair(&server, &app).await;
        let asked = Instant::now();
        let mut newcomer = Seat::open(&server, &app, side).await;
        newcomer.hears_close(1008, &format!("side {side} busy")).await;
        assert!(asked.elapsed() < VERDICT, "{:?}", asked.elapsed());
        talk(&mut a, &mut b).await;
        a.terminate().await;
        b.hears(PEER_LEFT).await;
        b.close(1000, "").await;
        b.end().await;
    }
}

#[tokio::test]
async fn a_holder_that_answers_no_ping_is_replaced_after_two_seconds() {
    let server = Server::start().await;
    let app = room(2);
    let mut a = Seat::join(&server, &app, "A").await;
    let mut ghost = frozen(&server, &app, "B").await;
    a.hears(ROOM_FULL).await;
    ghost.hears(ROOM_FULL).await;
    let asked = Instant::now();
    let mut b = Seat::open(&server, &app, "B").await;
    ghost.hears_close(4409, "replaced").await;
    b.hears(ROOM_FULL).await;
    let waited = asked.elapsed();
    assert!(waited > VERDICT - Duration::from_millis(100) && waited < VERDICT + SLACK, "{waited:?}");
    let heard = a.unheard().await;
    assert!(!heard.contains(&Incoming::Text(PEER_LEFT.to_owned())), "{heard:?}");
    talk(&mut a, &mut b).await;
}

#[tokio::test]
async fn what_a_waiting_newcomer_says_is_acted_on_when_it_is_seated() {
    let server = Server::start().await;
    let app = room(3);
    let mut a = Seat::join(&server, &app, "A").await;
    a.keep("B", json!("mail")).await;
    let mut ghost = frozen(&server, &app, "B").await;
    a.hears(ROOM_FULL).await;
    ghost.hears(ROOM_FULL).await;
    let mut b = Seat::open(&server, &app, "B").await;
    b.hello(0).await;
    let said = [r#"{"type":"answer","sdp":"1"}"#, r#"{"type":"ice","cand":2}"#, r#"{"type":"ice","cand":null}"#];
    for words in said {
        b.send_text(words).await;
    }
    b.send(json!({"type": "send", "to": "A", "payload": "also", "id": 1})).await;
    ghost.hears_close(4409, "replaced").await;
    let mut heard = Vec::new();
    while heard.len() < said.len() {
        let words = a.hear_text().await;
        if words != ROOM_FULL {
            heard.push(words);
        }
    }
    assert_eq!(heard, said);
    a.hears_item(1, json!("also")).await;
    b.hears(ROOM_FULL).await;
    b.hears_item(1, json!("mail")).await;
    assert_eq!(b.hear().await, json!({"type": "sent", "id": 1, "seq": 1}));
}

#[tokio::test]
async fn a_newcomer_with_the_same_sid_replaces_its_predecessor_at_once() {
    let server = Server::start().await;
    let app = room(4);
    let mut a = Seat::join(&server, &app, "A").await;
    let mut old = Seat::open_as(&server, &app, "B", "s-1").await;
    a.hears(ROOM_FULL).await;
    old.hears(ROOM_FULL).await;
    for _ in 0..5 {
        let asked = Instant::now();
        let mut new = Seat::open_as(&server, &app, "B", "s-1").await;
        new.hello(0).await;
        old.hears_close(4409, "replaced").await;
        assert!(asked.elapsed() < VERDICT, "{:?}", asked.elapsed());
        new.hears(ROOM_FULL).await;
        old = new;
    }
    a.unheard().await;
    talk(&mut a, &mut old).await;
}

#[tokio::test]
async fn a_predecessor_that_never_spoke_is_replaced_by_one_that_does_not_speak_either() {
    let server = Server::start().await;
    let app = room(6);
    let mut old = Seat::open_as(&server, &app, "B", "s-1").await;
    old.settle().await;
    let mut new = Seat::open_as(&server, &app, "B", "s-1").await;
    old.hears_close(4409, "replaced").await;
    new.silence().await;
}

/// The published package's sockets come back for ever, silently, when their instance is dead.
#[tokio::test]
async fn a_silent_newcomer_with_the_same_sid_replaces_nobody_who_lives() {
    let server = Server::start().await;
    let app = room(7);
    let mut a = Seat::join(&server, &app, "A").await;
    let mut live = Seat::open_as(&server, &app, "B", "s-1").await;
    live.hello(0).await;
    a.hears(ROOM_FULL).await;
    live.hears(ROOM_FULL).await;
    for _ in 0..3 {
        Seat::open_as(&server, &app, "B", "s-1").await.hears_close(1008, "side B busy").await;
        talk(&mut a, &mut live).await;
    }
    a.silence().await;
    live.silence().await;
}

#[tokio::test]
async fn a_silent_newcomer_with_the_same_sid_replaces_who_is_dead() {
    let server = Server::start().await;
    let app = room(8);
    let manners = Manners { answers_pings: false, ..Manners::default() };
    let path = format!("{}&sid=s-1", path(&app, "B"));
    let mut ghost = Seat::enter(server.address, Handshake { path: &path, manners, ..Handshake::default() }).await;
    ghost.hello(0).await;
    ghost.settle().await;
    let mut new = Seat::open_as(&server, &app, "B", "s-1").await;
    ghost.hears_close(4409, "replaced").await;
    new.silence().await;
}

#[tokio::test]
async fn an_own_sid_is_no_claim_to_somebody_else_s_side() {
    let server = Server::start().await;
    for (number, (holder, newcomer)) in
        [("s-1", "s-2"), ("s-1", ""), ("", ""), ("s-1", "S-1"), ("s-1", "s-1x")].into_iter().enumerate()
    {
        let app = room(10 + number as u32);
        let mut held = Seat::open_as(&server, &app, "A", holder).await;
        held.settle().await;
        let mut refused = Seat::open_as(&server, &app, "A", newcomer).await;
        refused.hello(0).await;
        refused.hears_close(1008, "side A busy").await;
        // The sid belongs to a side.
        let mut other = Seat::open_as(&server, &app, "B", holder).await;
        held.hears(ROOM_FULL).await;
        other.hears(ROOM_FULL).await;
        talk(&mut held, &mut other).await;
    }
}

#[tokio::test]
async fn a_side_is_free_as_soon_as_its_holder_has_gone() {
    let server = Server::start().await;
    let app = room(5);
    let (mut a, mut b) = pair(&server, &app).await;
    for _ in 0..10 {
        b.terminate().await;
        a.hears(PEER_LEFT).await;
        b = Seat::open(&server, &app, "B").await;
        a.hears(ROOM_FULL).await;
        b.hears(ROOM_FULL).await;
    }
    talk(&mut a, &mut b).await;
}
