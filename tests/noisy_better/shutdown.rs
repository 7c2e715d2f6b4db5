//! The end of a server: every socket hears of it, and nothing that was accepted is lost.

use std::time::Duration;

use serde_json::json;

use crate::support::PATIENCE;
use crate::support::handshake::Handshake;
use crate::support::noisy::{ROOM_FULL, Seat, pair, path, room};
use crate::support::peer::Manners;
use crate::support::server::Server;
use crate::support::storage::Disk;

#[tokio::test]
async fn every_socket_hears_that_the_server_stops() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::with(&[("SHUTDOWN_GRACE", "1s")]).await;
        let mut seats = Vec::new();
        for number in 0..5 {
            let (a, b) = pair(&server, &room(number)).await;
            seats.extend([a, b]);
        }
        seats.push(Seat::join(&server, &room(5), "B").await);
        server.signal(signal).await;
        for seat in &mut seats {
            // The very next thing: nobody hears that somebody left who is only told to go a little earlier.
            seat.hears_close(1001, "shutting down").await;
        }
        assert_eq!(server.exit(PATIENCE).await.expect("the server ends").code(), Some(0), "after {signal}");
    }
}

#[tokio::test]
async fn a_newcomer_that_waits_for_a_taken_side_hears_it_too() {
    let mut server = Server::with(&[("SHUTDOWN_GRACE", "1s")]).await;
    let app = room(1);
    let manners = Manners { answers_pings: false, ..Manners::default() };
    let handshake = Handshake { path: &path(&app, "A"), manners, ..Handshake::default() };
    let mut frozen = Seat::enter(server.address, handshake).await;
    frozen.settle().await;
    let mut waiting = Seat::open(&server, &app, "A").await;
    waiting.settle().await;
    server.signal("TERM").await;
    frozen.hears_close(1001, "shutting down").await;
    waiting.hears_close(1001, "shutting down").await;
    assert_eq!(server.exit(PATIENCE).await.expect("the server ends").code(), Some(0));
}

#[tokio::test]
async fn a_newcomer_whose_refusal_is_put_off_does_not_hold_the_end_up() {
    let mut server = Server::with(&[("SHUTDOWN_GRACE", "30s")]).await;
    let app = room(2);
    let mut holder = Seat::join(&server, &app, "A").await;
    for _ in 0..3 {
        Seat::open(&server, &app, "A").await.hears_close(1008, "side A busy").await;
    }
    let mut put_off = Vec::new();
    for _ in 0..3 {
        put_off.push(Seat::open(&server, &app, "A").await);
    }
    server.signal("TERM").await;
    holder.hears_close(1001, "shutting down").await;
    for seat in &mut put_off {
        let closed = seat.end().await;
        assert!([1001, 1008].contains(&closed.code), "{closed:?}");
    }
    let ended = server.exit(Duration::from_secs(5)).await.expect("nobody is there to wait for");
    assert_eq!(ended.code(), Some(0));
}

#[tokio::test]
async fn what_was_accepted_before_the_end_is_kept() {
    const ITEMS: u64 = 100;
    let disk = Disk::default();
    let app = room(3);
    let mut server = disk.server(&[("SHUTDOWN_GRACE", "1s")]).await;
    let mut a = Seat::join(&server, &app, "A").await;
    for number in 1..=ITEMS {
        a.send(json!({"type": "send", "to": "B", "payload": number, "id": number})).await;
    }
    a.settle().await;
    server.signal("TERM").await;
    // Some receipts may come too late; the items do not.
    assert_eq!(a.end().await.code, 1001);
    assert_eq!(server.exit(PATIENCE).await.expect("the server ends").code(), Some(0));

    let server = disk.server(&[]).await;
    let _a = Seat::join(&server, &app, "A").await;
    let mut b = Seat::open(&server, &app, "B").await;
    b.hello(0).await;
    b.hears(ROOM_FULL).await;
    for number in 1..=ITEMS {
        b.hears_item(number, json!(number)).await;
    }
}
