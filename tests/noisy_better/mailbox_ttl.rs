//! Mail that nobody fetches is given up, counted from the last activity.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::sleep;

use crate::support::noisy::{ROOM_FULL, Seat, room};
use crate::support::storage::each;

const TTL: (&str, &str) = ("MAILBOX_TTL", "4s");

#[tokio::test]
async fn mail_is_given_up_after_its_time() {
    join_all(each(&[TTL]).await.map(|server| async move {
        let app = room(1);
        let mut a = Seat::join(&server, &app, "A").await;
        a.keep("B", json!("old")).await;
        sleep(Duration::from_millis(4300)).await;
        let mut b = Seat::open(&server, &app, "B").await;
        b.hello(0).await;
        b.hears(ROOM_FULL).await;
        b.silence().await;
        a.hears(ROOM_FULL).await;
        let seq = a.keep("B", json!("new")).await;
        b.hears_item(seq, json!("new")).await;
    }))
    .await;
}

#[tokio::test]
async fn activity_lengthens_the_life_of_all_the_mail() {
    const STEP: Duration = Duration::from_millis(1800);
    join_all(each(&[TTL]).await.map(|server| async move {
        let app = room(2);
        let mut a = Seat::join(&server, &app, "A").await;
        for number in 1..=3 {
            a.keep("B", json!(number)).await;
            sleep(STEP).await;
        }
        let mut b = Seat::open(&server, &app, "B").await;
        b.hello(0).await;
        b.hears(ROOM_FULL).await;
        for number in 1..=3 {
            b.hears_item(number, json!(number)).await;
        }
    }))
    .await;
}
