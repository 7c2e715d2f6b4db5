//! Clients that fall silent without a word, on paused time.

use std::time::Duration;

use futures_util::StreamExt;
use meetpoint::config::Settings;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, timeout},
};
use tokio_tungstenite::tungstenite::Message;

use crate::pipes::Memory;

const HEARTBEAT: Duration = Duration::from_secs(20);

#[tokio::test(start_paused = true)]
async fn a_frozen_client_is_found_within_two_intervals_and_its_partner_told() {
    let memory = Memory::start(&Settings::default());
    let [_frozen, mut partner] = memory.pair().await;
    let start = Instant::now();
    let left = partner.hear("partner-left").await;
    assert_eq!(left["reason"], "timeout");
    assert!(start.elapsed() <= 2 * HEARTBEAT, "{:?}", start.elapsed());
    assert!(start.elapsed() > HEARTBEAT, "one silent interval is no death: {:?}", start.elapsed());
    assert_eq!(memory.server.lobby.census(Instant::now().into_std()).pairs, 0);
}

#[tokio::test(start_paused = true)]
async fn a_frozen_client_that_thaws_hears_why_it_was_closed() {
    let memory = Memory::start(&Settings::default());
    let [mut frozen, mut partner] = memory.pair().await;
    partner.hear("partner-left").await;
    assert_eq!(frozen.hear_close().await, (4010, "ping timeout".to_owned()));
    assert_eq!(memory.server.registry.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_only_answers_pings_lives_on() {
    let memory = Memory::start(&Settings::default());
    let [mut one, mut other] = memory.pair().await;
    let mut pings = 0;
    let quiet = timeout(20 * HEARTBEAT, async {
        loop {
            tokio::select! {
                heard = one.socket.next() => match heard {
                    Some(Ok(Message::Ping(payload))) => {
                        assert!(payload.is_empty());
                        pings += 1;
                    }
                    heard => panic!("{heard:?}"),
                },
                heard = other.socket.next() => assert!(matches!(heard, Some(Ok(Message::Ping(_)))), "{heard:?}"),
            }
        }
    });
    assert!(quiet.await.is_err());
    assert!((20..=25).contains(&pings), "{pings} pings in 20 intervals, each up to a fifth early");
}

#[tokio::test(start_paused = true)]
async fn any_traffic_counts_as_life_even_of_one_that_never_answers_pings() {
    let memory = Memory::start(&Settings::default());
    let [mut deaf, mut partner] = memory.pair().await;
    for _ in 0..10 {
        tokio::time::sleep(2 * HEARTBEAT - Duration::from_millis(1)).await;
        deaf.say(r#"{"type":"ice","candidate":1}"#).await;
        partner.hear("ice").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_open_handshake_is_gone_after_five_seconds() {
    let memory = Memory::start(&Settings::default());
    let mut silent = memory.pipe().await;
    let mut dribbling = memory.pipe().await;
    dribbling.write_all(b"GET /ws HTTP/1.1\r\n").await.expect("a listener");
    let start = Instant::now();
    let dribble = async {
        loop {
            if dribbling.write_all(b"X-Slow: 1\r\n").await.is_err() {
                return start.elapsed();
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let mut buf = [0; 64];
    let (read, dribbled) = tokio::join!(silent.read(&mut buf), dribble);
    assert_eq!(read.expect("an orderly end"), 0);
    assert!(dribbled <= Duration::from_secs(6), "{dribbled:?}");
}

#[tokio::test(start_paused = true)]
async fn two_that_parted_are_matched_again_when_their_cooldown_ends_and_nobody_else_came() {
    let memory = Memory::start(&Settings::default());
    let [mut one, mut other] = memory.pair().await;
    one.say(r#"{"type":"next"}"#).await;
    assert_eq!(other.hear("partner-left").await["reason"], "next");
    let start = Instant::now();
    let (first, second) = tokio::join!(one.hear("matched"), other.hear("matched"));
    assert_eq!(start.elapsed().as_secs(), 5);
    assert_eq!((first["partnerId"].as_str(), second["partnerId"].as_str()), (Some(&*other.id), Some(&*one.id)));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_stops_is_closed_and_nobody_waits_for_it() {
    let memory = Memory::start(&Settings::default());
    let [mut stopped, mut sender] = memory.pair().await;
    let [mut third, mut fourth] = memory.pair().await;
    let frame = format!(r#"{{"type":"ice","candidate":"{}"}}"#, "x".repeat(4096));
    let start = Instant::now();
    for _ in 0..300 {
        sender.say(&frame).await;
        third.say(&frame).await;
        fourth.hear("ice").await;
    }
    assert!(start.elapsed() < Duration::from_secs(1), "somebody waited: {:?}", start.elapsed());
    let left = loop {
        let heard = sender.socket.next().await.expect("open").expect("a frame").to_string();
        if !heard.contains("RATE_LIMIT") && !heard.is_empty() {
            break heard;
        }
    };
    assert_eq!(left, r#"{"type":"partner-left","reason":"disconnected"}"#);
    assert_eq!(stopped.hear_close().await, (4008, "slow consumer".to_owned()));
}
