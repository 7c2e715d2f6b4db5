//! A room is a UUID, however it is spelled.

use crate::support::handshake::Handshake;
use crate::support::noisy::{PEER_LEFT, ROOM_FULL, Seat, path, talk};
use crate::support::server::Server;

const SPELLINGS: [&str; 6] = [
    "aaaaaaaa-0000-4000-8000-00000000000a",
    "AAAAAAAA-0000-4000-8000-00000000000A",
    "aaaaaaaa00004000800000000000000a",
    "%7Baaaaaaaa-0000-4000-8000-00000000000a%7D",
    "urn:uuid:aaaaaaaa-0000-4000-8000-00000000000a",
    "URN%3AUUID%3AAAAAAAAA-0000-4000-8000-00000000000A",
];

#[tokio::test]
async fn every_spelling_of_a_uuid_is_the_same_room() {
    let server = Server::start().await;
    let mut a = Seat::join(&server, SPELLINGS[0], "A").await;
    for spelling in SPELLINGS {
        let mut b = Seat::join(&server, spelling, "B").await;
        a.hears(ROOM_FULL).await;
        b.hears(ROOM_FULL).await;
        talk(&mut a, &mut b).await;
        b.terminate().await;
        a.hears(PEER_LEFT).await;
    }
}

#[tokio::test]
async fn a_side_is_taken_in_every_spelling() {
    let server = Server::start().await;
    let _a = Seat::join(&server, SPELLINGS[0], "A").await;
    for spelling in &SPELLINGS[1..4] {
        Seat::open(&server, spelling, "A").await.hears_close(1008, "side A busy").await;
    }
}

#[tokio::test]
async fn every_uuid_is_a_room_of_its_own() {
    let server = Server::start().await;
    let mut seats = Vec::new();
    for app in [
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "00000000-0000-1000-8000-000000000001",
        "00000000-0000-7000-8000-000000000001",
    ] {
        let mut seat = Seat::join(&server, app, "A").await;
        seat.silence().await;
        seats.push(seat);
    }
}

#[tokio::test]
async fn what_is_no_uuid_is_refused() {
    let server = Server::start().await;
    for app in [
        "",
        "nope",
        "aaaaaaaa-0000-4000-8000-00000000000",
        "aaaaaaaa-0000-4000-8000-00000000000aa",
        "aaaaaaaa-0000-4000-8000-00000000000g",
        "aaaaaaaa0000-4000-8000-00000000000a",
        "%7Baaaaaaaa-0000-4000-8000-00000000000a",
        "%20aaaaaaaa-0000-4000-8000-00000000000a",
        "urn:aaaaaaaa-0000-4000-8000-00000000000a",
        "%FF",
    ] {
        let path = path(app, "A");
        let refused = Seat::try_enter(server.address, Handshake { path: &path, ..Handshake::default() }).await;
        let refused = refused.err().unwrap_or_else(|| panic!("{app:?} is taken for a UUID"));
        assert_eq!((refused.status, refused.body.as_str()), (400, "invalid appID\n"), "{app:?}");
    }
}
