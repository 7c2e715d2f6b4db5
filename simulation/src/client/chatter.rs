//! A client of the chat: looks for strangers, talks to them, joins topics, and loses its connection in every way.

use std::{rc::Rc, time::Duration};

use rand::{RngExt, SeedableRng, rngs::SmallRng};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    pairing::{Ask, Pairing, Requeues, State},
    session::{Entrance, News, Ping, Session},
    topics::Topics,
};
use crate::{
    host::Host,
    ledger::{Belief, Ledger, Matched, Seat, Wait, now},
    timetable,
};

const TOPICS: [&str; 2] = ["chess", "go"];

/// How many frames at most are said at once.
const BURST: u64 = 20;

pub struct Chatter {
    session: Session,
    chance: SmallRng,
    user: Option<u8>,
    requeues: Requeues,
    pairing: Pairing,
    topics: Topics,
    /// Frames said to partners.
    said: u64,
    /// The room in which the last of them was said.
    said_in: String,
    /// When it asked for a partner, where it has come to the queue by that alone and over this connection.
    asked: Option<Duration>,
    /// Since when it has certainly waited.
    waits_since: Option<Duration>,
    joins: u64,
}

/// What a client is, beside chance.
pub struct Role {
    pub name: String,
    pub user: Option<u8>,
    /// Its session's window, where it is resumable.
    pub window: Option<Duration>,
    pub requeues: Requeues,
}

impl Chatter {
    pub fn new(role: Role, ledger: Ledger, host: Rc<Host>, seed: u64) -> Self {
        Self {
            session: Session::new(role.name, ledger, host, role.window),
            chance: SmallRng::seed_from_u64(seed),
            user: role.user,
            requeues: role.requeues,
            pairing: Pairing::new(role.requeues),
            topics: Topics::default(),
            said: 0,
            said_in: String::new(),
            asked: None,
            waits_since: None,
            joins: 0,
        }
    }

    /// From its first connection to its last.
    pub async fn live(mut self) {
        self.pause(0..1000).await;
        while now() < timetable::CALM {
            let thinking = self.chance.random_range(30..500);
            self.listen(Duration::from_millis(thinking)).await;
            // Coming back may have taken until then.
            if self.session.is_connected() && now() < timetable::CALM {
                self.act().await;
            }
        }
        while now() < timetable::LAST_WORDS {
            self.listen(Duration::from_millis(300)).await;
            self.settle_down().await;
        }
        self.last_words().await;
        while now() < timetable::REST {
            self.listen(Duration::from_millis(100)).await;
        }
        self.believe();
        while now() < timetable::FAREWELL {
            self.listen(Duration::from_millis(100)).await;
        }
        self.farewell().await;
    }

    async fn pause(&mut self, milliseconds: std::ops::Range<u64>) {
        sleep(Duration::from_millis(self.chance.random_range(milliseconds))).await;
    }

    /// Hears whatever comes, and comes back when the connection is lost.
    async fn listen(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            if !self.session.is_connected() {
                self.connect().await;
            }
            match self.session.hear(until).await {
                Some(News::Frame(frame)) => self.hear(&frame),
                Some(News::Pong(ping)) => self.hear_pong(ping),
                Some(News::Lost) | None => {}
            }
        }
    }

    async fn connect(&mut self) {
        (self.asked, self.waits_since) = (None, None);
        // Now and then for longer than a session lasts.
        let longest = if now() < timetable::CALM && self.chance.random_bool(0.1) { 8000 } else { 700 };
        self.pause(10..longest).await;
        match self.session.connect().await {
            Entrance::Fresh => {
                self.pairing = Pairing::new(self.requeues);
                self.topics = Topics::default();
                self.said_in.clear();
                self.session.ledger.enters(&self.session.id, self.user);
                if let Some(user) = self.user {
                    self.session.say(json!({"type": "auth", "userId": user})).await;
                }
            }
            Entrance::Resumed | Entrance::Refused => {}
        }
    }

    fn hear(&mut self, frame: &Value) {
        if self.session.is_ending() {
            // Nobody is told whom the end has taken away: what follows from that, nobody can know.
            return;
        }
        let ledger = self.session.ledger.clone();
        let fault = |problem: String| format!("{}: {problem}", self.session.name);
        if frame.get("topic").is_some() {
            ledger.count(|counts| counts.published += u64::from(frame["type"] == "message"));
            return ledger.check(self.topics.hear(frame).map_err(fault));
        }
        ledger.count(|counts| counts.relayed += u64::from(frame["type"] == "offer"));
        ledger.check(self.pairing.hear(frame).map_err(fault));
        match frame["type"].as_str() {
            Some("matched") => {
                let text = |name: &str| frame[name].as_str().unwrap_or_default().to_owned();
                self.waits_since = None;
                ledger.matched(Matched {
                    room: text("roomId"),
                    client: self.session.id.clone(),
                    partner: text("partnerId"),
                    initiator: frame["initiator"] == true,
                    heard: now(),
                    asked: self.asked.take(),
                });
            }
            Some("partner-left") => (self.asked, self.waits_since) = (None, None),
            _ => {}
        }
    }

    fn hear_pong(&mut self, ping: Ping) {
        if ping.settles {
            self.pairing.settle();
        }
        if self.pairing.certain() != Some(&State::Waiting) || self.session.is_ending() {
            self.waits_since = None;
            return;
        }
        let since = *self.waits_since.get_or_insert_with(now);
        if ping.said > since {
            self.session.ledger.waits(&self.session.id, Wait { since, until: ping.said });
        }
    }

    async fn act(&mut self) {
        match self.chance.random_range(0..100) {
            0..35 => self.ask_something().await,
            35..55 => self.talk().await,
            55..70 => self.join_or_leave().await,
            70..88 => self.publish().await,
            // Nothing is read, and no ping answered.
            88..91 => self.pause(200..8000).await,
            91..97 => self.end_connection().await,
            _ => {}
        }
    }

    /// Looks for a partner for the last time, and knows how that ends.
    async fn settle_down(&mut self) {
        match self.pairing.certain() {
            Some(State::Idle) if now() < timetable::LAST_SEARCH => self.ask(Ask::Available).await,
            None if !self.pairing.is_asking() => self.ask(Ask::Leave).await,
            _ => {}
        }
    }

    async fn ask_something(&mut self) {
        let ask = match self.pairing.certain() {
            None if self.pairing.is_asking() => return,
            // `available` may have been ignored, and may not: only this makes it certain.
            None => Ask::Leave,
            Some(State::Idle) => Ask::Available,
            Some(State::Waiting) if self.chance.random_bool(0.1) => Ask::Leave,
            Some(State::Waiting) => Ask::Available,
            Some(State::Seated(_)) => match self.chance.random_range(0..10) {
                0..4 => Ask::Next,
                4..6 => Ask::Leave,
                6 => Ask::Available,
                _ => return,
            },
        };
        self.ask(ask).await;
    }

    async fn ask(&mut self, ask: Ask) {
        let is_waiting = self.pairing.certain() == Some(&State::Waiting);
        match ask {
            Ask::Available if is_waiting => {}
            Ask::Available | Ask::Next => (self.asked, self.waits_since) = (Some(now()), None),
            Ask::Leave => (self.asked, self.waits_since) = (None, None),
        }
        self.pairing.ask(ask);
        let kind = match ask {
            Ask::Available => "available",
            Ask::Next => "next",
            Ask::Leave => "leave",
        };
        self.session.ledger.note(&self.session.name, kind);
        self.session.say(json!({"type": kind})).await;
        self.session.ping(true).await;
    }

    async fn talk(&mut self) {
        let burst = if self.chance.random_bool(0.05) { BURST } else { 3 };
        for _ in 0..self.chance.random_range(1..=burst) {
            self.talk_once().await;
        }
    }

    async fn talk_once(&mut self) {
        let Some(State::Seated(seat)) = self.pairing.certain() else { return };
        self.said_in.clone_from(&seat.room);
        self.said += 1;
        let frame = json!({"type": "offer", "sdp": {"by": self.session.id, "number": self.said}});
        self.session.say(frame).await;
    }

    async fn join_or_leave(&mut self) {
        let topic = TOPICS[self.chance.random_range(0..TOPICS.len())];
        let Some(is_in) = self.topics.is_in(topic) else { return };
        // Joining again changes nothing that anybody does not know.
        let kind = if is_in && self.chance.random_bool(0.8) { "leave" } else { "join" };
        self.joins += 1;
        self.topics.asks(topic);
        self.session.say(json!({"type": kind, "topic": topic, "ref": self.joins.to_string()})).await;
    }

    async fn publish(&mut self) {
        let topic = TOPICS[self.chance.random_range(0..TOPICS.len())];
        self.publish_to(topic).await;
    }

    async fn publish_to(&mut self, topic: &str) {
        if self.topics.is_in(topic) == Some(true) {
            let number = self.topics.next_number(topic);
            let data = json!({"by": self.session.id, "topic": topic, "number": number});
            self.session.say(json!({"type": "publish", "topic": topic, "data": data})).await;
        }
    }

    async fn end_connection(&mut self) {
        match self.chance.random_range(0..10) {
            0..4 => self.session.lose(),
            4..7 => self.session.die(),
            7..9 => self.session.close(4000).await,
            _ => self.session.close(1000).await,
        }
    }

    /// So that whoever knows anybody has heard something.
    async fn last_words(&mut self) {
        self.talk_once().await;
        for topic in TOPICS {
            self.publish_to(topic).await;
        }
    }

    fn believe(&self) {
        let Some(state) = self.pairing.certain().filter(|_| self.session.is_connected()) else {
            let why = format!("is not at rest: {:?}, connected {}", self.pairing, self.session.is_connected());
            return self.session.ledger.note(&self.session.name, &why);
        };
        let seat = match state {
            State::Seated(seat) => Some(Seat {
                room: seat.room.clone(),
                partner: seat.partner.clone(),
                said: if self.said_in == seat.room { self.said } else { 0 },
                heard: seat.heard,
            }),
            State::Idle | State::Waiting => None,
        };
        let belief = Belief {
            client: self.session.id.clone(),
            is_waiting: *state == State::Waiting,
            seat,
            topics: self.topics.belief(),
        };
        self.session.ledger.believes(&self.session.name, belief);
    }

    async fn farewell(&mut self) {
        if !self.session.is_resumable() && self.chance.random_bool(0.5) {
            return self.session.lose();
        }
        self.session.close(1000).await;
    }
}
