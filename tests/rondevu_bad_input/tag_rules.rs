//! The rules of the RPC wire with tags that come before its methods, and those of publishing and answering.

use serde_json::{Value, json};

use crate::IN_MEMORY;
use crate::support::rondevu::client::{Tagger, rpc, text};
use crate::support::rondevu::keys::{Key, fresh_nonce, signed_text};
use crate::support::rondevu::now;
use crate::support::server::Server;

async fn refused(server: &Server, request: Value) -> (String, String) {
    let answer = rpc(server.address, &json!([request])).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = answer.json()[0].take();
    assert_eq!(answer["success"], false, "{answer}");
    (text(&answer["error"]), text(&answer["errorCode"]))
}

async fn assert_refused(tagger: &Tagger, method: &str, refusals: &[(Value, &str, &str)]) {
    for (params, sentence, code) in refusals {
        let refused = tagger.refused(method, params.clone()).await;
        assert_eq!(refused, ((*sentence).to_owned(), (*code).to_owned()), "{method} {params}");
    }
}

#[tokio::test]
async fn a_single_request_is_refused_in_the_newer_shape() {
    let server = Server::with(&[IN_MEMORY]).await;
    let answer = rpc(server.address, &json!({"method": "discover", "params": {"tags": ["a"]}})).await;
    let refusal = "Request must be an array of RPC calls";
    let expected = json!([{"success": false, "error": refusal, "errorCode": "INVALID_PARAMS"}]);
    assert_eq!((answer.status, answer.json()), (400, expected));
}

#[tokio::test]
async fn authentication_is_checked_in_order() {
    let server = Server::with(&[IN_MEMORY]).await;
    let key = Key::of(1);
    let good = Tagger::new(server.address, 1).request("poll", json!({"since": 0}));
    let missing =
        |what: &str, header: &str| format!("Missing or invalid {what} (provide in request.auth or {header} header)");
    let (required, invalid) = ("AUTH_REQUIRED", "INVALID_CREDENTIALS");
    let spoilt: [(&str, Value, String, &str); 14] = [
        ("publicKey", json!(null), missing("publicKey", "X-PublicKey"), required),
        ("publicKey", json!(5), missing("publicKey", "X-PublicKey"), required),
        ("publicKey", json!(""), missing("publicKey", "X-PublicKey"), required),
        ("timestamp", json!(null), missing("timestamp", "X-Timestamp"), required),
        ("timestamp", json!("5"), missing("timestamp", "X-Timestamp"), required),
        ("nonce", json!(null), missing("nonce", "X-Nonce"), required),
        ("nonce", json!(""), missing("nonce", "X-Nonce"), required),
        ("signature", json!(null), missing("signature", "X-Signature"), required),
        ("timestamp", json!(now() - 61_000), "Timestamp too old".to_owned(), "INVALID_PARAMS"),
        ("timestamp", json!(now() + 70_000), "Timestamp too far in future".to_owned(), "INVALID_PARAMS"),
        ("timestamp", json!(9_223_372_036_854_775_808_u64), "Timestamp too far in future".to_owned(), "INVALID_PARAMS"),
        ("publicKey", json!("zz"), "Public key must be 64 hex characters (32 bytes)".to_owned(), "INVALID_PUBLIC_KEY"),
        ("nonce", json!("abc"), "Invalid nonce: must be a UUID v4".to_owned(), "INVALID_PARAMS"),
        ("signature", json!("AAAA"), "Invalid signature".to_owned(), invalid),
    ];
    for (field, value, sentence, code) in spoilt {
        let mut request = good.clone();
        request["auth"][field] = value;
        assert_eq!(refused(&server, request.clone()).await, (sentence, code.to_owned()), "{}", request["auth"]);
    }
    for (method, params) in [("poll", json!({"since": 1})), ("deleteOffer", json!({"since": 0})), ("poll", json!({}))] {
        let mut request = good.clone();
        (request["method"], request["params"]) = (method.into(), params);
        assert_eq!(refused(&server, request).await, ("Invalid signature".to_owned(), invalid.to_owned()));
    }
    let mut foreign = good.clone();
    foreign["auth"]["publicKey"] = Key::of(2).public_hex().into();
    assert_eq!(refused(&server, foreign).await.0, "Invalid signature");

    assert_eq!(rpc(server.address, &json!([good])).await.json()[0]["success"], true, "a refused one is not used up");
    let replayed = "Nonce already used (replay attack detected)";
    assert_eq!(refused(&server, good).await, (replayed.to_owned(), invalid.to_owned()));
    let nonce = "00000000-0000-1000-8000-000000000000";
    let (clock, params) = (now(), json!({"since": 0}));
    let signature = key.sign(&signed_text(clock, nonce, "poll", &params));
    let auth = json!({"publicKey": key.public_hex(), "timestamp": clock, "nonce": nonce, "signature": signature});
    let wrong_version = refused(&server, json!({"method": "poll", "params": params, "auth": auth})).await;
    assert_eq!(wrong_version.0, "Invalid nonce: must be a UUID v4");
}

#[tokio::test]
async fn one_nonce_is_good_for_one_request_of_a_batch() {
    let server = Server::with(&[IN_MEMORY]).await;
    let request = Tagger::new(server.address, 1).request("poll", json!({"since": 0}));
    let answers = rpc(server.address, &json!([request, request, request])).await.json();
    let good = answers.as_array().unwrap().iter().filter(|answer| answer["success"] == true).count();
    assert_eq!(good, 1, "{answers}");
}

#[tokio::test]
async fn the_auth_of_the_headers_fills_what_the_request_lacks() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (key, nonce, clock) = (Key::of(1), fresh_nonce(), now());
    let signature = key.sign(&signed_text(clock, &nonce, "poll", &json!({"since": 0})));
    let (public, clock) = (key.public_hex(), clock.to_string());
    let headers = [
        ("X-PublicKey", public.as_str()),
        ("X-Timestamp", clock.as_str()),
        ("X-Nonce", nonce.as_str()),
        ("X-Signature", signature.as_str()),
    ];
    let body = json!([{"method": "poll", "params": {"since": 0}}]).to_string();
    let answer = crate::support::http::request(server.address, "POST", "/rpc", &headers, &body).await;
    assert_eq!(answer.json()[0]["success"], true, "{answer:?}");
}

#[tokio::test]
async fn publishing_is_checked_in_order() {
    let server = Server::with(&[IN_MEMORY]).await;
    let alice = Tagger::new(server.address, 1);
    let with = |offers: Value| json!({"tags": ["chat"], "offers": offers});
    let refusals = [
        (json!({"tags": ["A"], "offers": []}), "Tag 1: Tag must be lowercase alphanumeric", "INVALID_TAG"),
        (json!({"offers": []}), "Tags must be an array", "INVALID_TAG"),
        (json!({"tags": ["chat"]}), "Must provide at least one offer", "MISSING_PARAMS"),
        (with(json!([])), "Must provide at least one offer", "MISSING_PARAMS"),
        (with(json!({})), "Must provide at least one offer", "MISSING_PARAMS"),
        (with(json!(vec![json!(null); 101])), "Too many offers (max 100)", "TOO_MANY_OFFERS"),
        (with(json!([null])), "Invalid offer at index 0: must be an object", "INVALID_PARAMS"),
        (with(json!([{"sdp": "x"}, {}])), "Invalid offer at index 1: missing or invalid SDP", "INVALID_SDP"),
        (with(json!([{"sdp": " \n"}])), "Invalid offer at index 0: SDP cannot be empty", "INVALID_SDP"),
        (
            with(json!([{"sdp": "x"}, {"sdp": "z".repeat(65_537)}])),
            "SDP too large at index 1 (max 65536 bytes)",
            "SDP_TOO_LARGE",
        ),
    ];
    assert_refused(&alice, "publishOffer", &refusals).await;
    for ttl in [json!(-1), json!("60000"), json!([]), json!(-1e300)] {
        let params = json!({"tags": ["chat"], "offers": [{"sdp": "x"}], "ttl": ttl});
        let sentence = "TTL must be a non-negative number";
        assert_refused(&alice, "publishOffer", &[(params, sentence, "INVALID_PARAMS")]).await;
    }
    let counted = alice.done("countOffersByTags", json!({"tags": ["chat"]})).await;
    assert_eq!(counted, json!({"counts": {"chat": 0}}));
}

#[tokio::test]
async fn answers_candidates_and_polls_are_checked_in_order() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (alice, bob) = (Tagger::new(server.address, 1), Tagger::new(server.address, 2));
    let id = alice.publish(&["chat", "eu"], "s").await;
    let no_id = "offerId must be a non-empty string";
    let large = "z".repeat(65_537);
    let answers = [
        (json!({"offerId": "", "sdp": ""}), no_id, "INVALID_PARAMS"),
        (json!({"offerId": 5}), no_id, "INVALID_PARAMS"),
        (json!({}), no_id, "INVALID_PARAMS"),
        (json!({"offerId": "nope"}), "Invalid SDP", "INVALID_SDP"),
        (json!({"offerId": id, "sdp": {}}), "Invalid SDP", "INVALID_SDP"),
        (json!({"offerId": "nope", "sdp": large}), "SDP too large (max 65536 bytes)", "SDP_TOO_LARGE"),
        (json!({"offerId": "nope", "sdp": "x", "matchedTags": {}}), "matchedTags must be an array", "INVALID_PARAMS"),
        (json!({"offerId": "nope", "sdp": "x"}), "Offer not found", "OFFER_NOT_FOUND"),
        (
            json!({"offerId": id, "sdp": "x", "matchedTags": ["eu", "us"]}),
            "matchedTags contains tags not on offer: us",
            "INVALID_PARAMS",
        ),
    ];
    assert_refused(&bob, "answerOffer", &answers).await;
    let none = "Missing or invalid required parameter: candidates";
    let candidates = [
        (json!({"offerId": id}), none, "MISSING_PARAMS"),
        (json!({"offerId": id, "candidates": []}), none, "MISSING_PARAMS"),
        (json!({"offerId": id, "candidates": vec![json!({}); 101]}), "Too many candidates (max 100)", "INVALID_PARAMS"),
        (
            json!({"offerId": id, "candidates": [{}, null]}),
            "Invalid candidate at index 1: must be an object",
            "INVALID_PARAMS",
        ),
        (json!({"offerId": "nope", "candidates": [{}]}), "Offer not found", "OFFER_NOT_FOUND"),
    ];
    assert_refused(&bob, "addIceCandidates", &candidates).await;
    let stranger = "Not authorized to access ICE candidates for this offer";
    let reading = [
        (json!({"offerId": "nope"}), "Offer not found", "OFFER_NOT_FOUND"),
        (json!({"offerId": id}), stranger, "NOT_AUTHORIZED"),
    ];
    assert_refused(&bob, "getIceCandidates", &reading).await;
    for since in [json!(-1), json!("5"), json!([]), json!(true)] {
        let sentence = "Invalid since parameter: must be a non-negative number";
        assert_refused(&bob, "poll", &[(json!({"since": since}), sentence, "INVALID_PARAMS")]).await;
    }
}
