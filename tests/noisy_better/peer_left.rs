//! The side that stays is told when the other has left.

use serde_json::json;

use crate::support::noisy::{PEER_LEFT, ROOM_FULL, Seat, clients, pair, room};
use crate::support::server::Server;

#[tokio::test]
async fn the_side_that_stays_is_told_however_the_other_leaves() {
    let server = Server::start().await;
    for (number, way) in ["close", "cut", "drop"].into_iter().enumerate() {
        let app = room(number as u32);
        for leaving in ["A", "B"] {
            let (a, b) = pair(&server, &app).await;
            let (leaver, mut stays) = if leaving == "A" { (a, b) } else { (b, a) };
            match way {
                "close" => leaver.close(4001, "bye").await,
                "cut" => leaver.terminate().await,
                _ => drop(leaver),
            }
            stays.hears(PEER_LEFT).await;
            stays.silence().await;
            drop(stays);
            clients(&server, 0).await;
        }
    }
}

#[tokio::test]
async fn nobody_is_told_who_was_alone() {
    let server = Server::start().await;
    let app = room(9);
    let (a, b) = pair(&server, &app).await;
    a.terminate().await;
    let mut b = b;
    b.hears(PEER_LEFT).await;
    b.terminate().await;
    clients(&server, 0).await;
    let mut a = Seat::join(&server, &app, "A").await;
    a.silence().await;
}

#[tokio::test]
async fn whoever_comes_back_makes_the_room_full_again() {
    let server = Server::start().await;
    let app = room(10);
    let (mut a, mut b) = pair(&server, &app).await;
    for _ in 0..3 {
        b.terminate().await;
        a.hears(PEER_LEFT).await;
        b = Seat::join(&server, &app, "B").await;
        a.hears(ROOM_FULL).await;
        b.hears(ROOM_FULL).await;
    }
}

#[tokio::test]
async fn a_side_that_is_replaced_has_not_left() {
    let server = Server::start().await;
    let app = room(11);
    let mut a = Seat::join(&server, &app, "A").await;
    let mut old = Seat::open_as(&server, &app, "B", "same").await;
    a.hears(ROOM_FULL).await;
    old.hears(ROOM_FULL).await;
    let mut new = Seat::open_as(&server, &app, "B", "same").await;
    new.hello(0).await;
    old.hears_close(4409, "replaced").await;
    new.hears(ROOM_FULL).await;
    new.send(json!({"type": "answer", "sdp": "new"})).await;
    loop {
        let heard = a.hear().await;
        assert_ne!(heard["type"], "peer_left");
        if heard["type"] == "answer" {
            break;
        }
    }
    a.silence().await;
}
