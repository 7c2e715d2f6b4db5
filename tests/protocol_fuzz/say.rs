//! What chance has one client say: mostly what a client would, sometimes what none should.

use std::sync::Arc;

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use super::{
    ear::{Ear, Names},
    support::frame::{self, BINARY, CLOSE, CONTINUATION, FIN, PING, PONG, TEXT},
};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wire {
    Chat,
    Sides,
}

/// What is said in one go.
pub struct Said {
    pub frames: Vec<u8>,
    /// The connection cannot go on after it.
    pub is_last: bool,
}

pub struct Voice {
    chance: StdRng,
    wire: Wire,
    names: Arc<Names>,
    number: usize,
}

impl Voice {
    pub fn new(wire: Wire, seed: u64, number: usize, names: Arc<Names>) -> Self {
        Self { chance: StdRng::seed_from_u64(seed), wire, names, number }
    }

    /// The name of the room with two sides in which it sits, if it does.
    pub fn place(&self) -> &str {
        &self.names.apps[self.number / 2]
    }

    pub fn path(&mut self) -> String {
        if self.wire == Wire::Chat {
            return "/ws".to_owned();
        }
        let side = ["A", "B"][self.number % 2];
        let sid = ["", "&sid=", "&sid=me"][self.below(3)];
        format!("/ws?appID={}&side={side}{sid}", self.place())
    }

    pub fn below(&mut self, count: usize) -> usize {
        self.chance.random_range(0..count)
    }

    pub fn speak(&mut self, ear: &Ear) -> Said {
        let goes_on = |frames| Said { frames, is_last: false };
        match self.below(100) {
            0..80 => {
                let text = self.sense(ear).to_string();
                goes_on(self.dressed(&text))
            }
            80..92 => {
                let text = self.nonsense(ear);
                goes_on(self.dressed(&text))
            }
            92..95 => goes_on(frame::masked(FIN | BINARY, &self.bytes(40))),
            95..98 => {
                let (kind, payload) = (if self.below(2) == 0 { PING } else { PONG }, self.bytes(125));
                goes_on(frame::masked(FIN | kind, &payload))
            }
            _ => Said { frames: self.foul(), is_last: true },
        }
    }

    /// As one frame or as several.
    fn dressed(&mut self, text: &str) -> Vec<u8> {
        if self.below(10) > 0 {
            return frame::text(text);
        }
        let (first, last) = text.as_bytes().split_at(self.below(text.len() + 1));
        let between = frame::masked(FIN | PING, b"between");
        [frame::masked(TEXT, first), between, frame::masked(FIN | CONTINUATION, last)].concat()
    }

    /// What a client would say.
    fn sense(&mut self, ear: &Ear) -> Value {
        if self.wire == Wire::Sides {
            let room = json!({"room": self.place(), "n": self.below(1000)});
            return match self.below(9) {
                0 => json!({"type": "offer", "sdp": "x", "room": self.place()}),
                1 => json!({"type": "answer", "sdp": "x", "room": self.place()}),
                2 => json!({"type": "ice", "candidate": room}),
                3 => json!({"type": "sender_ready", "room": self.place()}),
                4 => json!({"type": "send", "to": (["A", "B"][self.below(2)]), "payload": room}),
                5 => {
                    json!({"type": "send", "to": (["A", "B"][1 - self.number % 2]), "payload": room, "id": self.below(100)})
                }
                6 => json!({"type": "hello", "deliveredUpTo": ear.mail}),
                7 => json!({"type": "delivered", "upTo": ear.mail}),
                _ => json!({"type": "telemetry", "event": "connected", "mode": "direct"}),
            };
        }
        let names = self.names.clone();
        let topic = &names.topics[self.below(names.topics.len())];
        let peer = ear.peers.get(self.below(ear.peers.len().max(1))).map_or("nobody", String::as_str);
        match self.below(16) {
            0 | 1 => json!({"type": "available"}),
            2 => json!({"type": "next"}),
            3 => json!({"type": "leave"}),
            4 => json!({"type": "auth", "userId": format!("user-{}", self.below(20))}),
            5 => json!({"type": "ping"}),
            6 => json!({"type": "offer", "sdp": "x"}),
            7 => json!({"type": "ice", "candidate": {"n": self.below(1000)}}),
            8 | 9 => json!({"type": "join", "topic": topic, "info": {"n": self.below(9)}}),
            10 => json!({"type": "leave", "topic": topic, "ref": "r"}),
            11 | 12 => json!({"type": "publish", "topic": topic, "data": {"topic": topic}}),
            13 => json!({"type": "send", "to": peer, "topic": topic, "data": {"topic": topic}}),
            14 => json!({"type": "answer", "to": peer, "topic": topic, "sdp": "x"}),
            _ => json!({"type": "peers", "topic": topic, "limit": self.below(4) + 1}),
        }
    }

    /// What is nearly that, or nothing at all.
    fn nonsense(&mut self, ear: &Ear) -> String {
        let text = self.sense(ear).to_string();
        match self.below(7) {
            0 => text[..self.below(text.len())].to_owned(),
            1 => text.replacen("\"type\":\"", "\"type\":\"x", 1),
            2 => text.replacen('"', "'", 1),
            3 => format!("{text}{text}"),
            4 => "[".repeat(200),
            5 => json!({"type": self.below(9), "topic": null, "to": [], "payload": 1e300}).to_string(),
            _ => String::from_utf8_lossy(&self.bytes(60)).into_owned(),
        }
    }

    /// What no client may say.
    fn foul(&mut self) -> Vec<u8> {
        match self.below(9) {
            0 => frame::masked(FIN | TEXT, &[0xff, 0xfe]),
            1 => frame::unmasked(FIN | TEXT, b"{}"),
            2 => frame::masked(FIN | 0x40 | TEXT, b"{}"),
            3 => frame::masked(FIN | 0x3, b""),
            4 => frame::masked(FIN | CONTINUATION, b"{}"),
            5 => frame::masked(TEXT, b"never to be continued"),
            6 => frame::header(FIN | TEXT, 1 << 62),
            7 => frame::masked(FIN | TEXT, &[b' '; 5000]),
            _ => frame::masked(FIN | CLOSE, &[[3, 232], [0, 1], [15, 160]][self.below(3)]),
        }
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let length = self.below(most + 1);
        (0..length).map(|_| self.chance.random()).collect()
    }
}
