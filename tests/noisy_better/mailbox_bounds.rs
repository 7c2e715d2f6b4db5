//! A mailbox is bounded, and says so to whoever fills it.

use serde_json::json;

use crate::support::noisy::{ROOM_FULL, Seat, room, talk};
use crate::support::storage::each;

const ITEMS: u64 = 256;
const MIB: usize = 1024 * 1024;
const UNLIMITED_RATE: [(&str, &str); 2] = [("MAX_MSG_PER_SECOND", "0"), ("MAX_BYTES_PER_SECOND", "0")];

#[tokio::test]
async fn the_item_after_256_is_refused_and_not_kept() {
    for server in each(&UNLIMITED_RATE).await {
        let app = room(1);
        let mut a = Seat::join(&server, &app, "A").await;
        for number in 1..=ITEMS {
            a.mail("B", json!(number)).await;
        }
        a.settle().await;
        a.send(json!({"type": "send", "to": "B", "payload": "too much", "id": "over"})).await;
        a.refused("MAILBOX_FULL", json!("over")).await;
        a.mail("B", json!("unnamed")).await;
        a.refused("MAILBOX_FULL", json!(null)).await;
        a.mail("A", json!("the other mailbox of the room has room")).await;
        a.hears_item(1, json!("the other mailbox of the room has room")).await;

        let mut b = Seat::open(&server, &app, "B").await;
        b.hello(0).await;
        a.hears(ROOM_FULL).await;
        b.hears(ROOM_FULL).await;
        for number in 1..=ITEMS {
            b.hears_item(number, json!(number)).await;
        }
        b.silence().await;
        talk(&mut a, &mut b).await;
        b.delivered(1).await;
        b.settle().await;
        assert_eq!(a.keep("B", json!("fits")).await, ITEMS + 1);
        b.hears_item(ITEMS + 1, json!("fits")).await;
        a.mail("B", json!("one too many")).await;
        a.refused("MAILBOX_FULL", json!(null)).await;
        b.silence().await;
    }
}

#[tokio::test]
async fn the_item_beyond_a_mebibyte_is_refused_and_not_kept() {
    const EACH: usize = 300_000;
    for server in each(&UNLIMITED_RATE).await {
        let app = room(2);
        let mut a = Seat::join(&server, &app, "A").await;
        let large = "x".repeat(EACH);
        let fit = (MIB / EACH) as u64;
        for number in 1..=fit {
            assert_eq!(a.keep("B", json!(large)).await, number);
        }
        a.send(json!({"type": "send", "to": "B", "payload": large, "id": 1})).await;
        a.refused("MAILBOX_FULL", json!(1)).await;
        assert_eq!(a.keep("B", json!("small")).await, fit + 1, "what fits is kept");

        let mut other = Seat::join(&server, &room(3), "A").await;
        assert_eq!(other.keep("B", json!(large)).await, 1, "other rooms have their own");

        let mut b = Seat::open(&server, &app, "B").await;
        b.hello(0).await;
        b.hears(ROOM_FULL).await;
        for number in 1..=fit {
            b.hears_item(number, json!(large)).await;
        }
        b.hears_item(fit + 1, json!("small")).await;
        b.silence().await;
    }
}

/// Escaped it is six times as long as what came in, and longer than what waits for a client by default.
#[tokio::test]
async fn an_item_that_grows_when_it_is_escaped_is_shown_all_the_same() {
    for server in each(&[("WS_MAX_MSG", "64KiB"), ("OUTBOX_MAX_FRAMES", "1")]).await {
        let app = room(9);
        let mut a = Seat::join(&server, &app, "A").await;
        let grows = "<".repeat(60_000);
        assert_eq!(a.keep("B", json!(grows)).await, 1);
        assert_eq!(a.keep("B", json!("small")).await, 2);
        let mut b = Seat::open(&server, &app, "B").await;
        b.hello(0).await;
        b.hears(ROOM_FULL).await;
        b.hears_item(1, json!(grows)).await;
        b.hears_item(2, json!("small")).await;
    }
}
