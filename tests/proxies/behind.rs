//! What clients and the server know of each other through a proxy.

use std::net::{Ipv4Addr, SocketAddr};

use meetpoint_scorecard::scale;
use serde_json::{Value, json};

use crate::front::{Front, KINDS, Kind};
use crate::support::PATIENCE;
use crate::support::handshake::Handshake;
use crate::support::http;
use crate::support::line::{Line, request};
use crate::support::peer::{Incoming, Peer};

/// Requests in a minute.
const LIMIT: usize = 2;

/// The size of a body that may just come.
const BODY: usize = 1 << 20;

async fn join(address: SocketAddr) -> Peer {
    let mut peer = Handshake::default().open(address).await.expect("the upgrade is accepted");
    assert_eq!(peer.hear().await["type"], "ready");
    peer
}

/// Two guests that are partners.
async fn pair(address: SocketAddr) -> [Peer; 2] {
    let mut pair = [join(address).await, join(address).await];
    for peer in &pair {
        peer.send(json!({"type": "available"})).await;
    }
    for peer in &mut pair {
        assert_eq!(peer.hear().await["type"], "matched");
    }
    pair
}

async fn talk([one, other]: &mut [Peer; 2]) {
    tell(one, other).await;
    tell(other, one).await;
}

async fn tell(speaker: &Peer, listener: &mut Peer) {
    speaker.send(json!({"type": "offer", "sdp": "v=0"})).await;
    let heard: Value = listener.hear().await;
    assert_eq!((&heard["type"], &heard["sdp"]), (&json!("offer"), &json!("v=0")));
}

#[tokio::test]
async fn strangers_meet_through_it() {
    for kind in KINDS {
        let front = Front::start(kind, &[]).await;
        let mut pair = pair(front.address).await;
        talk(&mut pair).await;
        front.server.assert_no_panic();
    }
}

#[tokio::test]
async fn a_client_is_its_own_address_and_none_that_it_makes_up() {
    for kind in KINDS {
        let front = Front::start(kind, &[("HTTP_RATE_PER_MIN", &LIMIT.to_string())]).await;
        for client in [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)] {
            for number in 0..2 * LIMIT {
                let forged = format!("192.0.2.{number}, 198.51.100.{number}");
                let headers = [("X-Forwarded-For", &*forged), ("X-Real-IP", &forged), ("Forwarded", "for=192.0.2.9")];
                let mut line = Line::from(client, front.address).await;
                line.write(&request("GET", "/topics", &headers, "")).await;
                let expected = if number < LIMIT { 200 } else { 429 };
                assert_eq!(line.answer().await.status, expected, "{kind:?}: request {number} of {client}");
            }
        }
    }
}

#[tokio::test]
async fn pings_keep_an_idle_socket_open_for_longer_than_the_proxy_would() {
    // As deployed: 90 s. The proxies' times and the heartbeat of the shorter run are both shorter.
    let (idle, heartbeat, pings) = scale(("6s", "2s", 4), ("90s", "10s", 13));
    let outlives = async |kind| {
        let front = Front::patient(kind, &[("HEARTBEAT", heartbeat)], idle).await;
        let mut pair = pair(front.address).await;
        for _ in 0..pings {
            pair[0].pinged().await;
        }
        talk(&mut pair).await;
        front.server.assert_no_panic();
    };
    tokio::join!(outlives(Kind::Nginx), outlives(Kind::Haproxy));
}

#[tokio::test]
async fn without_pings_it_would_not_stay_open() {
    for kind in KINDS.into_iter().filter(|kind| *kind != Kind::Caddy) {
        let front = Front::patient(kind, &[("HEARTBEAT", "1h")], "1s").await;
        let mut guest = join(front.address).await;
        assert!(matches!(guest.next().await, Incoming::Closed(_)), "{kind:?}");
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_and_a_smaller_one_is_not() {
    for kind in KINDS {
        let front = Front::start(kind, &[]).await;
        for (size, refused) in [(BODY, false), (BODY + 1, true)] {
            let json = [("Content-Type", "application/json")];
            let answer = http::request(front.address, "POST", "/rendezvous/redeem", &json, &" ".repeat(size)).await;
            assert_eq!(answer.status, if refused { 413 } else { 400 }, "{kind:?}: {size} bytes: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_drain_is_heard_through_it() {
    for kind in KINDS {
        let mut front = Front::start(kind, &[("SHUTDOWN_GRACE", "1s")]).await;
        let guests = pair(front.address).await;
        front.server.signal("TERM").await;
        for mut guest in guests {
            let closed = guest.closed().await;
            assert_eq!((closed.code, closed.reason.as_str()), (1001, "shutting down"), "{kind:?}");
        }
        let ended = front.server.exit(PATIENCE).await.expect("the server ends");
        assert_eq!(ended.code(), Some(0), "{kind:?}");
        let answer = http::get(front.address, "/topics").await;
        assert!([502, 503].contains(&answer.status), "{kind:?}: {answer:?}");
    }
}

#[tokio::test]
async fn figures_are_not_for_strangers() {
    for kind in KINDS {
        let front = Front::start(kind, &[]).await;
        for path in ["/metrics", "/status"] {
            assert_eq!(http::get(front.server.address, path).await.status, 200, "{path}");
            assert_eq!(http::get(front.address, path).await.status, 404, "{kind:?}: {path}");
        }
        assert_eq!(http::get(front.address, "/healthz").await.status, 200, "{kind:?}");
    }
}
