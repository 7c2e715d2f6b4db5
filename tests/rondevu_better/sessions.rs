//! The sessions wire: both ages of its clients at once.

use serde_json::json;

use crate::IN_MEMORY;
use crate::support::rondevu::client::Page;
use crate::support::server::Server;

const ORIGIN: &str = "https://a.example";

#[tokio::test]
async fn info_and_peer_id_are_one_field_under_two_names() {
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let cases = [
        ("one", json!({"info": "old", "offer": "sdp"}), "old"),
        ("two", json!({"peerId": "new", "offer": "sdp"}), "new"),
        ("three", json!({"info": "old", "peerId": "new", "offer": "sdp"}), "old"),
    ];
    for (topic, body, shown) in cases {
        assert_eq!(page.post(&format!("/{topic}/offer"), &body).await.status, 200);
        let sessions = page.get(&format!("/{topic}/sessions")).await.json();
        let session = &sessions["sessions"][0];
        assert_eq!((&session["info"], &session["peerId"]), (&json!(shown), &json!(shown)), "{sessions}");
    }
}

#[tokio::test]
async fn an_own_code_is_taken_once_among_all_origins() {
    let server = Server::with(&[IN_MEMORY]).await;
    let offer = json!({"peerId": "p", "offer": "sdp", "code": "my own code"});
    let page = Page { server: server.address, origin: ORIGIN };
    assert_eq!(page.post("/room/offer", &offer).await.json(), json!({"code": "my own code"}));
    for origin in [ORIGIN, "https://b.example"] {
        let again = Page { server: server.address, origin }.post("/elsewhere/offer", &offer).await;
        assert_eq!((again.status, again.json()), (409, json!({"error": "Code already in use"})));
    }
    assert_eq!(page.poll("my own code", "answerer", json!({})).await.json()["offer"], "sdp");
    let sessions = page.get("/elsewhere/sessions").await.json();
    assert_eq!(sessions, json!({"sessions": []}), "the refused ones left nothing");
}

#[tokio::test]
async fn an_empty_own_code_is_none() {
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let announced = page.post("/room/offer", &json!({"info": "p", "offer": "sdp", "code": ""})).await.json();
    assert_eq!(announced["code"].as_str().map(str::len), Some(36), "{announced}");
}

#[tokio::test]
async fn a_global_request_belongs_to_one_bucket_for_all_origins() {
    use crate::support::http;
    let server = Server::with(&[IN_MEMORY]).await;
    let headers = [("Origin", ORIGIN), ("X-Rondevu-Global", "true")];
    let offer = json!({"peerId": "p", "offer": "sdp"}).to_string();
    assert_eq!(http::request(server.address, "POST", "/room/offer", &headers, &offer).await.status, 200);
    let count = async |headers: &[(&str, &str)]| {
        let listed = http::request(server.address, "GET", "/room/sessions", headers, "").await.json();
        listed["sessions"].as_array().map(Vec::len)
    };
    assert_eq!(count(&[("Origin", "https://b.example"), ("X-Rondevu-Global", "true")]).await, Some(1));
    assert_eq!(count(&[("Origin", "https://ronde.vu")]).await, Some(1));
    for own in [&[("Origin", ORIGIN)][..], &[("Origin", ORIGIN), ("X-Rondevu-Global", "TRUE")], &[]] {
        assert_eq!(count(own).await, Some(0), "{own:?}");
    }
}
