//! How long a session is kept, and what happens when that is over.

use std::time::Duration;

use meetpoint::config::Settings;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::{SOON, WINDOW, enter, pair};
use crate::pipes::{Client, Memory};

/// Everything that is said for so long, while the client answers pings.
async fn all_that_is_said(client: &mut Client, long: Duration) -> Vec<Value> {
    let until = Instant::now() + long;
    let mut said = Vec::new();
    while Instant::now() < until {
        sleep(Duration::from_secs(5)).await;
        said.extend(client.heard().await);
    }
    said
}

fn assert_after(start: Instant, expected: Duration) {
    let elapsed = start.elapsed();
    assert!(elapsed + SOON >= expected && elapsed <= expected + SOON, "{elapsed:?} and not {expected:?}");
}

#[tokio::test(start_paused = true)]
async fn when_a_window_is_over_the_partner_is_told_once() {
    let memory = Memory::start(&Settings::default());
    let [(lost, ticket), (mut partner, _)] = pair(&memory).await;
    drop(lost);
    partner.hear("partner-away").await;
    let start = Instant::now();
    assert_eq!((memory.server.away)().0, 1);
    assert_eq!(partner.hear("partner-left").await["reason"], "timeout");
    assert_after(start, WINDOW);
    assert_eq!((memory.server.away)(), (0, 0));
    assert_eq!(all_that_is_said(&mut partner, 3 * WINDOW).await, Vec::<Value>::new());
    ticket.refused(&memory, "expired").await;
}

#[tokio::test(start_paused = true)]
async fn when_a_window_is_over_all_members_of_all_topics_are_told_once() {
    let memory = Memory::start(&Settings::default());
    let (mut lost, _) = enter(&memory).await;
    let (mut session, _) = enter(&memory).await;
    let mut plain = memory.client().await;
    for client in [&mut lost, &mut session, &mut plain] {
        for topic in ["a", "b"] {
            client.say(&json!({"type": "join", "topic": topic}).to_string()).await;
            client.hear("joined").await;
        }
    }
    session.hear("peer-joined").await;
    session.hear("peer-joined").await;
    let id = lost.id.clone();
    drop(lost);
    session.hear("peer-away").await;
    session.hear("peer-away").await;
    let start = Instant::now();
    for client in [&mut session, &mut plain] {
        let mut topics = Vec::new();
        for _ in 0..2 {
            let left = client.hear("peer-left").await;
            assert_eq!((&left["clientId"], &left["reason"]), (&json!(id), &json!("timeout")));
            topics.push(left["topic"].as_str().expect("a topic").to_owned());
        }
        topics.sort();
        assert_eq!(topics, ["a", "b"]);
    }
    assert_after(start, WINDOW);
    let (session, plain) =
        tokio::join!(all_that_is_said(&mut session, 2 * WINDOW), all_that_is_said(&mut plain, 2 * WINDOW));
    assert!(session.is_empty() && plain.is_empty(), "{session:?} {plain:?}");
    assert_eq!(memory.server.topics.census(), (2, 4));
}

#[tokio::test(start_paused = true)]
async fn a_session_is_there_to_the_last_moment_and_each_window_begins_anew() {
    let memory = Memory::start(&Settings::default());
    let [(mut client, mut ticket), (mut partner, _)] = pair(&memory).await;
    for round in 0..4 {
        drop(client);
        partner.hear("partner-away").await;
        // It speaks now and then, so that nobody takes it for dead.
        assert!(all_that_is_said(&mut partner, WINDOW - Duration::from_secs(5)).await.is_empty());
        sleep(Duration::from_secs(5) - SOON).await;
        client = ticket.back(&memory).await;
        partner.hear("partner-back").await;
        partner.say(&json!({"type": "offer", "sdp": round}).to_string()).await;
        assert_eq!(client.hear("offer").await["sdp"], round);
        ticket.received += 1;
    }
}

#[tokio::test(start_paused = true)]
async fn a_moment_too_late_is_too_late() {
    let memory = Memory::start(&Settings::default());
    let (client, ticket) = enter(&memory).await;
    drop(client);
    sleep(WINDOW + SOON).await;
    ticket.refused(&memory, "expired").await;
}

#[tokio::test(start_paused = true)]
async fn windows_end_in_the_order_in_which_they_began() {
    let memory = Memory::start(&Settings::default());
    let mut away = Vec::new();
    for _ in 0..20 {
        let (client, ticket) = enter(&memory).await;
        drop(client);
        away.push(ticket);
        sleep(Duration::from_secs(1)).await;
    }
    sleep(Duration::from_millis(9_500)).await;
    assert_eq!((memory.server.away)().0, 20);
    for left in (0..20).rev() {
        sleep(Duration::from_secs(1)).await;
        assert_eq!((memory.server.away)().0, left);
    }
}

#[tokio::test(start_paused = true)]
async fn that_a_session_ended_is_remembered_for_a_window() {
    let memory = Memory::start(&Settings::default());
    let (mut client, ticket) = enter(&memory).await;
    client.say(r#"{"type":"bye"}"#).await;
    assert_eq!(client.hear_close().await, (1000, "bye".to_owned()));
    sleep(WINDOW - SOON).await;
    ticket.refused(&memory, "ended").await;
    sleep(2 * SOON).await;
    ticket.refused(&memory, "expired").await;
}

#[tokio::test(start_paused = true)]
async fn a_place_in_the_queue_is_kept_for_a_window_and_no_longer() {
    let memory = Memory::start(&Settings::default());
    for late in [false, true] {
        let (mut client, mut ticket) = enter(&memory).await;
        client.say(r#"{"type":"available"}"#).await;
        assert!(client.heard().await.is_empty());
        drop(client);
        let mut stranger = memory.client().await;
        stranger.say(r#"{"type":"available"}"#).await;
        assert!(all_that_is_said(&mut stranger, WINDOW - Duration::from_secs(5)).await.is_empty());
        sleep(Duration::from_secs(5) - SOON).await;
        if late {
            sleep(2 * SOON).await;
            ticket.refused(&memory, "expired").await;
            assert!(stranger.heard().await.is_empty());
        } else {
            let mut back = ticket.back(&memory).await;
            assert_eq!(back.hear("matched").await["partnerId"], json!(stranger.id));
            assert_eq!(stranger.hear("matched").await["partnerId"], json!(ticket.id));
        }
        stranger.say(r#"{"type":"leave"}"#).await;
        assert!(stranger.heard().await.iter().all(|frame| frame["type"] == "partner-away"));
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_at_the_end_for_those_who_are_away() {
    let memory = Memory::start(&Settings::default());
    for _ in 0..10 {
        enter(&memory).await;
    }
    sleep(SOON).await;
    assert_eq!((memory.server.away)().0, 10);
    let start = Instant::now();
    let drained = timeout(WINDOW, memory.server.drain(Duration::from_secs(10))).await;
    assert!(drained.is_ok() && start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn while_the_server_drains_nobody_goes_away_but_ends() {
    let memory = Memory::start(&Settings::default());
    let [(mut one, _), (mut other, _)] = pair(&memory).await;
    let closed = async { (one.hear_close().await, other.hear_close().await) };
    let ((one, other), ()) = tokio::join!(closed, memory.server.drain(Duration::from_secs(10)));
    assert_eq!([one, other], [(1001, "shutting down".to_owned()), (1001, "shutting down".to_owned())]);
    assert_eq!((memory.server.away)(), (0, 0));
}
