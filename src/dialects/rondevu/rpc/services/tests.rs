//! What users of services see, beyond what has been recorded of the original.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::super::tests::{Server, public_key, sign};

fn candidates(texts: &[&str]) -> Value {
    texts.iter().map(|text| json!({"candidate": text, "sdpMid": "0"})).collect()
}

#[tokio::test(start_paused = true)]
async fn two_users_exchange_an_offer_an_answer_and_candidates() {
    let server = Server::new();
    let id = server.offer("alice", "chat:1.0.0", "an offer").await;
    let found = server.result("bobby", "getService", json!({"serviceFqn": "chat:1.0.0@alice"})).await;
    assert_eq!((&found["offerId"], &found["sdp"]), (&json!(id), &json!("an offer")));

    let from_alice = json!({"offerId": id, "candidates": candidates(&["a1", "a2"])});
    assert_eq!(server.result("alice", "addIceCandidates", from_alice).await, json!({"count": 2, "offerId": id}));
    let answered = server.result("bobby", "answerOffer", json!({"offerId": id, "sdp": "an answer"})).await;
    assert_eq!(answered, json!({"success": true, "offerId": id}));
    assert_eq!(
        server.error("carol", "answerOffer", json!({"offerId": id, "sdp": "x"})).await,
        "Offer already answered"
    );
    let from_bob = json!({"offerId": id, "candidates": [{"z": 1.0, "candidate": "b1"}]});
    server.result("bobby", "addIceCandidates", from_bob).await;

    let answer = server.result("alice", "getOfferAnswer", json!({"offerId": id})).await;
    assert_eq!((&answer["sdp"], &answer["answererId"]), (&json!("an answer"), &json!("bobby")));
    let fetched = server.result("bobby", "getIceCandidates", json!({"offerId": id})).await;
    let fetched_by = |place: usize| &fetched["candidates"][place]["candidate"]["candidate"];
    assert_eq!((fetched_by(0), fetched_by(1)), (&json!("a1"), &json!("a2")));

    let news = server.result("alice", "poll", json!({})).await;
    assert_eq!(news["answers"][0]["answererId"], "bobby");
    assert_eq!(news["answers"][0]["answeredAt"], answer["answeredAt"]);
    assert_eq!(news["answers"][0]["serviceId"], found["serviceId"]);
    let trickled = &news["iceCandidates"][&id][0];
    assert_eq!(trickled["candidate"].to_string(), r#"{"z":1.0,"candidate":"b1"}"#);
    assert_eq!((&trickled["username"], &trickled["role"]), (&json!("bobby"), &json!("answerer")));

    let since = json!({"since": trickled["createdAt"]});
    assert_eq!(server.result("alice", "poll", since).await, json!({"answers": [], "iceCandidates": {}}));
    let since = json!({"offerId": id, "since": fetched["candidates"][0]["createdAt"]});
    let newer = server.result("bobby", "getIceCandidates", since).await;
    assert_eq!(newer["candidates"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_held_poll_is_answered_when_something_arrives() {
    let server = Server::new();
    let id = server.offer("alice", "chat:1.0.0", "an offer").await;
    let began = Instant::now();
    let mut poll = std::pin::pin!(server.result("alice", "poll", json!({"wait": 30_000})));
    assert!(timeout(Duration::from_secs(10), &mut poll).await.is_err());
    // Its own candidates are no news to her.
    server.result("alice", "addIceCandidates", json!({"offerId": id, "candidates": candidates(&["a1"])})).await;
    assert!(timeout(Duration::from_secs(10), &mut poll).await.is_err());
    server.result("bobby", "answerOffer", json!({"offerId": id, "sdp": "an answer"})).await;
    assert_eq!(poll.await["answers"][0]["sdp"], "an answer");
    assert!(began.elapsed() < Duration::from_secs(21));
}

#[tokio::test(start_paused = true)]
async fn a_wait_is_a_number() {
    let server = Server::new();
    for wait in [json!(-1), json!("5"), json!([]), json!(true)] {
        let error = server.error("alice", "poll", json!({"wait": wait})).await;
        assert_eq!(error, "Invalid wait parameter: must be a non-negative number");
    }
    assert_eq!(server.result("alice", "poll", json!({"wait": 0})).await["answers"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn the_same_sdp_again_is_another_offer() {
    let server = Server::new();
    let one = server.offer("alice", "one:1.0.0", "same").await;
    let other = server.offer("alice", "two:1.0.0", "same").await;
    let of_bob = server.offer("bobby", "one:1.0.0", "same").await;
    let params =
        json!({"serviceFqn": "three:1.0.0@bobby", "offers": [{"sdp": "same"}, {"sdp": "same"}, {"sdp": "same"}]});
    let published = server.result("bobby", "publishService", params).await;
    let mut ids: Vec<_> =
        published["offers"].as_array().expect("offers").iter().map(|one| one["offerId"].clone()).collect();
    ids.extend([json!(one), json!(other), json!(of_bob)]);
    assert!(ids.iter().all(|id| id.as_str().is_some_and(|id| id.len() == 64)));
    let distinct: std::collections::HashSet<_> = ids.iter().map(Value::to_string).collect();
    assert_eq!(distinct.len(), 6);
    // The same service again: its content has its own id, as before.
    assert_eq!(server.offer("alice", "one:1.0.0", "same").await, one);
}

#[tokio::test(start_paused = true)]
async fn a_page_of_long_sdps_ends_before_its_limit() {
    let server = Server::new();
    for (user, length) in [("alice", 3 << 20), ("bobby", 2 << 20), ("carol", 5)] {
        server.offer(user, "chat:1.0.0", &"x".repeat(length)).await;
        tokio::time::advance(Duration::from_millis(1)).await;
    }
    for (offset, users) in [(0, json!(["carol", "bobby"])), (1, json!(["bobby"])), (2, json!(["alice"]))] {
        let params = json!({"serviceFqn": "chat:1.0.0", "limit": 3, "offset": offset});
        let page = server.result("david", "getService", params).await;
        let found = page["services"].as_array().expect("services").iter().map(|one| one["username"].clone());
        assert_eq!(found.collect::<Value>(), users);
        assert_eq!(page["count"], users.as_array().map_or(0, Vec::len));
    }
}

#[tokio::test(start_paused = true)]
async fn an_owner_has_a_limited_number_of_offers() {
    let server = Server::new();
    let offers: Vec<_> = (0..51).map(|number| json!({"sdp": format!("offer {number}")})).collect();
    server.offer("alice", "chat:1.0.0", "an offer").await;
    let params = |offers: &[Value]| json!({"serviceFqn": "chat:1.0.0@alice", "offers": offers});
    let error = server.error("alice", "publishService", params(&offers)).await;
    assert_eq!(error, "Too many offers per user (max 50)");
    let found = server.result("alice", "getService", json!({"serviceFqn": "chat:1.0.0@alice"})).await;
    assert_eq!(found["sdp"], "an offer", "what was there before is there still");
    server.result("alice", "publishService", params(&offers[..50])).await;
}

#[tokio::test(start_paused = true)]
async fn a_side_has_a_limited_number_of_candidates() {
    let server = Server::new();
    let id = server.offer("alice", "chat:1.0.0", "an offer").await;
    let some = json!({"offerId": id, "candidates": vec![json!({}); 100]});
    server.result("alice", "addIceCandidates", some.clone()).await;
    server.result("alice", "addIceCandidates", some.clone()).await;
    let error = server.error("alice", "addIceCandidates", some.clone()).await;
    assert_eq!(error, "Too many candidates for this offer (max 256 per side)");
    server.result("bobby", "addIceCandidates", some).await;
}

#[tokio::test(start_paused = true)]
async fn a_name_is_claimed_by_a_fresh_message_of_its_method_only() {
    let server = Server::new();
    let wall = server.rondevu.clock.wall().millis();
    let say = |message: String| {
        let signature = sign("alice", &message);
        json!({"method": "poll", "message": message, "signature": signature, "publicKey": public_key("alice")})
    };
    let stale = "Timestamp too old or too far in future (tolerance: 300s)";
    for (message, error) in [
        (format!("poll:alice:{}", wall - 300_001), stale),
        (format!("getService:alice:{wall}"), "Invalid message format: action must be poll"),
        ("poll:alice".to_owned(), "Invalid message format: must have at least action:username:timestamp"),
    ] {
        assert_eq!(server.post(&say(message)).await.1, json!({"success": false, "error": error}));
    }
    let asked = server.result("bobby", "getUser", json!({"username": "alice"})).await;
    assert_eq!(asked["available"], true);
    assert_eq!(server.post(&say(format!("poll:alice:{wall}"))).await.1["success"], true);
}

#[tokio::test(start_paused = true)]
async fn a_key_holds_one_name_however_it_is_spelled() {
    let server = Server::new();
    server.result("alice", "poll", json!({})).await;
    let wall = server.rondevu.clock.wall();
    let key = public_key("alice");
    for key in [key.as_str(), key.trim_end_matches('='), &format!(" {key}\n")] {
        let message = format!("poll:other:{wall}");
        let signature = sign("alice", &message);
        let poll = json!({"method": "poll", "message": message, "signature": signature, "publicKey": key});
        let error = "Public key already claimed by a different username";
        assert_eq!(server.post(&poll).await.1, json!({"success": false, "error": error}));

        let message = format!("claim:alice:{wall}");
        let signature = sign("alice", &message);
        let params = json!({"username": "alice", "publicKey": key});
        let claim = json!({"method": "claimUsername", "message": message, "signature": signature, "params": params});
        assert_eq!(server.post(&claim).await.1["result"], json!({"success": true, "username": "alice"}));
    }
}

#[tokio::test(start_paused = true)]
async fn use_renews_a_name() {
    let server = Server::new();
    server.result("alice", "poll", json!({})).await;
    let expires = async || {
        let user = server.result("bobby", "getUser", json!({"username": "alice"})).await;
        user["expiresAt"].as_u64().expect("a claimed name")
    };
    let first = expires().await;
    server.offer("alice", "chat:1.0.0", "an offer").await;
    let published = expires().await;
    assert!(published > first);
    // A day of polls is not worth a write each.
    tokio::time::advance(Duration::from_secs(3 * 24 * 3600)).await;
    server.result("alice", "poll", json!({})).await;
    assert!(expires().await >= published + 3 * 24 * 3_600_000 - 1000);
    // The key that holds it is asked, whatever key comes along; in the end it is anybody's.
    tokio::time::advance(Duration::from_secs(366 * 24 * 3600)).await;
    let user = server.result("bobby", "getUser", json!({"username": "alice"})).await;
    assert_eq!(user, json!({"username": "alice", "available": true}));
}

#[tokio::test(start_paused = true)]
async fn a_service_is_deleted_by_its_user_only() {
    let server = Server::new();
    server.offer("alice", "chat:1.0.0", "an offer").await;
    let service = json!({"serviceFqn": "chat:1.0.0@alice"});
    for (user, fqn, error) in [
        ("bobby", json!("chat:1.0.0@alice"), "Service not found or not owned by this username"),
        ("alice", json!("chat:1.0.1@alice"), "Service not found"),
        ("alice", json!("Chat:x@alice"), "Service not found"),
        ("alice", json!("chat:1.0.0"), "Service FQN must include username"),
        ("alice", json!(5), "Service FQN must include username"),
    ] {
        assert_eq!(server.error(user, "deleteService", json!({"serviceFqn": fqn})).await, error);
    }
    assert_eq!(server.result("alice", "deleteService", service.clone()).await, json!({"success": true}));
    assert_eq!(server.error("alice", "deleteService", service.clone()).await, "Service not found");
    assert_eq!(server.error("bobby", "getService", service).await, "Service not found");
}
