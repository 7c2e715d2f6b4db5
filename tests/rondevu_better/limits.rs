//! Storage is bounded: who comes over a bound is told so, and nothing that was accepted is lost.

use serde_json::{Value, json};

use crate::IN_MEMORY;
use crate::support::http::Response;
use crate::support::rondevu::client::{OfferPeer, Page, Tagger, User};
use crate::support::server::Server;

const ORIGIN: &str = "https://a.example";

fn refused(status: u16, answer: &Response) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.json().as_object().map(serde_json::Map::len), Some(1), "nothing but the error: {answer:?}");
    answer.error()
}

#[tokio::test]
async fn a_full_store_refuses_on_every_wire_and_evicts_nothing() {
    const FULL: &str = "Offer storage is full";
    let server = Server::with(&[IN_MEMORY, ("MAX_OFFERS", "2")]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let peer = OfferPeer::register(server.address).await;
    let (user, tagger) = (User::new(server.address, "alice", 1), Tagger::new(server.address, 2));
    let code = page.announce("room").await;
    let id = peer.offered(json!({"sdp": "s", "topics": ["t"]})).await;

    let session = page.post("/room/offer", &json!({"info": "p", "offer": "sdp"})).await;
    assert_eq!(refused(507, &session), FULL);
    assert_eq!(refused(507, &peer.offer(json!([{"sdp": "s2", "topics": ["t"]}])).await), FULL);
    let service = json!({"serviceFqn": "chat:1.0.0@alice", "offers": [{"sdp": "s"}]});
    assert_eq!(user.refused("publishService", service).await, FULL);
    let tagged = tagger.refused("publishOffer", json!({"tags": ["a"], "offers": [{"sdp": "s"}], "ttl": 60_000})).await;
    let text = "Server offer limit reached (2). Try again later.";
    assert_eq!(tagged, (text.to_owned(), "STORAGE_FULL".to_owned()));

    assert_eq!(page.poll(&code, "answerer", json!({})).await.json()["offer"], "sdp");
    assert_eq!(peer.get("/offers/mine").await.json()["offers"][0]["id"], id);
    let refreshed = peer.offered(json!({"sdp": "s", "topics": ["t"]})).await;
    assert_eq!(refreshed, id, "a refreshed offer needs no room");
    assert_eq!(peer.send("DELETE", &format!("/offers/{id}"), "").await.status, 200);
    user.publish("chat:1.0.0", "s").await;
    user.publish("chat:1.0.0", "the same service again").await;
}

#[tokio::test]
async fn a_batch_over_the_bound_stores_nothing_of_it() {
    let server = Server::with(&[IN_MEMORY, ("MAX_OFFERS", "2")]).await;
    let peer = OfferPeer::register(server.address).await;
    let offers: Vec<Value> = (0..3).map(|number| json!({"sdp": format!("s{number}"), "topics": ["t"]})).collect();
    refused(507, &peer.offer(offers.into()).await);
    assert_eq!(peer.get("/offers/mine").await.json()["offers"], json!([]));
}

#[tokio::test]
async fn one_owner_has_a_share_and_no_more() {
    let server = Server::with(&[IN_MEMORY, ("MAX_OFFERS_PER_OWNER", "2")]).await;
    let (peer, other) = (OfferPeer::register(server.address).await, OfferPeer::register(server.address).await);
    let (user, tagger) = (User::new(server.address, "alice", 1), Tagger::new(server.address, 2));
    for sdp in ["s1", "s2"] {
        peer.offered(json!({"sdp": sdp, "topics": ["t"]})).await;
        tagger.publish(&["a"], sdp).await;
        user.publish(if sdp == "s1" { "one:1.0.0" } else { "two:1.0.0" }, sdp).await;
    }
    let third = peer.offer(json!([{"sdp": "s3", "topics": ["t"]}])).await;
    assert_eq!(refused(429, &third), "Too many offers. Maximum 2 per peer");
    let tagged = json!({"tags": ["a"], "offers": [{"sdp": "s3"}], "ttl": 60_000});
    let text = "User offer limit exceeded. You have 2 offers, limit is 2.";
    assert_eq!(tagger.refused("publishOffer", tagged).await, (text.to_owned(), "TOO_MANY_OFFERS_PER_USER".to_owned()));
    let service = json!({"serviceFqn": "three:1.0.0@alice", "offers": [{"sdp": "s3"}]});
    assert_eq!(user.refused("publishService", service).await, "Too many offers per user (max 2)");

    other.offered(json!({"sdp": "s3", "topics": ["t"]})).await;
    let mine = peer.get("/offers/mine").await.json();
    assert_eq!(mine["offers"].as_array().map(Vec::len), Some(2), "{mine}");
    user.publish("two:1.0.0", "what is replaced makes room").await;
}

#[tokio::test]
async fn candidates_are_bounded_per_request_and_per_side() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (offerer, answerer) = (OfferPeer::register(server.address).await, OfferPeer::register(server.address).await);
    let id = offerer.offered(json!({"sdp": "s", "topics": ["t"]})).await;
    assert_eq!(answerer.post(&format!("/offers/{id}/answer"), &json!({"sdp": "a"})).await.status, 200);
    let path = format!("/offers/{id}/ice-candidates");
    let some = |count: usize| json!({"candidates": vec![json!({"candidate": "c"}); count]});

    let many = offerer.post(&path, &some(101)).await;
    assert_eq!(refused(400, &many), "Too many candidates. Maximum 100 per request");
    for count in [100, 100] {
        assert_eq!(offerer.post(&path, &some(count)).await.json()["candidatesAdded"], count);
    }
    let text = "Too many candidates for this offer. Maximum 256 per side";
    assert_eq!(refused(429, &offerer.post(&path, &some(57)).await), text, "and none of them is kept");
    assert_eq!(offerer.post(&path, &some(56)).await.json()["candidatesAdded"], 56);
    assert_eq!(refused(429, &offerer.post(&path, &some(1)).await), text);
    assert_eq!(answerer.post(&path, &some(100)).await.status, 200, "the other side has its own");
    let seen = answerer.get(&path).await.json();
    assert_eq!(seen["candidates"].as_array().map(Vec::len), Some(256));
}

#[tokio::test]
async fn candidates_of_a_session_are_bounded_per_side() {
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let code = page.announce("room").await;
    for number in 0..256 {
        assert_eq!(page.say(&code, "offerer", "candidate", format!("c{number}")).await.status, 200, "{number}");
    }
    let over = page.say(&code, "offerer", "candidate", "one more").await;
    assert_eq!(refused(429, &over), "Too many candidates for this offer. Maximum 256 per side");
    assert_eq!(page.say(&code, "answerer", "candidate", "theirs").await.status, 200);
    let seen = page.poll(&code, "answerer", json!({})).await.json();
    assert_eq!(seen["offerCandidates"].as_array().map(Vec::len), Some(256));
}

#[tokio::test]
async fn a_candidate_is_bounded_in_utf16_units_of_its_json() {
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let code = page.announce("room").await;
    let peer = OfferPeer::register(server.address).await;
    let id = peer.offered(json!({"sdp": "s", "topics": ["t"]})).await;
    let path = format!("/offers/{id}/ice-candidates");
    // Two quotes and what is between them.
    for (fits, too_large) in [("c".repeat(4094), "c".repeat(4095)), ("😀".repeat(2047), "😀".repeat(2048))] {
        assert_eq!(page.say(&code, "offerer", "candidate", fits.as_str()).await.status, 200);
        let refusal = refused(400, &page.say(&code, "offerer", "candidate", too_large.as_str()).await);
        assert_eq!(refusal, "Candidate is too large (max 4096 characters)");
        assert_eq!(peer.post(&path, &json!({"candidates": [fits]})).await.status, 200);
        let refusal = refused(400, &peer.post(&path, &json!({"candidates": ["small", too_large]})).await);
        assert_eq!(refusal, "Candidate at index 1 is too large (max 4096 characters)");
    }
}

#[tokio::test]
async fn candidates_of_the_rpc_wires_are_bounded_too() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (user, tagger) = (User::new(server.address, "alice", 1), Tagger::new(server.address, 2));
    let service = user.publish("chat:1.0.0", "s").await;
    let (of_user, of_key) = (service["offers"][0]["offerId"].clone(), tagger.publish(&["a"], "s").await);
    let large = json!([{"candidate": "c".repeat(4_096)}]);
    let many = Value::from(vec![json!({"candidate": "c"}); 101]);
    for candidates in [&large, &many] {
        user.refused("addIceCandidates", json!({"offerId": of_user, "candidates": candidates})).await;
        let (_, code) = tagger.refused("addIceCandidates", json!({"offerId": of_key, "candidates": candidates})).await;
        assert_eq!(code, "INVALID_PARAMS");
    }
    let hundred = Value::from(vec![json!({"candidate": "c"}); 100]);
    let mut accepted = 0;
    while user.call("addIceCandidates", json!({"offerId": of_user, "candidates": hundred})).await["success"] == true {
        accepted += 100;
        assert!(accepted <= 256, "an end comes");
    }
}
