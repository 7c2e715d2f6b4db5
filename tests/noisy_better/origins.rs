//! Which pages may open a side of a room: decided before the upgrade.

use crate::support::handshake;
use crate::support::http::{self, Response};
use crate::support::noisy::{path, room};
use crate::support::server::Server;

const PAGE: &str = "https://app.example";

async fn knock(server: &Server, origin: Option<&str>) -> Response {
    let headers: Vec<_> = origin.map(|origin| ("Origin", origin)).into_iter().collect();
    let request = handshake::request(&path(&room(1), "A"), &headers);
    http::exchange(server.address, &request).await.expect("an upgrade request is answered")
}

fn assert_forbidden(answer: &Response) {
    assert_eq!((answer.status, answer.body.as_str()), (403, "forbidden origin\n"), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
}

#[tokio::test]
async fn a_star_lets_every_origin_in() {
    let server = Server::with(&[("DEV", "false"), ("CORS_ORIGINS", "*")]).await;
    for origin in [Some(PAGE), Some("http://localhost:5173"), None] {
        assert_eq!(knock(&server, origin).await.status, 101, "{origin:?}");
    }
}

#[tokio::test]
async fn every_spelling_of_yes_lets_every_origin_in_while_developing() {
    for yes in ["1", "true", "TRUE", "yes"] {
        let server = Server::with(&[("DEV", yes)]).await;
        assert_eq!(knock(&server, Some(PAGE)).await.status, 101, "DEV={yes}");
    }
}

#[tokio::test]
async fn without_settings_every_origin_is_let_in() {
    for settings in [&[][..], &[("DEV", "")], &[("CORS_ORIGINS", "")]] {
        let server = Server::with(settings).await;
        assert_eq!(knock(&server, Some(PAGE)).await.status, 101, "{settings:?}");
    }
}

#[tokio::test]
async fn in_production_without_a_list_no_page_is_let_in() {
    for no in ["0", "false", "no"] {
        let server = Server::with(&[("DEV", no)]).await;
        assert_forbidden(&knock(&server, Some(PAGE)).await);
        assert_forbidden(&knock(&server, Some("null")).await);
        assert_eq!(knock(&server, None).await.status, 101, "a tool is no page");
    }
}

#[tokio::test]
async fn a_list_lets_in_what_it_names_and_tools() {
    let list = "https://app.example, host.example, https://*.wild.example";
    let server = Server::with(&[("CORS_ORIGINS", list)]).await;
    for origin in [
        Some(PAGE),
        Some("HTTPS://APP.EXAMPLE"),
        Some("http://host.example:8080"),
        Some("https://x.wild.example"),
        None,
    ] {
        assert_eq!(knock(&server, origin).await.status, 101, "{origin:?}");
    }
    for origin in ["https://evil-app.example", "https://app.example:8443", "http://app.example", "null", ""] {
        assert_forbidden(&knock(&server, Some(origin)).await);
    }
}
