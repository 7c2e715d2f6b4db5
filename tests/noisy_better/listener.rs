//! What is answered to requests with something wrong, and who is meant by `/ws`.

use crate::support::handshake::{self, UPGRADE};
use crate::support::http::{self, Response};
use crate::support::noisy::{mint, path, room, wanted};
use crate::support::server::Server;

const JSON: (&str, &str) = ("Content-Type", "application/json");
const REDEEM: &str = "/rendezvous/redeem";

fn assert_text(answer: &Response, status: u16, body: &str) {
    assert_eq!((answer.status, answer.body.as_str()), (status, body), "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"), "{answer:?}");
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{answer:?}");
}

#[tokio::test]
async fn a_body_over_the_limit_is_not_read() {
    let server = Server::with(&[("HTTP_MAX_BODY", "2048")]).await;
    let code = mint(&server).await.code;
    let fits = format!("{:2048}", wanted(&code));
    assert_eq!(http::request(server.address, "POST", REDEEM, &[JSON], &fits).await.status, 200);
    let large = format!("{:2049}", wanted(&code));
    let refused = http::request(server.address, "POST", REDEEM, &[JSON], &large).await;
    assert_text(&refused, 413, "request entity too large\n");
}

#[tokio::test]
async fn a_body_that_is_announced_too_large_is_not_waited_for() {
    let server = Server::start().await;
    let head = http::head(&format!("POST {REDEEM} HTTP/1.1"), &[JSON, ("Content-Length", "60000000")]);
    let refused = http::exchange(server.address, &head).await.expect("a refusal says why");
    assert_text(&refused, 413, "request entity too large\n");
}

#[tokio::test]
async fn a_body_without_a_length_has_the_same_limit() {
    let server = Server::with(&[("HTTP_MAX_BODY", "2048")]).await;
    let mut request = http::head(&format!("POST {REDEEM} HTTP/1.1"), &[JSON, ("Transfer-Encoding", "chunked")]);
    for _ in 0..3 {
        request.extend(format!("400\r\n{}\r\n", " ".repeat(1024)).bytes());
    }
    request.extend(b"0\r\n\r\n");
    let refused = http::exchange(server.address, &request).await.expect("a refusal says why");
    assert_text(&refused, 413, "request entity too large\n");
}

#[tokio::test]
async fn another_method_is_told_the_right_one() {
    let server = Server::start().await;
    for target in ["/rendezvous/code", REDEEM] {
        for method in ["GET", "PUT", "DELETE", "PATCH"] {
            let refused = http::request(server.address, method, target, &[], "").await;
            assert_text(&refused, 405, "method not allowed\n");
            let allowed = refused.header("allow").expect("405 tells what is allowed");
            assert!(allowed.split(',').any(|method| method.trim() == "POST"), "{refused:?}");
        }
    }
}

#[tokio::test]
async fn the_body_of_a_mint_is_nobody_s_business() {
    let server = Server::with(&[("HTTP_MAX_BODY", "2048")]).await;
    for body in ["", "{", r#"{"ttl":600}"#, "\u{0}"] {
        assert_eq!(http::request(server.address, "POST", "/rendezvous/code", &[], body).await.status, 200);
    }
}

#[tokio::test]
async fn a_mint_waits_for_no_body() {
    let server = Server::start().await;
    let head = http::head("POST /rendezvous/code HTTP/1.1", &[JSON, ("Content-Length", "60000000")]);
    assert_eq!(http::exchange(server.address, &head).await.expect("a mint is answered").status, 200);
}

#[tokio::test]
async fn the_query_tells_which_wire_is_meant() {
    let server = Server::start().await;
    let ask = async |target: &str| {
        let answer = http::exchange(server.address, &handshake::request(target, &[])).await;
        answer.expect("an upgrade request is answered")
    };
    for (target, status, body) in [
        ("/ws?side=A", 400, "invalid appID\n"),
        ("/ws?appID=", 400, "invalid appID\n"),
        (&format!("/ws?appID={}", room(1)), 400, "invalid side\n"),
        (&format!("/ws?appID={}&side=AB", room(1)), 400, "invalid side\n"),
        (&format!("/ws?appID={}&side=", room(1)), 400, "invalid side\n"),
    ] {
        assert_text(&ask(target).await, status, body);
    }
    for target in ["/ws", "/ws?sid=x", "/ws?appid=x", "/ws?token=appID"] {
        assert_eq!(ask(target).await.status, 101, "{target} is the chat's");
    }
}

#[tokio::test]
async fn checks_come_in_the_original_s_order() {
    let server = Server::with(&[("CORS_ORIGINS", "https://a.example"), ("WS_RATE_PER_MIN", "1")]).await;
    let evil = ("Origin", "https://evil.example");
    let ask = async |target: &str, headers: &[(&str, &str)]| {
        let answer = http::exchange(server.address, &http::head(&format!("GET {target} HTTP/1.1"), headers)).await;
        answer.expect("a request is answered")
    };
    let right = path(&room(1), "A");
    assert_text(&ask("/ws?appID=x&side=x", &[evil]).await, 400, "invalid appID\n");
    assert_text(&ask(&format!("/ws?appID={}&side=x", room(1)), &[evil]).await, 400, "invalid side\n");
    assert_text(&ask(&right, &[evil]).await, 403, "forbidden origin\n");
    let refused = ask(&right, &[]).await;
    assert_eq!((refused.status, refused.body.as_str()), (400, "Bad Request\n"));
    assert_eq!(refused.header("sec-websocket-version"), Some("13"));
    // That was the one of this minute.
    let limited = ask(&right, &UPGRADE).await;
    assert_eq!((limited.status, limited.body.as_str()), (429, ""));
    let seconds: u64 = limited.header("retry-after").expect("a time to come back").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_text(&ask(&right, &[evil]).await, 403, "forbidden origin\n");
}
