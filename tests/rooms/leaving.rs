//! Whoever goes is missed: by everybody who shared a topic, once, with the reason.

use serde_json::json;

use crate::support::frame::{self, FIN, TEXT};
use crate::support::handshake::Handshake;
use crate::support::peer::Manners;
use crate::support::room::{Member, census, ids, room};
use crate::support::server::Server;

#[tokio::test]
async fn who_leaves_hears_so_and_the_others_are_told() {
    let server = Server::start().await;
    let [mut one, mut leaver, mut other] = room(&server, "t").await;
    leaver.leave("t").await;
    for stays in [&mut one, &mut other] {
        stays.hears_departure("t", &leaver.id, "left").await;
        let page = stays.peers("t").await;
        assert_eq!((ids(&page).len(), &page["total"]), (1, &json!(1)), "{page}");
    }
    // Nothing of the topic reaches it any more.
    one.publish("t", "after").await;
    other.hears_message("t", &one, "after").await;
    leaver.silence().await;
    leaver.refused_for(json!({"type": "leave", "topic": "t"}), "NOT_IN_TOPIC").await;
    // The end of its socket is no second departure.
    leaver.close(1000, "").await;
    leaver.closed().await;
    one.silence().await;
    other.silence().await;
}

#[tokio::test]
async fn the_end_of_a_socket_ends_every_membership_once() {
    let server = Server::start().await;
    for how in ["close", "reset", "nonsense"] {
        let [mut stays, mut goes] = room(&server, "first").await;
        stays.join("second").await;
        goes.join("second").await;
        stays.hears_arrival("second", &goes).await;
        goes.join("its own").await;
        let id = goes.id.clone();
        match how {
            "close" => {
                goes.close(1000, "").await;
                goes.closed().await;
            }
            "reset" => goes.terminate().await,
            _ => {
                goes.write(&frame::masked(FIN | TEXT, b"\xff")).await.unwrap();
                assert_eq!(goes.closed().await.code, 1007);
            }
        }
        let mut heard = [stays.hear().await, stays.hear().await];
        heard.sort_by_key(|frame| frame["topic"].to_string());
        let left = |topic| json!({"type": "peer-left", "topic": topic, "clientId": id, "reason": "disconnected"});
        assert_eq!(heard, [left("first"), left("second")], "{how}");
        stays.silence().await;
        assert_eq!(stays.topics().await, [("first".into(), 1), ("second".into(), 1)], "{how}");
        stays.leave("first").await;
        stays.leave("second").await;
    }
}

#[tokio::test]
async fn a_member_that_falls_silent_is_gone_for_a_timeout() {
    let server = Server::with(&[("HEARTBEAT", "1s")]).await;
    let [mut one, mut other] = room(&server, "t").await;
    let manners = Manners { answers_pings: false, ..Manners::default() };
    let mut mute = Member::with(&server, Handshake { manners, ..Handshake::default() }).await;
    mute.join("t").await;
    for stays in [&mut one, &mut other] {
        stays.hears_arrival("t", &mute).await;
    }
    for stays in [&mut one, &mut other] {
        stays.hears_departure("t", &mute.id, "timeout").await;
        stays.silence().await;
    }
    assert_eq!(mute.end().await.code, 4010);
}

#[tokio::test]
async fn a_room_without_members_is_gone() {
    let server = Server::start().await;
    let mut watcher = Member::enter(&server).await;
    assert_eq!(watcher.topics().await, []);
    assert_eq!(census(&server).await, (0.0, 0.0));
    let [mut one, mut other] = room(&server, "a").await;
    one.join("b").await;
    assert_eq!(watcher.topics().await, [("a".into(), 2), ("b".into(), 1)]);
    assert_eq!(census(&server).await, (2.0, 3.0));
    one.leave("b").await;
    assert_eq!(watcher.topics().await, [("a".into(), 2)]);
    one.close(1000, "").await;
    other.hears_departure("a", &one.id, "disconnected").await;
    assert_eq!(watcher.topics().await, [("a".into(), 1)]);
    assert_eq!(census(&server).await, (1.0, 1.0));
    other.leave("a").await;
    assert_eq!(watcher.topics().await, []);
    assert_eq!(census(&server).await, (0.0, 0.0));
    // The next one of that name has nothing of it.
    let peers = other.join("a").await["peers"].take();
    assert_eq!(peers, json!([]));
}

#[tokio::test]
async fn nobody_is_told_that_others_went_when_the_server_goes_down() {
    let server = Server::with(&[("SHUTDOWN_GRACE", "1s")]).await;
    let mut members: [Member; 3] = room(&server, "t").await;
    server.signal("TERM").await;
    for member in &mut members {
        let closed = member.closed().await;
        assert_eq!((closed.code, closed.reason.as_str()), (1001, "shutting down"));
    }
}
