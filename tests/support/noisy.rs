//! One side of a NoisyTransfer room, in the words a test uses.

use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};
use std::time::Instant;

use serde_json::{Value, json};

use super::PATIENCE;
use super::handshake::Handshake;
use super::http::{self, Response};
use super::peer::Peer;
use super::server::Server;

pub const ROOM_FULL: &str = "{\"type\":\"room_full\"}\n";
pub const PEER_LEFT: &str = "{\"type\":\"peer_left\"}\n";

/// The appID of the room with this number.
pub fn room(number: u32) -> String {
    format!("{number:08x}-0000-4000-8000-000000000000")
}

pub fn path(app: &str, side: &str) -> String {
    format!("/ws?appID={app}&side={side}")
}

/// A client at a side of a room.
pub struct Seat {
    peer: Peer,
    /// Whether it came with a `sid`, as the published package does, and so hears `deliver`.
    has_sid: bool,
}

impl Deref for Seat {
    type Target = Peer;
    fn deref(&self) -> &Peer {
        &self.peer
    }
}

impl DerefMut for Seat {
    fn deref_mut(&mut self) -> &mut Peer {
        &mut self.peer
    }
}

impl Seat {
    /// Opens a socket and says nothing yet.
    pub async fn open(server: &Server, app: &str, side: &str) -> Self {
        Self::enter(server.address, Handshake { path: &path(app, side), ..Handshake::default() }).await
    }

    /// As the published package does.
    pub async fn open_as(server: &Server, app: &str, side: &str, sid: &str) -> Self {
        let path = format!("{}&sid={sid}", path(app, side));
        Self::enter(server.address, Handshake { path: &path, ..Handshake::default() }).await
    }

    pub async fn enter(server: SocketAddr, handshake: Handshake<'_>) -> Self {
        Self::try_enter(server, handshake).await.unwrap_or_else(|answer| panic!("the upgrade is refused: {answer:?}"))
    }

    pub async fn try_enter(server: SocketAddr, handshake: Handshake<'_>) -> Result<Self, Response> {
        let has_sid = handshake.path.contains("&sid=");
        Ok(Self { peer: handshake.open(server).await?, has_sid })
    }

    /// Opens a socket and says hello; when this returns, the server knows.
    pub async fn join(server: &Server, app: &str, side: &str) -> Self {
        let mut seat = Self::open(server, app, side).await;
        seat.hello(0).await;
        seat.settle().await;
        seat
    }

    pub async fn terminate(self) {
        self.peer.terminate().await;
    }

    pub async fn hello(&self, delivered_up_to: u64) {
        self.send(json!({"type": "hello", "deliveredUpTo": delivered_up_to})).await;
    }

    pub async fn delivered(&self, up_to: u64) {
        self.send(json!({"type": "delivered", "upTo": up_to})).await;
    }

    /// Leaves an item for a side, and asks for no receipt.
    pub async fn mail(&self, to: &str, payload: Value) {
        self.send(json!({"type": "send", "to": to, "payload": payload})).await;
    }

    /// Leaves an item for a side, and gives its number when the server says that it is kept. Nothing else may come first.
    pub async fn keep(&mut self, to: &str, payload: Value) -> u64 {
        self.send(json!({"type": "send", "to": to, "payload": payload, "id": "receipt"})).await;
        let heard = self.hear().await;
        assert_eq!((&heard["type"], &heard["id"]), (&json!("sent"), &json!("receipt")), "{heard}");
        heard["seq"].as_u64().expect("a number")
    }

    pub async fn hears_item(&mut self, seq: u64, payload: Value) {
        let kind = if self.has_sid { "deliver" } else { "send" };
        assert_eq!(self.hear().await, json!({"type": kind, "seq": seq, "payload": payload}));
    }

    pub async fn hears(&mut self, words: &str) {
        assert_eq!(self.hear_text().await, words);
    }

    /// Hears an error about what it sent with this id.
    pub async fn refused(&mut self, code: &str, id: Value) {
        let heard = self.hear().await;
        assert_eq!((&heard["type"], &heard["code"], &heard["id"]), (&json!("error"), &json!(code), &id), "{heard}");
        assert!(heard["message"].as_str().is_some_and(|message| !message.is_empty()), "{heard}");
    }

    pub async fn hears_close(&mut self, code: u16, reason: &str) {
        let closed = self.closed().await;
        assert_eq!((closed.code, closed.reason.as_str()), (code, reason));
    }
}

/// Both sides of a room, who know of each other.
pub async fn pair(server: &Server, app: &str) -> (Seat, Seat) {
    let (mut a, mut b) = (Seat::join(server, app, "A").await, Seat::join(server, app, "B").await);
    a.hears(ROOM_FULL).await;
    b.hears(ROOM_FULL).await;
    (a, b)
}

/// Says something both ways and hears it unharmed.
pub async fn talk(one: &mut Seat, other: &mut Seat) {
    let (there, back) = (r#"{"type":"offer","sdp":"there"}"#, r#"{"type":"answer","sdp":"and back"}"#);
    one.send_text(there).await;
    other.hears(there).await;
    other.send_text(back).await;
    one.hears(back).await;
}

/// Waits until the server has so many clients.
pub async fn clients(server: &Server, count: usize) {
    let asked = Instant::now();
    loop {
        let clients = http::get(server.address, "/healthz").await.json()["clients"].take();
        if clients == count {
            return;
        }
        assert!(asked.elapsed() < PATIENCE, "{clients} clients instead of {count}");
        tokio::task::yield_now().await;
    }
}

/// What somebody minted.
pub struct Minted {
    pub code: String,
    pub app: String,
}

/// Reads the answer to a mint.
pub fn minted(answer: &Response) -> Minted {
    assert_eq!(answer.status, 200, "{answer:?}");
    let text = |field: &str| answer.json()[field].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned();
    Minted { code: text("code"), app: text("appID") }
}

pub async fn mint(server: &Server) -> Minted {
    minted(&http::request(server.address, "POST", "/rendezvous/code", &[], "").await)
}

/// The body of a redeem.
pub fn wanted(code: &str) -> String {
    json!({"code": code}).to_string()
}

pub async fn redeem(server: &Server, code: &str) -> Response {
    let headers = [("Content-Type", "application/json")];
    http::request(server.address, "POST", "/rendezvous/redeem", &headers, &wanted(code)).await
}

/// How every attack ends: nothing panicked, the probe answers, and two strangers can meet by a code and talk.
pub async fn assert_unharmed(server: &Server) {
    let Minted { code, app } = mint(server).await;
    let redeemed = redeem(server, &code).await;
    assert_eq!(redeemed.json()["appID"], app.as_str());
    let (mut a, mut b) = pair(server, &app).await;
    talk(&mut a, &mut b).await;
    assert_eq!(http::get(server.address, "/healthz").await.status, 200);
    server.assert_no_panic();
}
