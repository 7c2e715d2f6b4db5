//! Two who arrive at the same moment.

use futures_util::future::join_all;

use crate::support::noisy::{ROOM_FULL, Seat, room, talk};
use crate::support::server::Server;

const ROOMS: u32 = 100;

#[tokio::test]
async fn both_hear_once_that_the_room_is_full() {
    let server = Server::start().await;
    for rooms in 0..ROOMS / 10 {
        join_all((rooms * 10..(rooms + 1) * 10).map(|number| {
            let server = &server;
            async move {
                let app = room(number);
                let (mut a, mut b) = tokio::join!(Seat::open(server, &app, "A"), Seat::open(server, &app, "B"));
                // One of each pair speaks, the other listens first.
                if number % 2 == 0 { &a } else { &b }.hello(0).await;
                a.hears(ROOM_FULL).await;
                b.hears(ROOM_FULL).await;
                talk(&mut a, &mut b).await;
                a.silence().await;
                b.silence().await;
            }
        }))
        .await;
    }
}
