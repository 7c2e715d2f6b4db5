//! Very many of something harmless.

use crate::support::chat::{Guest, assert_unharmed, pair, part, talk};
use crate::support::frame::{self, CONTINUATION, FIN, PING, TEXT};
use crate::support::handshake::Handshake;
use crate::support::server::Server;

const MIB: u64 = 1024 * 1024;

/// While the attack runs, an honest pair talks; afterwards the server has not grown.
async fn undisturbed(server: &Server, attack: impl Future<Output = ()>) {
    let (mut one, mut other) = pair(server).await;
    let before = server.resident_bytes();
    let honest = async {
        for _ in 0..50 {
            talk(&mut one, &mut other).await;
        }
    };
    tokio::join!(attack, honest);
    if let (Some(before), Some(after)) = (before, server.resident_bytes()) {
        let grown = after.saturating_sub(before);
        assert!(grown < 16 * MIB, "the server has grown by {grown} bytes");
    }
    talk(&mut one, &mut other).await;
    part(one, other).await;
    assert_unharmed(server).await;
}

#[tokio::test]
async fn a_message_of_a_million_empty_fragments_is_given_up() {
    let server = Server::start().await;
    let mut attacker = Guest::join(&server).await;
    let mut bytes = frame::masked(TEXT, b"{");
    bytes.extend(frame::masked(CONTINUATION, b"").repeat(1_000_000));
    undisturbed(&server, async {
        let _ = attacker.write(&bytes).await;
        attacker.end().await;
    })
    .await;
}

#[tokio::test]
async fn a_hundred_thousand_pings_are_answered_or_refused_but_not_collected() {
    let server = Server::start().await;
    let mut attacker = Guest::join(&server).await;
    let bytes = frame::masked(FIN | PING, &[b'p'; 125]).repeat(100_000);
    undisturbed(&server, async {
        if attacker.write(&bytes).await.is_err() {
            attacker.end().await;
        }
    })
    .await;
}

#[tokio::test]
async fn pings_of_somebody_who_does_not_read_the_pongs_are_not_collected() {
    let server = Server::start().await;
    let handshake = Handshake { receive_buffer: Some(4096), ..Handshake::default() };
    let attacker = Guest::enter(&server, handshake).await;
    attacker.pause();
    let bytes = frame::masked(FIN | PING, &[b'p'; 125]).repeat(200_000);
    let attack = async {
        // Either the server stops reading, which blocks the push, or it hangs up, which fails it.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(2), attacker.write(&bytes)).await;
    };
    undisturbed(&server, attack).await;
}

#[tokio::test]
async fn crowds_that_come_and_go_leave_nothing_behind() {
    let server = Server::start().await;
    let attack = async {
        for round in 0..200 {
            let guest = Guest::join(&server).await;
            match round % 3 {
                0 => guest.terminate().await,
                1 => guest.close(1000, "").await,
                _ => drop(guest),
            }
        }
    };
    undisturbed(&server, attack).await;
}
