//! The mailbox as the documentation describes it and as the published package speaks it: who comes with a `sid` parameter,
//! also an empty one, hears the latter.

use serde_json::json;

use crate::support::noisy::{ROOM_FULL, Seat, room};
use crate::support::storage::each;

#[tokio::test]
async fn each_side_hears_its_own_dialect() {
    for server in each(&[]).await {
        for (number, sid) in [(1, ""), (2, "session-1")] {
            let app = room(number);
            let mut documented = Seat::join(&server, &app, "A").await;
            let mut published = Seat::open_as(&server, &app, "B", sid).await;
            published.hello(0).await;
            documented.hears(ROOM_FULL).await;
            published.hears(ROOM_FULL).await;
            documented.send_text(r#"{"type":"send","to":"B","payload":{ "a": "<b>", "n": 1.50 }}"#).await;
            published
                .hears("{\"type\":\"deliver\",\"seq\":1,\"payload\":{\"a\":\"\\u003cb\\u003e\",\"n\":1.50}}")
                .await;
            published.send_text(r#"{"type":"send","to":"A","payload":{ "a": "<b>", "n": 1.50 }}"#).await;
            documented
                .hears("{\"payload\":{\"a\":\"\\u003cb\\u003e\",\"n\":1.50},\"seq\":1,\"type\":\"send\"}\n")
                .await;
        }
    }
}

/// What the package sends and understands, frame by frame.
#[tokio::test]
async fn the_published_client_resumes_where_it_stopped() {
    const BYTES: &str = r#"{"__bin__":true,"data":"AAECAw=="}"#;
    for server in each(&[]).await {
        let app = room(3);
        let hello = |up_to: u64| json!({"type": "hello", "sessionId": "s-1", "deliveredUpTo": up_to});
        let mut a = Seat::open_as(&server, &app, "A", "").await;
        a.send(json!({"type": "hello", "sessionId": null, "deliveredUpTo": 0})).await;
        let mut b = Seat::open_as(&server, &app, "B", "s-1").await;
        b.send(hello(0)).await;
        a.hears(ROOM_FULL).await;
        b.hears(ROOM_FULL).await;
        let payload = |number: u64| json!(json!({"type": "chunk", "number": number, "bytes": BYTES}).to_string());
        for number in 1..=3 {
            a.mail("B", payload(number)).await;
            b.hears_item(number, payload(number)).await;
            b.delivered(number).await;
        }
        b.settle().await;
        b.terminate().await;
        for number in 4..=5 {
            a.mail("B", payload(number)).await;
        }
        a.settle().await;
        // A fresh instance that was told how far the last one came.
        let mut b = Seat::open_as(&server, &app, "B", "s-1").await;
        b.send(hello(3)).await;
        b.hears(ROOM_FULL).await;
        for number in 4..=5 {
            b.hears_item(number, payload(number)).await;
            b.delivered(number).await;
        }
        b.send(hello(5)).await;
        b.silence().await;
    }
}

#[tokio::test]
async fn a_side_may_change_its_dialect_between_two_sockets() {
    for server in each(&[]).await {
        let app = room(4);
        let mut a = Seat::join(&server, &app, "A").await;
        a.keep("B", json!("x")).await;
        let mut b = Seat::open(&server, &app, "B").await;
        b.hello(0).await;
        b.hears(ROOM_FULL).await;
        b.hears("{\"payload\":\"x\",\"seq\":1,\"type\":\"send\"}\n").await;
        b.terminate().await;
        let mut b = Seat::open_as(&server, &app, "B", "s").await;
        b.hello(0).await;
        b.hears(ROOM_FULL).await;
        b.hears(r#"{"type":"deliver","seq":1,"payload":"x"}"#).await;
    }
}
