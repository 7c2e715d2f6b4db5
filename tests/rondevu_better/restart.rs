//! On SQLite a restart is no event: what was there is there, who was who still is, and what was used up stays used up.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::PATIENCE;
use crate::support::rondevu::client::{OfferPeer, Page, Tagger, User, refusal, rpc, text};
use crate::support::server::Server;

const SECRET: (&str, &str) = ("AUTH_SECRET", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
const ORIGIN: &str = "https://a.example";

async fn on(folder: &Path) -> Server {
    let path = folder.join("meetpoint.db");
    Server::with(&[("STORAGE_TYPE", "sqlite"), ("STORAGE_PATH", path.to_str().expect("text")), SECRET]).await
}

async fn stopped(mut server: Server) {
    server.signal("TERM").await;
    assert!(server.exit(PATIENCE).await.is_some_and(|status| status.success()));
}

#[tokio::test]
async fn sessions_and_their_codes_survive() {
    let folder = TempDir::new().expect("a temporary folder");
    let server = on(folder.path()).await;
    let mut page = Page { server: server.address, origin: ORIGIN };
    let own = json!({"peerId": "p", "offer": "sdp", "code": "own"});
    page.post("/room/offer", &own).await;
    for number in 0..3 {
        page.say("own", "answerer", "candidate", format!("c{number}")).await;
    }
    let open = page.announce("open").await;
    page.say("own", "answerer", "answer", "first").await;
    page.say("own", "answerer", "answer", "second").await;
    let before = (page.poll("own", "offerer", json!({})).await.json(), page.get("/open/sessions").await.json());
    stopped(server).await;

    let server = on(folder.path()).await;
    page.server = server.address;
    let after = (page.poll("own", "offerer", json!({})).await.json(), page.get("/open/sessions").await.json());
    assert_eq!(after, before);
    assert_eq!(before.0, json!({"answer": "second", "answerCandidates": ["c0", "c1", "c2"]}));
    assert_eq!(page.post("/room/offer", &own).await.error(), "Code already in use");
    assert_eq!(page.say(&open, "answerer", "answer", "late").await.status, 200);
    let topics = page.get("/topics?page=1").await.json();
    assert_eq!(topics["topics"], json!([]), "answered sessions are not counted");
}

#[tokio::test]
async fn offers_answers_and_candidates_survive() {
    let folder = TempDir::new().expect("a temporary folder");
    let server = on(folder.path()).await;
    let (mut owner, mut answerer) =
        (OfferPeer::register(server.address).await, OfferPeer::register(server.address).await);
    let offer = json!({"sdp": "s", "topics": ["b", "a"], "secret": "pw", "info": "i", "ttl": 600_000});
    let id = owner.offered(offer).await;
    let deleted = owner.offered(json!({"sdp": "gone", "topics": ["a"]})).await;
    owner.send("DELETE", &format!("/offers/{deleted}"), "").await;
    answerer.post(&format!("/offers/{id}/answer"), &json!({"sdp": "answer", "secret": "pw"})).await;
    let candidates = format!("/offers/{id}/ice-candidates");
    answerer.post(&candidates, &json!({"candidates": [{"c": 1}, "two", null]})).await;
    let places = ["/offers/mine", "/offers/answers", "/offers/by-topic/a", "/topics?offset=0", &candidates];
    let mut before = Vec::new();
    for place in places {
        before.push(owner.get(place).await.json());
    }
    stopped(server).await;

    let server = on(folder.path()).await;
    (owner.server, answerer.server) = (server.address, server.address);
    for (place, before) in places.iter().zip(before) {
        assert_eq!(owner.get(place).await.json(), before, "{place}");
    }
    let heard = owner.get(&candidates).await.json();
    let last = &heard["candidates"][2]["createdAt"];
    answerer.post(&candidates, &json!({"candidates": ["after"]})).await;
    let newer = owner.get(&format!("{candidates}?since={last}")).await.json();
    assert_eq!(newer["candidates"][0]["candidate"], "after", "times go on growing: {newer}");
    let again = answerer.post(&format!("/offers/{id}/answer"), &json!({"sdp": "x", "secret": "pw"})).await;
    assert_eq!(again.error(), "Offer already answered");
}

#[tokio::test]
async fn names_and_services_survive() {
    let folder = TempDir::new().expect("a temporary folder");
    let server = on(folder.path()).await;
    let (mut alice, mut bob) = (User::new(server.address, "alice", 1), User::new(server.address, "bob", 2));
    alice.publish("chat:1.0.0", "replaced").await;
    let offer = text(&alice.publish("chat:1.0.0", "s").await["offers"][0]["offerId"]);
    bob.done("answerOffer", json!({"offerId": offer, "sdp": "answer"})).await;
    bob.done("addIceCandidates", json!({"offerId": offer, "candidates": [{"c": 1}]})).await;
    alice.publish("other:1.0.0", "open").await;
    let before = (alice.done("poll", json!({})).await, alice.done("getUser", json!({"username": "bob"})).await);
    stopped(server).await;

    let server = on(folder.path()).await;
    (alice.server, bob.server) = (server.address, server.address);
    let after = (alice.done("poll", json!({})).await, alice.done("getUser", json!({"username": "bob"})).await);
    assert_eq!(after, before);
    assert_eq!(before.0["answers"][0]["sdp"], "answer");
    assert_eq!(User::new(server.address, "alice", 3).refused("poll", json!({})).await, "Invalid signature");
    let second = User::new(server.address, "alice2", 1).refused("poll", json!({})).await;
    assert_eq!(second, "Public key already claimed by a different username");
    let found = bob.done("getService", json!({"serviceFqn": "other:1.0.0", "limit": 5})).await;
    assert_eq!(found["services"][0]["sdp"], "open", "{found}");
    let taken = bob.refused("getService", json!({"serviceFqn": "chat:1.0.0@alice"})).await;
    assert_eq!(taken, "Service has no available offers");
}

#[tokio::test]
async fn tagged_offers_survive_and_a_nonce_stays_used_up() {
    let folder = TempDir::new().expect("a temporary folder");
    let server = on(folder.path()).await;
    let (mut alice, mut bob) = (Tagger::new(server.address, 1), Tagger::new(server.address, 2));
    let answered = alice.publish(&["chat", "eu"], "s").await;
    alice.publish(&["chat"], "open").await;
    bob.done("answerOffer", json!({"offerId": answered, "sdp": "answer", "matchedTags": ["eu"]})).await;
    let once = alice.request("publishOffer", json!({"tags": ["once"], "offers": [{"sdp": "s"}], "ttl": 60_000}));
    assert_eq!(rpc(server.address, &json!([once])).await.json()[0]["success"], true);
    let before = alice.call("poll", json!({"since": 0})).await;
    stopped(server).await;

    let server = on(folder.path()).await;
    (alice.server, bob.server) = (server.address, server.address);
    let replayed: Value = rpc(server.address, &json!([once])).await.json()[0].take();
    assert_eq!(refusal(&replayed), "Nonce already used (replay attack detected)");
    assert_eq!(alice.call("poll", json!({"since": 0})).await, before);
    assert_eq!(before["result"]["answers"][0]["matchedTags"], json!(["eu"]), "{before}");
    assert_eq!(bob.done("discover", json!({"tags": ["chat"]})).await["sdp"], "open");
    assert_eq!(bob.done("countOffersByTags", json!({"tags": ["once"]})).await, json!({"counts": {"once": 1}}));
}
