//! Whatever is signed was signed by its sender, for this, now, and once where it changes something.

use base64::{Engine, engine::general_purpose::STANDARD};
use meetpoint_scorecard::{Goal, figure};
use serde_json::{Value, json};

use crate::support::rondevu::client::{Tagger, User, result, rpc};
use crate::support::rondevu::now;
use crate::support::server::Server;
use crate::{IN_MEMORY, assert_unharmed};

/// Signatures are good for so long, before and after, in milliseconds.
const WINDOW: i64 = 5 * 60 * 1000;

/// The order of the base point, little-endian (RFC 8032 §5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// The points of order 1, 2, 4 and 8 (RFC 7748 §6.1, RFC 8032 §8): with them, lenient verifiers find one signature good for everything.
const SMALL_ORDER: [&str; 8] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("digits")).collect()
}

/// Other texts for a signature: what else verifiers have taken for it.
fn respelled(signature: &str) -> Vec<(&'static str, String)> {
    let raw = STANDARD.decode(signature).expect("base64");
    let mut beyond = raw.clone();
    let mut carry = 0;
    for (byte, order) in beyond[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        (*byte, carry) = ((sum & 0xff) as u8, sum >> 8);
    }
    let mut flipped = raw.clone();
    flipped[0] ^= 1;
    vec![
        ("S beyond the order", STANDARD.encode(&beyond)),
        ("a flipped bit", STANDARD.encode(&flipped)),
        ("nothing but zeros", STANDARD.encode([0; 64])),
        ("a byte less", STANDARD.encode(&raw[..63])),
        ("a byte more", STANDARD.encode([&raw[..], &[0]].concat())),
        ("hexadecimal", raw.iter().map(|byte| format!("{byte:02x}")).collect()),
        ("base64url", signature.replace('+', "-").replace('/', "_") + "-_"),
        ("a character that is none", format!("{}!", &signature[1..])),
        ("padding in the middle", format!("{}=={}", &signature[..44], &signature[44..])),
        ("nothing", String::new()),
    ]
}

/// Each is refused; gives how many there were.
async fn assert_refused(server: &Server, forged: Vec<(String, Value)>) -> usize {
    for (what, request) in &forged {
        let answer = rpc(server.address, request).await.json();
        let answer = if answer.is_array() { &answer[0] } else { &answer };
        assert_eq!(answer["success"], false, "{what}: {answer}");
    }
    forged.len()
}

fn with(request: &Value, path: &str, value: impl Into<Value>) -> Value {
    let mut changed = request.clone();
    *changed.pointer_mut(path).unwrap_or_else(|| panic!("{path} in {request}")) = value.into();
    changed
}

#[tokio::test]
async fn a_message_of_a_user_is_good_for_its_method_its_name_and_its_time() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (alice, eve) = (User::new(server.address, "alice", 1), User::new(server.address, "eve", 2));
    for user in [&alice, &eve] {
        user.publish("chat:1.0.0", "sdp").await;
    }
    let good = alice.request("poll", json!({}));
    result(rpc(server.address, &good).await.json());

    let mut forged: Vec<(String, Value)> = vec![
        (
            "another's signature".into(),
            with(&good, "/signature", eve.key.sign(good["message"].as_str().expect("text"))),
        ),
        ("another method".into(), with(&good, "/method", "answerOffer")),
        ("another message".into(), with(&good, "/message", format!("poll:alice:{}", now() + 1))),
        (
            "another's name, signed by oneself".into(),
            eve.request_with(&format!("poll:alice:{}", now()), "poll", json!({})),
        ),
        ("another method's message".into(), alice.request_with(&format!("claim:alice:{}", now()), "poll", json!({}))),
    ];
    for (what, at) in [("stale", now() - WINDOW - 2_000), ("from the future", now() + WINDOW + 60_000)] {
        forged.push((what.into(), alice.request_with(&format!("poll:alice:{at}"), "poll", json!({}))));
    }
    for time in ["", "NaN", "Infinity", "-1", "0", "1e30"] {
        forged.push((format!("time {time:?}"), alice.request_with(&format!("poll:alice:{time}"), "poll", json!({}))));
    }
    let signature = good["signature"].as_str().expect("a signature");
    forged.extend(
        respelled(signature).into_iter().map(|(what, text)| (what.to_owned(), with(&good, "/signature", text))),
    );
    for (number, key) in SMALL_ORDER.into_iter().enumerate() {
        let (message, key) = (format!("claim:weak{number}:{}", now()), bytes(key));
        // R the neutral element, S zero.
        let (signature, key) = (STANDARD.encode([&bytes(SMALL_ORDER[0])[..], &[0; 32]].concat()), STANDARD.encode(key));
        let claim = json!({"method": "claimUsername", "message": message, "signature": signature, "publicKey": key,
            "params": {"username": format!("weak{number}")}});
        forged.push((format!("small order {number}"), claim));
    }
    let refused = assert_refused(&server, forged).await;
    figure("A3", "forged messages of users that were refused, of all", refused as f64, "", Goal::AtLeast(30.0));
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn a_signed_request_is_good_for_all_that_it_says_and_once() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (tagger, eve) = (Tagger::new(server.address, 1), Tagger::new(server.address, 2));
    let params = json!({"tags": ["chat"], "offers": [{"sdp": "sdp"}], "ttl": 300_000});
    let good = tagger.request("publishOffer", params.clone());
    result(rpc(server.address, &json!([good])).await.json()[0].take());
    let mut forged = vec![("a replay".to_owned(), json!([good]))];

    let fresh = tagger.request("publishOffer", params.clone());
    let time = fresh["auth"]["timestamp"].as_i64().expect("a time");
    let other = tagger.request("publishOffer", json!({"tags": ["chat"], "offers": [{"sdp": "other"}], "ttl": 300_000}));
    for (what, path, value) in [
        ("other params", "/params/offers/0/sdp", json!("another sdp")),
        ("another method", "/method", json!("deleteOffer")),
        ("another time", "/auth/timestamp", json!(time + 1)),
        ("another nonce", "/auth/nonce", other["auth"]["nonce"].clone()),
        ("another's key", "/auth/publicKey", json!(eve.key.public_hex())),
        ("a key in capitals", "/auth/publicKey", json!(tagger.key.public_hex().to_uppercase())),
        ("another's signature", "/auth/signature", other["auth"]["signature"].clone()),
    ] {
        forged.push((what.to_owned(), json!([with(&fresh, path, value)])));
    }
    let signature = fresh["auth"]["signature"].as_str().expect("a signature");
    for (what, text) in respelled(signature) {
        forged.push((what.to_owned(), json!([with(&fresh, "/auth/signature", text)])));
    }
    for key in SMALL_ORDER {
        let signature = STANDARD.encode([&bytes(SMALL_ORDER[0])[..], &[0; 32]].concat());
        let weak = with(&with(&fresh, "/auth/publicKey", key), "/auth/signature", signature);
        forged.push((format!("small order {key}"), json!([weak])));
    }
    let refused = assert_refused(&server, forged).await;
    figure(
        "A3",
        "forged or replayed requests of keys that were refused, of all",
        refused as f64,
        "",
        Goal::AtLeast(26.0),
    );
    // What was never used up by all that is still good.
    result(rpc(server.address, &json!([fresh])).await.json()[0].take());
    assert_unharmed(&server).await;
}
