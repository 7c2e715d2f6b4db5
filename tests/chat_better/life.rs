//! The life of a connection: what it is told first, and what its end is called. How its silence
//! is noticed, `tests/memory/heartbeat.rs` shows on paused time.

use crate::support::chat::{Guest, pair};
use crate::support::frame::{self, FIN, TEXT};
use crate::support::handshake::Handshake;
use crate::support::server::Server;

#[tokio::test]
async fn ready_tells_what_a_client_can_build_on() {
    for (settings, interval) in [(&[][..], 20_000), (&[("HEARTBEAT", "7s")][..], 7_000)] {
        let server = Server::with(settings).await;
        let mut peer = Handshake::default().open(server.address).await.unwrap();
        let ready = peer.hear().await;
        assert_eq!(ready["pingInterval"], interval);
        assert_eq!(ready["protocol"], 1);
        let features = ready["features"].as_array().unwrap();
        assert!(features.iter().all(|feature| feature.is_string()), "{ready}");
    }
}

#[tokio::test]
async fn a_parting_says_why() {
    for reason in ["next", "left", "disconnected"] {
        let server = Server::start().await;
        let (leaver, mut stays) = pair(&server).await;
        match reason {
            "next" => leaver.say("next").await,
            "left" => leaver.say("leave").await,
            _ => leaver.close(1000, "").await,
        }
        stays.parted(reason).await;
    }
}

#[tokio::test]
async fn an_invalid_frame_parts_a_pair_like_a_hang_up() {
    let server = Server::start().await;
    let (mut culprit, mut partner) = pair(&server).await;
    culprit.write(&frame::masked(FIN | TEXT, b"\xff")).await.unwrap();
    assert_eq!(culprit.closed().await.code, 1007);
    partner.parted("disconnected").await;
}

#[tokio::test]
async fn a_close_is_answered_with_its_own_code_and_then_the_connection_ends() {
    let server = Server::start().await;
    let mut guest = Guest::join(&server).await;
    guest.close(3000, "so long").await;
    let closed = guest.closed().await;
    assert_eq!((closed.code, closed.reason.as_str()), (3000, "so long"));
}
