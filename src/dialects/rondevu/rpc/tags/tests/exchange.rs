//! Offers are answered, both sides exchange candidates and look for news.

use std::time::Duration;

use super::*;

impl World {
    /// [`World::call`] for whoever has no other use for its key.
    pub(super) async fn call_owned(&self, who: Keys, method: &str, params: Value) -> Result<Value, (String, String)> {
        self.call(&who, method, params).await
    }

    async fn answered(&self, matched: Value) -> String {
        let id = self.publish(&alice(), json!(["chat", "eu"]), "an offer").await;
        self.pass(10);
        let params = json!({"offerId": id, "sdp": "an answer", "matchedTags": matched});
        let answered = self.call(&bob(), "answerOffer", params).await;
        assert_eq!(answered, Ok(json!({"success": true, "offerId": id})));
        id
    }

    async fn trickle(&self, who: &Keys, id: &str, candidates: Value) -> Result<Value, (String, String)> {
        self.call(who, "addIceCandidates", json!({"offerId": id, "candidates": candidates})).await
    }
}

#[tokio::test]
async fn an_offer_is_answered_once_and_ends_soon() {
    let world = World::new();
    let id = world.answered(json!(["eu"])).await;
    let again = world.call(&carol(), "answerOffer", json!({"offerId": id, "sdp": "x"})).await;
    assert_eq!(again, fault("Offer already answered", "OFFER_ALREADY_ANSWERED"));
    let answer = |who: Keys| world.call_owned(who, "getOfferAnswer", json!({"offerId": id}));
    let expected =
        json!({"sdp": "an answer", "offerId": id, "answererPublicKey": bob().public, "answeredAt": BEGIN + 10});
    assert_eq!(answer(alice()).await, Ok(expected));
    assert_eq!(answer(bob()).await, fault("Not authorized to access this offer", "NOT_AUTHORIZED"));
    world.pass(29_999);
    assert!(answer(alice()).await.is_ok());
    world.pass(1);
    assert_eq!(answer(alice()).await, fault("Offer not found", "OFFER_NOT_FOUND"));
}

#[tokio::test]
async fn an_answer_is_checked_in_its_order() {
    let world = World::new();
    let id = world.publish(&alice(), json!(["chat", "eu"]), "an offer").await;
    let large = "z".repeat(65_537);
    for (params, error, code) in [
        (json!({}), "offerId must be a non-empty string", "INVALID_PARAMS"),
        (json!({"offerId": "nope"}), "Invalid SDP", "INVALID_SDP"),
        (json!({"offerId": "nope", "sdp": large}), "SDP too large (max 65536 bytes)", "SDP_TOO_LARGE"),
        (json!({"offerId": "nope", "sdp": "x", "matchedTags": "eu"}), "matchedTags must be an array", "INVALID_PARAMS"),
        (json!({"offerId": "nope", "sdp": "x", "matchedTags": ["zz"]}), "Offer not found", "OFFER_NOT_FOUND"),
        (
            json!({"offerId": id, "sdp": "x", "matchedTags": ["zz", "eu", "y"]}),
            "matchedTags contains tags not on offer: zz, y",
            "INVALID_PARAMS",
        ),
    ] {
        assert_eq!(world.call(&bob(), "answerOffer", params).await, fault(error, code));
    }
    let early = world.call(&alice(), "getOfferAnswer", json!({"offerId": id})).await;
    assert_eq!(early, fault("Offer not yet answered", "OFFER_NOT_ANSWERED"));
}

#[tokio::test]
async fn both_sides_poll_what_is_for_them() {
    let world = World::new();
    let id = world.answered(json!(["eu"])).await;
    assert_eq!(world.trickle(&bob(), &id, json!([{"b": 1}])).await, Ok(json!({"count": 1, "offerId": id})));
    assert_eq!(
        world.trickle(&alice(), &id, json!([{"z": 1, "a": 2}, {}])).await.map(|added| added["count"].clone()),
        Ok(json!(2))
    );
    let poll = |who: Keys, since: u64| world.call_owned(who, "poll", json!({"since": since}));

    let owners = poll(alice(), 0).await.expect("news");
    let answer = json!({
        "offerId": id, "answererPublicKey": bob().public, "sdp": "an answer",
        "answeredAt": BEGIN + 10, "matchedTags": ["eu"],
    });
    assert_eq!(owners["answers"], json!([answer]));
    let mut candidates = owners["iceCandidates"][&id].clone();
    assert!(candidates[0]["id"].take().is_u64());
    let at = candidates[0]["createdAt"].as_u64().expect("a time");
    let expected = json!({
        "id": null, "offerId": id, "publicKey": bob().public, "role": "answerer", "candidate": {"b": 1},
        "createdAt": at,
    });
    assert_eq!(candidates, json!([expected]));

    let answerers = poll(bob(), 0).await.expect("news");
    assert_eq!(answerers["answers"], json!([]));
    let candidates = answerers["iceCandidates"][&id].as_array().expect("candidates").clone();
    assert_eq!((candidates.len(), &candidates[0]["candidate"]), (2, &json!({"z": 1, "a": 2})));
    assert_eq!((&candidates[0]["role"], &candidates[0]["publicKey"]), (&json!("offerer"), &json!(alice().public)));
    let last = candidates[1]["createdAt"].as_u64().expect("a time");
    assert!(candidates[0]["createdAt"].as_u64() < Some(last));

    assert_eq!(poll(bob(), last).await, Ok(json!({"answers": [], "iceCandidates": {}})));
    assert_eq!(poll(alice(), at).await, Ok(json!({"answers": [], "iceCandidates": {}})));
    assert_eq!(poll(carol(), 0).await, Ok(json!({"answers": [], "iceCandidates": {}})));
}

#[tokio::test]
async fn an_answer_without_matched_tags_has_none() {
    let world = World::new();
    let id = world.publish(&alice(), json!(["chat"]), "an offer").await;
    world.call(&alice(), "answerOffer", json!({"offerId": id, "sdp": "x"})).await.expect("answered");
    world.trickle(&alice(), &id, json!([{"own": 1}])).await.expect("added");
    let polled = world.call(&alice(), "poll", json!({})).await.expect("news");
    let members: Vec<_> = polled["answers"][0].as_object().expect("an answer").keys().cloned().collect();
    assert_eq!(members, ["offerId", "answererPublicKey", "sdp", "answeredAt"]);
    assert_eq!(polled["iceCandidates"], json!({}));
}

#[tokio::test]
async fn candidates_are_for_the_parties() {
    let world = World::new();
    let id = world.publish(&alice(), json!(["chat"]), "an offer").await;
    let fetch = |who: Keys, params: Value| world.call_owned(who, "getIceCandidates", params);
    let stranger = fault("Not authorized to access ICE candidates for this offer", "NOT_AUTHORIZED");
    assert_eq!(fetch(bob(), json!({"offerId": id})).await, stranger);
    world.trickle(&bob(), &id, json!([{"early": true}])).await.expect("a stranger counts as the answerer");
    assert_eq!(fetch(bob(), json!({"offerId": id})).await, stranger);
    let fetched = fetch(alice(), json!({"offerId": id})).await.expect("candidates");
    let at = fetched["candidates"][0]["createdAt"].clone();
    assert_eq!(fetched, json!({"candidates": [{"candidate": {"early": true}, "createdAt": at}], "offerId": id}));
    let since = fetch(alice(), json!({"offerId": id, "since": at})).await;
    assert_eq!(since, Ok(json!({"candidates": [], "offerId": id})));
    let error = "Invalid since parameter: must be a non-negative number";
    assert_eq!(fetch(alice(), json!({"offerId": "nope", "since": -1})).await, fault(error, "INVALID_PARAMS"));
    assert_eq!(fetch(alice(), json!({"offerId": "nope"})).await, fault("Offer not found", "OFFER_NOT_FOUND"));
    assert_eq!(world.trickle(&bob(), "nope", json!([{}])).await, fault("Offer not found", "OFFER_NOT_FOUND"));
}

#[tokio::test]
async fn a_side_has_so_many_candidates() {
    let world = World::new();
    let id = world.publish(&alice(), json!(["chat"]), "an offer").await;
    for _ in 0..2 {
        world.trickle(&bob(), &id, json!(vec![json!({}); 100])).await.expect("added");
    }
    world.trickle(&bob(), &id, json!(vec![json!({}); 56])).await.expect("added");
    let error = "ICE candidate limit exceeded for offer. Current: 256, limit: 256.";
    assert_eq!(world.trickle(&bob(), &id, json!([{}])).await, fault(error, "TOO_MANY_ICE_CANDIDATES"));
    assert!(world.trickle(&alice(), &id, json!([{}])).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_poll_is_held_until_something_arrives() {
    let world = World::new();
    let id = world.publish(&alice(), json!(["chat"]), "an offer").await;
    let held = world.call_owned(alice(), "poll", json!({"wait": 20_000}));
    let answer = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        world.call(&bob(), "answerOffer", json!({"offerId": id, "sdp": "an answer"})).await
    };
    let began = tokio::time::Instant::now();
    let (held, answered) = tokio::join!(held, answer);
    assert!(answered.is_ok());
    assert_eq!(held.expect("news")["answers"][0]["sdp"], "an answer");
    assert!(began.elapsed() < Duration::from_secs(6));

    let began = tokio::time::Instant::now();
    let empty = world.call(&carol(), "poll", json!({"wait": 2000})).await;
    assert_eq!(empty, Ok(json!({"answers": [], "iceCandidates": {}})));
    assert_eq!(began.elapsed().as_secs(), 2);
    let error = "Invalid wait parameter: must be a non-negative number";
    assert_eq!(world.call(&carol(), "poll", json!({"wait": -1})).await, fault(error, "INVALID_PARAMS"));
}
