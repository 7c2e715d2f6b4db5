//! Who says what is no text is closed, and nobody else.

use crate::support::frame::{self, BINARY, FIN, TEXT};
use crate::support::noisy::{PEER_LEFT, Seat, pair, room, talk};
use crate::support::server::Server;

const BROKEN: &[u8] = b"{\"type\":\"offer\",\"sdp\":\"\xff\"}";

#[tokio::test]
async fn invalid_utf8_closes_the_sender_and_leaves_the_receiver() {
    let server = Server::start().await;
    for (number, opcode) in [TEXT, BINARY].into_iter().enumerate() {
        let app = room(number as u32);
        let (mut a, mut b) = pair(&server, &app).await;
        a.write(&frame::masked(FIN | opcode, BROKEN)).await.unwrap();
        a.hears_close(1007, "").await;
        b.hears(PEER_LEFT).await;
        b.silence().await;
        let mut a = Seat::open(&server, &app, "A").await;
        for seat in [&mut a, &mut b] {
            seat.hear().await;
        }
        talk(&mut a, &mut b).await;
    }
}

#[tokio::test]
async fn invalid_utf8_is_not_kept_for_an_absent_side() {
    let server = Server::start().await;
    let app = room(3);
    let mut a = Seat::join(&server, &app, "A").await;
    a.write(&frame::masked(FIN | BINARY, BROKEN)).await.unwrap();
    a.hears_close(1007, "").await;
    let mut b = Seat::join(&server, &app, "B").await;
    b.silence().await;
}
