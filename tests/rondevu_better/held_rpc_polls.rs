//! Polls that are held open until something arrives, on both ages of the RPC wire.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::IN_MEMORY;
use crate::support::http;
use crate::support::rondevu::client::{Tagger, User, result, rpc, text};
use crate::support::server::Server;

/// Longer than a test's patience, in ms.
const LONG: u64 = 30_000;
const WAIT: Duration = Duration::from_millis(300);

fn empty() -> Value {
    json!({"answers": [], "iceCandidates": {}})
}

/// Sends a request whose answer is to be awaited later, and makes the server take notice of it.
async fn held(server: &Server, request: Value) -> JoinSet<Value> {
    let address = server.address;
    let mut polls = JoinSet::new();
    polls.spawn(async move { rpc(address, &request).await.json() });
    for _ in 0..20 {
        assert_eq!(http::get(address, "/healthz").await.status, 200);
    }
    polls
}

async fn answered(mut polls: JoinSet<Value>) -> Value {
    polls.join_next().await.expect("a poll").expect("an answer")
}

#[tokio::test]
async fn a_held_poll_of_a_user_is_answered_by_answers_and_candidates() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (alice, bob) = (User::new(server.address, "alice", 1), User::new(server.address, "bob", 2));
    let offer = text(&alice.publish("chat:1.0.0", "offer").await["offers"][0]["offerId"]);

    let poll = held(&server, alice.request("poll", json!({"wait": LONG}))).await;
    bob.done("answerOffer", json!({"offerId": offer, "sdp": "answer"})).await;
    let first = result(answered(poll).await);
    let answer = &first["answers"][0];
    assert_eq!((&answer["offerId"], &answer["sdp"]), (&json!(offer), &json!("answer")), "{first}");

    let poll = held(&server, alice.request("poll", json!({"wait": LONG, "since": answer["answeredAt"]}))).await;
    bob.done("addIceCandidates", json!({"offerId": offer, "candidates": [{"candidate": "c1"}]})).await;
    let second = result(answered(poll).await);
    assert_eq!(second["answers"], json!([]), "{second}");
    assert_eq!(second["iceCandidates"][&offer][0]["candidate"], json!({"candidate": "c1"}), "{second}");
}

#[tokio::test]
async fn a_held_poll_of_a_key_is_answered_by_answers_and_candidates() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (alice, bob) = (Tagger::new(server.address, 1), Tagger::new(server.address, 2));
    let offer = alice.publish(&["chat"], "offer").await;

    let poll = held(&server, json!([alice.request("poll", json!({"wait": LONG, "since": 0}))])).await;
    bob.done("answerOffer", json!({"offerId": offer, "sdp": "answer", "matchedTags": ["chat"]})).await;
    let first = result(answered(poll).await[0].take());
    let answer = &first["answers"][0];
    assert_eq!((&answer["offerId"], &answer["matchedTags"]), (&json!(offer), &json!(["chat"])), "{first}");

    let since = &answer["answeredAt"];
    let poll = held(&server, json!([bob.request("poll", json!({"wait": LONG, "since": since}))])).await;
    alice.done("addIceCandidates", json!({"offerId": offer, "candidates": [{"candidate": "o1"}]})).await;
    let second = result(answered(poll).await[0].take());
    assert_eq!(second["iceCandidates"][&offer][0]["role"], "offerer", "the answerer hears too: {second}");
}

#[tokio::test]
async fn what_is_there_already_is_answered_at_once() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (alice, bob) = (User::new(server.address, "alice", 1), User::new(server.address, "bob", 2));
    let offer = text(&alice.publish("chat:1.0.0", "offer").await["offers"][0]["offerId"]);
    bob.done("answerOffer", json!({"offerId": offer, "sdp": "answer"})).await;
    let polled = alice.done("poll", json!({"wait": LONG})).await;
    assert_eq!(polled["answers"][0]["sdp"], "answer", "{polled}");
}

#[tokio::test]
async fn without_news_the_wait_runs_out_with_an_empty_result() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (user, tagger) = (User::new(server.address, "alice", 1), Tagger::new(server.address, 2));
    let params = json!({"wait": WAIT.as_millis() as u64, "since": 0});
    let started = Instant::now();
    assert_eq!(user.done("poll", params.clone()).await, empty());
    assert!(started.elapsed() >= WAIT, "{:?}", started.elapsed());
    let started = Instant::now();
    assert_eq!(tagger.done("poll", params).await, empty());
    assert!(started.elapsed() >= WAIT, "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_wait_that_is_no_time_is_refused() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (user, tagger) = (User::new(server.address, "alice", 1), Tagger::new(server.address, 2));
    let refusal = "Invalid wait parameter: must be a non-negative number";
    for wait in [json!(-1), json!("100"), json!(true), json!([]), json!({})] {
        let params = json!({"wait": wait});
        assert_eq!(user.refused("poll", params.clone()).await, refusal, "{wait}");
        let refused = tagger.refused("poll", params).await;
        assert_eq!(refused, (refusal.to_owned(), "INVALID_PARAMS".to_owned()), "{wait}");
    }
}

#[tokio::test]
async fn a_stopping_server_lets_held_polls_go_at_once() {
    let server = Server::with(&[IN_MEMORY, ("SHUTDOWN_GRACE", "60s")]).await;
    let (user, tagger) = (User::new(server.address, "alice", 1), Tagger::new(server.address, 2));
    let of_user = held(&server, user.request("poll", json!({"wait": LONG}))).await;
    let of_key = held(&server, json!([tagger.request("poll", json!({"wait": LONG}))])).await;
    server.signal("TERM").await;
    assert_eq!(result(answered(of_user).await), empty());
    assert_eq!(result(answered(of_key).await[0].take()), empty());
}
