//! Numbers beyond what a clock or a page can be, and what only looks like a number.

use serde_json::{Value, json};

use crate::support::http;
use crate::support::rondevu::client::{OfferPeer, Page, Tagger, User, rpc};
use crate::support::rondevu::now;
use crate::support::server::Server;
use crate::{IN_MEMORY, assert_clear, assert_unharmed};

const DAY: i64 = 86_400_000;
const MINUTE: i64 = 60_000;

/// As written in JSON.
const NUMBERS: [&str; 20] = [
    "1e400",
    "-1e400",
    "1e308",
    "-1e308",
    "1e-400",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551616",
    "123456789012345678901234567890",
    "-0",
    "-0.0",
    "0.1",
    "-1",
    "1.7976931348623157e308",
    "\"NaN\"",
    "\"Infinity\"",
    "\"1e5\"",
    "null",
    "[1]",
];

/// As written in a query.
const QUERIES: [&str; 14] = [
    "NaN",
    "Infinity",
    "-1",
    "-0",
    "1e400",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "0x10",
    "%20%20",
    "1%00",
    "%F0%9D%9F%99",
    "999999999999999999999999999999",
    "",
];

#[tokio::test]
async fn any_number_in_a_body_gets_a_clear_answer() {
    let server = Server::with(&[IN_MEMORY]).await;
    let peer = OfferPeer::register(server.address).await;
    let page = Page { server: server.address, origin: "https://a.example" };
    let code = page.announce("room").await;
    page.say(&code, "answerer", "answer", "sdp").await;
    for number in NUMBERS {
        let offer =
            format!(r#"{{"offers":[{{"sdp":"ttl {}","topics":["t"],"ttl":{number}}}]}}"#, number.replace('"', ""));
        let answer = peer.send("POST", "/offers", &offer).await;
        let body = assert_clear(&answer, number);
        if answer.status == 200 {
            let life = body["offers"][0]["expiresAt"].as_f64().expect("a number") - now() as f64;
            assert!((0.0..=DAY as f64).contains(&life), "{number}: {body}");
        }
        let poll = format!(r#"{{"code":"{code}","side":"offerer","since":{number}}}"#);
        let answer = http::request(server.address, "POST", "/poll", &[("Origin", page.origin)], &poll).await;
        assert_clear(&answer, number);
        for params in ["ttl", "since", "limit", "offset", "offerId"] {
            for method in ["publishService", "poll", "getService", "getIceCandidates", "discover", "publishOffer"] {
                let call = format!(
                    r#"{{"method":"{method}","message":"m","signature":"s","params":{{"{params}":{number}}}}}"#
                );
                let answer = http::request(server.address, "POST", "/rpc", &[], &call).await;
                assert_clear(&answer, &call);
                let call =
                    format!(r#"[{{"method":"{method}","auth":{{}},"params":{{"tags":["a"],"{params}":{number}}}}}]"#);
                assert_clear(&http::request(server.address, "POST", "/rpc", &[], &call).await, &call);
            }
        }
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn signed_numbers_are_bounded_too() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (user, tagger) = (User::new(server.address, "alice", 1), Tagger::new(server.address, 2));
    let numbers = NUMBERS.iter().filter_map(|number| serde_json::from_str::<Value>(number).ok());
    for number in numbers {
        let service = json!({"serviceFqn": "chat:1.0.0@alice", "offers": [{"sdp": "s"}], "ttl": number});
        let offer = json!({"tags": ["a"], "offers": [{"sdp": "s"}], "ttl": number});
        for published in [user.call("publishService", service).await, tagger.call("publishOffer", offer).await] {
            if published["success"] == true {
                let life = published["result"]["expiresAt"].as_f64().expect("a number") - now() as f64;
                assert!((0.0..=DAY as f64).contains(&life), "{number}: {published}");
            }
        }
        for (method, params) in [
            ("poll", json!({"since": number})),
            ("getService", json!({"serviceFqn": "chat:1.0.0", "limit": number, "offset": number})),
            ("getIceCandidates", json!({"offerId": "x", "since": number})),
        ] {
            assert!(user.call(method, params.clone()).await["success"].is_boolean(), "{method} {number}");
            assert!(tagger.call(method, params).await["success"].is_boolean(), "{method} {number}");
        }
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn lives_are_clamped_to_what_the_settings_allow() {
    let server = Server::with(&[IN_MEMORY]).await;
    let peer = OfferPeer::register(server.address).await;
    let lives = [
        (json!(9_223_372_036_854_775_808_u64), DAY),
        (json!(1e308), DAY),
        (json!(-1e308), MINUTE),
        (json!(-0.0), MINUTE),
        (json!(0.5), MINUTE),
        (json!(120_000), 2 * MINUTE),
    ];
    for (ttl, life) in lives {
        let offered = peer.offer(json!([{"sdp": ttl.to_string(), "topics": ["t"], "ttl": ttl}])).await.json();
        let told = offered["offers"][0]["expiresAt"].as_f64().expect("a number") - now() as f64;
        assert!((told - life as f64).abs() < 8_000.0, "{ttl}: {told}");
    }
}

#[tokio::test]
async fn any_number_in_a_query_gets_a_clear_answer() {
    let server = Server::with(&[IN_MEMORY]).await;
    let peer = OfferPeer::register(server.address).await;
    let id = peer.offered(json!({"sdp": "s", "topics": ["t"]})).await;
    for number in QUERIES {
        for query in [
            "/?page=",
            "/?limit=",
            "/topics?page=",
            "/topics?page=1&limit=",
            "/topics?limit=",
            "/topics?offset=",
            "/topics?startsWith=a&limit=",
            "/offers/by-topic/t?limit=",
            &format!("/offers/{id}/ice-candidates?since="),
        ] {
            let path = format!("{query}{number}");
            let answer = peer.get(&path).await;
            assert_clear(&answer, &path);
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
        }
    }
    let twice = peer.get("/topics?page=1&page=2&limit=3&limit=4").await;
    assert_clear(&twice, "a query that says it twice");
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn clocks_of_another_age_are_refused() {
    let server = Server::with(&[IN_MEMORY]).await;
    let good = Tagger::new(server.address, 1).request("poll", json!({"since": 0}));
    for number in NUMBERS {
        let mut request = good.clone();
        request["auth"]["timestamp"] = json!("here");
        let body = Value::from(vec![request]).to_string().replace("\"here\"", number);
        let answer = http::request(server.address, "POST", "/rpc", &[], &body).await;
        let told = assert_clear(&answer, number);
        assert!(answer.status == 400 || told[0]["success"] == false, "{number}: {told}");
    }
    assert_eq!(rpc(server.address, &json!([good])).await.json()[0]["success"], true);
    assert_unharmed(&server).await;
}
