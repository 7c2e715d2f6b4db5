//! Words that clients invent.

use std::collections::BTreeSet;

use serde_json::json;

use crate::process::{MIB, holdings};
use crate::support::frame;
use crate::support::metrics::scrape;
use crate::support::noisy::{assert_unharmed, pair, room};
use crate::support::server::{CROWDED, Server};

const INVENTED: usize = 50_000;
const AT_ONCE: usize = 1_000;

/// The names and labels of all samples but those of scrapes themselves.
async fn series(server: &Server) -> BTreeSet<String> {
    scrape(server.address).await.into_keys().filter(|name| !name.contains("http_request")).collect()
}

#[tokio::test]
async fn fifty_thousand_invented_types_make_no_series() {
    let server = Server::with(&[CROWDED, ("MAX_MSG_PER_SECOND", "0"), ("MAX_BYTES_PER_SECOND", "0")]).await;
    let (mut a, mut b) = pair(&server, &room(1)).await;
    let invent = |number: usize| {
        let word = format!("invented-{number}");
        let said = match number % 4 {
            0 => json!({"type": word}),
            1 => json!({"type": "telemetry", "event": "ice-connected", "mode": word}),
            2 => json!({"type": "telemetry", "event": "ice-failed", "reason": word}),
            _ => json!({"type": "telemetry", "event": word, "mode": word}),
        };
        frame::text(&said.to_string())
    };
    let first: Vec<u8> = (0..AT_ONCE).flat_map(invent).collect();
    a.write(&first).await.unwrap();
    a.settle().await;
    let (before, held) = (series(&server).await, holdings(&server));
    for batch in 1..=INVENTED / AT_ONCE {
        let words: Vec<u8> = (batch * AT_ONCE..(batch + 1) * AT_ONCE).flat_map(invent).collect();
        a.write(&words).await.unwrap();
        a.settle().await;
    }
    let after = series(&server).await;
    assert_eq!(after, before, "what is new: {:?}", after.difference(&before));
    let grown = holdings(&server).bytes.saturating_sub(held.bytes);
    println!("{} series before and after, {grown} bytes more", after.len());
    assert!(grown < 8 * MIB, "the server has grown by {grown} bytes");
    b.silence().await;
    assert_unharmed(&server).await;
}
