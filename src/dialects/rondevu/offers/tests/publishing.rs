//! Who may, what is kept, and what becomes of it.

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use axum::body::Body;
use http::Method;
use serde_json::json;

use super::{BEGIN, Login, World};

#[tokio::test]
async fn a_registered_peer_has_an_id_and_a_secret_that_name_it() {
    let world = World::new();
    let (alice, bob) = (world.register().await, world.register().await);
    assert!(alice.id.len() == 32 && alice.id.bytes().all(|digit| b"0123456789abcdef".contains(&digit)));
    assert_ne!((&alice.id, &alice.header), (&bob.id, &bob.header));
    assert_eq!(world.get_as(&alice, "/offers/mine").await.ok(), json!({"peerId": alice.id, "offers": []}));
}

#[tokio::test]
async fn who_has_no_credentials_is_turned_away_before_anything_else() {
    let world = World::new();
    let alice = world.register().await;
    let forged = Login { id: alice.id.clone(), header: format!("Bearer {}:AAAA", alice.id) };
    for (method, path) in [
        (Method::POST, "/offers"),
        (Method::GET, "/offers/mine"),
        (Method::GET, "/offers/answers"),
        (Method::DELETE, "/offers/x"),
        (Method::POST, "/offers/x/answer"),
        (Method::POST, "/offers/x/ice-candidates"),
        (Method::GET, "/offers/x/ice-candidates"),
    ] {
        let missing = world.ask(method.clone(), path, None, "{oops").await;
        assert_eq!(missing.fault(), (401, "Missing Authorization header".into()), "{method} {path}");
        let invalid = world.ask(method.clone(), path, Some(&forged), "{oops").await;
        assert_eq!(invalid.fault(), (401, "Invalid credentials".into()), "{method} {path}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_json_is_the_clients_fault() {
    let world = World::new();
    let alice = world.register().await;
    for path in ["/offers", "/offers/x/answer", "/offers/x/ice-candidates"] {
        for body in ["", "{", "null", "{\"a\":1e400}"] {
            let answer = world.ask(Method::POST, path, Some(&alice), body).await;
            assert_eq!(answer.fault(), (400, "Invalid JSON".into()), "{path} {body}");
        }
        let answer = world.ask(Method::POST, path, Some(&alice), vec![b' '; (1 << 20) + 1]).await;
        assert_eq!(answer.fault(), (413, "Request body too large".into()), "{path}");
    }
}

#[tokio::test]
async fn what_is_published_is_told_with_its_topics_as_they_were_sent() {
    let world = World::new();
    let alice = world.register().await;
    let two = json!({"offers": [
        {"sdp": "v=0\r\nalice-1", "topics": ["movie", "hd"], "ttl": 300_000},
        {"sdp": "s", "topics": ["z", "a", "z"], "id": 5},
    ]});
    let answer = world.post(&alice, "/offers", two).await;
    assert_eq!(answer.headers["content-type"], "application/json");
    let expected = format!(
        r#"{{"offers":[{{"id":"00be3d58669e732ba01b0a6b50d956553cb8207ef151819e6018bf66fdaed1dc","peerId":"{id}","topics":["movie","hd"],"expiresAt":{}}},{{"id":"5","peerId":"{id}","topics":["z","a"],"expiresAt":{}}}]}}"#,
        BEGIN + 300_000,
        BEGIN + 60_000,
        id = alice.id,
    );
    assert_eq!(answer.text, expected);
}

#[tokio::test]
async fn the_same_content_is_refreshed_by_its_peer_and_an_offer_of_its_own_by_another() {
    let world = World::new();
    let (alice, bob) = (world.register().await, world.register().await);
    let first = world.publish(&alice, json!({"sdp": "x", "topics": ["a", "b"]})).await;
    world.pass(1_000);
    let again = world.publish(&alice, json!({"sdp": "x", "topics": ["b", "a"], "info": "new"})).await;
    assert_eq!((&again["id"], &again["expiresAt"]), (&first["id"], &json!(BEGIN + 61_000)));
    let mine = world.get_as(&alice, "/offers/mine").await.ok();
    assert_eq!(mine["offers"].as_array().map(Vec::len), Some(1));
    assert_eq!((&mine["offers"][0]["createdAt"], &mine["offers"][0]["info"]), (&json!(BEGIN), &json!("new")));

    let other = world.publish(&bob, json!({"sdp": "x", "topics": ["a", "b"]})).await;
    assert_ne!(other["id"], first["id"]);
    assert_eq!(world.get("/offers/by-topic/a").await.ok()["total"], 2);
}

#[tokio::test]
async fn an_id_of_ones_own_belongs_to_the_first_and_a_batch_is_kept_whole_or_not_at_all() {
    let world = World::new();
    let (alice, bob) = (world.register().await, world.register().await);
    world.publish(&alice, json!({"id": "door", "sdp": "x", "topics": ["t"]})).await;
    let batch = json!({"offers": [{"sdp": "y", "topics": ["t"]}, {"id": "door", "sdp": "x", "topics": ["t"]}]});
    let taken = world.post(&bob, "/offers", batch).await;
    assert_eq!(taken.fault(), (409, "Offer id already in use".into()));
    assert_eq!(world.get("/offers/by-topic/t").await.ok()["total"], 1);
}

#[tokio::test]
async fn limits_have_words() {
    let world = World::with(|offers| offers.max_per_request = 3, |limits| (limits.per_owner, limits.offers) = (2, 3));
    let (alice, bob) = (world.register().await, world.register().await);
    let offers = |count: usize| {
        let offers: Vec<_> = (0..count).map(|number| json!({"sdp": format!("{number}"), "topics": ["t"]})).collect();
        json!({ "offers": offers })
    };
    let fault = world.post(&alice, "/offers", offers(4)).await.fault();
    assert_eq!(fault, (400, "Too many offers. Maximum 3 per request".into()));
    let fault = world.post(&alice, "/offers", offers(3)).await.fault();
    assert_eq!(fault, (429, "Too many offers. Maximum 2 per peer".into()));
    world.post(&alice, "/offers", offers(2)).await.ok();
    let fault = world.post(&bob, "/offers", offers(2)).await.fault();
    assert_eq!(fault, (507, "Offer storage is full".into()));
}

#[tokio::test]
async fn an_expired_offer_is_gone() {
    let world = World::with(|offers| offers.min_ttl = Duration::from_millis(100), |_| {});
    let alice = world.register().await;
    world.publish(&alice, json!({"id": "door", "sdp": "x", "topics": ["t"], "ttl": 100})).await;
    world.pass(99);
    assert_eq!(world.get("/offers/by-topic/t").await.ok()["total"], 1);
    world.pass(1);
    assert_eq!(world.get("/offers/by-topic/t").await.ok()["total"], 0);
    assert_eq!(world.get_as(&alice, "/offers/mine").await.ok()["offers"], json!([]));
    assert_eq!(world.delete(&alice, "/offers/door").await.fault().0, 404);
}

#[tokio::test]
async fn only_its_owner_takes_an_offer_back_and_nobody_else_learns_that_it_is_there() {
    let world = World::new();
    let (alice, bob) = (world.register().await, world.register().await);
    for id in ["door", "mine", "answers", "by-topic", "a/b"] {
        world.publish(&alice, json!({"id": id, "sdp": id, "topics": ["t"]})).await;
    }
    let (others, unknown) = (world.delete(&bob, "/offers/door").await, world.delete(&bob, "/offers/nope").await);
    assert_eq!(others.fault(), (404, "Offer not found or not authorized".into()));
    assert_eq!((others.status, &others.headers, &others.text), (unknown.status, &unknown.headers, &unknown.text));
    for id in ["door", "mine", "answers", "by-topic", "a%2Fb"] {
        assert_eq!(world.delete(&alice, &format!("/offers/{id}")).await.ok(), json!({"deleted": true}), "{id}");
    }
    assert_eq!(world.get("/offers/by-topic/t").await.ok()["total"], 0);
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_and_what_is_there_is_still_told() {
    let world = World::new();
    let alice = world.register().await;
    world.publish(&alice, json!({"id": "door", "sdp": "x", "topics": ["t"]})).await;
    world.journal.full.store(true, Relaxed);
    for (method, path, body) in [
        (Method::POST, "/offers", json!({"offers": [{"sdp": "y", "topics": ["t"]}]})),
        (Method::POST, "/offers/door/answer", json!({"sdp": "a"})),
        (Method::POST, "/offers/door/ice-candidates", json!({"candidates": [1]})),
        (Method::DELETE, "/offers/door", json!(null)),
    ] {
        let answer = world.ask(method, path, Some(&alice), Body::from(body.to_string())).await;
        assert_eq!(answer.fault(), (503, "Storage unavailable, try again later".into()), "{path}");
        assert!(answer.headers.contains_key("retry-after"));
    }
    assert_eq!(world.get("/offers/by-topic/t").await.ok()["returned"], 1);
}
