//! Nobody learns from an answer whether what is not theirs exists.

use serde_json::{Value, json};

use crate::IN_MEMORY;
use crate::support::rondevu::client::{OfferPeer, Page, Tagger, observable};
use crate::support::server::Server;

const UNKNOWN_CODE: &str = "00000000-0000-4000-8000-000000000000";
const UNKNOWN_ID: &str = "0000000000000000000000000000000000000000000000000000000000000000";

#[tokio::test]
async fn another_origin_s_session_looks_like_none_to_the_byte() {
    let server = Server::with(&[IN_MEMORY]).await;
    let owner = Page { server: server.address, origin: "https://a.example" };
    let stranger = Page { server: server.address, origin: "https://b.example" };
    let code = owner.announce("room").await;
    let bodies = [
        ("/poll", json!({"side": "offerer"})),
        ("/poll", json!({"side": "answerer"})),
        ("/poll", json!({"side": "answerer", "wait": 30_000})),
        ("/answer", json!({"side": "answerer", "answer": "sdp"})),
        ("/answer", json!({"side": "offerer", "candidate": {"candidate": "c"}})),
    ];
    for (path, mut body) in bodies {
        body["code"] = code.clone().into();
        let others = stranger.post(path, &body).await;
        body["code"] = UNKNOWN_CODE.into();
        let none = stranger.post(path, &body).await;
        assert_eq!(none.status, 404, "{none:?}");
        assert_eq!(observable(&others), observable(&none), "{path} {body}");
    }
    assert_eq!(owner.poll(&code, "offerer", json!({})).await.json(), json!({"answer": null, "answerCandidates": []}));
}

#[tokio::test]
async fn deleting_another_peer_s_offer_looks_like_deleting_none() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (owner, stranger) = (OfferPeer::register(server.address).await, OfferPeer::register(server.address).await);
    let id = owner.offered(json!({"sdp": "s", "topics": ["t"]})).await;
    let others = stranger.send("DELETE", &format!("/offers/{id}"), "").await;
    let none = stranger.send("DELETE", &format!("/offers/{UNKNOWN_ID}"), "").await;
    assert_eq!((none.status, none.error().as_str()), (404, "Offer not found or not authorized"));
    assert_eq!(observable(&others), observable(&none));
    assert_eq!(owner.get("/offers/mine").await.json()["offers"][0]["id"], id);
}

#[tokio::test]
async fn a_wrong_secret_looks_like_a_missing_one() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (owner, stranger) = (OfferPeer::register(server.address).await, OfferPeer::register(server.address).await);
    let id = owner.offered(json!({"sdp": "s", "topics": ["t"], "secret": "hunter2"})).await;
    let path = format!("/offers/{id}/answer");
    let missing = stranger.post(&path, &json!({"sdp": "a"})).await;
    assert_eq!((missing.status, missing.error().as_str()), (400, "Invalid or missing secret"));
    for wrong in ["hunter", "hunter22", "Hunter2", "", "hunter2\u{0}"] {
        let refused = stranger.post(&path, &json!({"sdp": "a", "secret": wrong})).await;
        assert_eq!(observable(&refused), observable(&missing), "{wrong:?}");
    }
}

#[tokio::test]
async fn wrong_credentials_of_every_kind_look_alike() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (one, other) = (OfferPeer::register(server.address).await, OfferPeer::register(server.address).await);
    let mut answers = Vec::new();
    for secret in [other.secret.as_str(), "AAAA", "!!!", "", &one.secret[..76]] {
        let peer = OfferPeer { server: server.address, id: one.id.clone(), secret: secret.to_owned() };
        answers.push(peer.get("/offers/mine").await);
    }
    for answer in &answers {
        assert_eq!((answer.status, answer.error().as_str()), (401, "Invalid credentials"));
        assert_eq!(observable(answer), observable(&answers[0]));
    }
}

#[tokio::test]
async fn deleting_another_key_s_tagged_offer_looks_like_deleting_none() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (owner, stranger) = (Tagger::new(server.address, 1), Tagger::new(server.address, 2));
    let id = owner.publish(&["chat"], "s").await;
    let others = stranger.call("deleteOffer", json!({"offerId": id})).await;
    let none = stranger.call("deleteOffer", json!({"offerId": UNKNOWN_ID})).await;
    let refusal = "Offer not found or not owned by this identity";
    assert_eq!(none, json!({"success": false, "error": refusal, "errorCode": "NOT_AUTHORIZED"}));
    assert_eq!(others, none);
    let found: Value = stranger.done("discover", json!({"tags": ["chat"]})).await;
    assert_eq!(found["offerId"], id);
}
