//! `ADMIN_TOKEN`: the metrics and the status page are for those who run the server.

use std::net::Ipv4Addr;

use base64::{Engine, engine::general_purpose::STANDARD};
use meetpoint_scorecard::{Goal, figure};

use crate::support::http::{self, Response};
use crate::support::line::{Line, request};
use crate::support::server::Server;

const TOKEN: &str = "00112233445566778899aabbccddeeff";

async fn guarded() -> Server {
    Server::with(&[("ADMIN_TOKEN", TOKEN)]).await
}

async fn ask(server: &Server, path: &str, headers: &[(&str, &str)]) -> Response {
    http::request(server.address, "GET", path, headers, "").await
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[tokio::test]
async fn without_a_token_everybody_sees_the_figures() {
    let server = Server::start().await;
    for path in ["/metrics", "/status"] {
        assert_eq!(ask(&server, path, &[]).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn with_one_only_those_who_have_it_do() {
    let server = guarded().await;
    let bearer = format!("Bearer {TOKEN}");
    for path in ["/metrics", "/status"] {
        for right in [&bearer, &basic("prometheus", TOKEN), &basic("", TOKEN)] {
            let seen = ask(&server, path, &[("Authorization", right)]).await;
            assert_eq!((seen.status, seen.header("www-authenticate")), (200, None), "{path} {right}");
        }
        let upper = TOKEN.to_uppercase();
        for wrong in [format!("Bearer {}", &TOKEN[1..]), format!("Bearer {upper}"), basic(TOKEN, "")] {
            let refused = ask(&server, path, &[("Authorization", &wrong)]).await;
            assert_eq!(refused.status, 401, "{path} {wrong}");
        }
        for query in ["token", "access_token", "admin_token", "ADMIN_TOKEN"] {
            let refused = ask(&server, &format!("{path}?{query}={TOKEN}"), &[]).await;
            assert_eq!(refused.status, 401, "a secret has no place in a URL");
        }
    }
    figure(
        "A14",
        "questions without the token, or with it in the URL, that were told figures",
        0.0,
        "",
        Goal::Exactly(0.0),
    );
}

#[tokio::test]
async fn whoever_asks_without_is_told_how() {
    let server = guarded().await;
    let metrics = ask(&server, "/metrics", &[]).await;
    assert_eq!((metrics.status, metrics.error()), (401, "This needs the ADMIN_TOKEN".to_owned()));
    assert_eq!(metrics.header("www-authenticate"), Some(r#"Bearer realm="meetpoint""#));
    // A browser asks its user.
    let page = ask(&server, "/metrics", &[("Accept", "text/html,*/*;q=0.8")]).await;
    assert_eq!(page.header("www-authenticate"), Some(r#"Basic realm="meetpoint", charset="UTF-8""#));
    // The status page asks by itself.
    let status = ask(&server, "/status", &[("Accept", "text/html,*/*;q=0.8")]).await;
    assert_eq!((status.status, status.header("content-type")), (401, Some("text/html; charset=utf-8")));
    assert_eq!(status.header("www-authenticate"), Some(r#"Bearer realm="meetpoint""#));
    assert!(status.body.contains("status-main.js") && !status.body.contains(TOKEN));
}

#[tokio::test]
async fn nothing_else_asks_for_the_token() {
    let server = guarded().await;
    for path in ["/", "/rooms", "/send", "/health", "/healthz", "/readyz", "/topics", "/openapi.json", "/client.js"] {
        assert_eq!(ask(&server, path, &[]).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn the_token_guards_the_metrics_wherever_they_are() {
    let server = Server::with(&[("ADMIN_TOKEN", TOKEN), ("METRICS_ROUTE", "/internal/figures")]).await;
    assert_eq!(ask(&server, "/internal/figures", &[]).await.status, 401);
    let told = ask(&server, "/internal/figures", &[("Authorization", &format!("Bearer {TOKEN}"))]).await;
    assert!(told.status == 200 && told.body.contains("meetpoint_connections "), "{told:?}");
}

#[tokio::test]
async fn ten_wrong_tokens_cost_their_address_a_minute_and_nobody_else() {
    let server = guarded().await;
    let mut eve = Line::from(Ipv4Addr::new(127, 6, 6, 6), server.address).await;
    let mut try_token = async |token: &str, path: &str| {
        eve.write(&request("GET", path, &[("Authorization", &format!("Bearer {token}"))], "")).await;
        eve.answer().await
    };
    for number in 0..10 {
        assert_eq!(try_token(&format!("guess-{number}"), ["/metrics", "/status"][number % 2]).await.status, 401);
    }
    for (token, path) in [("guess", "/metrics"), (TOKEN, "/status"), (TOKEN, "/metrics")] {
        let refused = try_token(token, path).await;
        assert_eq!((refused.status, refused.error()), (429, "Too many wrong tokens".to_owned()));
        let wait: u64 = refused.header("retry-after").and_then(|wait| wait.parse().ok()).expect("when to come again");
        assert!((1..=60).contains(&wait), "{wait}");
    }
    let bearer = format!("Bearer {TOKEN}");
    let seen = ask(&server, "/metrics", &[("Authorization", &bearer)]).await;
    assert!(seen.body.contains("meetpoint_rate_limited_total{what=\"admin\"} 3\n"), "{}", seen.body);
}

#[tokio::test]
async fn who_brings_no_token_does_not_guess() {
    let server = guarded().await;
    for _ in 0..30 {
        assert_eq!(ask(&server, "/metrics", &[]).await.status, 401);
    }
    assert_eq!(ask(&server, "/metrics", &[("Authorization", &format!("Bearer {TOKEN}"))]).await.status, 200);
}

#[tokio::test]
async fn a_scrape_counts_who_was_refused_from_the_start() {
    let server = Server::start().await;
    for what in ["admin", "credentials"] {
        let name = format!("meetpoint_rate_limited_total{{what=\"{what}\"}} 0\n");
        let page = http::get(server.address, "/metrics").await;
        assert!(page.body.contains(&name), "{name}");
    }
}
