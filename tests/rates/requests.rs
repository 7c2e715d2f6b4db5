//! The limit of requests.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use crate::support::http::{self, Response};
use crate::support::line::{Line, many, request, statuses};
use crate::support::metrics::sample;
use crate::support::server::Server;
use crate::{WINDOW, assert_sent_away};

const PAGE: &str = "https://page.example";

async fn limited(per_minute: &str) -> Server {
    Server::with(&[("HTTP_RATE_PER_MIN", per_minute)]).await
}

/// Uses up what is left of the window of 127.0.0.1.
async fn exhaust(server: &Server) {
    while http::get(server.address, "/topics").await.status != 429 {}
}

#[tokio::test]
async fn so_many_requests_pass_and_the_next_is_told_when_to_come_back() {
    let server = limited("5").await;
    let mut line = Line::open(server.address).await;
    for _ in 0..5 {
        line.write(&request("GET", "/room/sessions", &[], "")).await;
        assert_eq!(line.answer().await.status, 200);
    }
    for _ in 0..3 {
        line.write(&request("GET", "/room/sessions", &[], "")).await;
        assert_sent_away(&line.answer().await, WINDOW);
    }
    assert_eq!(sample(server.address, r#"meetpoint_rate_limited_total{what="http"}"#).await, 3.0);
}

#[tokio::test]
async fn all_apis_share_one_window() {
    let server = limited("6").await;
    for (method, path, body) in [
        ("GET", "/room/sessions", ""),
        ("GET", "/topics", ""),
        ("GET", "/offers/by-topic/room", ""),
        ("POST", "/register", "{}"),
        ("POST", "/rpc", "[]"),
        ("POST", "/rendezvous/code", ""),
    ] {
        let answer = http::request(server.address, method, path, &[], body).await;
        assert!(![404, 405, 429].contains(&answer.status), "{method} {path}: {answer:?}");
    }
    assert_sent_away(&http::get(server.address, "/topics").await, WINDOW);
}

#[tokio::test]
async fn a_refusal_speaks_as_its_api_does_and_pages_may_read_it() {
    let server = limited("1").await;
    exhaust(&server).await;
    let said = |answer: &Response| answer.json();
    let plain = json!({"error": "Too many requests"});
    let of_services = json!({"success": false, "error": "Too many requests"});
    let of_tags = json!([{"success": false, "error": "Too many requests", "errorCode": "RATE_LIMIT_EXCEEDED"}]);
    for (method, path, headers, expected) in [
        ("GET", "/room/sessions", &[][..], &plain),
        ("POST", "/room/offer", &[], &plain),
        ("GET", "/topics", &[], &plain),
        ("GET", "/offers/mine", &[], &plain),
        ("POST", "/register", &[], &plain),
        ("POST", "/rpc", &[], &of_services),
        ("POST", "/rpc", &[("X-PublicKey", "00")], &of_tags),
    ] {
        let headers = [headers, &[("Origin", PAGE)]].concat();
        let answer = http::request(server.address, method, path, &headers, "{}").await;
        assert_sent_away(&answer, WINDOW);
        assert_eq!(said(&answer), *expected, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE), "{path}");
    }
    for path in ["/rendezvous/code", "/rendezvous/redeem"] {
        let answer = http::request(server.address, "POST", path, &[("Origin", PAGE)], "").await;
        assert_sent_away(&answer, WINDOW);
        assert_eq!(answer.body, "rate limit", "{path}");
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE), "{path}");
    }
}

#[tokio::test]
async fn a_body_that_nobody_reads_does_not_spoil_the_connection() {
    let server = limited("1").await;
    exhaust(&server).await;
    let mut line = Line::open(server.address).await;
    for _ in 0..3 {
        assert_sent_away(&line.post("/rpc", &format!(r#"[{{"method":"{}"}}]"#, "x".repeat(5000))).await, WINDOW);
    }
}

#[tokio::test]
async fn requests_with_a_wrong_method_count() {
    let server = limited("2").await;
    for path in ["/rpc", "/rendezvous/code"] {
        assert_eq!(http::request(server.address, "DELETE", path, &[], "").await.status, 405, "{path}");
    }
    assert_sent_away(&http::request(server.address, "DELETE", "/rpc", &[], "").await, WINDOW);
}

#[tokio::test]
async fn whatever_is_no_api_is_neither_counted_nor_refused() {
    let server = limited("3").await;
    let aside = [
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/health", 200),
        ("GET", "/metrics", 200),
        ("GET", "/", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/assets/main.js", 200),
        ("GET", "/no/such/path/at/all", 404),
        ("GET", "//topics", 404),
        ("POST", "/healthz", 405),
        ("OPTIONS", "/topics", 204),
        ("OPTIONS", "/rpc", 204),
        ("OPTIONS", "/rendezvous/code", 204),
    ];
    for refused in [false, true] {
        for (method, path, expected) in aside.into_iter().chain(aside) {
            let answer = http::request(server.address, method, path, &[("Origin", PAGE)], "").await;
            assert_eq!(answer.status, expected, "{method} {path}, refused: {refused}");
        }
        for _ in 0..3 {
            let expected = if refused { 429 } else { 200 };
            assert_eq!(http::get(server.address, "/topics").await.status, expected);
        }
    }
}

#[tokio::test]
async fn every_address_has_a_window_of_its_own() {
    let server = limited("2").await;
    for last in 1..=20 {
        let mut line = Line::from(Ipv4Addr::new(127, 1, 2, last), server.address).await;
        let mut heard = Vec::new();
        for _ in 0..3 {
            line.write(&request("GET", "/topics", &[], "")).await;
            heard.push(line.answer().await.status);
        }
        assert_eq!(heard, [200, 200, 429], "127.1.2.{last}");
    }
}

#[tokio::test]
async fn zero_disables_it() {
    for settings in [&[][..], &[("HTTP_RATE_PER_MIN", "0")]] {
        let server = Server::with(settings).await;
        let answers = many(server.address, 4, 1000, &request("GET", "/topics", &[], "")).await;
        assert_eq!(statuses(&answers), BTreeMap::from([(200, 1000)]));
    }
}

#[tokio::test]
async fn requests_at_the_same_moment_are_counted_one_by_one() {
    let server = limited("100").await;
    let answers = many(server.address, 50, 1000, &request("GET", "/topics", &[], "")).await;
    assert_eq!(statuses(&answers), BTreeMap::from([(200, 100), (429, 900)]));
    assert!(answers.iter().filter(|answer| answer.status == 429).all(|answer| answer.json() != Value::Null));
}
