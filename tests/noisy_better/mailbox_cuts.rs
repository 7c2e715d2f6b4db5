//! Whatever happens to its sockets, a receiver that says how far it came has every item once, in order.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::time::{Duration, sleep};

use crate::support::noisy::{Seat, clients, room};
use crate::support::peer::Incoming;
use crate::support::server::Server;
use crate::support::storage::each;

const ITEMS: u64 = 400;
/// Which of the many ways this goes.
const SEEDS: [u64; 3] = [1, 2, 3];
const SETTINGS: [(&str, &str); 2] = [("MAX_MSG_PER_SECOND", "0"), ("MAX_BYTES_PER_SECOND", "0")];

/// Sends all items, those again that found the mailbox full.
async fn send(server: &Server, app: &str) {
    let mut sender = Seat::join(server, app, "A").await;
    let mut number = 1;
    while number <= ITEMS {
        sender.send(json!({"type": "send", "to": "B", "payload": number, "id": number})).await;
        let heard = loop {
            let heard = sender.hear().await;
            if !["room_full", "peer_left"].contains(&heard["type"].as_str().unwrap_or_default()) {
                break heard;
            }
        };
        match heard["type"].as_str() {
            Some("sent") => {
                assert_eq!(heard, json!({"type": "sent", "id": number, "seq": number}));
                number += 1;
            }
            _ => {
                assert_eq!(heard["code"], "MAILBOX_FULL", "{heard}");
                sleep(Duration::from_millis(5)).await;
            }
        }
    }
}

/// Comes and goes until it has everything; `last` is what it remembers.
async fn receive(server: &Server, app: &str, mut chance: StdRng) {
    let mut last = 0;
    let mut replaced = Vec::new();
    while last < ITEMS {
        let mut seat = Seat::open_as(server, app, "B", "receiver").await;
        if chance.random_bool(0.3) {
            sleep(Duration::from_millis(chance.random_range(0..20))).await;
        }
        seat.hello(last).await;
        let until = (last + chance.random_range(0..60)).min(ITEMS);
        while last < until {
            let item = match seat.next().await {
                Incoming::Text(words) => serde_json::from_str::<Value>(&words).expect("the server speaks JSON"),
                other => panic!("heard {other:?}"),
            };
            if item["type"] == "room_full" || item["type"] == "peer_left" {
                continue;
            }
            assert_eq!(item, json!({"type": "deliver", "seq": last + 1, "payload": last + 1}));
            last += 1;
            if chance.random_bool(0.5) {
                seat.delivered(last).await;
            }
        }
        match chance.random_range(0..3) {
            0 => seat.terminate().await,
            1 => {
                seat.close(1000, "").await;
                seat.end().await;
            }
            // The next one takes its side.
            _ => replaced.push(seat),
        }
    }
}

#[tokio::test]
async fn every_item_comes_once_and_in_order_through_cuts_and_replacements() {
    for server in each(&SETTINGS).await {
        for seed in SEEDS {
            let app = room(seed as u32);
            let chance = StdRng::seed_from_u64(seed);
            tokio::join!(send(&server, &app), receive(&server, &app, chance));
            clients(&server, 0).await;
        }
    }
}

#[tokio::test]
async fn mail_waits_for_a_receiver_that_reads_slowly() {
    const LARGE: usize = 4_000;
    const MANY: u64 = 250;
    for server in each(&SETTINGS).await {
        let (mut a, mut b) = crate::support::noisy::pair(&server, &room(9)).await;
        b.pause();
        for number in 1..=MANY {
            a.mail("B", json!({"number": number, "fill": "x".repeat(LARGE)})).await;
        }
        a.silence().await;
        b.resume();
        for number in 1..=MANY {
            b.hears_item(number, json!({"number": number, "fill": "x".repeat(LARGE)})).await;
        }
        b.silence().await;
    }
}
