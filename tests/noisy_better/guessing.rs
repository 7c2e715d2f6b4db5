//! A failed redeem costs whoever fails, and nobody else.

use std::net::Ipv4Addr;

use crate::support::http::Response;
use crate::support::line::Line;
use crate::support::noisy::{mint, wanted};
use crate::support::server::Server;

/// Failures that a minute forgives.
const FORGIVEN: usize = 10;

/// Somebody at an address of its own.
async fn guest(server: &Server, number: u8) -> Line {
    Line::from(Ipv4Addr::new(127, 0, 7, number), server.address).await
}

async fn guess(line: &mut Line, code: &str) -> Response {
    line.post("/rendezvous/redeem", &wanted(code)).await
}

/// Fails until it is refused, and gives the refusal.
async fn guess_until_refused(line: &mut Line) -> Response {
    for number in 0..FORGIVEN + 2 {
        let answer = guess(line, &format!("9{number:06}")).await;
        if answer.status == 429 {
            assert!(number >= FORGIVEN, "{number} failures are forgiven");
            return answer;
        }
        assert_eq!((answer.status, answer.body.as_str()), (410, "gone\n"));
    }
    panic!("more than {FORGIVEN} failures are not refused");
}

#[tokio::test]
async fn more_than_ten_failures_in_a_minute_are_refused_and_told_when_to_come_back() {
    let server = Server::start().await;
    let mut guesser = guest(&server, 1).await;
    let refused = guess_until_refused(&mut guesser).await;
    let seconds: u64 = refused.header("retry-after").expect("a time to come back").parse().expect("seconds");
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(refused.body, "rate limit");
    let code = mint(&server).await.code;
    assert_eq!(guess(&mut guesser, &code).await.status, 429, "a hit is refused as well");
    let mut honest = guest(&server, 2).await;
    assert_eq!(guess(&mut honest, &code).await.status, 200, "nobody else pays for it");
}

#[tokio::test]
async fn a_guesser_may_go_on_minting() {
    let server = Server::start().await;
    let mut guesser = guest(&server, 3).await;
    guess_until_refused(&mut guesser).await;
    assert_eq!(guesser.post("/rendezvous/code", "").await.status, 200);
}

#[tokio::test]
async fn a_new_connection_is_no_new_guesser() {
    let server = Server::start().await;
    guess_until_refused(&mut guest(&server, 4).await).await;
    assert_eq!(guess(&mut guest(&server, 4).await, "9999999").await.status, 429);
}

#[tokio::test]
async fn typing_a_code_that_somebody_else_has_used_is_no_guess() {
    let server = Server::start().await;
    let code = mint(&server).await.code;
    let mut line = guest(&server, 5).await;
    assert_eq!(guess(&mut line, &code).await.status, 200);
    for _ in 0..3 * FORGIVEN {
        assert_eq!(guess(&mut line, &code).await.status, 410);
    }
}

#[tokio::test]
async fn requests_that_name_no_code_are_no_guesses() {
    let server = Server::start().await;
    let mut line = guest(&server, 6).await;
    for _ in 0..3 * FORGIVEN {
        assert_eq!(line.post("/rendezvous/redeem", "{}").await.status, 400);
    }
    let code = mint(&server).await.code;
    assert_eq!(guess(&mut line, &code).await.status, 200);
}

#[tokio::test]
async fn nobody_becomes_somebody_else_by_a_header() {
    let server = Server::start().await;
    let mut line = guest(&server, 7).await;
    let ask = |number: usize, code: &str| {
        let forwarded = format!("198.51.100.{number}");
        let headers = [("Content-Type", "application/json"), ("X-Forwarded-For", forwarded.as_str())];
        crate::support::line::request("POST", "/rendezvous/redeem", &headers, &wanted(code))
    };
    for number in 0..FORGIVEN + 1 {
        line.write(&ask(number, "9999999")).await;
        line.answer().await;
    }
    line.write(&ask(99, "9999999")).await;
    assert_eq!(line.answer().await.status, 429);
}

#[tokio::test]
async fn behind_a_trusted_proxy_everybody_pays_for_themself() {
    let server = Server::with(&[("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let mut proxy = guest(&server, 8).await;
    let ask = |forwarded: &str| {
        let headers = [("Content-Type", "application/json"), ("X-Forwarded-For", forwarded)];
        crate::support::line::request("POST", "/rendezvous/redeem", &headers, &wanted("9999999"))
    };
    // The leftmost is whatever a client claims.
    for _ in 0..FORGIVEN + 1 {
        proxy.write(&ask("203.0.113.9, 198.51.100.1, 127.0.0.9")).await;
        proxy.answer().await;
    }
    for (forwarded, status) in [
        ("203.0.113.10, 198.51.100.1, 127.0.0.9", 429),
        ("198.51.100.1", 429),
        ("198.51.100.2", 410),
        ("198.51.100.1, 198.51.100.2", 410),
        ("2001:db8::1", 410),
    ] {
        proxy.write(&ask(forwarded)).await;
        assert_eq!(proxy.answer().await.status, status, "{forwarded}");
    }
}
