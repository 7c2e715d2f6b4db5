//! What several wires share on one port: the front door, the list of topics, methods.

use serde_json::json;

use crate::IN_MEMORY;
use crate::support::http;
use crate::support::rondevu::client::{OfferPeer, Page};
use crate::support::server::Server;

const ORIGIN: &str = "https://a.example";

#[tokio::test]
async fn the_front_door_lists_the_topics_of_the_caller_s_origin_beside_the_version() {
    let server = Server::with(&[IN_MEMORY, ("VERSION", "9.8.7")]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    for topic in ["room1", "room1", "room2"] {
        page.announce(topic).await;
    }
    Page { server: server.address, origin: "https://b.example" }.announce("elsewhere").await;
    let door = page.get("/?page=1&limit=1").await.json();
    assert_eq!(door["version"], "9.8.7");
    assert!(door["name"].is_string() && door["description"].is_string(), "{door}");
    assert_eq!(door["topics"], json!([{"topic": "room1", "count": 2}]));
    assert_eq!(door["pagination"], json!({"page": 1, "limit": 1, "total": 2, "hasMore": true}));
    let stranger = http::get(server.address, "/").await.json();
    assert_eq!(stranger["topics"], json!([]));
}

#[tokio::test]
async fn the_topics_are_those_of_sessions_of_offers_or_of_both() {
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let peer = OfferPeer::register(server.address).await;
    page.announce("both").await;
    page.announce("sessions").await;
    peer.offered(json!({"sdp": "s", "topics": ["both", "offers"]})).await;

    let sessions = page.get("/topics?page=1&limit=10").await.json();
    let expected = json!({
        "topics": [{"topic": "both", "count": 1}, {"topic": "sessions", "count": 1}],
        "pagination": {"page": 1, "limit": 10, "total": 2, "hasMore": false},
    });
    assert_eq!(sessions, expected);

    let offers = page.get("/topics?offset=0&limit=10").await.json();
    let expected = json!({
        "topics": [{"topic": "both", "activePeers": 1}, {"topic": "offers", "activePeers": 1}],
        "total": 2, "limit": 10, "offset": 0,
    });
    assert_eq!(offers, expected);
    let prefixed = page.get("/topics?startsWith=of").await.json();
    assert_eq!(prefixed["topics"], json!([{"topic": "offers", "activePeers": 1}]));

    let merged = page.get("/topics").await.json();
    let mut topics = merged["topics"].as_array().expect("a list").clone();
    topics.sort_by_key(|item| item["topic"].to_string());
    let expected = [
        json!({"topic": "both", "count": 1, "activePeers": 1}),
        json!({"topic": "offers", "count": 0, "activePeers": 1}),
        json!({"topic": "sessions", "count": 1, "activePeers": 0}),
    ];
    assert_eq!(topics, expected);
    assert!(merged["pagination"]["page"] == 1 && merged["offset"] == 0, "{merged}");
}

#[tokio::test]
async fn a_head_request_to_a_list_gets_the_head_alone() {
    let server = Server::with(&[IN_MEMORY]).await;
    for path in ["/topics", "/topics?page=1", "/room/sessions", "/offers/by-topic/t", "/peers/p/offers"] {
        let answer = http::request(server.address, "HEAD", path, &[("Origin", ORIGIN)], "").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{path}: {answer:?}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
    }
    let refused = http::request(server.address, "HEAD", "/offers/mine", &[], "").await;
    assert_eq!((refused.status, refused.body.as_str()), (401, ""));
}

#[tokio::test]
async fn a_known_path_tells_which_methods_it_takes() {
    let server = Server::with(&[IN_MEMORY]).await;
    let paths = [
        ("DELETE", "/topics", "GET"),
        ("DELETE", "/room/sessions", "GET"),
        ("GET", "/room/offer", "POST"),
        ("GET", "/answer", "POST"),
        ("GET", "/poll", "POST"),
        ("GET", "/register", "POST"),
        ("PUT", "/offers", "POST"),
        ("POST", "/offers/mine", "GET"),
        ("POST", "/offers/answers", "GET"),
        ("GET", "/offers/x/answer", "POST"),
        ("GET", "/offers/x", "DELETE"),
        ("DELETE", "/offers/x/ice-candidates", "POST"),
        ("POST", "/peers/x/offers", "GET"),
        ("GET", "/rpc", "POST"),
    ];
    for (method, path, taken) in paths {
        let answer = http::request(server.address, method, path, &[], "").await;
        assert_eq!(answer.status, 405, "{method} {path}: {answer:?}");
        assert_eq!(answer.error(), "Method not allowed", "{path}");
        let allowed = answer.header("allow").unwrap_or_else(|| panic!("{path} does not tell"));
        assert!(allowed.split(',').any(|method| method.trim() == taken), "{path}: {allowed}");
    }
}

#[tokio::test]
async fn what_is_no_path_of_any_wire_is_not_found() {
    let server = Server::with(&[IN_MEMORY]).await;
    let paths = [
        "/room/sessions/",
        "//sessions",
        "//offer",
        "/a/b/offer",
        "/room/Offer",
        "/offers/",
        "/offers/by-topic/",
        "/peers//offers",
        "/rpc/",
        "/offers/x/heartbeat",
    ];
    let mut found = Vec::new();
    for path in paths {
        for method in ["GET", "POST"] {
            let answer = http::request(server.address, method, path, &[], "{}").await;
            if (answer.status, answer.body.as_str()) != (404, r#"{"error":"Not found"}"#) {
                found.push(format!("{method} {path}: {} {}", answer.status, answer.body));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
