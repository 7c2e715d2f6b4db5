//! The end of a server: announced, spread over the grace period, and sure.

use meetpoint_test_support as support;
use std::time::{Duration, Instant};

use support::PATIENCE;
use support::chat::{Guest, pair};
use support::handshake::{self, Handshake};
use support::http;
use support::peer::Manners;
use support::server::Server;

/// Slack for a busy machine, below the five seconds after which a connection that asks nothing is closed anyway.
const SLACK: Duration = Duration::from_secs(3);

/// A guest that never answers a close, so that the server has somebody to wait for.
async fn stubborn(server: &Server) -> Guest {
    let manners = Manners { answers_close: false, ..Manners::default() };
    Guest::enter(server, Handshake { manners, ..Handshake::default() }).await
}

/// Waits until the server has seen the signal; what it says then must come at once.
async fn draining(server: &Server) -> http::Response {
    let asked = Instant::now();
    loop {
        let ready = http::get(server.address, "/readyz").await;
        if ready.status != 200 {
            return ready;
        }
        assert!(asked.elapsed() < SLACK, "readiness does not turn");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_stopping_server_says_so_and_refuses_newcomers() {
    let server = Server::with(&[("SHUTDOWN_GRACE", "30s")]).await;
    let _guest = stubborn(&server).await;
    server.signal("TERM").await;
    let ready = draining(&server).await;
    assert_eq!(ready.status, 503);
    assert_eq!(ready.json()["ready"], false);
    assert!(ready.json()["reason"].is_string(), "{ready:?}");
    let refused = http::exchange(server.address, &handshake::request("/ws", &[])).await;
    assert_eq!(refused.unwrap().status, 503);
    assert_eq!(http::get(server.address, "/healthz").await.status, 200, "the process lives");
}

#[tokio::test]
async fn everybody_is_told_within_the_grace_period() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::with(&[("SHUTDOWN_GRACE", "1s")]).await;
        let mut guests = Vec::new();
        for _ in 0..25 {
            let (one, other) = pair(&server).await;
            guests.extend([one, other]);
        }
        let told = Instant::now();
        server.signal(signal).await;
        for guest in &mut guests {
            // The very next thing: nobody hears that a partner left who is only told to go a little earlier.
            let closed = guest.closed().await;
            assert_eq!((closed.code, closed.reason.as_str()), (1001, "shutting down"));
        }
        let ended = server.exit(PATIENCE).await.expect("the server ends");
        assert_eq!(ended.code(), Some(0), "after {signal}");
        assert!(told.elapsed() < Duration::from_secs(1) + SLACK, "took {:?}", told.elapsed());
    }
}

#[tokio::test]
async fn farewells_are_spread() {
    let server = Server::with(&[("SHUTDOWN_GRACE", "2s")]).await;
    let mut guests = Vec::new();
    for _ in 0..20 {
        guests.push(Guest::join(&server).await);
    }
    server.signal("TERM").await;
    let mut closing = tokio::task::JoinSet::new();
    for mut guest in guests {
        closing.spawn(async move { (guest.closed().await.code, Instant::now()) });
    }
    let mut moments = Vec::new();
    while let Some(closed) = closing.join_next().await {
        let (code, moment) = closed.unwrap();
        assert_eq!(code, 1001);
        moments.push(moment);
    }
    moments.sort();
    let spread = moments[moments.len() - 1] - moments[0];
    assert!(spread > Duration::from_millis(300), "all within {spread:?} would come back as one herd");
}

#[tokio::test]
async fn an_idle_server_stops_at_once() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::start().await;
        server.signal(signal).await;
        let ended = server.exit(SLACK).await.expect("nobody is there to wait for");
        assert_eq!(ended.code(), Some(0), "after {signal}");
    }
}

#[tokio::test]
async fn a_server_whose_guests_have_all_gone_does_not_wait_for_the_grace_period() {
    let mut server = Server::with(&[("SHUTDOWN_GRACE", "30s")]).await;
    let guest = stubborn(&server).await;
    server.signal("TERM").await;
    draining(&server).await;
    guest.terminate().await;
    assert_eq!(server.exit(SLACK).await.expect("nobody is there any more").code(), Some(0));
}

#[tokio::test]
async fn who_never_answers_the_close_is_cut_when_the_grace_period_ends() {
    let mut server = Server::with(&[("SHUTDOWN_GRACE", "1s")]).await;
    let guest = stubborn(&server).await;
    guest.pause();
    let told = Instant::now();
    server.signal("TERM").await;
    let ended = server.exit(PATIENCE).await.expect("the grace period ends");
    assert_eq!(ended.code(), Some(0));
    assert!(told.elapsed() < Duration::from_secs(1) + SLACK, "took {:?}", told.elapsed());
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    for second in ["TERM", "INT"] {
        let mut server = Server::with(&[("SHUTDOWN_GRACE", "30s")]).await;
        let _guest = stubborn(&server).await;
        server.signal("TERM").await;
        draining(&server).await;
        server.signal(second).await;
        assert!(server.exit(SLACK).await.is_some(), "still runs after a second signal");
    }
}

#[tokio::test]
async fn a_connection_that_asks_nothing_does_not_hold_the_end_up() {
    let mut server = Server::with(&[("SHUTDOWN_GRACE", "30s")]).await;
    let _silent = http::connect(server.address).await;
    // The listener hands out connections in order, so that this answer proves the silent one was taken in.
    assert_eq!(http::get(server.address, "/healthz").await.status, 200);
    server.signal("TERM").await;
    assert_eq!(server.exit(SLACK).await.expect("nobody is there to wait for").code(), Some(0));
}
