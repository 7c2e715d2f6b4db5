//! What `hello` and `delivered` do to a mailbox.

use serde_json::json;

use crate::support::noisy::{ROOM_FULL, Seat, pair, room};
use crate::support::storage::each;

const UNLIMITED_RATE: [(&str, &str); 2] = [("MAX_MSG_PER_SECOND", "0"), ("MAX_BYTES_PER_SECOND", "0")];

#[tokio::test]
async fn hello_replays_what_is_above_the_watermark_once_each_in_order_before_anything_new() {
    const ITEMS: u64 = 150;
    for server in each(&UNLIMITED_RATE).await {
        let (a, mut b) = pair(&server, &room(1)).await;
        for number in 1..=5 {
            a.mail("B", json!(number)).await;
            b.hears_item(number, json!(number)).await;
        }
        let more = async {
            for number in 6..=ITEMS {
                a.mail("B", json!(number)).await;
            }
        };
        let mut heard = Vec::new();
        let listen = async {
            b.hello(2).await;
            while heard.last() != Some(&ITEMS) || !heard.contains(&3) {
                let item = b.hear().await;
                let seq = item["seq"].as_u64().expect("an item has a number");
                assert_eq!(item["payload"], seq);
                heard.push(seq);
            }
        };
        tokio::join!(more, listen);
        let replayed = heard.iter().position(|seq| *seq == 3).expect("what is above the watermark comes again");
        let live: Vec<u64> = (6..6 + replayed as u64).collect();
        let after: Vec<u64> = (3..=ITEMS).collect();
        assert_eq!((&heard[..replayed], &heard[replayed..]), (&live[..], &after[..]), "on {}", server.name);
        b.silence().await;
    }
}

/// A receiver that acknowledges the highest number it has heard would else acknowledge what it has never seen.
#[tokio::test]
async fn what_is_sent_between_a_newcomer_s_arrival_and_its_hello_comes_behind_what_is_older() {
    for server in each(&[]).await {
        let app = room(7);
        let mut a = Seat::join(&server, &app, "A").await;
        for item in ["old 1", "old 2"] {
            a.keep("B", json!(item)).await;
        }
        let mut b = Seat::open_as(&server, &app, "B", "s-1").await;
        a.hears(ROOM_FULL).await;
        assert_eq!(a.keep("B", json!("new")).await, 3);
        b.hello(0).await;
        b.hears(ROOM_FULL).await;
        for (seq, item) in [(1, "old 1"), (2, "old 2"), (3, "new")] {
            b.hears_item(seq, json!(item)).await;
        }
        b.silence().await;
    }
}

#[tokio::test]
async fn what_was_delivered_does_not_come_again() {
    for server in each(&[]).await {
        let app = room(2);
        let (mut a, mut b) = pair(&server, &app).await;
        for number in 1..=5 {
            a.keep("B", json!(number)).await;
            b.hears_item(number, json!(number)).await;
        }
        b.delivered(3).await;
        b.delivered(1).await;
        b.hello(0).await;
        b.hears_item(4, json!(4)).await;
        b.hears_item(5, json!(5)).await;
        b.silence().await;
        b.delivered(5).await;
        b.hello(0).await;
        b.silence().await;
        assert_eq!(a.keep("B", json!(6)).await, 6);
        b.hears_item(6, json!(6)).await;
    }
}

#[tokio::test]
async fn hello_acknowledges_for_good() {
    for server in each(&[]).await {
        let app = room(3);
        let (mut a, mut b) = pair(&server, &app).await;
        for number in 1..=3 {
            a.keep("B", json!(number)).await;
            b.hears_item(number, json!(number)).await;
        }
        b.hello(2).await;
        b.hears_item(3, json!(3)).await;
        b.terminate().await;
        let mut b = Seat::open(&server, &app, "B").await;
        b.hello(0).await;
        b.hears(ROOM_FULL).await;
        b.hears_item(3, json!(3)).await;
        b.silence().await;
    }
}

#[tokio::test]
async fn an_acknowledgement_of_what_was_never_sent_acknowledges_nothing() {
    for server in each(&[]).await {
        let (mut a, mut b) = pair(&server, &room(4)).await;
        for number in 1..=2 {
            a.keep("B", json!(number)).await;
            b.hears_item(number, json!(number)).await;
        }
        for beyond in [3, 1000, (1 << 53) - 1] {
            b.delivered(beyond).await;
        }
        b.hello(0).await;
        b.hears_item(1, json!(1)).await;
        b.hears_item(2, json!(2)).await;
        b.silence().await;
    }
}

#[tokio::test]
async fn a_watermark_beyond_what_the_server_remembers_takes_nothing_for_seen() {
    for server in each(&[]).await {
        let app = room(5);
        let mut a = Seat::join(&server, &app, "A").await;
        for item in ["p", "q"] {
            a.keep("B", json!(item)).await;
        }
        // It heard 40 items of a server that has forgotten them.
        let mut b = Seat::open(&server, &app, "B").await;
        b.hello(40).await;
        a.hears(ROOM_FULL).await;
        b.hears(ROOM_FULL).await;
        b.hears_item(41, json!("p")).await;
        b.hears_item(42, json!("q")).await;
        assert_eq!(a.keep("B", json!("r")).await, 43);
        b.hears_item(43, json!("r")).await;
        b.delivered(42).await;
        b.hello(0).await;
        b.hears_item(43, json!("r")).await;
        b.silence().await;
    }
}

#[tokio::test]
async fn the_two_mailboxes_of_a_room_count_by_themselves() {
    for server in each(&[]).await {
        let (mut a, mut b) = pair(&server, &room(6)).await;
        for number in 1..=3 {
            a.keep("B", json!(number)).await;
            b.hears_item(number, json!(number)).await;
        }
        assert_eq!(b.keep("A", json!("back")).await, 1);
        a.hears_item(1, json!("back")).await;
        a.delivered(1).await;
        a.hello(0).await;
        a.silence().await;
        b.hello(2).await;
        b.hears_item(3, json!(3)).await;
    }
}
