//! The rules of the offers wire, in their order.

use serde_json::json;

use crate::support::http;
use crate::support::rondevu::client::OfferPeer;
use crate::support::server::Server;
use crate::{IN_MEMORY, Refusal, assert_refusals, assert_unharmed};

const NO_OFFERS: &str = "Missing or invalid required parameter: offers (must be non-empty array)";
const NO_SDP: &str = "Each offer must have an sdp field";
const NO_TOPICS: &str = "Each offer must have a non-empty topics array";
const BAD_TOPIC: &str = "Each topic must be a string between 1 and 256 characters";
const NO_HEADER: &str = "Missing Authorization header";
const BAD_HEADER: &str = "Invalid Authorization header format. Expected: Bearer {peerId}:{secret}";
const BAD_FORM: &str = "Invalid credentials format. Expected: {peerId}:{secret}";
const BAD_CREDENTIALS: &str = "Invalid credentials";
const NO_CANDIDATES: &str = "Missing or invalid required parameter: candidates (must be non-empty array)";

fn one(offer: serde_json::Value) -> String {
    json!({"offers": [offer]}).to_string()
}

#[tokio::test]
async fn offers_are_checked_in_order_and_the_first_fault_is_told() {
    let server = Server::with(&[IN_MEMORY]).await;
    let peer = OfferPeer::register(server.address).await;
    let long = one(json!({"sdp": "s".repeat(65_537), "secret": 1}));
    let long_units = one(json!({"sdp": "😀".repeat(32_769), "topics": ["t"]}));
    let long_secret = one(json!({"sdp": "x", "secret": "k".repeat(129), "info": 1}));
    let long_info = one(json!({"sdp": "x", "info": "i".repeat(129), "topics": 1}));
    let many_topics = one(json!({"sdp": "x", "topics": vec![1; 51]}));
    let long_topic = one(json!({"sdp": "x", "topics": ["ok", "t".repeat(257)]}));
    let long_topic_units = one(json!({"sdp": "x", "topics": ["😀".repeat(129)]}));
    let many = json!({"offers": vec![json!(null); 101]}).to_string();
    let refusals: &[Refusal] = &[
        ("{", 400, "Invalid JSON"),
        ("", 400, "Invalid JSON"),
        ("null", 400, "Invalid JSON"),
        ("{}", 400, NO_OFFERS),
        ("[]", 400, NO_OFFERS),
        ("5", 400, NO_OFFERS),
        (r#"{"offers":null}"#, 400, NO_OFFERS),
        (r#"{"offers":{}}"#, 400, NO_OFFERS),
        (r#"{"offers":"x"}"#, 400, NO_OFFERS),
        (r#"{"offers":[]}"#, 400, NO_OFFERS),
        (&many, 400, "Too many offers. Maximum 100 per request"),
        (r#"{"offers":[null]}"#, 400, NO_SDP),
        (r#"{"offers":[5]}"#, 400, NO_SDP),
        (r#"{"offers":["x"]}"#, 400, NO_SDP),
        (r#"{"offers":[[]]}"#, 400, NO_SDP),
        (r#"{"offers":[{"sdp":"","secret":1}]}"#, 400, NO_SDP),
        (r#"{"offers":[{"sdp":["x"],"info":1}]}"#, 400, NO_SDP),
        (&long, 400, "SDP must be 64KB or less"),
        (&long_units, 400, "SDP must be 64KB or less"),
        (r#"{"offers":[{"sdp":"x","secret":null,"info":1}]}"#, 400, "Secret must be a string"),
        (r#"{"offers":[{"sdp":"x","secret":["k"]}]}"#, 400, "Secret must be a string"),
        (&long_secret, 400, "Secret must be 128 characters or less"),
        (r#"{"offers":[{"sdp":"x","info":null,"topics":1}]}"#, 400, "Info must be a string"),
        (r#"{"offers":[{"sdp":"x","info":{}}]}"#, 400, "Info must be a string"),
        (&long_info, 400, "Info must be 128 characters or less"),
        (r#"{"offers":[{"sdp":"x"}]}"#, 400, NO_TOPICS),
        (r#"{"offers":[{"sdp":"x","topics":{"0":"t"}}]}"#, 400, NO_TOPICS),
        (&many_topics, 400, "Too many topics. Maximum 50 per offer"),
        (r#"{"offers":[{"sdp":"x","topics":["t",null]}]}"#, 400, BAD_TOPIC),
        (r#"{"offers":[{"sdp":"x","topics":[["t"]]}]}"#, 400, BAD_TOPIC),
        (&long_topic, 400, BAD_TOPIC),
        (&long_topic_units, 400, BAD_TOPIC),
        (r#"{"offers":[{"sdp":"x","topics":["t"],"ttl":"60000"}]}"#, 400, "TTL must be a number"),
        (r#"{"offers":[{"sdp":"good","topics":["t"]},{"sdp":"x"}]}"#, 400, NO_TOPICS),
    ];
    assert_refusals(async |body| peer.send("POST", "/offers", body).await, refusals).await;
    assert_eq!(peer.get("/offers/mine").await.json()["offers"], json!([]), "nothing of them is kept");
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn answers_are_checked_in_order() {
    let server = Server::with(&[IN_MEMORY]).await;
    let peer = OfferPeer::register(server.address).await;
    let open = peer.offered(json!({"sdp": "open", "topics": ["t"]})).await;
    let locked = peer.offered(json!({"sdp": "locked", "topics": ["t"], "secret": "pw"})).await;
    let long = json!({"sdp": "s".repeat(65_537), "secret": 7}).to_string();
    let faults: &[Refusal] = &[
        ("{", 400, "Invalid JSON"),
        ("null", 400, "Invalid JSON"),
        ("{}", 400, "Missing or invalid required parameter: sdp"),
        ("[]", 400, "Missing or invalid required parameter: sdp"),
        (r#"{"sdp":"","secret":7}"#, 400, "Missing or invalid required parameter: sdp"),
        (&long, 400, "SDP must be 64KB or less"),
        (r#"{"sdp":"a","secret":7}"#, 400, "Secret must be a string"),
        (r#"{"sdp":"a","secret":null}"#, 400, "Secret must be a string"),
    ];
    for id in ["nope", &open, &locked] {
        let path = format!("/offers/{id}/answer");
        assert_refusals(async |body| peer.send("POST", &path, body).await, faults).await;
    }
    let ordered = [
        ("/offers/nope/answer".to_owned(), "Offer not found or expired"),
        (format!("/offers/{locked}/answer"), "Invalid or missing secret"),
    ];
    for (path, sentence) in &ordered {
        let refusal = [(r#"{"sdp":"a","secret":"wrong"}"#, 400, *sentence)];
        assert_refusals(async |body| peer.send("POST", path, body).await, &refusal).await;
    }
    let path = format!("/offers/{open}/answer");
    assert_eq!(peer.send("POST", &path, r#"{"sdp":"a","secret":"not wanted"}"#).await.status, 200);
    let again = [(r#"{"sdp":"a"}"#, 400, "Offer already answered")];
    assert_refusals(async |body| peer.send("POST", &path, body).await, &again).await;
}

#[tokio::test]
async fn candidates_are_checked_in_order() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (owner, stranger) = (OfferPeer::register(server.address).await, OfferPeer::register(server.address).await);
    let id = owner.offered(json!({"sdp": "s", "topics": ["t"]})).await;
    let faults: &[Refusal] = &[
        ("{", 400, "Invalid JSON"),
        ("{}", 400, NO_CANDIDATES),
        (r#"{"candidates":[]}"#, 400, NO_CANDIDATES),
        (r#"{"candidates":"c"}"#, 400, NO_CANDIDATES),
        (r#"{"candidates":null}"#, 400, NO_CANDIDATES),
        (r#"{"candidates":{"length":1}}"#, 400, NO_CANDIDATES),
    ];
    for id in ["nope", &id] {
        let path = format!("/offers/{id}/ice-candidates");
        assert_refusals(async |body| stranger.send("POST", &path, body).await, faults).await;
    }
    let some = r#"{"candidates":[{}]}"#;
    let posted = async |path: &str| stranger.send("POST", path, some).await;
    let path = format!("/offers/{id}/ice-candidates");
    let (unknown, foreign) = (posted("/offers/nope/ice-candidates").await, posted(&path).await);
    assert_eq!((unknown.status, unknown.error().as_str()), (404, "Offer not found or expired"));
    let sentence = "Not authorized to post ICE candidates for this offer";
    assert_eq!((foreign.status, foreign.error().as_str()), (403, sentence));
    let (unknown, foreign) = (stranger.get("/offers/nope/ice-candidates").await, stranger.get(&path).await);
    assert_eq!((unknown.status, unknown.error().as_str()), (404, "Offer not found or expired"));
    let sentence = "Not authorized to view ICE candidates for this offer";
    assert_eq!((foreign.status, foreign.error().as_str()), (403, sentence));
    let nonsense = owner.get(&format!("{path}?since=abc")).await;
    assert_eq!(nonsense.json(), json!({"offerId": id, "candidates": []}));
}

#[tokio::test]
async fn credentials_are_checked_in_order_and_before_the_body() {
    let server = Server::with(&[IN_MEMORY, ("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let peer = OfferPeer::register(server.address).await;
    let (id, secret) = (&peer.id, &peer.secret);
    let routes = [
        ("POST", "/offers"),
        ("GET", "/offers/mine"),
        ("GET", "/offers/answers"),
        ("DELETE", "/offers/x"),
        ("POST", "/offers/x/answer"),
        ("POST", "/offers/x/ice-candidates"),
        ("GET", "/offers/x/ice-candidates"),
    ];
    let refusals = [
        ("Bearer".to_owned(), BAD_HEADER),
        (format!("bearer {id}:{secret}"), BAD_HEADER),
        (format!("BEARER {id}:{secret}"), BAD_HEADER),
        (format!("Basic {id}:{secret}"), BAD_HEADER),
        (format!("Bearer  {id}:{secret}"), BAD_HEADER),
        (format!("Bearer {id}:{secret} x"), BAD_HEADER),
        (format!("Bearer\t{id}:{secret}"), BAD_HEADER),
        (format!("Bearer {id}"), BAD_FORM),
        (format!("Bearer {id}:{secret}:"), BAD_FORM),
        (format!("Bearer {id}::{secret}"), BAD_FORM),
        (format!("Bearer :{secret}"), BAD_CREDENTIALS),
        (format!("Bearer {id}:"), BAD_CREDENTIALS),
        (format!("Bearer {id}:AAAA"), BAD_CREDENTIALS),
        (format!("Bearer {id}:{}", "A".repeat(4_000)), BAD_CREDENTIALS),
        (format!("Bearer {}:{secret}", id.to_uppercase()), BAD_CREDENTIALS),
        (format!("Bearer {id}:{}", secret.to_lowercase()), BAD_CREDENTIALS),
        (format!("Bearer {id}:-_{}", &secret[2..]), BAD_CREDENTIALS),
    ];
    for (number, (method, path)) in routes.into_iter().enumerate() {
        // Nobody may bring more than ten wrong ones.
        let client = format!("192.0.2.{number}");
        let missing = http::request(server.address, method, path, &[], "{").await;
        assert_eq!((missing.status, missing.error().as_str()), (401, NO_HEADER), "{method} {path}");
        for (header, sentence) in &refusals {
            let refused = http::request(
                server.address,
                method,
                path,
                &[("Authorization", header), ("X-Forwarded-For", &client)],
                "{",
            )
            .await;
            assert_eq!((refused.status, refused.error().as_str()), (401, *sentence), "{method} {path} {header}");
        }
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn a_filter_that_is_none_is_refused() {
    let server = Server::with(&[IN_MEMORY]).await;
    for filter in ["%21%21", "A", "AAAAA", "AA-_", "AA%3D", "%00", "AAAA%3DAAA", "%F0%9F%98%80"] {
        let refused = http::get(server.address, &format!("/offers/by-topic/t?bloom={filter}")).await;
        assert_eq!((refused.status, refused.error().as_str()), (400, "Invalid bloom filter format"), "{filter}");
    }
    for filter in ["", "++++", "AAAAAA", "%2F%2F%2F%2F", "AA%3D%3D", "%20A%20A%20A%20A%20"] {
        let accepted = http::get(server.address, &format!("/offers/by-topic/t?bloom={filter}")).await;
        assert_eq!(accepted.status, 200, "{filter}: {accepted:?}");
    }
}
