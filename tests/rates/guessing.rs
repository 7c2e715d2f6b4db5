//! What it costs to guess a code.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use tokio::task::JoinSet;

use crate::assert_sent_away;
use crate::support::http::Response;
use crate::support::line::{Line, many, post, request, statuses};
use crate::support::metrics::sample;
use crate::support::server::Server;

/// Failures that are not taken for guessing.
const FREE: usize = 10;

/// The first block, in seconds.
const BLOCK: u64 = 60;

const EVE: Ipv4Addr = Ipv4Addr::new(127, 6, 6, 6);

async fn mint(line: &mut Line) -> String {
    let minted = line.post("/rendezvous/code", "").await;
    assert_eq!(minted.status, 200, "{minted:?}");
    minted.json()["code"].as_str().expect("a code").to_owned()
}

async fn redeem(line: &mut Line, code: &str) -> Response {
    line.post("/rendezvous/redeem", &body(code)).await
}

fn body(code: &str) -> String {
    format!(r#"{{"code":"{code}"}}"#)
}

fn assert_gone(answer: &Response) {
    assert_eq!((answer.status, &*answer.body), (410, "gone\n"), "{answer:?}");
}

/// Codes are minted with four digits while so few are there.
fn wrong(number: usize) -> String {
    format!("{number:08}")
}

#[tokio::test]
async fn after_ten_failures_nothing_is_looked_at_for_a_minute() {
    let server = Server::start().await;
    let mut honest = Line::open(server.address).await;
    let mut eve = Line::from(EVE, server.address).await;
    let code = mint(&mut honest).await;
    for number in 0..FREE {
        assert_gone(&redeem(&mut eve, &wrong(number)).await);
    }
    for code in [&code, &wrong(0)] {
        let refused = redeem(&mut eve, code).await;
        assert_sent_away(&refused, BLOCK);
        assert_eq!(refused.body, "rate limit");
        assert_eq!(refused.header("content-type"), Some("text/plain; charset=utf-8"));
    }
    mint(&mut eve).await;
    let mut neighbour = Line::from(Ipv4Addr::new(127, 6, 6, 7), server.address).await;
    assert_eq!(redeem(&mut neighbour, &code).await.status, 200, "the right code was not spent by who was refused");
    assert!(sample(server.address, r#"meetpoint_rate_limited_total{what="guess"}"#).await == 2.0);
}

#[tokio::test]
async fn success_forgives_nothing() {
    let server = Server::start().await;
    let mut eve = Line::from(EVE, server.address).await;
    for number in 0..FREE {
        let own = mint(&mut eve).await;
        assert_eq!(redeem(&mut eve, &own).await.status, 200);
        assert_gone(&redeem(&mut eve, &wrong(number)).await);
    }
    let own = mint(&mut eve).await;
    assert_sent_away(&redeem(&mut eve, &own).await, BLOCK);
}

#[tokio::test]
async fn guesses_at_the_same_moment_are_counted_one_by_one() {
    let server = Server::start().await;
    let answers = many(server.address, 100, 2000, &post("/rendezvous/redeem", &body("00000000"))).await;
    assert_eq!(statuses(&answers), BTreeMap::from([(410, FREE), (429, 2000 - FREE)]));
}

#[tokio::test]
async fn many_who_type_one_code_at_the_same_moment_are_all_heard() {
    let server = Server::start().await;
    let code = mint(&mut Line::open(server.address).await).await;
    let answers = many(server.address, 100, 2000, &post("/rendezvous/redeem", &body(&code))).await;
    assert_eq!(statuses(&answers), BTreeMap::from([(200, 1), (410, 1999)]));
}

#[tokio::test]
async fn behind_trusted_proxies_the_guesser_is_blocked_and_not_the_proxy() {
    let server = Server::with(&[("TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    let mut line = Line::open(server.address).await;
    let mut last = Vec::new();
    for (number, client) in (0..3 * FREE).map(|number| (number, ["2001:db8::1", "2001:db8:0:1::1"][number % 2])) {
        let forwarded = format!("192.0.2.{number}, {client}{number}");
        let headers = [("Content-Type", "application/json"), ("X-Forwarded-For", &*forwarded)];
        line.write(&request("POST", "/rendezvous/redeem", &headers, &body(&wrong(number)))).await;
        last.push(line.answer().await.status);
    }
    assert_eq!(last[..2 * FREE], [410; 2 * FREE]);
    assert_eq!(last[2 * FREE..], [429; FREE]);
    assert_gone(&redeem(&mut line, &wrong(0)).await);
}

/// Every code there is, from one address and from 250, while a hundred pairs meet.
#[tokio::test]
async fn whoever_tries_all_codes_gets_none_and_the_honest_meet() {
    let server = Server::start().await;
    let address = server.address;
    let mut guessers = JoinSet::new();
    for last in 1..=250_u8 {
        guessers.spawn(async move {
            let mut line = Line::from(Ipv4Addr::new(127, 66, 6, last), address).await;
            let mut heard = 0;
            for code in 0..40 {
                let code = format!("{:04}", usize::from(last - 1) * 40 + code);
                heard += usize::from(redeem(&mut line, &code).await.status != 429);
            }
            heard
        });
    }
    let mut pairs = JoinSet::new();
    for last in 1..=100 {
        pairs.spawn(async move {
            let mut sender = Line::from(Ipv4Addr::new(127, 1, 1, last), address).await;
            let mut receiver = Line::from(Ipv4Addr::new(127, 1, 2, last), address).await;
            let code = mint(&mut sender).await;
            redeem(&mut receiver, &code).await.status
        });
    }
    let mut eve = Line::from(EVE, address).await;
    let mut heard = 0;
    for code in 0..10_000 {
        heard += usize::from(redeem(&mut eve, &format!("{code:04}")).await.status != 429);
    }
    assert!(heard <= 2 * FREE, "{heard} guesses of one address were looked at");
    let of_many = guessers.join_all().await;
    assert!(of_many.iter().all(|heard| *heard <= 2 * FREE), "{of_many:?}");
    let met = pairs.join_all().await.into_iter().filter(|status| *status == 200).count();
    assert!(met >= 95, "{met} of 100 met");
}
