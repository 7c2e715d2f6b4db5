//! Pages of other origins may mint and redeem.

use crate::support::http::{self, Response};
use crate::support::noisy::mint;
use crate::support::server::Server;

const PAGE: &str = "https://app.example";
const PATHS: [&str; 2] = ["/rendezvous/code", "/rendezvous/redeem"];

async fn preflight(server: &Server, path: &str, origin: &str) -> Response {
    let asked = [
        ("Origin", origin),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type"),
    ];
    http::request(server.address, "OPTIONS", path, &asked, "").await
}

fn lists(answer: &Response, header: &str, wanted: &str) -> bool {
    let listed = answer.header(header).unwrap_or_default();
    listed.split(',').any(|word| word.trim().eq_ignore_ascii_case(wanted))
}

#[tokio::test]
async fn preflights_are_answered() {
    let server = Server::start().await;
    for path in PATHS {
        let answer = preflight(&server, path, PAGE).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
        for method in ["POST", "OPTIONS"] {
            assert!(lists(&answer, "access-control-allow-methods", method), "{answer:?}");
        }
        assert!(!lists(&answer, "access-control-allow-methods", "GET"), "{answer:?}");
        assert!(lists(&answer, "access-control-allow-headers", "Content-Type"), "{answer:?}");
    }
}

#[tokio::test]
async fn answers_and_refusals_can_be_read() {
    let server = Server::start().await;
    let code = mint(&server).await.code;
    let json = ("Content-Type", "application/json");
    let ask = async |path: &str, headers: &[(&str, &str)], body: &str| {
        let headers = [&[("Origin", PAGE)], headers].concat();
        http::request(server.address, "POST", path, &headers, body).await
    };
    let answers = [
        (ask(PATHS[0], &[], "").await, 200),
        (ask(PATHS[1], &[json], &crate::support::noisy::wanted(&code)).await, 200),
        (ask(PATHS[1], &[json], &crate::support::noisy::wanted(&code)).await, 410),
        (ask(PATHS[1], &[json], "{}").await, 400),
        (ask(PATHS[1], &[], "{}").await, 415),
    ];
    for (answer, status) in answers {
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (status, Some(PAGE)), "{answer:?}");
        assert!(lists(&answer, "access-control-expose-headers", "Retry-After"), "{answer:?}");
        assert!(lists(&answer, "vary", "Origin"), "{answer:?}");
    }
}

#[tokio::test]
async fn pages_that_are_not_listed_are_not_let_in() {
    let server = Server::with(&[("CORS_ORIGINS", "https://listed.example")]).await;
    for path in PATHS {
        let answer = preflight(&server, path, "https://listed.example").await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://listed.example"));
        for origin in [PAGE, "null", "https://evil-listed.example"] {
            let answer = preflight(&server, path, origin).await;
            assert_ne!(answer.header("access-control-allow-origin"), Some(origin), "{answer:?}");
            assert_ne!(answer.header("access-control-allow-origin"), Some("*"), "{answer:?}");
        }
    }
}
