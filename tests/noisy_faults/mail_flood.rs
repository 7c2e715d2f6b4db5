//! Far more mail than anybody may leave.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::process::{MIB, holdings, peak};
use crate::support::frame;
use crate::support::handshake::Handshake;
use crate::support::http;
use crate::support::noisy::{ROOM_FULL, Seat, assert_unharmed, path, room};
use crate::support::server::{CROWDED, Server};
use crate::support::storage::Disk;

const FLOOD: u64 = 128 * MIB;
/// An item a little under the message limit.
const LARGE: usize = 1000 * 1024;
const UNLIMITED_RATE: [(&str, &str); 2] = [("MAX_MSG_PER_SECOND", "0"), ("MAX_BYTES_PER_SECOND", "0")];

/// A frame that leaves an item of this size for the other side, and asks for a receipt.
fn item(size: usize) -> Vec<u8> {
    frame::text(&json!({"type": "send", "to": "B", "payload": "x".repeat(size), "id": 1}).to_string())
}

/// How many were kept and how many refused, and each refusal says why.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
struct Told {
    kept: u64,
    refused: u64,
}

async fn told(sender: &mut Seat, count: u64) -> Told {
    let mut told = Told::default();
    for _ in 0..count {
        let heard = sender.hear().await;
        match heard["type"].as_str() {
            Some("sent") => told.kept += 1,
            Some("error") => {
                assert_eq!((&heard["code"], &heard["id"]), (&Value::from("MAILBOX_FULL"), &json!(1)), "{heard}");
                assert!(heard["message"].as_str().is_some_and(|message| !message.is_empty()), "{heard}");
                told.refused += 1;
            }
            _ => panic!("{heard}"),
        }
    }
    told
}

#[tokio::test]
async fn mail_for_one_absent_peer_is_refused_at_the_bound() {
    for (storage, size) in [("memory", LARGE), ("sqlite", LARGE), ("memory", 1_000)] {
        let disk = Disk::default();
        let path = disk.path();
        let server =
            Server::with(&[UNLIMITED_RATE[0], UNLIMITED_RATE[1], ("STORAGE_TYPE", storage), ("STORAGE_PATH", &path)])
                .await;
        let mut sender = Seat::join(&server, &room(1), "A").await;
        let item = item(size);
        let (batch, flood) = if size == LARGE { (1, 40 * MIB) } else { (100, 5 * MIB) };
        let batches = flood / (size * batch) as u64;
        let bytes = item.repeat(batch);
        let before = holdings(&server);
        let send = async {
            let mut all = Told::default();
            for _ in 0..batches {
                sender.write(&bytes).await.unwrap();
                let Told { kept, refused } = told(&mut sender, batch as u64).await;
                all.kept += kept;
                all.refused += refused;
            }
            all
        };
        let (all, grown) = peak(&server, before, send).await;
        println!("{all:?} of {size} bytes on {storage}, at most {} KiB more", grown / 1024);
        let kept = if size == LARGE { 1 } else { 256 };
        assert_eq!(all, Told { kept, refused: batches * batch as u64 - kept });
        assert!(grown < 24 * MIB, "the server has grown by {grown} bytes");
        let mut b = Seat::open(&server, &room(1), "B").await;
        b.hello(0).await;
        b.hears(ROOM_FULL).await;
        for seq in 1..=all.kept {
            b.hears_item(seq, json!("x".repeat(size))).await;
        }
        b.silence().await;
        assert_unharmed(&server).await;
    }
}

#[tokio::test]
async fn mail_in_very_many_rooms_is_refused_at_the_bound_of_all() {
    const SIZE: usize = 250 * 1024;
    const STORED: u64 = 32 * MIB;
    const SENDERS: u32 = 4;
    let settings = [UNLIMITED_RATE[0], UNLIMITED_RATE[1], ("MAX_STORED_BYTES", "32MiB")];
    let server = Server::with(&settings).await;
    let rooms = (FLOOD / (4 * SIZE as u64)) as u32;
    let before = holdings(&server);
    let flood = async {
        let mut sending = JoinSet::new();
        for share in 0..SENDERS {
            let address = server.address;
            sending.spawn(async move {
                let item = item(SIZE);
                let mut all = Told::default();
                for number in (0..rooms).filter(|room| room % SENDERS == share) {
                    let path = path(&room(number), "A");
                    let mut sender = Seat::enter(address, Handshake { path: &path, ..Handshake::default() }).await;
                    for _ in 0..4 {
                        sender.write(&item).await.unwrap();
                        let Told { kept, refused } = told(&mut sender, 1).await;
                        all.kept += kept;
                        all.refused += refused;
                    }
                    sender.terminate().await;
                }
                all
            });
        }
        sending
            .join_all()
            .await
            .into_iter()
            .fold(Told::default(), |sum, one| Told { kept: sum.kept + one.kept, refused: sum.refused + one.refused })
    };
    let (all, grown) = peak(&server, before, flood).await;
    println!("{all:?} in {rooms} rooms, at most {} KiB more", grown / 1024);
    assert_eq!(all.kept + all.refused, 4 * u64::from(rooms));
    assert!(all.kept * SIZE as u64 <= STORED && all.kept > 0, "{all:?}");
    assert!(grown < STORED + 32 * MIB, "the server has grown by {grown} bytes");
    assert_eq!(http::get(server.address, "/readyz").await.status, 200, "a full store is no broken one");
    let mut b = Seat::open(&server, &room(0), "B").await;
    b.hello(0).await;
    b.hears_item(1, json!("x".repeat(SIZE))).await;
}

#[tokio::test]
async fn frames_for_absent_sides_of_very_many_rooms_are_bounded() {
    const SIZE: usize = 60 * 1024;
    const ROOMS: u32 = 400;
    let server = Server::with(&[CROWDED, UNLIMITED_RATE[0], UNLIMITED_RATE[1], ("MAX_STORED_BYTES", "16MiB")]).await;
    let words = frame::text(&json!({"type": "offer", "sdp": "x".repeat(SIZE)}).to_string()).repeat(4);
    let before = holdings(&server);
    let mut seats = Vec::new();
    let flood = async {
        for number in 0..ROOMS {
            let mut seat = Seat::open(&server, &room(number), "A").await;
            seat.write(&words).await.unwrap();
            seat.settle().await;
            seats.push(seat);
        }
        let mut refused = 0;
        for seat in &mut seats {
            let heard = seat.heard().await;
            assert!(heard.iter().all(|frame| frame["code"] == "BUFFER_FULL"), "{heard:?}");
            refused += heard.len();
        }
        refused
    };
    let (refused, grown) = peak(&server, before, flood).await;
    println!("{refused} of {} frames refused, at most {} KiB more", 4 * ROOMS, grown / 1024);
    assert!(refused > 0 && grown < 64 * MIB, "the server has grown by {grown} bytes");
}
