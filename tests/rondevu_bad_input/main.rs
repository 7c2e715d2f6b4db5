//! Input that no honest client of the Rondevu wires sends: each gets its answer, costs bounded memory, and neither breaks
//! the server nor writes into its log.

mod depth;
mod discover_rules;
mod forgery;
mod headers;
mod logs;
mod numbers;
mod offer_rules;
mod rpc_rules;
mod service_rules;
mod session_rules;
mod strings;
mod tag_rules;

use meetpoint_test_support as support;
use serde_json::{Value, json};
use support::http::{self, Response};
use support::rondevu::client::{Page, Tagger, User};
use support::server::Server;

/// Nothing of these tests may be left on the disk.
const IN_MEMORY: (&str, &str) = ("STORAGE_TYPE", "memory");

/// A request that is refused: its body, the status and the sentence.
type Refusal<'a> = (&'a str, u16, &'a str);

/// Each body gets its refusal, with nothing but the sentence.
async fn assert_refusals(send: impl AsyncFn(&str) -> Response, refusals: &[Refusal<'_>]) {
    for (body, status, sentence) in refusals {
        let answer = send(body).await;
        assert_eq!((answer.status, answer.json()), (*status, json!({"error": sentence})), "{}", shortened(body));
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

/// How every attack ends: nothing panicked, and honest clients are served on every wire.
async fn assert_unharmed(server: &Server) {
    let page = Page { server: server.address, origin: "https://honest.example" };
    let code = page.announce("honest").await;
    assert_eq!(page.poll(&code, "answerer", json!({})).await.json()["offer"], "sdp");
    let peers = http::get(server.address, "/offers/by-topic/honest").await.json();
    assert_eq!(peers["topic"], "honest");
    let empty = json!({"answers": [], "iceCandidates": {}});
    assert_eq!(User::new(server.address, "honest-user", 200).done("poll", json!({})).await, empty);
    assert_eq!(Tagger::new(server.address, 201).done("poll", json!({"since": 0})).await, empty);
    assert_eq!(http::get(server.address, "/healthz").await.status, 200);
    server.assert_no_panic();
}

/// Whatever it says, it says it in JSON, and the fault is not the server's.
fn assert_clear(answer: &Response, place: &str) -> Value {
    assert!(answer.status < 500, "{place}: {answer:?}");
    serde_json::from_str(&answer.body).unwrap_or_else(|fault| panic!("{place}: {fault} in {answer:?}"))
}

/// A text in a path or query: every byte escaped.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn shortened(text: &str) -> &str {
    text.char_indices().nth(200).map_or(text, |(at, _)| &text[..at])
}
