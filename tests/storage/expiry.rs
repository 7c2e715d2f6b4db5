//! What has expired is out of sight at once, and leaves the file soon.

use std::time::Duration;

use serde_json::json;
use tokio::time::{sleep, timeout};

use crate::crowd::Line;
use crate::orderly::end;
use crate::place::Place;
use crate::support::PATIENCE;
use crate::support::rondevu::client::{OfferPeer, Page, Tagger, result};
use crate::support::rondevu::keys::{fresh_nonce, signed_text};
use crate::support::rondevu::now;

const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// Waits until a table has so many rows. A copy of files that are being written may be unreadable: then it looks again.
async fn until_rows(place: &Place, table: &str, rows: i64) {
    let becomes = async {
        while place.rows(table) != Ok(rows) {
            sleep(BETWEEN_LOOKS).await;
        }
    };
    let in_time = timeout(PATIENCE, becomes).await;
    assert!(in_time.is_ok(), "{table} never had {rows} rows, now {:?}", place.rows(table));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_that_expire_at_once_leave_the_file_and_hold_nobody_up() {
    const MANY: usize = 1000;
    /// As far as the server's clock may be from this one, in milliseconds.
    const CLOCKS_APART: i64 = 50;
    let place = Place::new();
    let server = place.server(&[("OFFER_MIN_TTL", "100ms"), ("MAX_OFFERS_PER_REQUEST", "1000")]).await;
    let (many, one) = (OfferPeer::register(server.address).await, OfferPeer::register(server.address).await);
    let stays = one.offered(json!({"sdp": "stays", "topics": ["crowd"], "ttl": 3_600_000})).await;
    assert_eq!(many.post(&format!("/offers/{stays}/answer"), &json!({"sdp": "a"})).await.status, 200);
    let path = format!("/offers/{stays}/ice-candidates");
    assert_eq!(many.post(&path, &json!({"candidates": [1, 2, 3]})).await.status, 200);
    let offers: Vec<_> =
        (0..MANY).map(|number| json!({"sdp": number.to_string(), "topics": ["crowd"], "ttl": 2000})).collect();
    let published = many.offer(json!(offers)).await.json()["offers"].take();
    let expires = published[0]["expiresAt"].as_i64().expect("a time");
    for offer in published.as_array().into_iter().flatten().take(10) {
        let path = format!("/offers/{}/ice-candidates", offer["id"].as_str().expect("an id"));
        assert_eq!(many.post(&path, &json!({"candidates": [1, 2, 3]})).await.status, 200);
    }

    let mut line = Line::new(server.address, true);
    let asks_on = async {
        loop {
            let asked = now();
            let answer = line.hear("GET", "/offers/by-topic/crowd?limit=1", &[], "").await;
            let (total, answered) = (answer.json()["total"].take(), now());
            let (late, early) = (asked - expires, expires - answered);
            assert!(total == 1 || (total == MANY + 1 && late < CLOCKS_APART), "{total}, {late} ms late");
            assert!(total == MANY + 1 || early < CLOCKS_APART, "{total}, {early} ms early");
        }
    };
    tokio::select! {
        () = asks_on => unreachable!("it never ends"),
        () = until_rows(&place, "offers", 1) => assert!(now() > expires - CLOCKS_APART, "they left too early"),
    }
    assert_eq!(place.rows("candidates"), Ok(3));
    assert_eq!(one.get("/offers/answers").await.json()["answers"][0]["offerId"], stays);
    end(server).await;
    assert_eq!(place.rows("offers"), Ok(1));
    assert_eq!(place.rows("candidates"), Ok(3));
}

#[tokio::test]
async fn sessions_answered_tags_and_nonces_leave_the_file_too() {
    let place = Place::new();
    let server = place.server(&[("SESSION_TIMEOUT", "2s"), ("ANSWERED_OFFER_TTL", "500ms")]).await;
    let page = Page { server: server.address, origin: "https://a.example" };
    let code = page.announce("topic").await;
    assert_eq!(page.say(&code, "answerer", "answer", "sdp").await.status, 200);
    assert_eq!(page.say(&code, "answerer", "candidate", "c").await.status, 200);
    let (alice, bob) = (Tagger::new(server.address, 1), Tagger::new(server.address, 2));
    let offer = alice.publish(&["a"], "s").await;
    bob.done("answerOffer", json!({"offerId": offer, "sdp": "a"})).await;
    until_rows(&place, "offers", 0).await;
    assert_eq!(place.rows("candidates"), Ok(0));
    assert_eq!(page.poll(&code, "offerer", json!({})).await.status, 404);

    // Those requests may still be repeated, this one hardly longer: its nonce goes before theirs.
    assert_eq!(place.rows("nonces"), Ok(2));
    let (time, nonce, params) = (now() - 55_000, fresh_nonce(), json!({"tags": ["a"], "offers": [{"sdp": "s2"}]}));
    let signature = alice.key.sign(&signed_text(time, &nonce, "publishOffer", &params));
    let auth = json!({"publicKey": alice.key.public_hex(), "timestamp": time, "nonce": nonce, "signature": signature});
    let request = json!([{"method": "publishOffer", "params": params, "auth": auth}]);
    result(Line::new(server.address, false).reply(&request).await);
    assert_eq!(place.rows("nonces"), Ok(3));
    until_rows(&place, "nonces", 2).await;
    let repeated = Line::new(server.address, false).reply(&request).await;
    assert_eq!(repeated["error"], "Timestamp too old", "a nonce is kept as long as its time is accepted");
    end(server).await;
    assert_eq!(place.rows("offers"), Ok(1));
}
