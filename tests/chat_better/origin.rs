//! Which pages may open a socket: decided before the upgrade, by comparing origins and never texts.

use crate::support::chat::Guest;
use crate::support::handshake::{self, Handshake};
use crate::support::http;
use crate::support::server::Server;

const LIST: &str = " https://a.example , https://B.example:8443,, c.example, https://*.wild.example ";

/// The status of an upgrade request with these Origin headers.
async fn knock(server: &Server, origins: &[&str]) -> u16 {
    let headers: Vec<_> = origins.iter().map(|origin| ("Origin", *origin)).collect();
    let answer = http::exchange(server.address, &handshake::request("/ws", &headers)).await;
    answer.expect("an upgrade request is answered").status
}

async fn assert_statuses(server: &Server, status: u16, origins: &[&str]) {
    for origin in origins {
        assert_eq!(knock(server, &[origin]).await, status, "Origin: {origin}");
    }
}

#[tokio::test]
async fn a_foreign_origin_is_refused_before_the_upgrade() {
    let server = Server::with(&[("ALLOWED_ORIGIN", LIST)]).await;
    let foreign = [
        "https://evil.example",
        "https://evil-a.example",
        "https://a.example.evil.example",
        "https://a.example@evil.example",
        "https://evil.example/https://a.example",
        "https://evil.example#https://a.example",
        "https://a.example.",
        "https://a.exampl",
        "https://",
        "a.example",
        "//a.example",
        "http://a.example",
        "wss://a.example",
        "null",
        "*",
        "https://a.example https://evil.example",
        "https://a.example, https://evil.example",
        "https://xn--a-0ea.example",
        "https://[::1]",
        "https://127.0.0.1",
        "file://",
    ];
    assert_statuses(&server, 403, &foreign).await;
    let probed = http::request(server.address, "GET", "/healthz", &[("Origin", "https://evil.example")], "").await;
    assert_eq!(probed.status, 200, "probes are nobody's page");
}

#[tokio::test]
async fn a_listed_origin_is_let_in_and_can_chat() {
    let server = Server::with(&[("ALLOWED_ORIGIN", LIST)]).await;
    assert_statuses(&server, 101, &["https://a.example", "https://b.example:8443"]).await;
    let headers = vec![("Origin", "https://a.example")];
    Guest::enter(&server, Handshake { headers, ..Handshake::default() }).await.silence().await;
}

#[tokio::test]
async fn scheme_and_host_are_compared_without_case() {
    let server = Server::with(&[("ALLOWED_ORIGIN", LIST)]).await;
    assert_statuses(&server, 101, &["HTTPS://A.EXAMPLE", "https://B.example:8443", "https://C.Example"]).await;
}

#[tokio::test]
async fn ports_must_agree() {
    let server = Server::with(&[("ALLOWED_ORIGIN", LIST)]).await;
    assert_statuses(&server, 403, &["https://a.example:8443", "https://b.example", "https://b.example:8444"]).await;
    assert_statuses(&server, 403, &["https://x.wild.example:8443", "https://a.example:x"]).await;
}

#[tokio::test]
async fn a_wildcard_stands_for_subdomains_only() {
    let server = Server::with(&[("ALLOWED_ORIGIN", LIST)]).await;
    assert_statuses(&server, 101, &["https://x.wild.example", "https://X.WILD.example"]).await;
    let others = [
        "http://x.wild.example",
        "https://wild.example",
        "https://evil-wild.example",
        "https://x.wild.example.evil.example",
        "https://.wild.example",
        "https://evil.example/x.wild.example",
    ];
    assert_statuses(&server, 403, &others).await;
}

#[tokio::test]
async fn a_host_name_stands_for_every_origin_on_that_host() {
    let server = Server::with(&[("ALLOWED_ORIGIN", LIST)]).await;
    assert_statuses(&server, 101, &["https://c.example", "http://c.example", "https://c.example:8443"]).await;
    assert_statuses(&server, 403, &["https://evil-c.example", "https://x.c.example", "https://c.example.evil"]).await;
}

#[tokio::test]
async fn a_repeated_origin_header_is_refused() {
    let server = Server::with(&[("ALLOWED_ORIGIN", LIST)]).await;
    for origins in [["https://a.example", "https://evil.example"], ["https://evil.example", "https://a.example"]] {
        let status = knock(&server, &origins).await;
        assert!([400, 403].contains(&status), "{origins:?} got {status}");
    }
}

#[tokio::test]
async fn null_is_let_in_only_when_listed() {
    let server = Server::with(&[("ALLOWED_ORIGIN", "null,https://a.example")]).await;
    assert_eq!(knock(&server, &["null"]).await, 101);
}

#[tokio::test]
async fn both_names_of_the_list_are_joined() {
    let server = Server::with(&[("ALLOWED_ORIGIN", "https://a.example"), ("CORS_ORIGINS", "https://b.example")]).await;
    assert_statuses(&server, 101, &["https://a.example", "https://b.example"]).await;
    assert_statuses(&server, 403, &["https://c.example"]).await;
}

#[tokio::test]
async fn a_missing_origin_passes_a_list_only_when_that_is_allowed() {
    let list = ("ALLOWED_ORIGIN", "https://a.example");
    assert_eq!(knock(&Server::with(&[list]).await, &[]).await, 403);
    let lenient = Server::with(&[list, ("ALLOW_MISSING_ORIGIN", "true")]).await;
    assert_eq!(knock(&lenient, &[]).await, 101);
    assert_statuses(&lenient, 403, &["https://evil.example", "null", ""]).await;
}

#[tokio::test]
async fn a_star_lets_every_origin_in() {
    let server = Server::with(&[("ALLOWED_ORIGIN", "*")]).await;
    assert_statuses(&server, 101, &["https://a.example", "http://anything.example:1234"]).await;
}

#[tokio::test]
async fn without_a_list_every_origin_is_let_in_unless_in_production() {
    let server = Server::start().await;
    assert_statuses(&server, 101, &["https://a.example", "http://localhost:5173"]).await;
    assert_eq!(knock(&server, &[]).await, 101);
    let production = Server::with(&[("DEV", "false")]).await;
    assert_statuses(&production, 403, &["https://a.example", "http://localhost:5173", "null"]).await;
    assert_eq!(knock(&production, &[]).await, 101, "no list is set");
}
