//! Who says more than the message rate waits; nothing that it said is dropped.

use std::time::Instant;

use serde_json::json;

use crate::support::frame;
use crate::support::noisy::{pair, room};
use crate::support::server::Server;

/// Messages per second; four times as many may come at once.
const RATE: usize = 50;
const FRAMES: usize = 6 * RATE;

#[tokio::test]
async fn a_hasty_sender_is_made_to_wait_and_loses_nothing() {
    let server = Server::with(&[("MAX_MSG_PER_SECOND", "50")]).await;
    let (mut a, mut b) = pair(&server, &room(1)).await;
    let candidate = |number: usize| json!({"type": "ice", "cand": number}).to_string();
    let bytes: Vec<u8> = (0..FRAMES).flat_map(|number| frame::text(&candidate(number))).collect();
    let began = Instant::now();
    a.write(&bytes).await.unwrap();
    for number in 0..FRAMES {
        b.hears(&candidate(number)).await;
    }
    assert!(began.elapsed().as_secs() >= 1, "{:?}", began.elapsed());
    a.silence().await;
    b.silence().await;
}
