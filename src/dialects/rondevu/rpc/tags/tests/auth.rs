//! Who may ask.

use super::*;

const NONCE: &str = "11111111-1111-4111-8111-abcdefabcdef";

/// What alice signs for `poll` without parameters at [`BEGIN`], by another implementation of Ed25519.
const SIGNED: &str = "dRm2IZ2btOlptug4ryoP/AzSaPVvNg8N+iO4faOHBVsMfseBAdm4TIsJOCRQhLrxoKn/dx/XxbzWlh2tL2ZFAg==";

fn nothing_new() -> Result<Value, (String, String)> {
    Ok(json!({"answers": [], "iceCandidates": {}}))
}

fn replayed() -> Result<Value, (String, String)> {
    fault("Nonce already used (replay attack detected)", "INVALID_CREDENTIALS")
}

fn wrong() -> Result<Value, (String, String)> {
    fault("Invalid signature", "INVALID_CREDENTIALS")
}

#[tokio::test]
async fn what_another_implementation_signed_is_accepted() {
    let key = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
    assert_eq!(alice().public, key);
    let auth = json!({"publicKey": key, "timestamp": BEGIN, "nonce": NONCE, "signature": SIGNED});
    for request in [
        json!({"method": "poll", "auth": auth}),
        json!({"method": "poll", "params": null, "auth": auth}),
        json!({"method": "poll", "params": {}, "auth": auth}),
    ] {
        assert_eq!(World::new().ask(request).await, nothing_new());
    }
    let request = json!({"method": "poll", "params": [], "auth": auth});
    assert_eq!(World::new().ask(request).await, wrong());
}

#[tokio::test]
async fn a_request_may_be_signed_in_the_headers() {
    let (world, time) = (World::new(), BEGIN.to_string());
    let headers =
        [("X-PublicKey", &*alice().public), ("X-Timestamp", &time), ("X-Nonce", NONCE), ("X-Signature", SIGNED)];
    let poll = json!({"method": "poll"});
    let replies = world.post(&[poll.clone(), poll], &headers).await;
    let replies: Vec<_> = replies.into_iter().map(outcome).collect();
    assert_eq!(replies, [nothing_new(), replayed()]);

    // A request's own part counts, even a wrong one.
    let own = world.signed(&bob(), "poll", json!({}));
    let mixed = json!({"method": "poll", "auth": {"publicKey": bob().public}});
    let replies = world.post(&[own, mixed], &headers).await;
    let replies: Vec<_> = replies.into_iter().map(outcome).collect();
    assert_eq!(replies, [nothing_new(), wrong()]);
}

#[tokio::test]
async fn what_is_wrong_is_told_in_its_order() {
    let world = World::new();
    let auth = |time: u64, key: &str, nonce: &str| {
        let auth = json!({"publicKey": key, "timestamp": time, "nonce": nonce, "signature": "AAAA"});
        json!({"method": "poll", "auth": auth})
    };
    let alice = alice().public;
    for (request, error, code) in [
        (auth(BEGIN - 60_001, "zz", "abc"), "Timestamp too old", "INVALID_PARAMS"),
        (auth(BEGIN + 60_001, "zz", "abc"), "Timestamp too far in future", "INVALID_PARAMS"),
        (auth(BEGIN, "zz", "abc"), "Public key must be 64 hex characters (32 bytes)", "INVALID_PUBLIC_KEY"),
        (auth(BEGIN, &alice, "abc"), "Invalid nonce: must be a UUID v4", "INVALID_PARAMS"),
        (auth(BEGIN, &alice, &NONCE.replace("-4", "-1")), "Invalid nonce: must be a UUID v4", "INVALID_PARAMS"),
        (auth(BEGIN, &alice, NONCE), "Invalid signature", "INVALID_CREDENTIALS"),
        (json!({"method": "publishService", "auth": {}}), "Unknown method: publishService", "UNKNOWN_METHOD"),
        (json!({"method": "", "auth": {}}), "Missing or invalid method", "INVALID_PARAMS"),
    ] {
        assert_eq!(world.ask(request.clone()).await, fault(error, code), "{request}");
    }
    // None of them has spent the nonce.
    let request = alice_signs(NONCE, BEGIN);
    assert_eq!(world.ask(request).await, nothing_new());
}

fn alice_signs(nonce: &str, time: u64) -> Value {
    alice().sign("poll", json!({}), time as f64, nonce)
}

#[tokio::test]
async fn a_signature_is_for_one_method_and_its_parameters() {
    let world = World::new();
    for (method, params) in
        [("getOfferAnswer", json!({})), ("poll", json!({"since": 5})), ("poll", json!({"since": 0}))]
    {
        let mut request = alice_signs(NONCE, BEGIN);
        (request["method"], request["params"]) = (json!(method), params);
        assert_eq!(world.ask(request).await, wrong());
    }
    let mut request = alice_signs(NONCE, BEGIN);
    request["auth"]["publicKey"] = json!(bob().public);
    assert_eq!(world.ask(request).await, wrong());
    let mut request = alice_signs(NONCE, BEGIN);
    request["auth"]["nonce"] = json!(NONCE.to_uppercase());
    assert_eq!(world.ask(request).await, wrong());
}

#[tokio::test]
async fn a_nonce_is_good_for_one_request_of_its_key() {
    let world = World::new();
    assert_eq!(world.ask(alice_signs(NONCE, BEGIN)).await, nothing_new());
    assert_eq!(world.ask(alice_signs(NONCE, BEGIN)).await, replayed());
    assert_eq!(world.ask(alice_signs(NONCE, BEGIN + 1)).await, replayed());
    assert_eq!(world.ask(bob().sign("poll", json!({}), BEGIN as f64, NONCE)).await, nothing_new());
    let other_method = alice().sign("deleteOffer", json!({"offerId": "x"}), BEGIN as f64, NONCE);
    assert_eq!(world.ask(other_method).await, replayed());
}

#[tokio::test]
async fn a_nonce_is_spent_for_as_long_as_its_time_is_accepted() {
    for early in [0, 60_000] {
        let world = World::new();
        let request = alice_signs(NONCE, BEGIN + early);
        assert_eq!(world.ask(request.clone()).await, nothing_new());
        world.pass(early + 60_000);
        assert_eq!(world.ask(request.clone()).await, replayed());
        world.pass(1);
        assert_eq!(world.ask(request).await, fault("Timestamp too old", "INVALID_PARAMS"));
        world.pass(1000);
        let again = alice_signs(NONCE, world.wall.load(Relaxed));
        assert_eq!(world.ask(again).await, nothing_new());
    }
}

#[tokio::test]
async fn clients_are_compared_with_the_clock_on_the_wall() {
    let world = World::new();
    world.wall.fetch_add(3_600_000, Relaxed);
    let request = alice_signs(NONCE, BEGIN + 3_600_000);
    assert_eq!(world.ask(request.clone()).await, nothing_new());
    world.pass(60_000);
    assert_eq!(world.ask(request).await, replayed());
    assert_eq!(world.ask(alice_signs(NONCE, BEGIN)).await, fault("Timestamp too old", "INVALID_PARAMS"));
}

#[tokio::test]
async fn only_the_nonces_of_changes_are_kept() {
    let world = World::new();
    let kept = || world.journal.changes.load(Relaxed);
    let id = world.publish(&alice(), json!(["chat"]), "an offer").await;
    assert_eq!(kept(), 2);
    for (method, params) in [
        ("poll", json!({})),
        ("getOfferAnswer", json!({"offerId": id})),
        ("getIceCandidates", json!({"offerId": id})),
        ("discover", json!({"tags": ["chat"]})),
    ] {
        let _ = world.call(&alice(), method, params).await;
    }
    assert_eq!(kept(), 2);
    let changes = ["publishOffer", "updateOfferTags", "deleteOffer", "answerOffer", "addIceCandidates"];
    for (index, method) in changes.into_iter().enumerate() {
        assert!(world.call(&alice(), method, json!({})).await.is_err());
        assert_eq!(kept(), 3 + index as u64, "{method}");
    }
}

#[tokio::test]
async fn a_storage_that_takes_nothing_refuses_changes_and_answers_the_rest() {
    let world = World::new();
    world.publish(&alice(), json!(["chat"]), "an offer").await;
    world.journal.full.store(true, Relaxed);
    let unavailable = fault("Storage unavailable, try again later", "STORAGE_UNAVAILABLE");
    assert_eq!(world.call(&bob(), "updateOfferTags", json!({"tags": ["a"]})).await, unavailable);
    assert_eq!(world.call(&bob(), "poll", json!({})).await, nothing_new());
    assert!(world.ask(json!({"method": "discover", "params": {"tags": ["chat"]}})).await.is_ok());
}
