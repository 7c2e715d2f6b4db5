//! How often an address may come, and who is meant by it.

mod addresses;
mod descriptors;
mod guessing;
mod minutes;
mod places;
mod requests;
mod sockets;

#[allow(dead_code, reason = "of the server without a network only the way in is used here")]
#[path = "../memory/pipes.rs"]
mod pipes;

use meetpoint_test_support as support;
use support::http::Response;

/// A window's length in seconds.
const WINDOW: u64 = 60;

/// Checks that a client that was sent away is told for how long, and that it is not longer than `longest` seconds.
fn assert_sent_away(answer: &Response, longest: u64) {
    assert_eq!(answer.status, 429, "{answer:?}");
    let wait = answer.header("retry-after").unwrap_or_else(|| panic!("{answer:?} tells no time"));
    let seconds: u64 = wait.parse().expect("whole seconds");
    assert!((1..=longest).contains(&seconds), "{answer:?}");
}
