//! Few addresses that want all connections there are.

use std::net::Ipv4Addr;

use meetpoint_scorecard::{Goal, figure, scale};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::PATIENCE;
use crate::support::chat::{Guest, assert_unharmed, meet, part, talk};
use crate::support::handshake;
use crate::support::metrics::scrape;
use crate::support::server::Server;

const ADDRESSES: usize = 50;
/// Honest clients, at another address.
const GOOD: usize = 4;

/// All the sockets that an address gets when it asks so often.
async fn take(server: std::net::SocketAddr, address: Ipv4Addr, attempts: usize) -> Vec<TcpStream> {
    let mut taken = Vec::new();
    for _ in 0..attempts {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind((address, 0).into()).expect("an address of the loopback");
        let mut stream = timeout(PATIENCE, socket.connect(server)).await.expect("in time").expect("the server listens");
        // Whoever is refused may be hung up on before it has said anything.
        let _ = stream.write_all(&handshake::request("/ws", &[])).await;
        let mut status = [0; 12];
        let answer = timeout(PATIENCE, stream.read_exact(&mut status)).await.expect("an answer or the end");
        if answer.is_ok() && &status == b"HTTP/1.1 101" {
            taken.push(stream);
        }
    }
    taken
}

/// How much of all places is free, in per cent, while the thieves have what they get and honest clients come in and talk.
async fn free_for_others(settings: &[(&str, &str)], attempts: usize) -> f64 {
    let server = Server::with(settings).await;
    let mut thieves = JoinSet::new();
    for number in 0..ADDRESSES {
        thieves.spawn(take(server.address, Ipv4Addr::new(127, 3, 0, number as u8 + 1), attempts / ADDRESSES));
    }
    let taken = thieves.join_all().await;
    let mut good = Vec::new();
    for _ in 0..GOOD {
        let (mut one, mut other) = (Guest::join(&server).await, Guest::join(&server).await);
        meet(&mut one, &mut other).await;
        talk(&mut one, &mut other).await;
        part(one, other).await;
        good.push(Guest::join(&server).await);
    }
    let told = scrape(server.address).await;
    let (open, most) = (told["meetpoint_tcp_connections"], told["meetpoint_tcp_connections_limit"]);
    let held: usize = taken.iter().map(Vec::len).sum();
    assert!(open >= held as f64, "{open} connections, {held} of them of thieves");
    drop((taken, good));
    assert_unharmed(&server).await;
    (most - held as f64) / most * 100.0
}

#[tokio::test]
async fn addresses_that_want_all_connections_get_their_share() {
    // So many descriptors are there everywhere for a test; a soak needs a machine that is set up for it.
    let (attempts, most, few) = scale((1_000, "3900", "6"), (19_000, "19000", "32"));
    let free = free_for_others(&[("MAX_CONNECTIONS", most), ("MAX_CONNECTIONS_PER_IP", few)], attempts).await;
    let what = format!("free of {most} while {ADDRESSES} addresses take all, at MAX_CONNECTIONS_PER_IP={few}");
    figure("A9", &what, free, "%", Goal::AtLeast(90.0));
    assert!(free > 0.0);
    if meetpoint_scorecard::soaking() {
        let free = free_for_others(&[("MAX_CONNECTIONS", most)], attempts).await;
        let what = format!("free of {most} while {ADDRESSES} addresses take all, at the default of 256");
        figure("A9", &what, free, "%", Goal::AtLeast(30.0));
    }
}
