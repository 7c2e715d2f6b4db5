//! What is sent to a side that is not there waits for it.

use serde_json::json;

use crate::support::noisy::{ROOM_FULL, Seat, clients, room};
use crate::support::storage::each;

#[tokio::test]
async fn the_first_item_for_an_absent_side_arrives() {
    for server in each(&[]).await {
        let app = room(1);
        let mut a = Seat::join(&server, &app, "A").await;
        for number in 0..4 {
            a.keep("B", json!(number)).await;
        }
        let mut b = Seat::open(&server, &app, "B").await;
        b.hears(ROOM_FULL).await;
        b.silence().await;
        b.hello(0).await;
        for number in 0..4 {
            b.hears_item(number + 1, json!(number)).await;
        }
        b.silence().await;
    }
}

#[tokio::test]
async fn nothing_is_lost_when_both_sides_are_away() {
    for server in each(&[]).await {
        let app = room(2);
        let mut a = Seat::join(&server, &app, "A").await;
        for item in ["x0", "x1"] {
            a.keep("B", json!(item)).await;
        }
        a.close(1000, "").await;
        a.end().await;
        clients(&server, 0).await;
        let mut b = Seat::open(&server, &app, "B").await;
        b.hello(0).await;
        b.hears_item(1, json!("x0")).await;
        b.hears_item(2, json!("x1")).await;
        // What came meanwhile for the other one waits as well.
        b.keep("A", json!("answer")).await;
        b.delivered(1).await;
        b.settle().await;
        b.terminate().await;
        clients(&server, 0).await;
        let mut a = Seat::open(&server, &app, "A").await;
        a.hello(0).await;
        a.hears_item(1, json!("answer")).await;
        let mut b = Seat::open(&server, &app, "B").await;
        b.hello(1).await;
        a.hears(ROOM_FULL).await;
        b.hears(ROOM_FULL).await;
        b.hears_item(2, json!("x1")).await;
        assert_eq!(a.keep("B", json!("y0")).await, 3, "a mailbox goes on counting when everybody has left");
        b.hears_item(3, json!("y0")).await;
    }
}

#[tokio::test]
async fn whoever_finds_an_empty_mailbox_hears_new_items_without_hello() {
    for server in each(&[]).await {
        let app = room(3);
        let mut a = Seat::join(&server, &app, "A").await;
        let mut b = Seat::open(&server, &app, "B").await;
        a.hears(ROOM_FULL).await;
        b.hears(ROOM_FULL).await;
        for seq in 1..=3 {
            assert_eq!(a.keep("B", json!(seq)).await, seq);
            b.hears_item(seq, json!(seq)).await;
        }
        b.silence().await;
    }
}

#[tokio::test]
async fn whoever_finds_mail_hears_all_of_it_in_order_after_hello() {
    for server in each(&[]).await {
        for has_sid in [false, true] {
            let app = room(50 + u32::from(has_sid));
            let mut a = Seat::join(&server, &app, "A").await;
            a.keep("B", json!("before")).await;
            let mut b = if has_sid {
                Seat::open_as(&server, &app, "B", "s-1").await
            } else {
                Seat::open(&server, &app, "B").await
            };
            a.hears(ROOM_FULL).await;
            b.hears(ROOM_FULL).await;
            b.send(json!({"type": "ice", "cand": null})).await;
            a.hears(r#"{"type":"ice","cand":null}"#).await;
            a.keep("B", json!("after")).await;
            b.silence().await;
            b.hello(0).await;
            b.hears_item(1, json!("before")).await;
            b.hears_item(2, json!("after")).await;
            a.keep("B", json!("new")).await;
            b.hears_item(3, json!("new")).await;
            b.silence().await;
        }
    }
}

#[tokio::test]
async fn the_first_hello_of_the_published_package_repeats_nothing_that_its_socket_has_heard() {
    for server in each(&[]).await {
        let app = room(6);
        let mut a = Seat::join(&server, &app, "A").await;
        let mut b = Seat::open_as(&server, &app, "B", "").await;
        a.hears(ROOM_FULL).await;
        b.hears(ROOM_FULL).await;
        a.keep("B", json!(1)).await;
        b.hears_item(1, json!(1)).await;
        b.hello(0).await;
        b.silence().await;
        a.keep("B", json!(2)).await;
        b.hears_item(2, json!(2)).await;
        b.hello(0).await;
        b.hears_item(1, json!(1)).await;
        b.hears_item(2, json!(2)).await;
        b.silence().await;
    }
}

#[tokio::test]
async fn mail_to_oneself_waits_as_well() {
    for server in each(&[]).await {
        let app = room(4);
        let a = Seat::join(&server, &app, "A").await;
        a.mail("a", json!("note")).await;
        let mut a = a;
        a.hears_item(1, json!("note")).await;
        a.terminate().await;
        clients(&server, 0).await;
        let mut a = Seat::open(&server, &app, "A").await;
        a.hello(0).await;
        a.hears_item(1, json!("note")).await;
    }
}
