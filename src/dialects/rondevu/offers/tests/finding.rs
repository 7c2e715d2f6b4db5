//! Who finds which offers, how many, and in which order.

use http::Method;
use meetpoint_protocol::rondevu::{Bloom, PeerHashes};
use serde_json::{Value, json};

use super::{BEGIN, World};

fn ids(found: &Value) -> Vec<&str> {
    found["offers"].as_array().expect("offers").iter().map(|offer| offer["id"].as_str().expect("an id")).collect()
}

#[tokio::test]
async fn an_offer_is_shown_with_sorted_topics_and_without_its_secret() {
    let world = World::new();
    let alice = world.register().await;
    world
        .publish(&alice, json!({"id": "1", "sdp": "x", "topics": ["movie", "hd"], "secret": "pw", "info": "EU"}))
        .await;
    let head =
        |peer: &str| format!(r#"{{"id":"1",{peer}"sdp":"x","topics":["hd","movie"],"expiresAt":{}"#, BEGIN + 60_000);
    let by_topic = format!(
        r#"{{"topic":"hd","offers":[{},"lastSeen":{BEGIN},"hasSecret":true,"info":"EU"}}],"total":1,"returned":1}}"#,
        head(&format!(r#""peerId":"{}","#, alice.id))
    );
    assert_eq!(world.get("/offers/by-topic/hd").await.text, by_topic);
    let of_peer = format!(
        r#"{{"peerId":"{}","offers":[{},"lastSeen":{BEGIN},"hasSecret":true,"info":"EU"}}],"topics":["hd","movie"]}}"#,
        alice.id,
        head("")
    );
    assert_eq!(world.get(&format!("/peers/{}/offers", alice.id)).await.text, of_peer);
}

#[tokio::test]
async fn hostile_texts_come_back_as_they_were_sent() {
    let world = World::new();
    let alice = world.register().await;
    let text = "\"\\\r\n\0\u{1b}[31m\u{202e}%_*?[]😀\u{ffff}";
    world.publish(&alice, json!({"id": text, "sdp": text, "topics": [text], "info": text, "secret": text})).await;
    let escaped: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let found = world.get(&format!("/offers/by-topic/{escaped}")).await.ok();
    assert_eq!(found["topic"], text);
    for field in ["id", "sdp", "info"] {
        assert_eq!(found["offers"][0][field], text, "{field}");
    }
    let answer = json!({"sdp": text, "secret": text});
    assert_eq!(world.post(&alice, &format!("/offers/{escaped}/answer"), answer).await.ok()["offerId"], text);
    assert_eq!(world.get_as(&alice, "/offers/mine").await.ok()["offers"][0]["secret"], text);
}

#[tokio::test]
async fn a_topic_that_nobody_has_is_empty() {
    let world = World::new();
    let none = json!({"topic": "none%zz", "offers": [], "total": 0, "returned": 0});
    assert_eq!(world.get("/offers/by-topic/none%zz").await.ok(), none);
    let nobody = json!({"peerId": "nobody", "offers": [], "topics": []});
    assert_eq!(world.get("/peers/nobody/offers").await.ok(), nobody);
}

#[tokio::test]
async fn a_page_is_as_long_as_the_original_makes_it() {
    let world = World::new();
    let alice = world.register().await;
    for start in [0, 100, 200] {
        let offers: Vec<_> =
            (start..start + 100).map(|number| json!({"sdp": format!("{number}"), "topics": ["t"]})).collect();
        world.post(&alice, "/offers", json!({ "offers": offers })).await.ok();
    }
    for (query, returned) in [
        ("", 50),
        ("?limit=", 50),
        ("?limit=1", 1),
        ("?limit=1&limit=2", 1),
        ("?limit=1.9", 1),
        ("?limit=%203x", 3),
        ("?limit=+3", 3),
        ("?limit=0", 0),
        ("?limit=-0", 0),
        ("?limit=abc", 0),
        ("?limit=NaN", 0),
        ("?limit=200", 200),
        ("?limit=500", 200),
        ("?limit=99999999999999999999", 200),
        ("?limit=-1", 200),
        ("?limit=-101", 199),
        ("?limit=-299", 1),
        ("?limit=-300", 0),
        ("?limit=-99999999999999999999", 0),
    ] {
        let found = world.get(&format!("/offers/by-topic/t{query}")).await.ok();
        assert_eq!((&found["returned"], &found["total"]), (&json!(returned), &json!(300)), "{query}");
        assert_eq!(ids(&found).len(), returned, "{query}");
    }
}

#[tokio::test]
async fn the_newest_offers_come_first() {
    let world = World::new();
    let alice = world.register().await;
    for id in ["1", "2", "3"] {
        world.publish(&alice, json!({"id": id, "sdp": id, "topics": [format!("only-{id}"), "t".to_owned()]})).await;
        world.pass(1);
    }
    let found = world.get("/offers/by-topic/t").await.ok();
    assert_eq!(ids(&found), ["3", "2", "1"]);
    assert_eq!(ids(&world.get("/offers/by-topic/t?limit=-1").await.ok()), ["3", "2"]);
    let of_peer = world.get(&format!("/peers/{}/offers", alice.id)).await.ok();
    assert_eq!(ids(&of_peer), ["3", "2", "1"]);
    assert_eq!(of_peer["topics"], json!(["only-3", "t", "only-2", "only-1"]));
    assert_eq!(ids(&world.get_as(&alice, "/offers/mine").await.ok()), ["3", "2", "1"]);
}

#[tokio::test]
async fn a_filter_leaves_out_peers_and_they_are_counted_once() {
    let world = World::new();
    let (alice, bob) = (world.register().await, world.register().await);
    for id in ["a1", "a2", "a3"] {
        world.publish(&alice, json!({"id": id, "sdp": id, "topics": ["t"]})).await;
    }
    world.publish(&bob, json!({"id": "b1", "sdp": "b1", "topics": ["t"]})).await;
    let of = |peer: &str| Bloom::of(1024, [PeerHashes::of(peer)]).to_base64().replace('+', "%2B").replace('/', "%2F");
    for (bloom, found, total) in [
        (of(&alice.id), vec!["b1"], 2),
        (of(&bob.id), vec!["a3", "a2", "a1"], 4),
        ("%2F%2F%2F%2F".into(), vec![], 2),
        ("////".into(), vec![], 2),
        ("AAAAAAAA".into(), vec!["b1", "a3", "a2", "a1"], 4),
        ("AAAAAA".into(), vec!["b1", "a3", "a2", "a1"], 4),
        ("".into(), vec!["b1", "a3", "a2", "a1"], 4),
        ("++++".into(), vec!["b1", "a3", "a2", "a1"], 4),
    ] {
        let answer = world.get(&format!("/offers/by-topic/t?bloom={bloom}")).await.ok();
        assert_eq!((ids(&answer), &answer["total"]), (found, &json!(total)), "{bloom}");
    }
    let answer = world.get(&format!("/offers/by-topic/t?limit=-1&bloom={}", of(&bob.id))).await.ok();
    assert_eq!((ids(&answer), &answer["total"]), (vec!["a3", "a2"], &json!(4)));
    for bloom in ["%21%21", "AA-_", "A"] {
        let fault = world.get(&format!("/offers/by-topic/t?bloom={bloom}")).await.fault();
        assert_eq!(fault, (400, "Invalid bloom filter format".into()), "{bloom}");
    }
}

#[tokio::test]
async fn a_list_ends_before_the_offer_that_makes_it_too_long() {
    let world = World::new();
    let (alice, bob) = (world.register().await, world.register().await);
    // 192 KiB in UTF-8.
    let sdp = "語".repeat(65_536);
    for id in 100..145 {
        world.publish(&alice, json!({"id": id, "sdp": sdp, "topics": ["t"]})).await;
    }
    let found = world.get("/offers/by-topic/t").await.ok();
    assert_eq!((&found["returned"], &found["total"]), (&json!(42), &json!(45)));
    assert_eq!((ids(&found).len(), ids(&found)[0]), (42, "144"));
    world.post(&bob, "/offers/100/answer", json!({"sdp": "a"})).await.ok();
    let answers = world.get_as(&alice, "/offers/answers").await.ok();
    assert_eq!(answers["answers"][0]["offerId"], "100");
}

#[tokio::test]
async fn head_and_other_methods_are_what_the_routes_say() {
    let world = World::new();
    let head = world.ask(Method::HEAD, "/offers/by-topic/t", None, "").await;
    assert_eq!((head.status, &*head.text), (200, ""));
    assert_eq!(world.ask(Method::PUT, "/offers/by-topic/t", None, "").await.status, 405);
    assert_eq!(world.get("/offers/by-topic/").await.status, 404);
    assert_eq!(world.get("/offers/mine/").await.status, 404);
}
