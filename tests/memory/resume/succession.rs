//! A session that is taken over from a socket that still seems to live.

use meetpoint::config::Settings;
use serde_json::json;
use tokio::time::Instant;

use super::pair;
use crate::pipes::Memory;

/// More than the pipe of a client that does not read holds, 4 KiB each.
const OFFERS: usize = 20;

#[tokio::test(start_paused = true)]
async fn whoever_comes_back_does_not_wait_for_a_socket_before_that_no_longer_reads() {
    let memory = Memory::start(&Settings::default());
    let [(stuck, mut ticket), (mut partner, _)] = pair(&memory).await;
    for number in 0..OFFERS {
        partner.say(&json!({"type": "offer", "sdp": [number, "x".repeat(4096)]}).to_string()).await;
    }
    assert!(partner.heard().await.is_empty());
    let asked = Instant::now();
    let mut back = ticket.back(&memory).await;
    for number in 0..OFFERS {
        assert_eq!(back.hear("offer").await["sdp"][0], number);
    }
    assert!(asked.elapsed().is_zero(), "{:?}", asked.elapsed());
    drop(stuck);
}
