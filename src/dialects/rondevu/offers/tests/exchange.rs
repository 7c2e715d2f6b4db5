//! Answers and candidates: who may, once, and what the other side gets.

use serde_json::{Value, json};

use super::{BEGIN, World};

#[tokio::test]
async fn an_answer_is_checked_in_order_and_the_first_one_stays() {
    let world = World::new();
    let (dora, eve, mallory) = (world.register().await, world.register().await, world.register().await);
    world.publish(&dora, json!({"id": "door", "sdp": "x", "topics": ["room"], "secret": "pw", "info": "hi"})).await;
    let path = "/offers/door/answer";
    for (body, sentence) in [
        (json!([]), "Missing or invalid required parameter: sdp"),
        (json!({"sdp": "a", "secret": 7}), "Secret must be a string"),
        (json!({"sdp": "a"}), "Invalid or missing secret"),
        (json!({"sdp": "a", "secret": ""}), "Invalid or missing secret"),
        (json!({"sdp": "a", "secret": "PW"}), "Invalid or missing secret"),
    ] {
        assert_eq!(world.post(&eve, path, body).await.fault(), (400, sentence.into()));
    }
    let unknown = world.post(&eve, "/offers/nope/answer", json!({"sdp": "a"})).await.fault();
    assert_eq!(unknown, (400, "Offer not found or expired".into()));

    world.pass(10);
    let answered = world.post(&eve, path, json!({"sdp": "eve", "secret": "pw"})).await.text;
    let expected = format!(r#"{{"offerId":"door","answererId":"{}","answeredAt":{}}}"#, eve.id, BEGIN + 10);
    assert_eq!(answered, expected);
    for (login, secret, sentence) in [
        (&eve, "pw", "Offer already answered"),
        (&mallory, "pw", "Offer already answered"),
        (&mallory, "bad", "Invalid or missing secret"),
    ] {
        let fault = world.post(login, path, json!({"sdp": "b", "secret": secret})).await.fault();
        assert_eq!(fault, (400, sentence.into()));
    }

    let mine = format!(
        r#"{{"peerId":"{}","offers":[{{"id":"door","sdp":"x","topics":["room"],"createdAt":{BEGIN},"expiresAt":{},"lastSeen":{BEGIN},"secret":"pw","info":"hi","answererPeerId":"{}","answeredAt":{}}}]}}"#,
        dora.id,
        BEGIN + 60_000,
        eve.id,
        BEGIN + 10
    );
    assert_eq!(world.get_as(&dora, "/offers/mine").await.text, mine);
    assert_eq!(world.get("/offers/by-topic/room").await.ok()["returned"], 1);
}

#[tokio::test]
async fn answers_are_listed_newest_first_and_stay_there() {
    let world = World::new();
    let (dora, eve) = (world.register().await, world.register().await);
    for id in ["1", "2", "3"] {
        world.publish(&dora, json!({"id": id, "sdp": id, "topics": ["b", "a"]})).await;
    }
    for id in ["2", "1"] {
        world.pass(5);
        world.post(&eve, &format!("/offers/{id}/answer"), json!({"sdp": format!("to {id}")})).await.ok();
    }
    let given = |id: &str, at: u64| {
        format!(
            r#"{{"offerId":"{id}","answererId":"{}","sdp":"to {id}","answeredAt":{},"topics":["a","b"]}}"#,
            eve.id,
            BEGIN + at
        )
    };
    let expected = format!(r#"{{"answers":[{},{}]}}"#, given("1", 10), given("2", 5));
    for _ in 0..2 {
        assert_eq!(world.get_as(&dora, "/offers/answers").await.text, expected);
    }
    assert_eq!(world.get_as(&eve, "/offers/answers").await.ok(), json!({"answers": []}));
}

#[tokio::test]
async fn each_side_gets_the_candidates_of_the_other_since_the_last_one() {
    let world = World::new();
    let (dora, eve, mallory) = (world.register().await, world.register().await, world.register().await);
    world.publish(&dora, json!({"id": "door", "sdp": "x", "topics": ["t"]})).await;
    let path = "/offers/door/ice-candidates";
    let one = json!({"candidates": [{"candidate": "c"}]});
    let fault = world.post(&eve, path, one.clone()).await.fault();
    assert_eq!(fault, (403, "Not authorized to post ICE candidates for this offer".into()));
    let fault = world.get_as(&eve, path).await.fault();
    assert_eq!(fault, (403, "Not authorized to view ICE candidates for this offer".into()));

    let of_dora = json!({"candidates": [{"z": 1, "candidate": "oc1", "a": 1.0}, "oc2"]});
    let added = world.post(&dora, path, of_dora).await.text;
    assert_eq!(added, r#"{"offerId":"door","candidatesAdded":2}"#);
    world.post(&eve, "/offers/door/answer", json!({"sdp": "a"})).await.ok();
    world.post(&eve, path, json!({"candidates": [null, "ac1", 5]})).await.ok();

    let heard = world.get_as(&eve, path).await.text;
    let first = serde_json::from_str::<Value>(&heard).expect("JSON")["candidates"][0]["createdAt"].clone();
    let at = first.as_u64().expect("a time");
    let expected = format!(
        r#"{{"offerId":"door","candidates":[{{"candidate":{{"z":1,"candidate":"oc1","a":1.0}},"peerId":"{id}","role":"offerer","createdAt":{at}}},{{"candidate":"oc2","peerId":"{id}","role":"offerer","createdAt":{}}}]}}"#,
        at + 1,
        id = dora.id,
    );
    assert_eq!(heard, expected);

    let told = world.get_as(&dora, path).await.ok();
    let told = told["candidates"].as_array().expect("candidates");
    assert_eq!(told.iter().map(|one| &one["candidate"]).collect::<Vec<_>>(), [&json!(null), &json!("ac1"), &json!(5)]);
    assert!(told.iter().all(|one| one["role"] == "answerer" && one["peerId"] == *eve.id));
    let second = told[1]["createdAt"].as_u64().expect("a time");
    for (query, count) in [
        ("?since=".to_owned(), 3),
        ("?since=0".into(), 3),
        ("?since=-5".into(), 3),
        (format!("?since={second}"), 1),
        (format!("?since={second}.5ms"), 1),
        (format!("?since={}", second - 1), 2),
        (format!("?since={}", second + 1), 0),
        ("?since=99999999999999999999".into(), 0),
        ("?since=abc".into(), 0),
    ] {
        let told = world.get_as(&dora, &format!("{path}{query}")).await.ok();
        assert_eq!(told["candidates"].as_array().map(Vec::len), Some(count), "{query}");
    }
    assert_eq!(world.get_as(&mallory, path).await.fault().0, 403);
    assert_eq!(world.post(&mallory, path, one).await.fault().0, 403);
}

#[tokio::test]
async fn candidates_for_no_offer_are_told_so_when_nothing_else_is_wrong() {
    let world = World::new();
    let eve = world.register().await;
    let path = "/offers/nope/ice-candidates";
    let fault = world.post(&eve, path, json!({"candidates": []})).await.fault();
    assert_eq!(fault.1, "Missing or invalid required parameter: candidates (must be non-empty array)");
    let not_found = (404, "Offer not found or expired".to_owned());
    assert_eq!(world.post(&eve, path, json!({"candidates": [1]})).await.fault(), not_found);
    assert_eq!(world.get_as(&eve, path).await.fault(), not_found);
}

#[tokio::test]
async fn a_side_hands_in_so_many_candidates_and_no_more() {
    let world = World::new();
    let dora = world.register().await;
    world.publish(&dora, json!({"id": "door", "sdp": "x", "topics": ["t"]})).await;
    let some = |count: usize| json!({"candidates": vec!["c"; count]});
    let path = "/offers/door/ice-candidates";
    for count in [100, 100, 56] {
        world.post(&dora, path, some(count)).await.ok();
    }
    let fault = world.post(&dora, path, some(1)).await.fault();
    assert_eq!(fault, (429, "Too many candidates for this offer. Maximum 256 per side".into()));
}

#[tokio::test]
async fn an_offer_may_be_called_like_a_word_of_the_api() {
    let world = World::new();
    let (dora, eve) = (world.register().await, world.register().await);
    for id in ["mine", "answers", "by-topic"] {
        world.publish(&dora, json!({"id": id, "sdp": id, "topics": ["answer", "ice-candidates"]})).await;
        let path = format!("/offers/{id}");
        assert_eq!(world.post(&eve, &format!("{path}/answer"), json!({"sdp": "a"})).await.ok()["offerId"], id);
        let one = json!({"candidates": [1]});
        assert_eq!(world.post(&eve, &format!("{path}/ice-candidates"), one).await.ok()["candidatesAdded"], 1);
    }
    for id in ["mine", "answers"] {
        let told = world.get_as(&dora, &format!("/offers/{id}/ice-candidates")).await.ok();
        assert_eq!(told["candidates"][0]["candidate"], 1, "{id}");
    }
    for topic in ["answer", "ice-candidates"] {
        assert_eq!(world.get(&format!("/offers/by-topic/{topic}")).await.ok()["total"], 3);
    }
}
