//! The message rate, on paused time.

use std::time::Duration;

use meetpoint::config::{Settings, Socket};
use tokio::time::advance;

use crate::pipes::{Client, Memory};

/// Messages per second; the bucket holds four times as many.
const RATE: usize = 5;
const BURST: usize = 4 * RATE;
const SECOND: Duration = Duration::from_secs(1);

fn limited() -> Settings {
    let socket = Socket { max_messages_per_second: RATE as u32, ..Settings::default().socket };
    Settings { socket, ..Settings::default() }
}

/// Says `ping` so often, and counts the pongs and the errors.
async fn ping(client: &mut Client, count: usize) -> (usize, usize) {
    for _ in 0..count {
        client.say(r#"{"type":"ping"}"#).await;
    }
    let heard = client.heard().await;
    let pongs = heard.iter().filter(|frame| frame["type"] == "pong").count();
    let errors = heard.iter().filter(|frame| frame["code"] == "RATE_LIMIT").count();
    assert_eq!(pongs + errors, heard.len(), "{heard:?}");
    (pongs, errors)
}

#[tokio::test(start_paused = true)]
async fn what_is_over_the_rate_is_dropped_and_told_at_most_once_a_second() {
    let memory = Memory::start(&limited());
    let mut client = memory.client().await;
    assert_eq!(ping(&mut client, 2 * BURST).await, (BURST, 1));
    advance(SECOND / 2).await;
    assert_eq!(ping(&mut client, BURST).await, (RATE / 2, 0));
    advance(SECOND / 2).await;
    assert_eq!(ping(&mut client, BURST).await, (RATE - RATE / 2, 1));
}

#[tokio::test(start_paused = true)]
async fn who_stays_ten_times_over_the_rate_for_ten_seconds_is_closed_and_its_partner_told() {
    let memory = Memory::start(&limited());
    let [mut flooder, mut partner] = memory.pair().await;
    for _ in 0..9 {
        ping(&mut flooder, 10 * RATE).await;
        advance(SECOND).await;
    }
    for _ in 0..10 * RATE {
        flooder.say(r#"{"type":"ping"}"#).await;
    }
    assert_eq!(partner.hear("partner-left").await["reason"], "disconnected");
    assert_eq!(flooder.hear_close().await, (4029, "too many messages".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn who_is_only_nine_times_over_it_is_suffered() {
    let memory = Memory::start(&limited());
    let mut hasty = memory.client().await;
    for _ in 0..30 {
        ping(&mut hasty, 9 * RATE).await;
        advance(SECOND).await;
    }
}
