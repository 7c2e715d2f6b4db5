//! A chat client's session: over one socket, or, where it is resumable, over many.

use std::{collections::VecDeque, rc::Rc, time::Duration};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::socket::{Heard, PATIENCE, Socket};
use crate::{
    host::Host,
    ledger::{Ledger, now},
};

/// Silence after which a client takes its connection for broken: it asks for an answer all the time.
const SILENCE: Duration = Duration::from_secs(4);

/// How often it asks.
const ASKS: Duration = Duration::from_millis(500);

pub struct Session {
    pub name: String,
    pub ledger: Ledger,
    host: Rc<Host>,
    /// In which life of the server the session began.
    life: u64,
    /// How long the server keeps a session without a socket; `None` for a client that does not ask for it.
    window: Option<Duration>,
    pub id: String,
    token: Option<String>,
    received: u64,
    sent: u64,
    /// What was said and perhaps not read: the last that was sent.
    kept: VecDeque<String>,
    pings: VecDeque<Ping>,
    socket: Option<Socket>,
    /// Sockets whose machine has died without a word.
    dead: Vec<Socket>,
    heard_at: Duration,
    asked_at: Duration,
    /// When it said the last thing that the server is known to have heard.
    proven: Duration,
}

/// A question that is answered when everything before it is done.
#[derive(Clone, Copy, Debug)]
pub struct Ping {
    pub said: Duration,
    /// Whether it stands behind something that was asked about the pairing.
    pub settles: bool,
    /// What had been sent with it.
    sent: u64,
}

pub enum News {
    Frame(Value),
    Pong(Ping),
    /// The socket is gone.
    Lost,
}

/// What comes of a connection.
#[derive(PartialEq, Eq, Debug)]
pub enum Entrance {
    Fresh,
    Resumed,
    Refused,
}

impl Session {
    pub fn new(name: String, ledger: Ledger, host: Rc<Host>, window: Option<Duration>) -> Self {
        Self {
            name,
            ledger,
            host,
            life: 0,
            window,
            id: String::new(),
            token: None,
            received: 0,
            sent: 0,
            kept: VecDeque::new(),
            pings: VecDeque::new(),
            socket: None,
            dead: Vec::new(),
            heard_at: Duration::ZERO,
            asked_at: Duration::ZERO,
            proven: Duration::ZERO,
        }
    }

    pub fn is_connected(&self) -> bool {
        self.socket.is_some()
    }

    /// Whether the server that it is of has been asked to stop.
    pub fn is_ending(&self) -> bool {
        self.host.is_stopped(self.life)
    }

    pub fn is_resumable(&self) -> bool {
        self.window.is_some()
    }

    /// Connects once.
    pub async fn connect(&mut self) -> Entrance {
        let path = if self.is_resumable() { "/ws?resumable=1" } else { "/ws" };
        let Some(mut socket) = Socket::open(path).await else { return Entrance::Refused };
        if self.is_resumable() {
            let resume = self.token.as_ref().map(|token| json!({"token": token, "received": self.received}));
            let hello = json!({"type": "hello", "resume": resume});
            if !socket.say(&hello.to_string()).await {
                return Entrance::Refused;
            }
        }
        let Some(Heard::Text(answer)) = socket.hear(Instant::now() + PATIENCE).await else { return Entrance::Refused };
        self.ledger.note(&self.name, &answer);
        let Ok(answer) = serde_json::from_str::<Value>(&answer) else { return Entrance::Refused };
        let entrance = if answer["type"] == "resumed" { self.resumed(&answer) } else { self.began(&answer) };
        self.heard_at = now();
        self.asked_at = now();
        self.token = answer["resumeToken"].as_str().map(str::to_owned);
        self.socket = Some(socket);
        for words in self.kept.clone() {
            if !self.transmit(&words).await {
                return Entrance::Refused;
            }
        }
        entrance
    }

    fn began(&mut self, answer: &Value) -> Entrance {
        let (name, away) = (&self.name, now() - self.proven);
        if self.token.is_some() {
            let is_over = self.window.is_some_and(|window| away >= window) || self.life != self.host.life();
            // Whoever stops ends sessions, also of those who are about to come back.
            let is_stopped = self.host.is_stopped(self.life) && answer["reason"] == "ended";
            if (answer["reason"] != "expired" || !is_over) && !is_stopped {
                self.ledger.violation(|| format!("{name} lost its session after {away:?}: {answer}"));
            }
        }
        if answer["type"] != "ready" {
            self.ledger.violation(|| format!("{name} is greeted with {answer}"));
        }
        self.id = answer["clientId"].as_str().unwrap_or_default().to_owned();
        (self.received, self.sent, self.proven, self.life) = (0, 0, now(), self.host.life());
        self.kept.clear();
        self.pings.clear();
        Entrance::Fresh
    }

    fn resumed(&mut self, answer: &Value) -> Entrance {
        let had = answer["received"].as_u64().unwrap_or_default();
        let known = self.sent - self.kept.len() as u64;
        let (name, id, sent) = (&self.name, &self.id, self.sent);
        if answer["clientId"] != **id || !(known..=sent).contains(&had) {
            self.ledger.violation(|| format!("{name} is {id}, has said {known} to {sent} and hears {answer}"));
        }
        self.forget(had);
        self.ledger.count(|counts| counts.resumed += 1);
        Entrance::Resumed
    }

    /// Says something now, or, where the session is resumable, when there is a socket again.
    pub async fn say(&mut self, frame: Value) {
        let words = frame.to_string();
        self.sent += 1;
        if self.is_resumable() {
            self.kept.push_back(words.clone());
        }
        self.transmit(&words).await;
    }

    async fn transmit(&mut self, words: &str) -> bool {
        let Some(socket) = &mut self.socket else { return false };
        let taken = socket.say(words).await;
        if !taken {
            self.lose();
        }
        taken
    }

    /// Asks for an answer.
    pub async fn ping(&mut self, settles: bool) {
        self.asked_at = now();
        // Before it is said: the answer may be there before the next line is.
        self.pings.push_back(Ping { said: now(), settles, sent: self.sent + 1 });
        self.say(json!({"type": "ping"})).await;
    }

    /// What comes next; `None` when nothing does until then. Without a socket nothing does.
    pub async fn hear(&mut self, until: Instant) -> Option<News> {
        loop {
            if self.socket.is_some() && now() >= self.asked_at + ASKS {
                self.ping(false).await;
            }
            let wake = until.min(Instant::now() + ASKS / 2);
            let Some(socket) = &mut self.socket else { return Some(News::Lost) };
            match socket.hear(wake).await {
                Some(Heard::Text(text)) => {
                    self.ledger.note(&self.name, &text);
                    self.ledger.count(|counts| counts.heard += 1);
                    (self.heard_at, self.received) = (now(), self.received + 1);
                    let Ok(frame) = serde_json::from_str::<Value>(&text) else { continue };
                    if frame["type"] != "pong" {
                        return Some(News::Frame(frame));
                    }
                    let Some(ping) = self.pings.pop_front() else {
                        self.ledger.violation(|| format!("{} hears a pong that it did not ask for", self.name));
                        continue;
                    };
                    self.proven = self.proven.max(ping.said);
                    self.forget(ping.sent);
                    return Some(News::Pong(ping));
                }
                Some(Heard::Ping(payload)) => {
                    self.heard_at = now();
                    let (name, received) = (&self.name, self.received);
                    if self.window.is_some() && payload != received.to_string() {
                        self.ledger.violation(|| format!("{name} has heard {received} frames, not {payload}"));
                    }
                }
                Some(Heard::Closed(code)) => {
                    self.ledger.note(&self.name, &format!("closed {code}"));
                    if ![1001, 4008, 4010].contains(&code) {
                        self.ledger.violation(|| format!("{} is closed with {code}", self.name));
                    }
                    self.lose();
                }
                Some(Heard::Lost) => self.lose(),
                None if now() > self.heard_at + SILENCE => self.lose(),
                None if Instant::now() >= until => return None,
                None => {}
            }
        }
    }

    /// The connection breaks: the server hears of it.
    pub fn lose(&mut self) {
        self.ledger.note(&self.name, "lost");
        self.ledger.count(|counts| counts.cuts += 1);
        self.socket = None;
    }

    /// The connection breaks: the server hears nothing.
    pub fn die(&mut self) {
        self.ledger.note(&self.name, "dies");
        self.ledger.count(|counts| counts.cuts += 1);
        self.dead.extend(self.socket.take());
    }

    /// Closes the socket, with 1000 for good.
    pub async fn close(&mut self, code: u16) {
        self.ledger.note(&self.name, "closes");
        if code == 1000 {
            self.token = None;
        }
        if let Some(socket) = self.socket.take() {
            socket.close(code).await;
        }
    }

    /// The server has had so many frames.
    fn forget(&mut self, had: u64) {
        let known = self.sent - self.kept.len() as u64;
        let more = usize::try_from(had.saturating_sub(known)).unwrap_or(usize::MAX);
        self.kept.drain(..more.min(self.kept.len()));
    }
}
