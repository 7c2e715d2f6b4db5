//! Nesting without end, and lists of ten thousand.

use serde_json::{Value, json};

use crate::support::http::{self, Response};
use crate::support::rondevu::client::{OfferPeer, Page, Tagger, User};
use crate::support::server::Server;
use crate::{IN_MEMORY, assert_unharmed};

const DEEP: usize = 100_000;
const MANY: usize = 10_000;

/// Far below the bound of 64, far above what an honest candidate has.
const HONEST_DEPTH: usize = 40;

fn arrays(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

fn objects(depth: usize) -> String {
    r#"{"a":"#.repeat(depth) + "1" + &"}".repeat(depth)
}

fn assert_refused(path: &str, answer: &Response) {
    assert_eq!(answer.status, 400, "{path}: {answer:?}");
    let expected = match path {
        "/rpc" => json!({"success": false, "error": "Invalid request format"}),
        _ => json!({"error": "Invalid JSON"}),
    };
    assert_eq!(answer.json(), expected, "{path}");
}

#[tokio::test]
async fn nesting_a_hundred_thousand_deep_is_refused() {
    let server = Server::with(&[IN_MEMORY]).await;
    let peer = OfferPeer::register(server.address).await;
    for deep in [arrays(DEEP), objects(DEEP), "[".repeat(DEEP), r#"{"a":["#.repeat(DEEP / 2)] {
        let frames = [
            ("/room/offer", deep.clone()),
            ("/room/offer", format!(r#"{{"info":"p","offer":"x","more":{deep}}}"#)),
            ("/answer", format!(r#"{{"code":"c","side":"offerer","candidate":{deep}}}"#)),
            ("/poll", format!(r#"{{"code":"c","side":{deep}}}"#)),
            ("/offers", format!(r#"{{"offers":{deep}}}"#)),
            ("/offers/x/answer", format!(r#"{{"sdp":{deep}}}"#)),
            ("/offers/x/ice-candidates", format!(r#"{{"candidates":[{deep}]}}"#)),
            ("/rpc", deep.clone()),
            ("/rpc", format!(r#"{{"method":"poll","message":"m","signature":"s","params":{deep}}}"#)),
            ("/rpc", format!(r#"[{{"method":"discover","params":{{"tags":{deep}}}}}]"#)),
            ("/rpc", format!(r#"[{{"method":"poll","params":{{}},"auth":{deep}}}]"#)),
        ];
        for (path, body) in frames {
            assert_refused(path, &peer.send("POST", path, &body).await);
        }
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn nesting_is_bounded_where_it_costs_nothing_yet() {
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: "https://a.example" };
    let code = page.announce("room").await;
    let honest: Value = serde_json::from_str(&objects(HONEST_DEPTH)).unwrap();
    assert_eq!(page.say(&code, "offerer", "candidate", honest.clone()).await.status, 200);
    assert_eq!(page.poll(&code, "answerer", json!({})).await.json()["offerCandidates"], json!([honest]));
    let deep = format!(r#"{{"code":"{code}","side":"offerer","candidate":{}}}"#, arrays(65));
    assert_refused("/answer", &http::request(server.address, "POST", "/answer", &[], &deep).await);
    let tagger = Tagger::new(server.address, 1);
    let id = tagger.publish(&["a"], "s").await;
    let candidate: Value = serde_json::from_str(&objects(11)).unwrap();
    let refused = tagger.refused("addIceCandidates", json!({"offerId": id, "candidates": [candidate]})).await;
    assert_eq!(refused.1, "INVALID_PARAMS", "{}", refused.0);
}

#[tokio::test]
async fn lists_of_ten_thousand_are_refused_by_their_count() {
    let server = Server::with(&[IN_MEMORY]).await;
    let peer = OfferPeer::register(server.address).await;
    let (user, tagger) = (User::new(server.address, "alice", 1), Tagger::new(server.address, 2));
    let many = |item: Value| Value::from(vec![item; MANY]);
    let error = |answer: Response| (answer.status, answer.error());

    let offers = error(peer.offer(many(json!({"sdp": "x", "topics": ["t"]}))).await);
    assert_eq!(offers, (400, "Too many offers. Maximum 100 per request".to_owned()));
    let topics = error(peer.offer(json!([{"sdp": "x", "topics": many(json!("t"))}])).await);
    assert_eq!(topics, (400, "Too many topics. Maximum 50 per offer".to_owned()));
    let id = peer.offered(json!({"sdp": "x", "topics": ["t"]})).await;
    let candidates = peer.post(&format!("/offers/{id}/ice-candidates"), &json!({"candidates": many(json!(1))})).await;
    assert_eq!(error(candidates), (400, "Too many candidates. Maximum 100 per request".to_owned()));

    let service = json!({"serviceFqn": "chat:1.0.0@alice", "offers": many(json!({"sdp": "x"}))});
    assert_eq!(user.refused("publishService", service).await, "Too many offers (max 100)");
    let tagged = json!({"tags": ["a"], "offers": many(json!({"sdp": "x"}))});
    assert_eq!(tagger.refused("publishOffer", tagged).await.1, "BATCH_TOO_LARGE", "operations are counted first");
    let tags = json!({"tags": many(json!("a")), "offers": [{"sdp": "x"}]});
    assert_eq!(tagger.refused("publishOffer", tags).await.0, "Maximum 20 tags allowed");
    let keys: serde_json::Map<_, _> = (0..MANY).map(|number| (format!("k{number}"), json!(number))).collect();
    let page = Page { server: server.address, origin: "https://a.example" };
    let wide = page.post("/room/offer", &json!({"info": "p", "offer": "x", "more": keys})).await;
    assert_eq!(wide.status, 200, "{wide:?}");
    assert_unharmed(&server).await;
}
