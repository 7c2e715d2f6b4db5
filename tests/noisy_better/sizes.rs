//! How large a message may be.

use crate::support::frame::{self, FIN, TEXT};
use crate::support::noisy::{PEER_LEFT, ROOM_FULL, Seat, pair, room, talk};
use crate::support::server::Server;

const MIB: usize = 1024 * 1024;

fn offer(length: usize) -> String {
    let (head, tail) = (r#"{"type":"offer","sdp":""#, r#""}"#);
    format!("{head}{}{tail}", "x".repeat(length - head.len() - tail.len()))
}

#[tokio::test]
async fn exactly_the_limit_passes_and_one_byte_more_closes_the_sender() {
    for (settings, limit) in [(&[][..], MIB), (&[("WS_MAX_MSG", "2048")][..], 2048)] {
        let server = Server::with(settings).await;
        let app = room(1);
        let (mut a, mut b) = pair(&server, &app).await;
        a.send_text(&offer(limit)).await;
        assert_eq!(b.hear_text().await, offer(limit));
        // The server may hang up before it has read all of it.
        let _ = a.write(&frame::text(&offer(limit + 1))).await;
        a.hears_close(1009, "").await;
        b.hears(PEER_LEFT).await;
        b.silence().await;
        let mut a = Seat::join(&server, &app, "A").await;
        a.hears(ROOM_FULL).await;
        b.hears(ROOM_FULL).await;
        talk(&mut a, &mut b).await;
    }
}

#[tokio::test]
async fn a_frame_that_announces_too_much_is_not_waited_for() {
    let server = Server::start().await;
    let mut a = Seat::join(&server, &room(2), "A").await;
    a.write(&frame::header(FIN | TEXT, MIB as u64 + 1)).await.unwrap();
    a.hears_close(1009, "").await;
}

#[tokio::test]
async fn a_message_in_many_fragments_is_relayed_as_one() {
    let server = Server::start().await;
    let (a, mut b) = pair(&server, &room(3)).await;
    let words = offer(300);
    let bytes: Vec<u8> = words
        .as_bytes()
        .chunks(100)
        .enumerate()
        .flat_map(|(number, part)| {
            let first = if number == 0 { TEXT } else { frame::CONTINUATION };
            frame::masked(if number == 2 { FIN | first } else { first }, part)
        })
        .collect();
    a.write(&bytes).await.unwrap();
    assert_eq!(b.hear_text().await, words);
}
