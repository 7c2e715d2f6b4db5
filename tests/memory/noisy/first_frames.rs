//! Clients attach their listeners when the socket is open, some a little later: nothing is said to them before.

use std::time::Duration;

use futures_util::SinkExt;
use meetpoint::config::Settings;
use tokio::time::{Instant, advance};
use tokio_tungstenite::tungstenite::Message;

use super::{HELLO, ROOM_FULL, next, seat, silent};
use crate::pipes::Memory;

/// How long a client may be silent before it is taken for one that listens first.
const HOLD: Duration = Duration::from_millis(200);
const TICK: Duration = Duration::from_millis(1);
const OFFER: &str = r#"{"type":"offer","sdp":"early"}"#;

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_hears_nothing_for_200_ms() {
    let memory = Memory::start(&Settings::default());
    let mut a = seat(&memory, "side=A").await;
    a.say(HELLO).await;
    a.say(OFFER).await;
    a.heard().await;
    let mut b = seat(&memory, "side=B").await;
    let start = Instant::now();
    silent(&mut b, HOLD - 2 * TICK).await;
    assert_eq!(next(&mut b).await, ROOM_FULL);
    assert!(start.elapsed() >= HOLD - 2 * TICK && start.elapsed() <= HOLD + 2 * TICK, "{:?}", start.elapsed());
    assert_eq!(next(&mut b).await, OFFER);
    // Nothing is held back from then on.
    let start = Instant::now();
    a.say(OFFER).await;
    assert_eq!(next(&mut b).await, OFFER);
    assert!(start.elapsed() < HOLD / 2, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_speaks_hears_at_once() {
    let memory = Memory::start(&Settings::default());
    let mut a = seat(&memory, "side=A").await;
    a.say(HELLO).await;
    a.say(OFFER).await;
    a.heard().await;
    let first = [Message::text(HELLO), Message::text("what nobody knows"), Message::binary(HELLO)];
    for words in first {
        let mut b = seat(&memory, "side=B").await;
        advance(HOLD / 4).await;
        let start = Instant::now();
        b.socket.send(words).await.expect("an open socket");
        assert_eq!(next(&mut b).await, ROOM_FULL);
        assert!(start.elapsed() < HOLD / 4, "{:?}", start.elapsed());
        b.socket.close(None).await.expect("a close frame");
        while next(&mut a).await == ROOM_FULL {}
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_said_to_a_silent_newcomer_meanwhile_comes_in_order() {
    let memory = Memory::start(&Settings::default());
    let mut a = seat(&memory, "side=A").await;
    a.say(HELLO).await;
    let mut b = seat(&memory, "side=B").await;
    assert_eq!(next(&mut a).await, ROOM_FULL);
    let said = (0..5).map(|number| format!(r#"{{"type":"ice","cand":{number}}}"#)).collect::<Vec<_>>();
    for words in &said {
        a.say(words).await;
    }
    a.say(r#"{"type":"send","to":"B","payload":"mail"}"#).await;
    a.heard().await;
    b.say(HELLO).await;
    assert_eq!(next(&mut b).await, ROOM_FULL);
    let mut heard = Vec::new();
    let mut mail = 0;
    while heard.len() < said.len() {
        match next(&mut b).await {
            words if words.contains("mail") => mail += 1,
            words => heard.push(words),
        }
    }
    assert_eq!(heard, said);
    let rest = b.heard().await;
    mail += rest.iter().filter(|frame| frame["payload"] == "mail").count();
    assert!((1..=2).contains(&mail), "the item is new, or replayed by hello: {mail}");
}
