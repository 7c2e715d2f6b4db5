//! Very many who come and go.

use serde_json::json;
use tokio::task::JoinSet;

use crate::process::{MIB, holdings, settled};
use crate::support::handshake::Handshake;
use crate::support::metrics::scrape;
use crate::support::noisy::{Seat, assert_unharmed, clients, path, room};
use crate::support::server::{CROWDED, Server};

const ROOMS: u32 = 500;
const AT_ONCE: u32 = 10;

/// Comes to both sides of so many rooms, one behind the other, and goes again in one way or another.
async fn visit(server: &Server, rooms: impl Iterator<Item = u32>) {
    for number in rooms {
        let app = room(number);
        let mut a = Seat::open(server, &app, "A").await;
        let mut b = Seat::open(server, &app, "B").await;
        if number % 2 == 0 {
            a.hello(0).await;
            b.hello(0).await;
            a.send(json!({"type": "offer", "sdp": "x"})).await;
        }
        match number % 3 {
            0 => {
                a.terminate().await;
                b.terminate().await;
            }
            1 => {
                a.close(1000, "").await;
                a.end().await;
                b.close(4001, "").await;
                b.end().await;
            }
            _ => drop((a, b)),
        }
    }
}

#[tokio::test]
async fn a_thousand_who_come_and_go_leave_nothing_behind() {
    let server = Server::with(&[CROWDED]).await;
    // What the first ones bring about is not the crowd's.
    visit(&server, ROOMS..ROOMS + 20).await;
    clients(&server, 0).await;
    let before = holdings(&server);
    let crowd = (0..AT_ONCE).map(|share| visit(&server, (0..ROOMS).filter(move |room| room % AT_ONCE == share)));
    futures_util::future::join_all(crowd).await;
    clients(&server, 0).await;
    let after = settled(&server, before).await;
    println!("{before:?} became {after:?} after {} sockets", 2 * ROOMS);
    let grown = after.bytes.saturating_sub(before.bytes);
    assert!(grown < 8 * MIB, "the server has grown by {grown} bytes");
    let figures = scrape(server.address).await;
    for gauge in ["nt_rooms_active", "nt_peers_active", "meetpoint_connections"] {
        assert_eq!(figures[gauge], 0.0, "{gauge}");
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn greetings_in_thousands_of_rooms_are_not_remembered() {
    const GREETINGS: u32 = 3_000;
    let server = Server::with(&[CROWDED]).await;
    let greet = async |rooms: std::ops::Range<u32>| {
        let mut greeting = JoinSet::new();
        for share in 0..AT_ONCE {
            let (address, rooms) = (server.address, rooms.clone());
            greeting.spawn(async move {
                for number in rooms.filter(|room| room % AT_ONCE == share) {
                    let path = path(&room(number), "B");
                    let handshake = Handshake { path: &path, ..Handshake::default() };
                    let seat = Seat::enter(address, handshake).await;
                    for up_to in [0, 7, 1 << 40] {
                        seat.hello(up_to).await;
                        seat.delivered(up_to).await;
                    }
                    seat.terminate().await;
                }
            });
        }
        greeting.join_all().await;
    };
    greet(0..300).await;
    clients(&server, 0).await;
    let before = holdings(&server);
    greet(300..300 + GREETINGS).await;
    clients(&server, 0).await;
    let after = settled(&server, before).await;
    let grown = after.bytes.saturating_sub(before.bytes);
    println!("{grown} bytes more after {GREETINGS} greetings");
    assert!(grown < 8 * MIB, "the server has grown by {grown} bytes");
}
