//! On SQLite a restart is no event: mail, numbers and acknowledgements are as they were, and codes too.

use serde_json::json;

use crate::support::PATIENCE;
use crate::support::noisy::{ROOM_FULL, Seat, mint, redeem, room};
use crate::support::server::Server;
use crate::support::storage::Disk;

async fn stopped(mut server: Server) {
    server.signal("TERM").await;
    assert!(server.exit(PATIENCE).await.is_some_and(|status| status.success()));
}

#[tokio::test]
async fn mail_survives_a_restart() {
    let disk = Disk::default();
    let app = room(1);
    let server = disk.server(&[]).await;
    let mut a = Seat::join(&server, &app, "A").await;
    for number in 1..=5 {
        a.keep("B", json!({"number": number})).await;
    }
    a.mail("A", json!("own")).await;
    a.hears_item(1, json!("own")).await;
    a.delivered(1).await;
    a.settle().await;
    let mut b = Seat::open(&server, &app, "B").await;
    b.hello(2).await;
    b.settle().await;
    stopped(server).await;

    let server = disk.server(&[]).await;
    let mut a = Seat::join(&server, &app, "A").await;
    a.silence().await;
    assert_eq!(a.keep("B", json!("after")).await, 6, "numbers are not used twice");
    let mut b = Seat::open(&server, &app, "B").await;
    b.hello(0).await;
    b.hears(ROOM_FULL).await;
    for number in 3..=5 {
        b.hears_item(number, json!({"number": number})).await;
    }
    b.hears_item(6, json!("after")).await;
    b.silence().await;
}

#[tokio::test]
async fn codes_survive_a_restart_and_used_ones_stay_used() {
    let disk = Disk::default();
    let server = disk.server(&[]).await;
    let (open, used) = (mint(&server).await, mint(&server).await);
    assert_eq!(redeem(&server, &used.code).await.status, 200);
    stopped(server).await;

    let server = disk.server(&[]).await;
    assert_eq!(redeem(&server, &used.code).await.status, 410);
    let redeemed = redeem(&server, &open.code).await;
    assert_eq!((redeemed.status, &redeemed.json()["appID"]), (200, &json!(open.app)));
    stopped(server).await;

    let server = disk.server(&[]).await;
    assert_eq!(redeem(&server, &open.code).await.status, 410);
}
