//! A guest of the random video chat, in the words a test uses.

use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};

use super::handshake::Handshake;
use super::http;
use super::peer::Peer;
use super::server::Server;

pub struct Guest {
    pub id: String,
    peer: Peer,
}

impl Deref for Guest {
    type Target = Peer;
    fn deref(&self) -> &Peer {
        &self.peer
    }
}

impl DerefMut for Guest {
    fn deref_mut(&mut self) -> &mut Peer {
        &mut self.peer
    }
}

impl Guest {
    pub async fn join(server: &Server) -> Self {
        Self::enter(server, Handshake::default()).await
    }

    pub async fn enter(server: &Server, handshake: Handshake<'_>) -> Self {
        let mut peer = handshake.open(server.address).await.expect("the upgrade is accepted");
        let ready = peer.hear().await;
        assert_eq!(ready["type"], "ready");
        let id = ready["clientId"].as_str().expect("ready names the client").to_owned();
        Self { id, peer }
    }

    pub async fn join_as(server: &Server, user: &str) -> Self {
        let guest = Self::join(server).await;
        guest.send(json!({"type": "auth", "userId": user})).await;
        guest
    }

    pub async fn terminate(self) {
        self.peer.terminate().await;
    }

    pub async fn say(&self, kind: &str) {
        self.send(json!({"type": kind})).await;
    }

    /// Becomes available; when this returns, the server knows.
    pub async fn available(&mut self) {
        self.say("available").await;
        self.settle().await;
    }

    pub async fn offer(&self, sdp: &str) {
        self.send(json!({"type": "offer", "sdp": sdp})).await;
    }

    /// Hears of a match with exactly this partner.
    pub async fn matched_with(&mut self, partner: &Guest) -> Value {
        let heard = self.hear().await;
        assert_eq!((&heard["type"], &heard["partnerId"]), (&json!("matched"), &json!(partner.id)), "{heard}");
        heard
    }

    pub async fn parted(&mut self, reason: &str) {
        assert_eq!(self.hear().await, json!({"type": "partner-left", "reason": reason}));
    }

    pub async fn hears_offer(&mut self, from: &Guest, sdp: &str) {
        assert_eq!(self.hear().await, json!({"type": "offer", "from": from.id, "sdp": sdp}));
    }

    pub async fn refused(&mut self, code: &str) {
        let heard = self.hear().await;
        assert_eq!((&heard["type"], &heard["code"]), (&json!("error"), &json!(code)), "{heard}");
    }
}

/// Two guests who have just been matched with each other, the first having waited longer.
pub async fn pair(server: &Server) -> (Guest, Guest) {
    let (mut first, mut second) = (Guest::join(server).await, Guest::join(server).await);
    meet(&mut first, &mut second).await;
    (first, second)
}

/// Both become available and are matched with each other, `first` having waited longer.
pub async fn meet(first: &mut Guest, second: &mut Guest) {
    first.available().await;
    second.available().await;
    second.matched_with(first).await;
    first.matched_with(second).await;
}

/// Newcomers arrive one after another and are matched with those who wait, in this order.
pub async fn matched_in_order<const N: usize>(server: &Server, waiting: [&mut Guest; N]) {
    // Kept until the end: who leaves would make its partner wait again.
    let mut newcomers = Vec::new();
    for expected in waiting {
        expected.silence().await;
        let mut newcomer = Guest::join(server).await;
        newcomer.available().await;
        newcomer.matched_with(expected).await;
        expected.matched_with(&newcomer).await;
        newcomers.push(newcomer);
    }
}

/// Says something both ways and hears it unharmed.
pub async fn talk(one: &mut Guest, other: &mut Guest) {
    one.offer("there").await;
    other.hears_offer(one, "there").await;
    other.offer("and back").await;
    one.hears_offer(other, "and back").await;
}

/// Both leave, and when this returns nobody can be matched with them any more.
pub async fn part(mut one: Guest, mut other: Guest) {
    for guest in [&mut one, &mut other] {
        guest.say("leave").await;
        guest.settle().await;
    }
}

/// How every attack ends: nothing panicked, the probe answers, and two strangers can meet and talk.
pub async fn assert_unharmed(server: &Server) {
    let (mut one, mut other) = pair(server).await;
    talk(&mut one, &mut other).await;
    assert_eq!(http::get(server.address, "/healthz").await.status, 200);
    server.assert_no_panic();
}
