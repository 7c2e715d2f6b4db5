//! The rules of the RPC wire that come before any method: transport, shape, authentication.

use serde_json::{Value, json};

use crate::support::http;
use crate::support::rondevu::client::{User, refusal, rpc};
use crate::support::rondevu::now;
use crate::support::server::Server;
use crate::{IN_MEMORY, assert_unharmed};

const BAD_NAME: &str = "Username must be lowercase alphanumeric with optional dashes, and start/end with alphanumeric";
const NO_METHOD: &str = "Missing or invalid method";
const NO_MESSAGE: &str = "Missing or invalid message";
const NO_SIGNATURE: &str = "Missing or invalid signature";

#[tokio::test]
async fn what_is_no_json_is_refused_whole() {
    let server = Server::with(&[IN_MEMORY]).await;
    for body in ["", " ", "{", "{nope", "[", "[{}", "nul", "{} {}", "[1,]", "\u{feff}[]", r#"{"method":"poll","n":01}"#]
    {
        let answer = http::request(server.address, "POST", "/rpc", &[], body).await;
        let expected = json!({"success": false, "error": "Invalid request format"});
        assert_eq!((answer.status, answer.json()), (400, expected), "{body}");
    }
    let empty = http::request(server.address, "POST", "/rpc", &[], "[]").await;
    assert_eq!((empty.status, empty.json()), (400, json!({"error": "Empty request array"})));
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn a_request_s_shape_is_checked_in_order() {
    let server = Server::with(&[IN_MEMORY]).await;
    let refusals = [
        ("null", NO_METHOD),
        ("5", NO_METHOD),
        ("\"text\"", NO_METHOD),
        ("true", NO_METHOD),
        ("{}", NO_METHOD),
        (r#"{"method":"","message":"m","signature":"s"}"#, NO_METHOD),
        (r#"{"method":5,"message":5}"#, NO_METHOD),
        (r#"{"method":["poll"],"message":"m","signature":"s"}"#, NO_METHOD),
        (r#"{"method":"poll"}"#, NO_MESSAGE),
        (r#"{"method":"nope","message":""}"#, NO_MESSAGE),
        (r#"{"method":"getUser","message":5,"signature":5}"#, NO_MESSAGE),
        (r#"{"method":"nope","message":"m"}"#, NO_SIGNATURE),
        (r#"{"method":"getUser","message":"m","signature":""}"#, NO_SIGNATURE),
        (r#"{"method":"poll","message":"m","signature":{}}"#, NO_SIGNATURE),
        (r#"{"method":"nope","message":"m","signature":"s"}"#, "Unknown method: nope"),
        (r#"{"method":"Poll","message":"m","signature":"s"}"#, "Unknown method: Poll"),
        (r#"{"method":"toString","message":"m","signature":"s"}"#, "Unknown method: toString"),
        (r#"{"method":"__proto__","message":"m","signature":"s"}"#, "Unknown method: __proto__"),
        (r#"{"method":"constructor","message":"m","signature":"s"}"#, "Unknown method: constructor"),
    ];
    for (body, sentence) in refusals {
        let single = http::request(server.address, "POST", "/rpc", &[], body).await;
        assert_eq!((single.status, refusal(&single.json()).as_str()), (200, sentence), "{body}");
        // What tells no age is of its neighbour's.
        let batch = format!(r#"[{{"method":"getUser","message":"m","signature":"s"}},{body}]"#);
        let batch = http::request(server.address, "POST", "/rpc", &[], &batch).await;
        let answers = batch.json();
        assert_eq!(answers.as_array().map(Vec::len), Some(2), "{answers}");
        assert_eq!((batch.status, refusal(&answers[1]).as_str()), (200, sentence), "{body}");
    }
}

#[tokio::test]
async fn a_name_s_grammar_is_checked_before_it_is_claimed() {
    let server = Server::with(&[IN_MEMORY]).await;
    let names = [
        ("ab", "Username must be at least 3 characters"),
        ("😀", "Username must be at least 3 characters"),
        (&"a".repeat(33), "Username must be at most 32 characters"),
        (&"😀".repeat(17), "Username must be at most 32 characters"),
        ("Alice", BAD_NAME),
        ("-alice", BAD_NAME),
        ("alice-", BAD_NAME),
        (".alice", BAD_NAME),
        ("alice.", BAD_NAME),
        ("ali_ce", BAD_NAME),
        ("ali ce", BAD_NAME),
        ("ali\nce", BAD_NAME),
        ("alice\n", BAD_NAME),
        ("ali\u{0}ce", BAD_NAME),
        ("älice", BAD_NAME),
        ("аlice", BAD_NAME),
        ("ali\u{202e}ce", BAD_NAME),
        ("ali*", BAD_NAME),
    ];
    for (name, sentence) in names {
        let user = User::new(server.address, name, 9);
        assert_eq!(user.refused("poll", json!({})).await, sentence, "{name:?}");
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn authentication_is_checked_in_order() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (alice, bob) = (User::new(server.address, "alice", 1), User::new(server.address, "bob", 2));
    let call = async |request: Value| refusal(&rpc(server.address, &request).await.json());
    let signed = |user: &User, message: &str| user.request_with(message, "poll", json!({}));

    for message in ["poll", "poll:", "poll::5"] {
        assert_eq!(call(signed(&alice, message)).await, "Username required", "{message}");
    }
    let publish = alice.request_with("publishService", "publishService", json!({}));
    assert_eq!(call(publish).await, "Username required for service publishing");

    let mut keyless = signed(&alice, &format!("poll:alice:{}", now()));
    keyless.as_object_mut().unwrap().remove("publicKey");
    let unclaimed = "Username \"alice\" is not claimed and no public key provided for auto-claim.";
    assert_eq!(call(keyless).await, unclaimed);
    for wrong in [json!("AAAA"), json!("!!!"), json!("😀"), json!(bob.key.sign("something else"))] {
        let mut request = signed(&alice, &format!("poll:alice:{}", now() - 400_000));
        request["signature"] = wrong;
        assert_eq!(call(request).await, "Invalid signature for auto-claim");
    }
    for wrong in ["AAAA", "!!!", "😀", &alice.key.public_hex(), &bob.key.public_base64()] {
        let mut request = signed(&alice, &format!("poll:alice:{}", now()));
        request["publicKey"] = wrong.into();
        assert_eq!(call(request).await, "Invalid signature for auto-claim", "{wrong}");
    }

    alice.done("poll", json!({})).await;
    let clock = now();
    let old = "Timestamp too old or too far in future (tolerance: 300s)";
    let few = "Invalid message format: must have at least action:username:timestamp";
    let messages = [
        ("poll:alice".to_owned(), few),
        (format!("nope:alice:{clock}"), "Invalid message format: action must be poll"),
        ("poll:alice:soon".to_owned(), "Invalid timestamp in message"),
        ("poll:alice:".to_owned(), "Invalid timestamp in message"),
        (format!("poll:alice:{clock}:"), "Invalid timestamp in message"),
        ("poll:alice:NaN".to_owned(), "Invalid timestamp in message"),
        (format!("poll:alice:{}", clock - 301_000), old),
        (format!("poll:alice:{}", clock + 302_000), old),
        ("poll:alice:0".to_owned(), old),
        (format!("poll:alice:-{clock}"), old),
        ("poll:alice:9223372036854775808".to_owned(), old),
        (format!("poll:alice:{}", "9".repeat(400)), old),
    ];
    for (message, sentence) in &messages {
        assert_eq!(call(signed(&alice, message)).await, *sentence, "{message}");
        let mut forged = signed(&alice, message);
        forged["signature"] = bob.key.sign(message).into();
        assert_eq!(call(forged).await, "Invalid signature", "{message}");
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn a_signature_is_of_this_message_to_the_byte() {
    let server = Server::with(&[IN_MEMORY]).await;
    let alice = User::new(server.address, "alice", 1);
    alice.done("poll", json!({})).await;
    let good = alice.request("poll", json!({}));
    let message = good["message"].as_str().unwrap();
    let signature = good["signature"].as_str().unwrap();
    for spoilt in
        [format!("{message} "), format!(" {message}"), message.replace("alice", "alice "), message.to_uppercase()]
    {
        let mut request = good.clone();
        request["message"] = spoilt.into();
        refusal(&rpc(server.address, &request).await.json());
    }
    let other = if signature.starts_with('A') { "B" } else { "A" };
    for spoilt in [signature[..84].to_owned(), format!("{signature}AAAA"), format!("{other}{}", &signature[1..])] {
        let mut request = good.clone();
        request["signature"] = spoilt.into();
        assert_eq!(refusal(&rpc(server.address, &request).await.json()), "Invalid signature");
    }
}

#[tokio::test]
async fn weak_keys_and_signatures_prove_nothing() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let server = Server::with(&[IN_MEMORY]).await;
    // The neutral point as key and as R, with S = 0, satisfies the cofactored equation for every message.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let signature = STANDARD.encode([neutral, [0; 32]].concat());
    let request = json!({"method": "poll", "message": format!("poll:nobody:{}", now()), "params": {},
        "publicKey": STANDARD.encode(neutral), "signature": signature});
    assert_eq!(refusal(&rpc(server.address, &request).await.json()), "Invalid signature for auto-claim");
    assert_unharmed(&server).await;
}
