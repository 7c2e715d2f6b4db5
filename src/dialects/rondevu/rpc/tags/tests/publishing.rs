//! Offers come, get other tags, and go.

use super::*;

#[tokio::test]
async fn an_offer_is_published_with_all_that_was_given() {
    let world = World::new();
    let params = json!({"tags": ["eu", "chat"], "offers": [{"sdp": "h1"}, {"sdp": "h1"}], "ttl": 120_000});
    let mut published = world.call(&alice(), "publishOffer", params).await.expect("published");
    let ids: Vec<_> = [0, 1].map(|index| published["offers"][index]["offerId"].take()).into();
    assert!(ids[0] != ids[1] && ids.iter().all(|id| id.as_str().is_some_and(|id| id.len() == 64)));
    let offer = json!({"offerId": null, "sdp": "h1", "createdAt": BEGIN, "expiresAt": BEGIN + 120_000});
    let expected = json!({
        "publicKey": alice().public, "tags": ["eu", "chat"], "offers": [offer, offer],
        "createdAt": BEGIN, "expiresAt": BEGIN + 120_000,
    });
    assert_eq!(published, expected);
}

#[tokio::test]
async fn an_owner_has_so_many_offers_and_the_server_too() {
    let world = World::with(|limits| (limits.per_owner, limits.offers) = (3, 4));
    let publish = |count: usize| json!({"tags": ["a"], "offers": vec![json!({"sdp": "x"}); count]});
    assert!(world.call(&alice(), "publishOffer", publish(2)).await.is_ok());
    let error = "User offer limit exceeded. You have 2 offers, limit is 3.";
    assert_eq!(world.call(&alice(), "publishOffer", publish(2)).await, fault(error, "TOO_MANY_OFFERS_PER_USER"));
    let error = "Server offer limit reached (4). Try again later.";
    assert_eq!(world.call(&bob(), "publishOffer", publish(3)).await, fault(error, "STORAGE_FULL"));
    assert!(world.call(&bob(), "publishOffer", publish(2)).await.is_ok());
}

#[tokio::test]
async fn all_own_offers_get_other_tags() {
    let world = World::new();
    for (who, tags) in [(alice(), json!(["a"])), (alice(), json!(["b", "c"])), (bob(), json!(["a"]))] {
        world.publish(&who, tags, "an offer").await;
    }
    let retag = |tags: Value| world.call_owned(alice(), "updateOfferTags", json!({"tags": tags}));
    assert_eq!(retag(json!(["new", "a"])).await, Ok(json!({"success": true, "count": 2})));
    let count = json!({"method": "countOffersByTags", "params": {"tags": ["a", "b", "new"]}});
    assert_eq!(world.ask(count).await, Ok(json!({"counts": {"a": 3, "b": 0, "new": 2}})));
    assert_eq!(retag(json!([])).await, fault("At least one tag is required", "INVALID_TAG"));
    let none = world.call(&carol(), "updateOfferTags", json!({"tags": ["a"]})).await;
    assert_eq!(none, Ok(json!({"success": true, "count": 0})));
}

#[tokio::test]
async fn only_its_owner_deletes_an_offer() {
    let world = World::new();
    let id = world.publish(&alice(), json!(["a"]), "an offer").await;
    let delete = |who: Keys, id: &str| world.call_owned(who, "deleteOffer", json!({"offerId": id}));
    let refused = fault("Offer not found or not owned by this identity", "NOT_AUTHORIZED");
    assert_eq!(delete(bob(), &id).await, refused);
    assert_eq!(delete(alice(), "nope").await, refused);
    assert_eq!(delete(alice(), "").await, fault("offerId must be a non-empty string", "INVALID_PARAMS"));
    assert_eq!(delete(alice(), &id).await, Ok(json!({"success": true})));
    assert_eq!(delete(alice(), &id).await, refused);
}

#[test]
fn operations_are_counted_as_the_original_does() {
    use super::super::operations;
    for (request, expected) in [
        (json!({"method": "publishOffer", "params": {"offers": [1, 2, 3]}}), 3),
        (json!({"method": "publishOffer", "params": {"offers": []}}), 0),
        (json!({"method": "publishOffer", "params": {"offers": 7}}), 1),
        (json!({"method": "publishOffer"}), 1),
        (json!({"method": "addIceCandidates", "params": {"candidates": [1, 2]}}), 2),
        (json!({"method": "addIceCandidates", "params": {"offers": [1, 2]}}), 1),
        (json!({"method": "poll", "params": {"offers": [1, 2]}}), 1),
        (json!({}), 1),
        (json!(5), 1),
    ] {
        assert_eq!(operations(&request), expected, "{request}");
    }
}
