//! A session in the hands of a test: it counts, and acknowledges nothing unless it is told to.

use std::net::Ipv4Addr;
use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use crate::support::PATIENCE;
use crate::support::frame::{self, CLOSE, FIN, PONG};
use crate::support::handshake::Handshake;
use crate::support::http::Response;
use crate::support::metrics::sample;
use crate::support::peer::{Manners, Peer};
use crate::support::resumable::PATH;
use crate::support::server::Server;

/// A session and the socket that it has now.
pub struct Session {
    pub id: String,
    pub token: String,
    /// Text frames that have been heard on this session.
    pub received: u64,
    peer: Peer,
}

/// A session without a socket, as its client remembers it.
#[derive(Clone, Debug)]
pub struct Memory {
    pub id: String,
    pub token: String,
    pub received: u64,
}

impl Deref for Session {
    type Target = Peer;
    fn deref(&self) -> &Peer {
        &self.peer
    }
}

impl DerefMut for Session {
    fn deref_mut(&mut self) -> &mut Peer {
        &mut self.peer
    }
}

/// A resumable socket that has said nothing yet, or the answer that refused it.
pub async fn open_from(server: &Server, source: Ipv4Addr) -> Result<Peer, Response> {
    let manners = Manners { answers_pings: false, ..Manners::default() };
    Handshake { path: PATH, manners, source: Some(source), ..Handshake::default() }.open(server.address).await
}

pub async fn open(server: &Server) -> Peer {
    open_from(server, Ipv4Addr::LOCALHOST).await.expect("the upgrade is accepted")
}

/// Says hello and takes what `ready` gives; the `ready` itself, too.
pub async fn begin(mut peer: Peer, hello: Value) -> (Session, Value) {
    peer.send(hello).await;
    let ready = peer.hear().await;
    assert_eq!(ready["type"], "ready", "{ready}");
    let text = |name: &str| ready[name].as_str().unwrap_or_default().to_owned();
    (Session { id: text("clientId"), token: text("resumeToken"), received: 0, peer }, ready)
}

impl Session {
    pub async fn enter(server: &Server) -> Self {
        begin(open(server).await, json!({"type": "hello"})).await.0
    }

    pub async fn say(&self, kind: &str) {
        self.send(json!({"type": kind})).await;
    }

    /// The next text frame, counted.
    pub async fn hear(&mut self) -> Value {
        let heard = self.peer.hear().await;
        self.received += 1;
        heard
    }

    pub async fn hears(&mut self, expected: Value) {
        assert_eq!(self.hear().await, expected);
    }

    pub async fn refused(&mut self, code: &str) {
        let heard = self.hear().await;
        assert_eq!((&heard["type"], &heard["code"]), (&json!("error"), &json!(code)), "{heard}");
    }

    /// All that was said until the server had worked through what it was sent, counted.
    pub async fn heard(&mut self) -> Vec<Value> {
        let heard = self.peer.heard().await;
        self.received += heard.len() as u64;
        heard
    }

    /// The count that the next ping of the server carries; counts nothing that comes before it.
    pub async fn pinged(&mut self) -> String {
        let payload = self.peer.pinged().await;
        String::from_utf8(payload.into()).expect("a count")
    }

    pub async fn pong(&self, payload: &str) {
        self.write(&frame::masked(FIN | PONG, payload.as_bytes())).await.expect("the server keeps the connection");
    }

    /// Says that it has received all that it has heard; when this returns, the server knows.
    pub async fn acknowledge(&mut self) {
        self.send(json!({"type": "ack", "received": self.received})).await;
        self.settle().await;
    }

    pub async fn offer(&self, sdp: impl Into<Value>) {
        self.send(json!({"type": "offer", "sdp": sdp.into()})).await;
    }

    pub async fn hears_offer(&mut self, from: &str, sdp: impl Into<Value>) {
        let expected = json!({"type": "offer", "from": from, "sdp": sdp.into()});
        assert_eq!(self.hear().await, expected);
    }

    /// Becomes available; when this returns, the server knows.
    pub async fn available(&mut self) {
        self.say("available").await;
        self.settle().await;
    }

    pub async fn matched_with(&mut self, partner: &str) {
        let heard = self.hear().await;
        assert_eq!((&heard["type"], &heard["partnerId"]), (&json!("matched"), &json!(partner)), "{heard}");
    }

    /// A close frame without a code.
    pub async fn close_without_code(&self) {
        self.write(&frame::masked(FIN | CLOSE, b"")).await.expect("the server keeps the connection");
    }

    /// Ends the session; when this returns, it has ended. What is said to it meanwhile is of no interest.
    pub async fn bye(mut self) -> Memory {
        self.say("bye").await;
        let closed = self.end().await;
        assert_eq!((closed.code, &*closed.reason), (1000, "bye"));
        self.memory()
    }

    pub fn memory(&self) -> Memory {
        Memory { id: self.id.clone(), token: self.token.clone(), received: self.received }
    }

    /// Loses its socket by a reset; the server may not know when this returns.
    pub async fn terminate(self) -> Memory {
        let memory = self.memory();
        self.peer.terminate().await;
        memory
    }

    /// Loses its socket by a reset; when this returns, the server knows. Nobody else may be away.
    pub async fn cut(self, server: &Server) -> Memory {
        let memory = self.terminate().await;
        are_away(server, 1).await;
        memory
    }
}

impl Memory {
    pub fn hello(&self) -> Value {
        json!({"type": "hello", "resume": {"token": self.token, "received": self.received}})
    }

    /// Comes back, and how many of the client's frames the server has had.
    pub async fn back(&self, server: &Server) -> (Session, u64) {
        self.back_over(open(server).await).await
    }

    pub async fn back_over(&self, mut peer: Peer) -> (Session, u64) {
        peer.send(self.hello()).await;
        let resumed = peer.hear().await;
        assert_eq!((&resumed["type"], &resumed["clientId"]), (&json!("resumed"), &json!(self.id)), "{resumed}");
        let token = resumed["resumeToken"].as_str().expect("a token").to_owned();
        assert_ne!(token, self.token);
        let had = resumed["received"].as_u64().expect("a count");
        (Session { id: self.id.clone(), token, received: self.received, peer }, had)
    }

    /// Comes too late, or with what is not good: it is somebody else then.
    pub async fn refused(&self, server: &Server, reason: &str) -> Session {
        self.refused_over(open(server).await, reason).await
    }

    pub async fn refused_over(&self, peer: Peer, reason: &str) -> Session {
        let (session, ready) = begin(peer, self.hello()).await;
        assert_eq!((&ready["resumed"], &ready["reason"]), (&json!(false), &json!(reason)), "{ready}");
        assert_ne!(session.id, self.id);
        session
    }
}

/// Two that have just been matched, the first having waited longer; nothing is acknowledged.
pub async fn pair(server: &Server) -> [Session; 2] {
    let mut pair = [Session::enter(server).await, Session::enter(server).await];
    for session in &mut pair {
        session.available().await;
    }
    let [one, other] = &mut pair;
    one.matched_with(&other.id).await;
    other.matched_with(&one.id).await;
    pair
}

/// Waits until so many sessions have no socket.
pub async fn are_away(server: &Server, count: usize) {
    reaches(server, "meetpoint_sessions_away", count as f64).await;
}

/// Waits until a metric has this value.
pub async fn reaches(server: &Server, metric: &str, value: f64) {
    let asked = Instant::now();
    loop {
        let now = sample(server.address, metric).await;
        if now == value {
            return;
        }
        assert!(asked.elapsed() < PATIENCE, "{metric} is {now} and not {value}");
        sleep(Duration::from_millis(5)).await;
    }
}
