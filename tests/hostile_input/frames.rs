//! Bytes that are no WebSocket frames, or frames that are too large.

use crate::support::chat::{Guest, assert_unharmed, meet, pair};
use crate::support::frame::{self, BINARY, CLOSE, CONTINUATION, FIN, PING, TEXT};
use crate::support::server::Server;

/// The limit of a message on the chat wire when none is set.
const LIMIT: usize = 64 * 1024;

/// A guest sends these bytes; the connection is closed with the code, and nobody else is harmed.
async fn assert_closes(server: &Server, bytes: &[u8], code: u16) {
    let mut attacker = Guest::join(server).await;
    // The server may close before it has seen all of it.
    let _ = attacker.write(bytes).await;
    let closed = attacker.closed().await;
    assert_eq!(closed.code, code, "after {:x?}", &bytes[..bytes.len().min(16)]);
}

/// An offer whose text is exactly as long.
fn offer_of(length: usize) -> String {
    let (prefix, suffix) = (r#"{"type":"offer","sdp":""#, r#""}"#);
    format!("{prefix}{}{suffix}", "x".repeat(length - prefix.len() - suffix.len()))
}

#[tokio::test]
async fn an_announced_length_over_the_limit_is_refused_before_the_payload() {
    let server = Server::start().await;
    for first in [FIN | TEXT, TEXT, FIN | BINARY] {
        for announced in [1 << 63, (1 << 63) - 1, u64::MAX, 1 << 32, LIMIT as u64 + 1] {
            assert_closes(&server, &frame::header(first, announced), 1009).await;
        }
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn announced_lengths_reserve_no_memory() {
    let server = Server::with(&[("WS_MAX_MSG", "1MiB"), ("OUTBOX_MAX_BYTES", "2MiB")]).await;
    let before = server.resident_bytes();
    let mut waiting = Vec::new();
    for _ in 0..100 {
        let guest = Guest::join(&server).await;
        guest.write(&frame::header(FIN | TEXT, 1024 * 1024)).await.unwrap();
        waiting.push(guest);
    }
    assert_unharmed(&server).await;
    if let (Some(before), Some(after)) = (before, server.resident_bytes()) {
        let grown = after.saturating_sub(before);
        assert!(grown < 16 * 1024 * 1024, "{grown} bytes for what never came");
    }
}

#[tokio::test]
async fn a_message_of_exactly_the_limit_passes() {
    let server = Server::start().await;
    let (one, mut other) = pair(&server).await;
    one.send_text(&offer_of(LIMIT)).await;
    let stamp = format!(r#""from":"{}","#, one.id);
    let heard = other.hear_text().await;
    assert!(heard.contains(&stamp));
    assert_eq!(heard.len(), LIMIT + stamp.len());
}

#[tokio::test]
async fn a_byte_more_closes_and_relays_nothing() {
    let server = Server::start().await;
    let words = offer_of(LIMIT + 1);
    let (first, second) = words.as_bytes().split_at(LIMIT / 2);
    let whole = frame::text(&words);
    let fragments = [frame::masked(TEXT, first), frame::masked(FIN | CONTINUATION, second)].concat();
    for bytes in [whole, fragments] {
        let (mut culprit, mut partner) = pair(&server).await;
        let _ = culprit.write(&bytes).await;
        assert_eq!(culprit.closed().await.code, 1009);
        partner.parted("disconnected").await;
        partner.silence().await;
        partner.say("leave").await;
        partner.settle().await;
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn the_limit_can_be_set() {
    let server = Server::with(&[("WS_MAX_MSG", "2KiB")]).await;
    let (mut one, mut other) = pair(&server).await;
    one.send_text(&offer_of(2048)).await;
    other.hear().await;
    let _ = one.write(&frame::text(&offer_of(2049))).await;
    assert_eq!(one.closed().await.code, 1009);
}

#[tokio::test]
async fn what_breaks_the_framing_closes_as_a_protocol_error() {
    let server = Server::start().await;
    let ping = br#"{"type":"ping"}"#;
    let broken = [
        ("an unmasked frame", frame::unmasked(FIN | TEXT, ping)),
        ("reserved bit 1", frame::masked(FIN | 0x40 | TEXT, ping)),
        ("reserved bit 2", frame::masked(FIN | 0x20 | TEXT, ping)),
        ("reserved bit 3", frame::masked(FIN | 0x10 | TEXT, ping)),
        ("reserved data opcode", frame::masked(FIN | 0x3, ping)),
        ("reserved data opcode", frame::masked(FIN | 0x7, ping)),
        ("reserved control opcode", frame::masked(FIN | 0xB, b"")),
        ("reserved control opcode", frame::masked(FIN | 0xF, b"")),
        ("a fragmented ping", frame::masked(PING, b"")),
        ("a fragmented close", frame::masked(CLOSE, b"")),
        ("an oversized ping", frame::masked(FIN | PING, &[0; 126])),
        ("an oversized close", frame::masked(FIN | CLOSE, &[0; 126])),
        ("a continuation of nothing", frame::masked(FIN | CONTINUATION, ping)),
        ("a message inside a message", [frame::masked(TEXT, ping), frame::masked(FIN | TEXT, ping)].concat()),
        ("a close with half a code", frame::masked(FIN | CLOSE, &[3])),
        ("a code that is never sent", frame::masked(FIN | CLOSE, &1005_u16.to_be_bytes())),
        ("a code below all codes", frame::masked(FIN | CLOSE, &999_u16.to_be_bytes())),
    ];
    for (what, bytes) in broken {
        let mut attacker = Guest::join(&server).await;
        attacker.write(&bytes).await.unwrap();
        assert_eq!(attacker.closed().await.code, 1002, "after {what}");
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn a_broken_frame_parts_the_pair_and_the_partner_goes_on() {
    let server = Server::start().await;
    let (mut culprit, mut partner) = pair(&server).await;
    culprit.write(&frame::unmasked(FIN | TEXT, b"{}")).await.unwrap();
    assert_eq!(culprit.closed().await.code, 1002);
    partner.parted("disconnected").await;
    partner.say("leave").await;
    let mut stranger = Guest::join(&server).await;
    meet(&mut partner, &mut stranger).await;
}

#[tokio::test]
async fn a_message_in_honest_fragments_is_one_message() {
    let server = Server::start().await;
    let (one, mut other) = pair(&server).await;
    let words = r#"{"type":"offer","sdp":"zwölf Boxkämpfer 🥊"}"#.as_bytes();
    // One byte each, so that every character of several bytes is cut; a ping may come between fragments.
    let mut bytes = frame::masked(TEXT, &words[..1]);
    for byte in &words[1..] {
        bytes.extend(frame::masked(CONTINUATION, std::slice::from_ref(byte)));
        bytes.extend(frame::masked(FIN | PING, b""));
    }
    bytes.extend(frame::masked(FIN | CONTINUATION, b""));
    one.write(&bytes).await.unwrap();
    other.hears_offer(&one, "zwölf Boxkämpfer 🥊").await;
}

#[tokio::test]
async fn a_frame_that_dribbles_in_is_one_message() {
    let server = Server::start().await;
    let (one, mut other) = pair(&server).await;
    for byte in frame::text(r#"{"type":"offer","sdp":"slow"}"#) {
        one.write(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    other.hears_offer(&one, "slow").await;
}
