//! Every route answers browsers with what its own original allows.

use serde_json::json;

use crate::IN_MEMORY;
use crate::support::http;
use crate::support::rondevu::client::Page;
use crate::support::server::Server;

const ORIGIN: &str = "https://a.example";
const SESSIONS: [&str; 3] = ["GET,POST,OPTIONS", "Content-Type,Origin,X-Rondevu-Global", "600"];
const OFFERS: [&str; 3] = ["GET,POST,PUT,DELETE,OPTIONS", "Content-Type,Origin,Authorization", "600"];
const SERVICES: [&str; 3] = ["GET,POST,OPTIONS", "Content-Type,Origin", "86400"];
const TAGS: [&str; 3] =
    ["GET,POST,OPTIONS", "Content-Type,Origin,X-PublicKey,X-Timestamp,X-Nonce,X-Signature", "86400"];

#[tokio::test]
async fn a_preflight_is_answered_as_each_route_s_original_did() {
    let server = Server::with(&[IN_MEMORY]).await;
    let routes = [
        ("/room/offer", SESSIONS),
        ("/room/sessions", SESSIONS),
        ("/answer", SESSIONS),
        ("/poll", SESSIONS),
        ("/register", OFFERS),
        ("/offers", OFFERS),
        ("/offers/mine", OFFERS),
        ("/offers/answers", OFFERS),
        ("/offers/by-topic/t", OFFERS),
        ("/offers/x", OFFERS),
        ("/offers/x/answer", OFFERS),
        ("/offers/x/ice-candidates", OFFERS),
        ("/peers/p/offers", OFFERS),
    ];
    for (path, allowed) in routes {
        assert_preflight(&server, path, "content-type", allowed, true).await;
    }
}

#[tokio::test]
async fn a_preflight_to_both_ages_of_rpc_is_answered_by_what_it_asks_for() {
    let server = Server::with(&[IN_MEMORY]).await;
    for (asked, allowed) in
        [("content-type", SERVICES), ("x-publickey", TAGS), ("content-type, x-nonce,X-Signature", TAGS)]
    {
        assert_preflight(&server, "/rpc", asked, allowed, false).await;
    }
}

async fn assert_preflight(
    server: &Server,
    path: &str,
    headers: &str,
    [methods, allowed, max_age]: [&str; 3],
    credentials: bool,
) {
    let asked =
        [("Origin", ORIGIN), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", headers)];
    let answer = http::request(server.address, "OPTIONS", path, &asked, "").await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{path}: {answer:?}");
    let told = [
        ("access-control-allow-origin", Some(ORIGIN)),
        ("access-control-allow-methods", Some(methods)),
        ("access-control-allow-headers", Some(allowed)),
        ("access-control-max-age", Some(max_age)),
        ("access-control-allow-credentials", credentials.then_some("true")),
        ("content-type", Some("text/plain; charset=UTF-8")),
        ("vary", Some("Origin, Access-Control-Request-Headers")),
    ];
    for (name, value) in told {
        assert_eq!(answer.all(name).as_deref(), value, "{path}: {name}");
    }
}

#[tokio::test]
async fn errors_can_be_read_by_the_browser_s_page_too() {
    let server = Server::with(&[IN_MEMORY, ("HTTP_MAX_BODY", "1KiB")]).await;
    let page = Page { server: server.address, origin: ORIGIN };
    let large = json!({"offer": "x".repeat(2_000)});
    let answers = [
        (400, page.post("/poll", &json!({})).await),
        (404, page.post("/poll", &json!({"code": "x", "side": "offerer"})).await),
        (405, page.get("/rpc").await),
        (401, page.get("/offers/mine").await),
        (413, page.post("/room/offer", &large).await),
        (413, page.post("/rpc", &large).await),
    ];
    for (status, answer) in answers {
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.all("access-control-allow-origin").as_deref(), Some(ORIGIN), "{answer:?}");
    }
}

#[tokio::test]
async fn with_a_list_of_origins_a_foreign_page_is_told_another_s_name() {
    let server = Server::with(&[IN_MEMORY, ("CORS_ORIGINS", "https://ok1.example, https://ok2.example")]).await;
    for (origin, told) in [
        ("https://ok2.example", "https://ok2.example"),
        ("https://evil-ok2.example", "https://ok1.example"),
        ("null", "https://ok1.example"),
    ] {
        let answer = Page { server: server.address, origin }.get("/room/sessions").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.all("access-control-allow-origin").as_deref(), Some(told), "{origin}");
    }
    let tool = http::get(server.address, "/room/sessions").await;
    assert_eq!(tool.status, 200, "a request without an Origin is no browser's");
}
