//! Texts that were never meant to be texts: they come back equal, or are refused.

use serde_json::{Value, json};

use crate::support::http::{self, Response};
use crate::support::rondevu::client::{OfferPeer, Page, Tagger, User, refusal, rpc};
use crate::support::server::Server;
use crate::{IN_MEMORY, assert_clear, assert_unharmed, escaped};

pub const HOSTILE: [&str; 24] = [
    "\"double\" 'single' `back` \\ slash / \\\" \\u0041",
    "line\r\nSet-Cookie: a=b\r\n\r\n<html>",
    "nul\0nul",
    "\0",
    "\u{1b}[31mred\u{1b}[0m\u{1b}]0;title\u{7}",
    "\u{202e}evil\u{2066}bidi\u{200f}",
    "*?[a-z]{x,y}%_",
    "😀𝒳\u{10ffff}",
    "e\u{301}\u{301}\u{301}",
    "../../etc/passwd",
    "..%2f..%2f%00",
    "' OR 1=1; DROP TABLE offers;--",
    "<script>alert(1)</script>",
    "\u{feff}bom\u{2028}\u{2029}\u{85}",
    "${jndi:ldap://x} {{7*7}} %s %n {}",
    "\u{7f}\u{80}\u{9b}31m",
    " leading and trailing ",
    "__proto__",
    "constructor",
    "null",
    "-1",
    ":",
    "@",
    "\u{fffd}\u{ffff}\u{fdd0}",
];

#[tokio::test]
async fn a_session_s_texts_come_back_equal() {
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: "https://a.example" };
    for text in HOSTILE {
        let path = format!("/{}", escaped(text));
        let offer = json!({"info": text, "offer": text, "code": text});
        let announced = page.post(&format!("{path}/offer"), &offer).await;
        assert_eq!((announced.status, announced.json()), (200, json!({"code": text})), "{text:?}");
        let listed = page.get(&format!("{path}/sessions")).await.json()["sessions"][0].take();
        assert_eq!((&listed["info"], &listed["offer"], &listed["code"]), (&json!(text), &json!(text), &json!(text)));
        let topics = page.get("/topics?page=1&limit=1000").await.json();
        let count = json!({"topic": text, "count": 1});
        assert!(topics["topics"].as_array().is_some_and(|topics| topics.contains(&count)), "{text:?} in {topics}");
        page.say(text, "offerer", "candidate", json!({ text: text })).await;
        page.say(text, "answerer", "answer", text).await;
        let answerer = page.poll(text, "answerer", json!({})).await.json();
        assert_eq!(answerer, json!({"offer": text, "offerCandidates": [{ text: text }]}));
        assert_eq!(page.poll(text, "offerer", json!({})).await.json()["answer"], text);
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn an_offer_s_texts_come_back_equal() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (peer, other) = (OfferPeer::register(server.address).await, OfferPeer::register(server.address).await);
    for text in HOSTILE {
        let offer = json!({"sdp": text, "topics": [text], "info": text, "secret": text});
        let id = peer.offered(offer).await;
        let found = http::get(server.address, &format!("/offers/by-topic/{}", escaped(text))).await.json();
        let seen = &found["offers"][0];
        assert_eq!((&found["topic"], &found["total"]), (&json!(text), &json!(1)), "{text:?}");
        assert_eq!((&seen["sdp"], &seen["info"], &seen["topics"]), (&json!(text), &json!(text), &json!([text])));
        assert_eq!(seen.get("secret"), None);
        let prefix = http::get(server.address, &format!("/topics?limit=200&startsWith={}", escaped(text))).await.json();
        assert_eq!(prefix["startsWith"], text);
        let item = json!({"topic": text, "activePeers": 1});
        assert!(prefix["topics"].as_array().is_some_and(|topics| topics.contains(&item)), "{text:?} in {prefix}");
        let answered = other.post(&format!("/offers/{id}/answer"), &json!({"sdp": text, "secret": text})).await;
        assert_eq!(answered.status, 200, "{answered:?}");
        let candidates = json!({"candidates": [text, { text: text }]});
        let path = format!("/offers/{id}/ice-candidates");
        assert_eq!(other.post(&path, &candidates).await.status, 200);
        let heard = peer.get(&path).await.json();
        assert_eq!(
            (&heard["candidates"][0]["candidate"], &heard["candidates"][1]["candidate"][text]),
            (&json!(text), &json!(text))
        );
    }
    let mine = peer.get("/offers/mine").await.json();
    assert_eq!(mine["offers"].as_array().map(Vec::len), Some(HOSTILE.len()));
    let answers = peer.get("/offers/answers").await.json();
    assert_eq!(answers["answers"].as_array().map(Vec::len), Some(HOSTILE.len()));
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn ids_of_offers_are_texts_like_any_other() {
    let server = Server::with(&[IN_MEMORY]).await;
    let peer = OfferPeer::register(server.address).await;
    for text in HOSTILE {
        let taken = peer.offer(json!([{"id": text, "sdp": text, "topics": ["t"]}])).await;
        if taken.status != 200 {
            assert!((400..500).contains(&taken.status), "{taken:?}");
            continue;
        }
        assert_eq!(taken.json()["offers"][0]["id"], text);
        let deleted = peer.send("DELETE", &format!("/offers/{}", escaped(text)), "").await;
        assert_eq!((deleted.status, deleted.json()), (200, json!({"deleted": true})), "{text:?}");
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn the_rpc_wires_texts_come_back_equal_or_are_refused() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (alice, bob) = (User::new(server.address, "alice", 1), User::new(server.address, "bob", 2));
    let (tagger, other) = (Tagger::new(server.address, 3), Tagger::new(server.address, 4));
    for text in HOSTILE {
        let sdp = format!("sdp {text}");
        let offer = alice.publish("chat:1.0.0", &sdp).await["offers"][0].take();
        assert_eq!(offer["sdp"], sdp);
        let candidates = json!({"offerId": offer["offerId"], "candidates": [{ text: text }]});
        bob.done("addIceCandidates", candidates).await;
        bob.done("answerOffer", json!({"offerId": offer["offerId"], "sdp": sdp})).await;
        assert_eq!(alice.done("getOfferAnswer", json!({"offerId": offer["offerId"]})).await["sdp"], sdp);
        let heard = alice.done("getIceCandidates", json!({"offerId": offer["offerId"]})).await;
        assert_eq!(heard["candidates"][0]["candidate"], json!({ text: text }));
        let known = bob.done("getUser", json!({"username": text})).await;
        assert_eq!(known, json!({"username": text, "available": true}));

        let id = tagger.publish(&["chat"], &sdp).await;
        other.done("answerOffer", json!({"offerId": id, "sdp": sdp})).await;
        assert_eq!(tagger.done("getOfferAnswer", json!({"offerId": id})).await["sdp"], sdp);
        if !text.chars().all(|character| character.is_ascii_lowercase()) {
            assert_eq!(
                tagger.refused("publishOffer", json!({"tags": [text], "offers": [{"sdp": "x"}]})).await.1,
                "INVALID_TAG"
            );
        }
        let foreign = json!({"offerId": tagger.publish(&["a"], &sdp).await, "sdp": "x", "matchedTags": [text]});
        let told = other.refused("answerOffer", foreign).await.0;
        assert_eq!(told, format!("matchedTags contains tags not on offer: {text}"));
        let unknown = json!({"method": text, "message": "m", "signature": "s"});
        assert_eq!(refusal(&rpc(server.address, &unknown).await.json()), format!("Unknown method: {text}"));
    }
    assert_unharmed(&server).await;
}

/// Half of a character is no text in UTF-8; JSON can write it nevertheless.
#[tokio::test]
async fn half_a_character_comes_back_equal_or_is_refused() {
    let server = Server::with(&[IN_MEMORY]).await;
    let peer = OfferPeer::register(server.address).await;
    for half in [r"\ud800", r"\udc00", r"\udfff\ud800", r"x\ud83dx"] {
        let post = async |path: &str, body: String| peer.send("POST", path, &body).await;
        let bodies = [
            ("/room/offer", format!(r#"{{"info":"{half}","offer":"{half}","code":"{half}"}}"#)),
            ("/poll", format!(r#"{{"code":"{half}","side":"offerer"}}"#)),
            ("/offers", format!(r#"{{"offers":[{{"sdp":"{half}","topics":["{half}"]}}]}}"#)),
            ("/rpc", format!(r#"{{"method":"{half}","message":"m","signature":"s"}}"#)),
            ("/rpc", format!(r#"[{{"method":"discover","params":{{"tags":["{half}"]}}}}]"#)),
        ];
        for (path, body) in bodies {
            let answer = post(path, body).await;
            assert_clear(&answer, path);
            assert!(answer.status == 400 || holds(&answer, half), "{path}: {answer:?}");
        }
    }
    let sessions = peer.get("/room/sessions").await;
    assert_clear(&sessions, "/room/sessions");
    assert_unharmed(&server).await;
}

fn holds(answer: &Response, text: &str) -> bool {
    answer.body.contains(text) || answer.body.contains("INVALID_TAG") || answer.status == 404
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused() {
    let server = Server::with(&[IN_MEMORY]).await;
    for bytes in [&b"\xff\xfe"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\x80"] {
        for (path, before, after) in [
            ("/room/offer", &br#"{"offer":"x","info":""#[..], &br#""}"#[..]),
            ("/poll", br#"{"side":"offerer","code":""#, br#""}"#),
            ("/rpc", br#"{"message":"m","signature":"s","method":""#, br#""}"#),
        ] {
            let length = (before.len() + bytes.len() + after.len()).to_string();
            let head = http::head(&format!("POST {path} HTTP/1.1"), &[("Content-Length", &length)]);
            let answer =
                http::exchange(server.address, &[&head, before, bytes, after].concat()).await.expect("an answer");
            assert_eq!(answer.status, 400, "{path}: {answer:?}");
            assert_clear(&answer, path);
        }
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn paths_that_are_no_text_are_served_or_refused() {
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: "https://a.example" };
    for topic in ["%ff", "%zz", "%", "%f0%9f", "%2", "%00", "%0d%0a", "%2e%2e", "a+b", "a;b", "%C0%AF", "%ED%A0%80"] {
        let announced = page.post(&format!("/{topic}/offer"), &json!({"info": "p", "offer": topic})).await;
        assert_clear(&announced, topic);
        if announced.status == 200 {
            let listed = page.get(&format!("/{topic}/sessions")).await.json();
            assert_eq!(listed["sessions"][0]["offer"], topic, "found where it was put");
        }
        for path in ["/offers/by-topic/", "/peers/"] {
            let path = format!("{path}{topic}{}", if path == "/peers/" { "/offers" } else { "" });
            assert_clear(&http::get(server.address, &path).await, &path);
        }
        for query in ["/topics?startsWith=", "/topics?page=", "/offers/by-topic/t?limit="] {
            assert_clear(&http::get(server.address, &format!("{query}{topic}")).await, query);
        }
    }
    assert_unharmed(&server).await;
}

/// Wildcards of the pattern language that prefixes are written in cost no more than they find.
#[tokio::test]
async fn a_prefix_of_wildcards_is_answered_in_time() {
    let server = Server::with(&[IN_MEMORY]).await;
    let peer = OfferPeer::register(server.address).await;
    for number in 0..20 {
        let topic = format!("{}{number}", "a".repeat(250));
        peer.offered(json!({"sdp": topic, "topics": [topic]})).await;
    }
    let prefix = escaped(&"%a".repeat(60));
    let answer = http::get(server.address, &format!("/topics?startsWith={prefix}b")).await;
    assert_eq!(assert_clear(&answer, "wildcards")["topics"], Value::Array(Vec::new()));
    assert_unharmed(&server).await;
}
