//! Who lives: whoever says anything.

use std::time::Duration;

use tokio::time::{interval, timeout};

use crate::support::handshake::Handshake;
use crate::support::noisy::{PEER_LEFT, ROOM_FULL, Seat, path, room};
use crate::support::peer::Manners;
use crate::support::server::Server;

const HEARTBEAT: (&str, &str) = ("WS_HEARTBEAT", "1s");
/// Dead after two intervals; the rest is for a busy machine.
const DEAD: Duration = Duration::from_secs(8);

async fn silent(server: &Server, app: &str, side: &str) -> Seat {
    let manners = Manners { answers_pings: false, ..Manners::default() };
    Seat::enter(server.address, Handshake { path: &path(app, side), manners, ..Handshake::default() }).await
}

#[tokio::test]
async fn whoever_talks_lives_even_without_answering_pings() {
    let server = Server::with(&[HEARTBEAT]).await;
    let app = room(1);
    let mut deaf = silent(&server, &app, "A").await;
    let mut partner = Seat::join(&server, &app, "B").await;
    deaf.hears(ROOM_FULL).await;
    partner.hears(ROOM_FULL).await;
    // Three times as long as the silent may live.
    let mut beat = interval(Duration::from_millis(600));
    for _ in 0..10 {
        beat.tick().await;
        deaf.send_text(r#"{"type":"ice","cand":null}"#).await;
        partner.hears(r#"{"type":"ice","cand":null}"#).await;
    }
}

#[tokio::test]
async fn whoever_is_silent_for_two_intervals_is_told_and_its_side_is_free() {
    let server = Server::with(&[HEARTBEAT]).await;
    let app = room(2);
    let mut frozen = silent(&server, &app, "A").await;
    let mut partner = Seat::join(&server, &app, "B").await;
    frozen.hears(ROOM_FULL).await;
    partner.hears(ROOM_FULL).await;
    let left = timeout(DEAD, partner.hears(PEER_LEFT)).await;
    left.expect("two silent intervals are a death");
    frozen.hears_close(4010, "ping timeout").await;
    Seat::join(&server, &app, "A").await.hears(ROOM_FULL).await;
}

#[tokio::test]
async fn pings_carry_the_time_and_pongs_are_measured() {
    let server = Server::with(&[HEARTBEAT]).await;
    let mut a = Seat::join(&server, &room(3), "A").await;
    let mut before = 0;
    for _ in 0..3 {
        let payload = String::from_utf8(a.pinged().await.to_vec()).expect("digits");
        assert_eq!(payload.len(), 19, "{payload}");
        let nanoseconds: u64 = payload.parse().expect("nanoseconds since 1970");
        assert!(nanoseconds > before, "{payload}");
        before = nanoseconds;
    }
    a.settle().await;
    let measured = crate::support::metrics::sample(server.address, "nt_ws_rtt_seconds_count").await;
    assert!(measured >= 2.0, "{measured}");
}
