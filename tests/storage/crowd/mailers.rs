//! Somebody who mints codes, and leaves mail for a side that is not there.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::ledger::{Ledger, Record};
use super::{Line, Told, Words};
use crate::support::frame;
use crate::support::handshake::Handshake;
use crate::support::noisy::{Minted, Seat, minted, path, wanted};
use crate::support::peer::Incoming;

/// As many items are left; after that codes are minted.
const MOST: usize = 60;

pub struct Guest {
    words: Words,
    room: String,
    /// Who leaves the mail.
    sender: Seat,
    items: Ledger<Item>,
    codes: Vec<Minted>,
}

#[derive(Clone, PartialEq, Debug)]
struct Item {
    seq: u64,
    payload: Value,
    /// Of the payload; different for each.
    name: String,
}

impl Record for Item {
    fn key(&self) -> &str {
        &self.name
    }

    fn is_like(&self, other: &Self) -> bool {
        *self == Self { seq: self.seq, ..other.clone() }
    }
}

impl Guest {
    pub async fn new(server: SocketAddr, words: Words, number: u64) -> Self {
        let room = crate::support::noisy::room(u32::try_from(number).expect("few guests"));
        Self { words, sender: enter(server, &room, "A").await, room, items: Ledger::new(), codes: Vec::new() }
    }

    pub async fn act(&mut self, line: &mut Line) -> Told<()> {
        if self.items.kept.len() < MOST && self.words.percent(70) {
            return self.send().await;
        }
        match line.ask("POST", "/rendezvous/code", &[], "").await {
            // If it was minted, nobody will ever know.
            None => Told::Nothing,
            Some(answer) if answer.status == 503 => {
                assert_eq!(answer.body, "storage unavailable\n");
                Told::Refused
            }
            Some(answer) => {
                self.codes.push(minted(&answer));
                Told::Done(())
            }
        }
    }

    async fn send(&mut self) -> Told<()> {
        let name = self.words.fresh();
        let payload = json!({"name": name, "candidate": self.words.candidate()});
        let item = json!({"type": "send", "to": "B", "payload": payload, "id": name});
        // A push may find the connection gone; the reading will tell.
        let _ = self.sender.write(&frame::text(&item.to_string())).await;
        let told = loop {
            let words = match self.sender.next().await {
                Incoming::Text(words) => words,
                Incoming::Closed(_) => break Told::Nothing,
                other => panic!("heard {other:?}"),
            };
            let heard: Value = serde_json::from_str(&words).expect("the server speaks JSON");
            match heard["type"].as_str() {
                Some("room_full" | "peer_left") => continue,
                Some("sent") => {
                    assert_eq!(heard["id"], name.as_str(), "{heard}");
                    break Told::Done(heard["seq"].as_u64().expect("a number"));
                }
                _ => {
                    let error = (&heard["type"], &heard["code"], &heard["id"]);
                    assert_eq!(error, (&json!("error"), &json!("STORAGE_UNAVAILABLE"), &json!(name)), "{heard}");
                    break Told::Refused;
                }
            }
        };
        let new = Item { seq: 0, payload, name };
        self.items.add(vec![new], told, |mut new, seq| {
            new[0].seq = seq;
            new
        })
    }

    pub async fn check(&mut self, line: &mut Line) {
        if self.sender.has_ended() || !self.sender.settled().await {
            self.sender = enter(line.server(), &self.room, "A").await;
        }
        let mut receiver = enter(line.server(), &self.room, "B").await;
        let mut seen = Vec::new();
        for item in receiver.heard().await.iter().filter(|heard| heard["type"] == "send") {
            let seq = item["seq"].as_u64().expect("a number");
            assert_eq!(seq, seen.len() as u64 + 1, "in order and without a gap: {item}");
            let name = item["payload"]["name"].as_str().expect("a name").to_owned();
            seen.push(Item { seq, payload: item["payload"].clone(), name });
        }
        receiver.close(1000, "").await;
        receiver.end().await;
        self.items.settle(seen);
        while let Some(Minted { code, app }) = self.codes.last() {
            let json = [("Content-Type", "application/json")];
            let redeemed = line.hear("POST", "/rendezvous/redeem", &json, &wanted(code)).await;
            if redeemed.status == 503 {
                // It is a change itself: another time.
                break;
            }
            assert_eq!((redeemed.status, &redeemed.json()["appID"]), (200, &json!(app)), "{redeemed:?}");
            self.codes.pop();
        }
    }
}

/// Has a seat and has not received anything yet.
async fn enter(server: SocketAddr, room: &str, side: &str) -> Seat {
    let seat = Seat::enter(server, Handshake { path: &path(room, side), ..Handshake::default() }).await;
    seat.hello(0).await;
    seat
}
