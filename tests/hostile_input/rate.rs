//! Too much, or too often nonsense. What takes its time, `tests/memory/rate.rs` shows on paused time.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::chat::{Guest, assert_unharmed, meet, pair};
use crate::support::frame::{self, FIN, PING};
use crate::support::server::Server;

const RATE: usize = 5;
const LIMITED: [(&str, &str); 1] = [("MAX_MSG_PER_SECOND", "5")];
/// Four seconds' worth.
const BURST: usize = 4 * RATE;

fn pings(count: usize) -> Vec<u8> {
    frame::text(r#"{"type":"ping"}"#).repeat(count)
}

/// How many pings were answered and how often the guest was told that there were too many.
async fn pongs_and_errors(guest: &mut Guest) -> (usize, usize) {
    let heard = guest.heard().await;
    let count = |wanted: Value| heard.iter().filter(|words| **words == wanted).count();
    let pongs = count(json!({"type": "pong"}));
    let errors = count(json!({"type": "error", "code": "RATE_LIMIT", "message": "Too many messages"}));
    assert_eq!(pongs + errors, heard.len(), "{heard:?}");
    (pongs, errors)
}

/// What the bucket lets through beyond what it held, when it refilled for so long.
fn refilled(since: Instant) -> usize {
    (since.elapsed().as_secs_f64() * RATE as f64).ceil() as usize
}

#[tokio::test]
async fn a_burst_passes_and_what_is_over_it_is_dropped_with_one_error() {
    let server = Server::with(&LIMITED).await;
    let mut guest = Guest::join(&server).await;
    let began = Instant::now();
    guest.write(&pings(BURST + 20)).await.unwrap();
    let (pongs, errors) = pongs_and_errors(&mut guest).await;
    assert!((BURST..=BURST + refilled(began)).contains(&pongs), "{pongs} pings passed");
    assert_eq!(errors, 1);
}

#[tokio::test]
async fn a_frame_over_the_rate_is_not_relayed() {
    /// The bucket is not full any more: there was an `available`, and a protocol ping to see it heard.
    const SPENT: usize = 2;
    let server = Server::with(&LIMITED).await;
    let (mut one, mut other) = pair(&server).await;
    let began = Instant::now();
    for number in 0..2 * BURST {
        one.send(json!({"type": "offer", "sdp": number})).await;
    }
    one.settle().await;
    let heard = other.heard().await;
    assert!((BURST - SPENT..=BURST + refilled(began)).contains(&heard.len()), "{} offers passed", heard.len());
    for (number, offer) in heard.iter().take(BURST - SPENT).enumerate() {
        assert_eq!(offer["sdp"], number, "the first ones pass, in order");
    }
}

#[tokio::test]
async fn nonsense_counts_too() {
    let server = Server::with(&LIMITED).await;
    let mut guest = Guest::join(&server).await;
    guest.write(&frame::text("nonsense").repeat(2 * BURST)).await.unwrap();
    let heard = guest.heard().await;
    let limited = heard.iter().filter(|words| words["code"] == "RATE_LIMIT").count();
    assert_eq!(limited, 1);
    assert!(heard.len() < 2 * BURST, "{} answers", heard.len());
}

#[tokio::test]
async fn by_default_a_mesh_of_six_can_trickle_all_its_candidates_at_once() {
    let server = Server::start().await;
    let mut guest = Guest::join(&server).await;
    guest.write(&pings(400)).await.unwrap();
    assert_eq!(pongs_and_errors(&mut guest).await, (400, 0));
}

#[tokio::test]
async fn a_protocol_ping_over_the_rate_does_not_use_up_the_error() {
    let server = Server::with(&LIMITED).await;
    let mut guest = Guest::join(&server).await;
    let ping = frame::masked(FIN | PING, b"");
    guest.write(&[pings(BURST), ping.repeat(BURST), pings(BURST)].concat()).await.unwrap();
    let (pongs, errors) = pongs_and_errors(&mut guest).await;
    assert!(pongs < 2 * BURST, "all passed");
    assert_eq!(errors, 1, "whose message is dropped is told so");
}

#[tokio::test]
async fn zero_is_no_limit() {
    let server = Server::with(&[("MAX_MSG_PER_SECOND", "0"), ("MAX_BYTES_PER_SECOND", "0")]).await;
    let mut guest = Guest::join(&server).await;
    guest.write(&pings(5000)).await.unwrap();
    assert_eq!(pongs_and_errors(&mut guest).await, (5000, 0));
}

#[tokio::test]
async fn one_guest_s_excess_is_not_another_s() {
    let server = Server::with(&LIMITED).await;
    let mut noisy = Guest::join(&server).await;
    noisy.write(&pings(200)).await.unwrap();
    noisy.settle().await;
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn a_hundred_unparsable_messages_in_a_row_are_the_end() {
    let server = Server::start().await;
    let nonsense = |count: usize| frame::text("not json").repeat(count);
    let mut guest = Guest::join(&server).await;
    for _ in 0..2 {
        guest.write(&nonsense(99)).await.unwrap();
        guest.write(&pings(1)).await.unwrap();
        for _ in 0..99 {
            guest.refused("INVALID_FORMAT").await;
        }
        assert_eq!(guest.hear().await, json!({"type": "pong"}), "sense is forgiven");
    }
    guest.write(&nonsense(100)).await.unwrap();
    let closed = guest.end().await;
    assert_eq!((closed.code, closed.reason.as_str()), (4400, "bad request"));
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn unknown_types_are_no_reason_to_close() {
    let server = Server::start().await;
    let mut guest = Guest::join(&server).await;
    guest.write(&frame::text(r#"{"type":"from the future"}"#).repeat(150)).await.unwrap();
    for _ in 0..150 {
        guest.refused("UNKNOWN_TYPE").await;
    }
    let mut other = Guest::join(&server).await;
    meet(&mut guest, &mut other).await;
}
