//! The end of a server with many sockets.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::support::PATIENCE;
use crate::support::noisy::{Seat, pair, room};
use crate::support::server::{CROWDED, Server};

const ROOMS: u32 = 250;

#[tokio::test]
async fn five_hundred_sockets_hear_that_the_server_stops() {
    let mut server = Server::with(&[CROWDED, ("SHUTDOWN_GRACE", "2s")]).await;
    let mut seats: Vec<Seat> = Vec::new();
    let mut rooms = 0..ROOMS;
    while !rooms.is_empty() {
        for (a, b) in join_all(rooms.by_ref().take(50).map(|number| {
            let server = &server;
            async move { pair(server, &room(number)).await }
        }))
        .await
        {
            seats.extend([a, b]);
        }
    }
    let told = Instant::now();
    server.signal("TERM").await;
    join_all(seats.iter_mut().map(|seat| seat.hears_close(1001, "shutting down"))).await;
    let ended = server.exit(PATIENCE).await.expect("the server ends");
    assert_eq!(ended.code(), Some(0));
    assert!(told.elapsed() < Duration::from_secs(8), "took {:?}", told.elapsed());
    server.assert_no_panic();
}
