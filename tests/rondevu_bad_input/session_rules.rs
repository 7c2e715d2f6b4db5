//! The rules of the sessions wire, in their order.

use serde_json::json;

use crate::support::http::Response;
use crate::support::rondevu::client::Page;
use crate::support::server::Server;
use crate::{IN_MEMORY, Refusal, assert_refusals, assert_unharmed};

const ORIGIN: &str = "https://a.example";
const NO_CODE: &str = "Missing or invalid required parameter: code";
const NO_SIDE: &str = "Invalid or missing parameter: side (must be \"offerer\" or \"answerer\")";
const NOTHING: &str = "Missing required parameter: answer or candidate";
const BOTH: &str = "Cannot provide both answer and candidate";
const NO_SESSION: &str = "Session not found, expired, or origin mismatch";
const NO_INFO: &str = "Missing or invalid required parameter: info";
const NO_PEER: &str = "Missing or invalid required parameter: peerId";
const NO_OFFER: &str = "Missing or invalid required parameter: offer";

/// What is no JSON at all, on every route with a body.
const NO_JSON: [&str; 10] =
    ["", " ", "{", "{nope", "null", "{'code':'x'}", "{\"code\":\"x\",}", "{} {}", "\u{feff}{}", "{\"code\":01}"];

async fn post(page: &Page, path: &str, body: &str) -> Response {
    crate::support::http::request(page.server, "POST", path, &[("Origin", page.origin)], body).await
}

#[tokio::test]
async fn what_is_no_json_is_refused_before_anything_else() {
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let long = format!("/{}/offer", "t".repeat(1025));
    for path in ["/room/offer", "/answer", "/poll", &long] {
        for body in NO_JSON {
            assert_refusals(async |body| post(&page, path, body).await, &[(body, 400, "Invalid JSON")]).await;
        }
    }
    assert_unharmed(&server).await;
}

#[tokio::test]
async fn an_offer_s_fields_are_checked_in_order() {
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let too_long = "i".repeat(1025);
    let long_info = json!({"info": too_long}).to_string();
    let long_peer = json!({"peerId": too_long, "offer": "x"}).to_string();
    let long_units = json!({"info": "😀".repeat(513), "offer": "x"}).to_string();
    let refusals: &[Refusal] = &[
        ("{}", 400, NO_INFO),
        ("[]", 400, NO_INFO),
        ("5", 400, NO_INFO),
        ("\"text\"", 400, NO_INFO),
        ("true", 400, NO_INFO),
        (r#"{"info":""}"#, 400, NO_INFO),
        (r#"{"info":5,"offer":5}"#, 400, NO_INFO),
        (r#"{"info":["x"],"offer":"x"}"#, 400, NO_INFO),
        (r#"{"peerId":""}"#, 400, NO_PEER),
        (r#"{"peerId":{},"offer":"x"}"#, 400, NO_PEER),
        (&long_info, 400, "Info string must be 1024 characters or less"),
        (&long_peer, 400, "PeerId string must be 1024 characters or less"),
        (&long_units, 400, "Info string must be 1024 characters or less"),
        (r#"{"info":"p"}"#, 400, NO_OFFER),
        (r#"{"info":"p","offer":""}"#, 400, NO_OFFER),
        (r#"{"info":"p","offer":null}"#, 400, NO_OFFER),
        (r#"{"peerId":"p","offer":["x"]}"#, 400, NO_OFFER),
    ];
    assert_refusals(async |body| post(&page, "/room/offer", body).await, refusals).await;
    let long_topic = [("{}", 400, "Topic string must be 1024 characters or less")];
    let path = format!("/{}/offer", "t".repeat(1025));
    assert_refusals(async |body| post(&page, &path, body).await, &long_topic).await;
    let units = format!("/{}/sessions", crate::escaped(&"😀".repeat(513)));
    assert_eq!(page.get(&units).await.error(), "Topic string must be 1024 characters or less");
    assert_eq!(page.get("/room/sessions").await.json(), json!({"sessions": []}));
}

#[tokio::test]
async fn lengths_are_counted_in_utf16_units() {
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let body = json!({"info": "😀".repeat(512), "offer": "x"});
    let path = format!("/{}/offer", crate::escaped(&"é😀".repeat(341)));
    assert_eq!(page.post(&path, &body).await.status, 200);
}

#[tokio::test]
async fn an_answer_s_fields_are_checked_in_order() {
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let refusals: &[Refusal] = &[
        ("{}", 400, NO_CODE),
        ("[]", 400, NO_CODE),
        ("7", 400, NO_CODE),
        (r#"{"code":"","side":"x"}"#, 400, NO_CODE),
        (r#"{"code":1,"side":"offerer","answer":"a"}"#, 400, NO_CODE),
        (r#"{"code":null}"#, 400, NO_CODE),
        (r#"{"code":"c"}"#, 400, NO_SIDE),
        (r#"{"code":"c","side":"Offerer","answer":"a","candidate":"b"}"#, 400, NO_SIDE),
        (r#"{"code":"c","side":["offerer"]}"#, 400, NO_SIDE),
        (r#"{"code":"c","side":"offerer"}"#, 400, NOTHING),
        (r#"{"code":"c","side":"offerer","answer":"","candidate":""}"#, 400, NOTHING),
        (r#"{"code":"c","side":"offerer","answer":null,"candidate":null}"#, 400, NOTHING),
        (r#"{"code":"c","side":"offerer","candidate":0}"#, 400, NOTHING),
        (r#"{"code":"c","side":"offerer","candidate":false}"#, 400, NOTHING),
        (r#"{"code":"c","side":"offerer","answer":"a","candidate":"b"}"#, 400, BOTH),
        (r#"{"code":"c","side":"offerer","answer":"a","candidate":{}}"#, 400, BOTH),
        (r#"{"code":"c","side":"answerer","answer":"a"}"#, 404, NO_SESSION),
        (r#"{"code":"c","side":"offerer","candidate":"c"}"#, 404, NO_SESSION),
    ];
    assert_refusals(async |body| post(&page, "/answer", body).await, refusals).await;
}

#[tokio::test]
async fn a_poll_s_fields_are_checked_in_order() {
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let refusals: &[Refusal] = &[
        ("{}", 400, NO_CODE),
        ("[1]", 400, NO_CODE),
        (r#"{"code":{},"side":"offerer"}"#, 400, NO_CODE),
        (r#"{"code":"c"}"#, 400, NO_SIDE),
        (r#"{"code":"c","side":"both"}"#, 400, NO_SIDE),
        (r#"{"code":"c","side":null}"#, 400, NO_SIDE),
        (r#"{"code":"c","side":"offerer"}"#, 404, NO_SESSION),
        (r#"{"code":"c","side":"answerer"}"#, 404, NO_SESSION),
    ];
    assert_refusals(async |body| post(&page, "/poll", body).await, refusals).await;
}

#[tokio::test]
async fn of_a_repeated_field_the_last_counts() {
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let body = r#"{"info":5,"offer":"a","info":"first","offer":"b","info":"last"}"#;
    assert_eq!(post(&page, "/room/offer", body).await.status, 200);
    let session = page.get("/room/sessions").await.json()["sessions"][0].take();
    assert_eq!((&session["info"], &session["offer"]), (&json!("last"), &json!("b")));
}

#[tokio::test]
async fn fields_that_nobody_knows_change_nothing() {
    let server = Server::with(&[IN_MEMORY]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let body = r#"{"info":"p","offer":"x","__proto__":{"code":"taken"},"origin":"https://b.example","expiresAt":0}"#;
    assert_eq!(post(&page, "/room/offer", body).await.status, 200);
    let sessions = page.get("/room/sessions").await.json();
    assert_eq!(sessions["sessions"].as_array().map(Vec::len), Some(1), "{sessions}");
    assert_ne!(sessions["sessions"][0]["code"], "taken");
}
