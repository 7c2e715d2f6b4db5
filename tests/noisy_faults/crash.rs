//! The process is killed between an item's receipt and its delivery, again and again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::support::frame;
use crate::support::handshake::Handshake;
use crate::support::noisy::{Seat, path, room};
use crate::support::peer::Incoming;
use crate::support::storage::Disk;

const ROUNDS: u32 = 20;
/// Half of them with nobody at the other side, half with somebody who reads and acknowledges.
const ROOMS: u32 = 8;
/// As many as an absent side's mailbox holds, and a few of a receiver's who is slow.
const ITEMS: u64 = 250;
/// Which of the many ways this goes.
const SEED: u64 = 1;

/// What the clients of a room knew when the server was killed.
struct Left {
    app: String,
    /// The last item whose receipt was heard.
    kept: u64,
    /// The last item that was received and acknowledged.
    delivered: u64,
}

/// How many receipts were heard in all.
#[derive(Default)]
struct Receipts {
    count: AtomicUsize,
    more: Notify,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_item_whose_receipt_was_heard_arrives_after_a_crash() {
    let disk = Disk::default();
    let mut chance = StdRng::seed_from_u64(SEED);
    let mut left: Vec<Left> = Vec::new();
    let mut arrived = 0;
    for round in 0..=ROUNDS {
        let sync = if round % 2 == 0 { "full" } else { "normal" };
        let mut server =
            disk.server(&[("STORAGE_SYNC", sync), ("MAX_MSG_PER_SECOND", "0"), ("MAX_BYTES_PER_SECOND", "0")]).await;
        for left in left.drain(..) {
            arrived += fetch(server.address, left).await;
        }
        if round == ROUNDS {
            break;
        }
        let receipts = Arc::new(Receipts::default());
        let mut working = JoinSet::new();
        for number in 0..ROOMS {
            let app = room(round * ROOMS + number);
            let receiver = if number % 2 == 1 { Some(Seat::join(&server, &app, "B").await) } else { None };
            let sender = Seat::join(&server, &app, "A").await;
            working.spawn(work(app, sender, receiver, Arc::clone(&receipts)));
        }
        let enough = chance.random_range(1..ROOMS as usize * 100);
        while receipts.count.load(Ordering::Relaxed) < enough {
            receipts.more.notified().await;
        }
        server.kill().await;
        server.assert_no_panic();
        left = working.join_all().await;
    }
    println!("{arrived} items arrived after {ROUNDS} crashes, none was lost");
}

/// Sends items to a side until the server is gone.
async fn work(app: String, mut sender: Seat, mut receiver: Option<Seat>, receipts: Arc<Receipts>) -> Left {
    let mut left = Left { app, kept: 0, delivered: 0 };
    let mut items = Vec::new();
    for number in 1..=ITEMS {
        let item = json!({"type": "send", "to": "B", "payload": {"number": number}, "id": number});
        items.extend(frame::text(&item.to_string()));
    }
    // All at once: many wait for their commit when the server is killed.
    let _ = sender.write(&items).await;
    let hear = async |sender: &mut Seat| {
        let mut kept = 0;
        loop {
            match sender.next().await {
                Incoming::Text(words) if words.contains("room_full") || words.contains("peer_left") => {}
                Incoming::Text(words) => {
                    kept += 1;
                    assert_eq!(words, json!({"type": "sent", "id": kept, "seq": kept}).to_string());
                    receipts.count.fetch_add(1, Ordering::Relaxed);
                    receipts.more.notify_one();
                }
                Incoming::Closed(_) => return kept,
                other => panic!("heard {other:?}"),
            }
            if kept == ITEMS {
                return kept;
            }
        }
    };
    let receive = async |receiver: &mut Seat| {
        let mut delivered = 0;
        while delivered < ITEMS {
            match receiver.next().await {
                Incoming::Text(words) if words.contains("room_full") || words.contains("peer_left") => {}
                Incoming::Text(words) => {
                    let seq = number(&words);
                    assert_eq!(seq, delivered + 1, "no gap: {words}");
                    let acknowledged = json!({"type": "delivered", "upTo": seq}).to_string();
                    if receiver.write(&frame::text(&acknowledged)).await.is_err() {
                        break;
                    }
                    delivered = seq;
                }
                Incoming::Closed(_) => break,
                other => panic!("heard {other:?}"),
            }
        }
        delivered
    };
    match &mut receiver {
        Some(receiver) => (left.kept, left.delivered) = tokio::join!(hear(&mut sender), receive(receiver)),
        None => left.kept = hear(&mut sender).await,
    }
    left
}

/// Takes what was left for a room, and gives how much it was.
async fn fetch(server: SocketAddr, left: Left) -> u64 {
    let handshake_path = path(&left.app, "B");
    let mut b = Seat::enter(server, Handshake { path: &handshake_path, ..Handshake::default() }).await;
    b.hello(left.delivered).await;
    let items = b.heard().await;
    let mut last = left.delivered;
    for item in &items {
        last += 1;
        assert_eq!(item["payload"]["number"], last, "in order and without a gap: {item}");
        assert_eq!(item["seq"], last, "{item}");
    }
    assert!(last >= left.kept, "{} items were acknowledged to their sender, {last} came", left.kept);
    b.delivered(last).await;
    b.settle().await;
    b.terminate().await;
    items.len() as u64
}

fn number(item: &str) -> u64 {
    let item: Value = serde_json::from_str(item).expect("the server speaks JSON");
    assert_eq!(item["payload"]["number"], item["seq"], "{item}");
    item["seq"].as_u64().expect("an item has a number")
}
