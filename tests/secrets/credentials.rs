//! Credentials of the offers API that are nobody's cost whoever brings them, and no neighbour.

use std::net::Ipv4Addr;

use crate::support::http::Response;
use crate::support::line::{Line, request};
use crate::support::metrics::sample;
use crate::support::rondevu::client::OfferPeer;
use crate::support::server::Server;

const EVE: Ipv4Addr = Ipv4Addr::new(127, 6, 6, 6);

async fn mine(line: &mut Line, header: &str) -> Response {
    line.write(&request("GET", "/offers/mine", &[("Authorization", header)], "")).await;
    line.answer().await
}

#[tokio::test]
async fn ten_that_are_nobody_s_are_answered_401_and_more_429() {
    let server = Server::start().await;
    let peer = OfferPeer::register(server.address).await;
    let (mut eve, mut other) = (Line::from(EVE, server.address).await, Line::open(server.address).await);
    let wrong = format!("Bearer {}:AAAA", peer.id);
    for _ in 0..10 {
        let refused = mine(&mut eve, &wrong).await;
        assert_eq!((refused.status, refused.error()), (401, "Invalid credentials".to_owned()));
    }
    for _ in 0..3 {
        let refused = mine(&mut eve, &wrong).await;
        assert_eq!((refused.status, refused.error()), (429, "Too many requests".to_owned()));
        let wait: u64 = refused.header("retry-after").and_then(|wait| wait.parse().ok()).expect("when to come again");
        assert!((1..=60).contains(&wait), "{wait}");
    }
    assert_eq!(mine(&mut other, &wrong).await.status, 401, "another address is another client");
    assert_eq!(sample(server.address, r#"meetpoint_rate_limited_total{what="credentials"}"#).await, 3.0);
}

#[tokio::test]
async fn right_ones_are_heard_from_the_same_address_all_the_while() {
    let server = Server::start().await;
    let peer = OfferPeer::register(server.address).await;
    let right = format!("Bearer {}:{}", peer.id, peer.secret);
    let mut line = Line::from(EVE, server.address).await;
    for _ in 0..30 {
        mine(&mut line, "Bearer somebody:AAAA").await;
        assert_eq!(mine(&mut line, &right).await.status, 200);
    }
}

#[tokio::test]
async fn what_is_no_credential_at_all_is_no_guess() {
    let server = Server::start().await;
    let mut line = Line::from(EVE, server.address).await;
    for header in ["", "Basic abc", "Bearer", "Bearer abc", "Bearer a:b:c"].repeat(5) {
        assert_eq!(mine(&mut line, header).await.status, 401, "{header}");
    }
}
