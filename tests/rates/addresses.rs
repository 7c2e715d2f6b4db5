//! Who is meant by an address: the socket's peer, or whom trusted proxies vouch for.

use std::net::{Ipv4Addr, SocketAddr};

use crate::support::http;
use crate::support::line::{Line, request};
use crate::support::server::Server;

const LIMIT: usize = 2;

/// A server that lets every client pass so often, behind these proxies.
async fn behind(proxies: &str) -> Server {
    Server::with(&[("HTTP_RATE_PER_MIN", &LIMIT.to_string()), ("TRUSTED_PROXIES", proxies)]).await
}

async fn status(server: &Server, forwarded: &[&str]) -> u16 {
    let lines: Vec<_> = forwarded.iter().map(|line| ("X-Forwarded-For", *line)).collect();
    http::request(server.address, "GET", "/topics", &lines, "").await.status
}

/// Whether all these headers are those of one client, who has not been there before.
async fn are_one(server: &Server, requests: &[&[&str]]) -> bool {
    for (number, forwarded) in requests.iter().enumerate() {
        let expected = if number < LIMIT { 200 } else { 429 };
        if status(server, forwarded).await != expected {
            return false;
        }
    }
    requests.len() > LIMIT
}

#[tokio::test]
async fn who_is_no_trusted_proxy_cannot_pass_for_others() {
    for proxies in ["", "10.0.0.0/8,192.0.2.1"] {
        let server = behind(proxies).await;
        let forged: Vec<_> = (0..50).map(|last| format!("10.0.0.{last}, 1.2.3.{last}")).collect();
        for (number, forged) in forged.iter().enumerate() {
            let headers = [("X-Forwarded-For", &**forged), ("X-Real-IP", forged), ("Forwarded", "for=1.2.3.4")];
            let answer = http::request(server.address, "GET", "/topics", &headers, "").await;
            assert_eq!(answer.status, if number < LIMIT { 200 } else { 429 }, "{proxies:?} {forged}");
        }
    }
}

#[tokio::test]
async fn behind_a_trusted_proxy_every_client_has_a_window_of_its_own() {
    let server = behind("127.0.0.0/8").await;
    for last in 1..=20 {
        let client = format!("192.0.2.{last}");
        assert!(are_one(&server, &[&[&client], &[&client], &[&client]]).await, "{client}");
    }
}

#[tokio::test]
async fn what_stands_to_the_left_of_the_first_stranger_changes_nothing() {
    let server = behind("127.0.0.0/8,10.0.0.0/8").await;
    let same: [&[&str]; 11] = [
        &["192.0.2.1"],
        &["6.6.6.6, 192.0.2.1"],
        &["6.6.6.7,192.0.2.1"],
        &["10.0.0.1, 192.0.2.1"],
        &["junk, 192.0.2.1"],
        &["6.6.6.8", "192.0.2.1"],
        &["6.6.6.9, 192.0.2.1", "10.0.0.3"],
        &["6.6.6.10, 192.0.2.1, 10.0.0.4, 127.9.9.9"],
        &["192.0.2.1:4711"],
        &["6.6.6.11,  ::ffff:192.0.2.1  "],
        &["6.6.6.12, [::ffff:192.0.2.1]:4711, 10.0.0.5:80"],
    ];
    assert!(are_one(&server, &same).await);
    assert_eq!(status(&server, &["192.0.2.1, 192.0.2.2"]).await, 200, "the first from the right is another");
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_is_whoever_wrote_it() {
    let server = behind("127.0.0.0/8,10.0.0.0/8").await;
    assert!(are_one(&server, &[&["junk"], &[""], &["6.6.6.6, unknown"], &["6.6.6.7, 1.2.3.4.5"], &[]]).await);
    assert!(are_one(&server, &[&["junk, 10.0.0.9"], &["6.6.6.6, -, 10.0.0.9"], &["6.6.6.7", "?", "10.0.0.9"]]).await);
    assert!(are_one(&server, &[&["10.0.0.8"], &["10.0.0.8, 10.0.0.9"], &["10.0.0.8", "10.0.0.9, 127.0.0.7"]]).await);
}

#[tokio::test]
async fn an_ipv6_client_is_its_network() {
    let server = behind("127.0.0.1").await;
    let same: [&[&str]; 4] =
        [&["2001:db8:1:2::1"], &["[2001:db8:1:2:ffff::2]"], &["[2001:db8:1:2::3]:4711"], &["2001:DB8:1:2:0:0:0:4"]];
    assert!(are_one(&server, &same).await);
    assert_eq!(status(&server, &["2001:db8:1:3::1"]).await, 200);
}

#[tokio::test]
async fn only_the_proxies_that_are_listed_are_believed() {
    let server = behind("127.1.0.0/16").await;
    for (source, expected) in [([127, 1, 2, 3], [200; 3]), ([127, 2, 2, 3], [200, 200, 429])] {
        let mut line = Line::from(Ipv4Addr::from(source), server.address).await;
        for (number, expected) in expected.into_iter().enumerate() {
            let client = format!("192.0.2.{}", 10 * usize::from(source[1]) + number);
            line.write(&request("GET", "/topics", &[("X-Forwarded-For", &client)], "")).await;
            assert_eq!(line.answer().await.status, expected, "{source:?} {client}");
        }
    }
}

#[tokio::test]
async fn over_a_listener_for_both_families_an_ipv4_peer_is_still_one() {
    let limit = LIMIT.to_string();
    let settings = [("HOST", "::"), ("HTTP_RATE_PER_MIN", &*limit), ("TRUSTED_PROXIES", "127.0.0.0/8")];
    let server = Server::with(&settings).await;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, server.address.port()));
    for last in 1..=5 {
        let client = format!("192.0.2.{last}");
        let answer = http::request(address, "GET", "/topics", &[("X-Forwarded-For", &client)], "").await;
        assert_eq!(answer.status, 200, "{client}");
    }
}
