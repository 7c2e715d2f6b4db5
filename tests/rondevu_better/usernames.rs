//! Names are claimed explicitly or by use, and by fresh messages only.

use serde_json::{Value, json};

use crate::IN_MEMORY;
use crate::support::rondevu::client::{User, refusal, result, rpc};
use crate::support::rondevu::now;
use crate::support::server::Server;

async fn claim(user: &User) -> Value {
    let params = json!({"username": user.name, "publicKey": user.key.public_base64()});
    let request = user.request_with(&format!("claim:{}:{}", user.name, now()), "claimUsername", params);
    rpc(user.server, &request).await.json()
}

async fn known(user: &User) -> Value {
    result(rpc(user.server, &user.request("getUser", json!({"username": user.name}))).await.json())
}

#[tokio::test]
async fn a_claimed_name_is_its_key_s_for_a_year() {
    const YEAR: i64 = 365 * 24 * 60 * 60 * 1000;
    let server = Server::with(&[IN_MEMORY]).await;
    let (alice, thief) = (User::new(server.address, "alice", 1), User::new(server.address, "alice", 2));
    assert_eq!(known(&alice).await, json!({"username": "alice", "available": true}));
    assert_eq!(result(claim(&alice).await), json!({"success": true, "username": "alice"}));
    let told = known(&alice).await;
    assert_eq!((&told["available"], &told["publicKey"]), (&json!(false), &json!(alice.key.public_base64())));
    let life = told["expiresAt"].as_i64().unwrap() - told["claimedAt"].as_i64().unwrap();
    assert_eq!(life, YEAR);
    assert_eq!(refusal(&claim(&thief).await), "Username already claimed by different public key");
    assert_eq!(thief.refused("poll", json!({})).await, "Invalid signature");
    let second = User::new(server.address, "alice2", 1);
    for refused in [refusal(&claim(&second).await), second.refused("poll", json!({})).await] {
        assert_eq!(refused, "Public key already claimed by a different username");
    }
}

#[tokio::test]
async fn a_message_authorises_the_method_it_names_alone() {
    let server = Server::with(&[IN_MEMORY]).await;
    let alice = User::new(server.address, "alice", 1);
    let methods = [
        ("poll", json!({})),
        ("publishService", json!({"serviceFqn": "chat:1.0.0@alice", "offers": [{"sdp": "s"}]})),
        ("deleteService", json!({"serviceFqn": "chat:1.0.0@alice"})),
        ("getService", json!({"serviceFqn": "chat:1.0.0"})),
        ("answerOffer", json!({"offerId": "x", "sdp": "s"})),
        ("getOfferAnswer", json!({"offerId": "x"})),
        ("addIceCandidates", json!({"offerId": "x", "candidates": [{}]})),
        ("getIceCandidates", json!({"offerId": "x"})),
    ];
    for (method, params) in methods {
        for action in ["anything", "claim", "Poll", ""] {
            let message = format!("{action}:alice:{}", now());
            let answer = rpc(server.address, &alice.request_with(&message, method, params.clone())).await.json();
            assert_eq!(refusal(&answer), format!("Invalid message format: action must be {method}"));
        }
    }
    let message = format!("poll:alice:chat:1.0.0@alice:{}", now());
    let extra = rpc(server.address, &alice.request_with(&message, "poll", json!({}))).await.json();
    assert_eq!(result(extra), json!({"answers": [], "iceCandidates": {}}), "the parts between are the client's own");
}

#[tokio::test]
async fn what_cannot_authorise_claims_nothing() {
    let server = Server::with(&[IN_MEMORY]).await;
    let stale = User::new(server.address, "stale", 1);
    let messages = [
        format!("poll:stale:{}", now() - 301_000),
        format!("poll:stale:{}", now() + 301_000),
        format!("claim:stale:{}", now()),
        "poll:stale:soon".to_owned(),
        "poll:stale".to_owned(),
    ];
    for message in messages {
        let answer = rpc(server.address, &stale.request_with(&message, "poll", json!({}))).await.json();
        refusal(&answer);
        assert_eq!(known(&stale).await["available"], true, "{message}");
    }
    assert_eq!(stale.done("poll", json!({})).await, json!({"answers": [], "iceCandidates": {}}));
    assert_eq!(known(&stale).await["available"], false);
}

#[tokio::test]
async fn requests_of_both_ages_travel_in_one_batch() {
    use crate::support::rondevu::client::Tagger;
    let server = Server::with(&[IN_MEMORY]).await;
    let (user, tagger) = (User::new(server.address, "alice", 1), Tagger::new(server.address, 2));
    let batch = json!([
        user.request("poll", json!({})),
        tagger.request("poll", json!({"since": 0})),
        {"method": "discover", "params": {"tags": ["chat"]}},
        {"method": "nope", "message": "m", "signature": "s"},
        tagger.request("nope", json!({})),
    ]);
    let empty = json!({"answers": [], "iceCandidates": {}});
    let expected = json!([
        {"success": true, "result": empty},
        {"success": true, "result": empty},
        {"success": false, "error": "No offers found matching tags", "errorCode": "OFFER_NOT_FOUND"},
        {"success": false, "error": "Unknown method: nope"},
        {"success": false, "error": "Unknown method: nope", "errorCode": "UNKNOWN_METHOD"},
    ]);
    assert_eq!(rpc(server.address, &batch).await.json(), expected);
}
