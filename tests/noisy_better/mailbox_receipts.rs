//! Who asks for it is told that an item is kept.

use serde_json::{Value, json};

use crate::support::noisy::{Seat, room};
use crate::support::storage::each;

#[tokio::test]
async fn a_sender_that_names_its_item_hears_its_number() {
    for server in each(&[]).await {
        let mut a = Seat::join(&server, &room(1), "A").await;
        for (seq, id) in [r#""i-1""#, "7", r#""""#, "1.50", r#""\u00e9""#].into_iter().enumerate() {
            a.send_text(&format!(r#"{{"type":"send","to":"B","payload":1,"id":{id}}}"#)).await;
            a.hears(&format!(r#"{{"type":"sent","id":{id},"seq":{}}}"#, seq + 1)).await;
        }
    }
}

#[tokio::test]
async fn a_sender_that_names_nothing_hears_nothing() {
    for server in each(&[]).await {
        let app = room(2);
        let mut a = Seat::join(&server, &app, "A").await;
        let long = json!("x".repeat(65));
        let unnamed = [Value::Null, json!(true), json!({"a": 1}), json!([1]), long];
        for id in &unnamed {
            a.send(json!({"type": "send", "to": "B", "payload": "kept", "id": id})).await;
        }
        a.mail("B", json!("kept")).await;
        // The receipt of a later item comes behind those of the earlier ones.
        assert_eq!(a.keep("B", json!("last")).await, unnamed.len() as u64 + 2, "the others are kept as well");
        a.silence().await;
    }
}

#[tokio::test]
async fn receipts_come_in_the_order_of_the_items() {
    const ITEMS: u64 = 200;
    for server in each(&[("MAX_MSG_PER_SECOND", "0"), ("MAX_BYTES_PER_SECOND", "0")]).await {
        let mut a = Seat::join(&server, &room(3), "A").await;
        for number in 1..=ITEMS {
            a.send(json!({"type": "send", "to": "B", "payload": number, "id": number})).await;
        }
        for number in 1..=ITEMS {
            assert_eq!(a.hear().await, json!({"type": "sent", "id": number, "seq": number}));
        }
    }
}

#[tokio::test]
async fn an_item_for_nobody_is_refused_with_its_name() {
    for server in each(&[]).await {
        let mut a = Seat::join(&server, &room(4), "A").await;
        for to in [json!("C"), json!(""), json!("AB"), json!(" A"), Value::Null] {
            a.send(json!({"type": "send", "to": to, "payload": "x", "id": 9})).await;
            a.refused("BAD_RECIPIENT", json!(9)).await;
        }
        a.send(json!({"type": "send", "payload": "x"})).await;
        a.refused("BAD_RECIPIENT", Value::Null).await;
        assert_eq!(a.keep("B", json!("first")).await, 1, "what was refused is not counted");
    }
}
