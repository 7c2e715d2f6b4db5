//! Offers are found.

use super::*;

fn discover(params: Value) -> Value {
    json!({"method": "discover", "params": params})
}

fn sdps(found: &Value) -> Vec<&str> {
    found["offers"].as_array().expect("offers").iter().filter_map(|offer| offer["sdp"].as_str()).collect()
}

#[tokio::test]
async fn a_page_has_the_newest_first() {
    let world = World::new();
    for (who, tags, sdp) in
        [(alice(), json!(["eu"]), "one"), (bob(), json!(["eu", "chat"]), "two"), (alice(), json!(["chat"]), "three")]
    {
        world.publish(&who, tags, sdp).await;
        world.pass(1);
    }
    let page = world.ask(discover(json!({"tags": ["eu", "chat", "none"], "limit": 2}))).await.expect("a page");
    assert_eq!(sdps(&page), ["three", "two"]);
    assert_eq!((&page["count"], &page["limit"], &page["offset"]), (&json!(2), &json!(2), &json!(0)));
    let page = world.ask(discover(json!({"tags": ["eu", "chat"], "limit": 2, "offset": 2}))).await.expect("a page");
    assert_eq!(sdps(&page), ["one"]);
}

#[tokio::test]
async fn who_names_its_key_does_not_find_its_own() {
    let world = World::new();
    let id = world.publish(&alice(), json!(["eu", "chat"]), "one").await;
    let any = discover(json!({"tags": ["eu"]}));
    let found = json!({
        "offerId": id, "publicKey": alice().public, "tags": ["chat", "eu"], "sdp": "one",
        "createdAt": BEGIN, "expiresAt": BEGIN + 600_000,
    });
    assert_eq!(world.ask(any.clone()).await, Ok(found.clone()));
    let none = fault("No offers found matching tags", "OFFER_NOT_FOUND");
    let keys = [("X-PublicKey", &*alice().public)];
    assert_eq!(outcome(world.post(std::slice::from_ref(&any), &keys).await.remove(0)), none);
    for (key, expected) in
        [(json!(alice().public), none), (json!(bob().public), Ok(found.clone())), (json!(5), Ok(found))]
    {
        let mut request = any.clone();
        request["auth"] = json!({"publicKey": key});
        assert_eq!(world.ask(request).await, expected);
    }
}

#[tokio::test]
async fn answered_and_expired_offers_are_not_found() {
    let world = World::new();
    let id = world.publish(&alice(), json!(["eu"]), "one").await;
    world.publish(&alice(), json!(["eu"]), "two").await;
    let count = |unique: Value| {
        world.ask(json!({"method": "countOffersByTags", "params": {"tags": ["eu", "zz"], "unique": unique}}))
    };
    assert_eq!(count(json!(null)).await, Ok(json!({"counts": {"eu": 2, "zz": 0}})));
    assert_eq!(count(json!(true)).await, Ok(json!({"counts": {"eu": 1, "zz": 0}})));
    world.call(&bob(), "answerOffer", json!({"offerId": id, "sdp": "x"})).await.expect("answered");
    assert_eq!(count(json!(false)).await, Ok(json!({"counts": {"eu": 1, "zz": 0}})));
    world.pass(600_000);
    let page = world.ask(discover(json!({"tags": ["eu"], "limit": 1}))).await.expect("a page");
    assert!(sdps(&page).is_empty());
}
