//! A side of a NoisyTransfer room: leaves mail for the other side, reads its own, and says offers in passing.

use std::{collections::VecDeque, rc::Rc, time::Duration};

use rand::{RngExt, SeedableRng, rngs::SmallRng};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::socket::{Heard, Socket};
use crate::{
    host::Host,
    ledger::{Ledger, now},
    timetable,
};

/// Silence after which a side takes its connection for broken: the server pings more often.
const SILENCE: Duration = Duration::from_secs(7);

pub struct NoisySide {
    name: String,
    room: u32,
    side: &'static str,
    other: &'static str,
    ledger: Ledger,
    host: Rc<Host>,
    chance: SmallRng,
    socket: Option<Socket>,
    dead: Vec<Socket>,
    heard_at: Duration,
    /// Newcomers are pinged, too.
    pinged_at: Duration,
    connected_at: Duration,
    /// In which life of the server it was connected last: what it knows is of that.
    life: u64,
    /// The number of the last item that it has read.
    read: u64,
    /// Items and offers that it has said.
    said: u64,
    /// Items of this connection of which the server has not said yet whether it keeps them.
    asked: VecDeque<u64>,
    /// The number of the last offer that it heard.
    offer: u64,
    other_is_there: bool,
}

impl NoisySide {
    pub fn new(room: u32, side: &'static str, ledger: Ledger, host: Rc<Host>, seed: u64) -> Self {
        Self {
            name: format!("{side}{room}"),
            room,
            side,
            other: if side == "A" { "B" } else { "A" },
            ledger,
            host,
            chance: SmallRng::seed_from_u64(seed),
            socket: None,
            dead: Vec::new(),
            heard_at: Duration::ZERO,
            pinged_at: Duration::ZERO,
            connected_at: Duration::ZERO,
            life: 0,
            read: 0,
            said: 0,
            asked: VecDeque::new(),
            offer: 0,
            other_is_there: false,
        }
    }

    pub async fn live(mut self) {
        while now() < timetable::CALM {
            let thinking = self.chance.random_range(30..500);
            self.listen(Duration::from_millis(thinking)).await;
            self.act().await;
        }
        while now() < timetable::FAREWELL {
            self.listen(Duration::from_millis(300)).await;
        }
        if let Some(socket) = self.socket.take() {
            socket.close(1000).await;
        }
    }

    async fn listen(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            if self.socket.is_none() {
                sleep(Duration::from_millis(self.chance.random_range(10..900))).await;
                self.connect().await;
            }
            let Some(socket) = &mut self.socket else { continue };
            match socket.hear(until).await {
                Some(Heard::Text(text)) => {
                    self.heard_at = now();
                    self.ledger.note(&self.name, text.trim_end());
                    self.ledger.count(|counts| counts.heard += 1);
                    let heard = serde_json::from_str(&text).map_err(|error| error.to_string());
                    let heard = heard.and_then(|frame| self.hear(&frame));
                    self.ledger.check(heard.map_err(|problem| format!("{}: {problem}", self.name)));
                }
                Some(Heard::Ping(_)) => self.pinged_at = now(),
                Some(Heard::Closed(code)) => {
                    self.ledger.note(&self.name, &format!("closed {code}"));
                    // What it said on earlier connections may arrive behind its words on this one: then it has shown that it lives there,
                    // and is refused here, or has come back there, and is replaced here. Whoever sits is never refused.
                    let is_refused = code == 1008 && self.heard_at == self.connected_at;
                    if ![1001, 4008, 4010, 4409].contains(&code) && !is_refused {
                        self.ledger.violation(|| format!("{} is closed with {code}", self.name));
                    }
                    self.lose();
                }
                Some(Heard::Lost) => self.lose(),
                None if now() > self.heard_at.max(self.pinged_at) + SILENCE => self.lose(),
                None => {}
            }
        }
    }

    async fn connect(&mut self) {
        let life = self.host.life();
        let app = format!("{:08x}-0000-4000-8000-{life:012x}", self.room);
        let Some(mut socket) = Socket::open(&format!("/ws?appID={app}&side={}&sid={}", self.side, self.name)).await
        else {
            return;
        };
        // Else it would be in a room of a life that is over.
        if self.host.life() != life {
            return;
        }
        if self.life != life {
            (self.life, self.read, self.offer) = (life, 0, 0);
        }
        self.asked.clear();
        self.other_is_there = false;
        (self.heard_at, self.connected_at) = (now(), now());
        if socket.say(&json!({"type": "hello", "deliveredUpTo": self.read}).to_string()).await {
            self.socket = Some(socket);
        }
    }

    fn hear(&mut self, frame: &Value) -> Result<(), String> {
        let number = |field: &Value| field.as_u64().ok_or_else(|| format!("hears {frame}"));
        match frame["type"].as_str() {
            Some("room_full") => self.other_is_there = true,
            Some("peer_left") if self.other_is_there => self.other_is_there = false,
            Some("deliver") => {
                let (seq, item) = (number(&frame["seq"])?, number(&frame["payload"])?);
                let at = (self.room, self.life, self.side);
                self.read = seq;
                self.ledger.count(|counts| counts.mail += 1);
                self.ledger.mail(|mail| mail.read(at, seq, item));
            }
            Some("sent") => {
                let (seq, item) = (number(&frame["seq"])?, number(&frame["id"])?);
                if self.asked.pop_front() != Some(item) {
                    return Err(format!("the receipt of {item} comes before its turn"));
                }
                let at = (self.room, self.life, self.other);
                self.ledger.mail(|mail| mail.kept(at, seq, item));
            }
            Some("error") if frame["code"] == "MAILBOX_FULL" => {
                let item = number(&frame["id"])?;
                self.asked.retain(|asked| *asked != item);
                let at = (self.room, self.life, self.other);
                self.ledger.mail(|mail| {
                    mail.refused(at, item);
                    Ok(())
                });
            }
            Some("error") if frame["code"] == "BUFFER_FULL" => {}
            Some("offer") => {
                let offer = number(&frame["sdp"])?;
                if offer <= self.offer {
                    return Err(format!("offer {offer} comes behind offer {}", self.offer));
                }
                self.offer = offer;
            }
            _ => return Err(format!("hears {frame}")),
        }
        Ok(())
    }

    async fn act(&mut self) {
        // Coming back may have taken until then.
        if self.socket.is_none() || now() >= timetable::CALM {
            return;
        }
        match self.chance.random_range(0..100) {
            0..45 => {
                self.said += 1;
                self.asked.push_back(self.said);
                let (to, item) = (self.other, self.said);
                self.say(json!({"type": "send", "to": to, "payload": item, "id": item})).await;
            }
            45..65 => {
                self.said += 1;
                let offer = self.said;
                self.say(json!({"type": "offer", "sdp": offer})).await;
            }
            65..80 => {
                let read = self.read;
                self.say(json!({"type": "delivered", "upTo": read})).await;
            }
            80..83 => sleep(Duration::from_millis(self.chance.random_range(200..8000))).await,
            83..87 => self.lose(),
            87..90 => self.dead.extend(self.socket.take()),
            _ => {}
        }
    }

    async fn say(&mut self, frame: Value) {
        if let Some(socket) = &mut self.socket
            && !socket.say(&frame.to_string()).await
        {
            self.lose();
        }
    }

    fn lose(&mut self) {
        self.ledger.count(|counts| counts.cuts += 1);
        self.socket = None;
    }
}
