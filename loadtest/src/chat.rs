//! The chat wire as a client speaks it: what it says, what it is told, and one client with a task of its own. What pairs say to
//! each other is the scenarios' business.

use meetpoint_protocol::ClientId;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    Error,
    target::Target,
    ws::{self, Fault, Socket},
};

/// Asks for a partner.
pub const AVAILABLE: &str = r#"{"type":"available"}"#;
/// Asks for another partner.
pub const NEXT: &str = r#"{"type":"next"}"#;
/// Asks for [`PONG`](meetpoint_protocol::chat::PONG).
pub const PING: &str = r#"{"type":"ping"}"#;

/// A connected client with the id that the server gave it.
#[derive(Debug)]
pub struct Client {
    pub id: ClientId,
    pub socket: Socket,
}

/// What a client is told, as far as it is looked at.
#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    Ready {
        client: ClientId,
        /// What the session can be resumed with, for a client that asked for it.
        token: Option<&'a str>,
        /// Why the session that was asked for is not this one.
        refused: Option<&'a str>,
    },
    Resumed {
        client: ClientId,
        token: &'a str,
        /// How many of the client's frames the server has read.
        received: u64,
    },
    Matched {
        room: &'a str,
        partner: ClientId,
        /// Whether this client makes the offer; not every server of this wire says so.
        initiator: Option<bool>,
    },
    PartnerLeft,
    PartnerAway,
    PartnerBack,
    Offer {
        from: ClientId,
        /// JSON as it came.
        sdp: &'a str,
    },
    Answer {
        from: ClientId,
        sdp: &'a str,
    },
    Pong,
}

/// The fields of all of them. Borrowed: an id, a token or a type needs no escapes.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    client_id: Option<&'a str>,
    partner_id: Option<&'a str>,
    room_id: Option<&'a str>,
    initiator: Option<bool>,
    resume_token: Option<&'a str>,
    received: Option<u64>,
    reason: Option<&'a str>,
    from: Option<&'a str>,
    #[serde(borrow)]
    sdp: Option<&'a RawValue>,
}

impl<'a> Told<'a> {
    /// `None` for whatever else the text is; an error is not looked into either.
    pub fn read(text: &'a [u8]) -> Option<Self> {
        let fields: Fields<'a> = serde_json::from_slice(text).ok()?;
        let id = |text: Option<&str>| ClientId::parse(text?);
        let relayed = || Some((id(fields.from)?, fields.sdp?.get()));
        Some(match fields.kind {
            "ready" => {
                Told::Ready { client: id(fields.client_id)?, token: fields.resume_token, refused: fields.reason }
            }
            "resumed" => {
                Told::Resumed { client: id(fields.client_id)?, token: fields.resume_token?, received: fields.received? }
            }
            "matched" => {
                Told::Matched { room: fields.room_id?, partner: id(fields.partner_id)?, initiator: fields.initiator }
            }
            "partner-left" => Told::PartnerLeft,
            "partner-away" => Told::PartnerAway,
            "partner-back" => Told::PartnerBack,
            "offer" => relayed().map(|(from, sdp)| Told::Offer { from, sdp })?,
            "answer" => relayed().map(|(from, sdp)| Told::Answer { from, sdp })?,
            "pong" => Told::Pong,
            _ => return None,
        })
    }
}

impl Client {
    /// Connects and waits for `ready`. `index` chooses the source address.
    pub async fn connect(target: &Target, index: usize) -> Result<Self, Error> {
        let stream = target.connect(index).await?;
        let mut socket = ws::upgrade(stream, target).await?;
        let text = socket.recv_text().await?;
        match Told::read(text.as_bytes()) {
            Some(Told::Ready { client, .. }) => Ok(Self { id: client, socket }),
            _ => Err(Fault::Unexpected(text).into()),
        }
    }

    /// Says `available` and waits for `matched`: the partner's id.
    pub async fn find_partner(&mut self) -> Result<ClientId, Fault> {
        self.socket.send_text(AVAILABLE)?;
        let text = self.socket.recv_text().await?;
        match Told::read(text.as_bytes()) {
            Some(Told::Matched { partner, .. }) => Ok(partner),
            _ => Err(Fault::Unexpected(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use meetpoint_protocol::{
        RoomId,
        chat::{LeftReason, Matched, NotResumed, Offered, PARTNER_BACK, PONG, Ready, Resumed},
    };

    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    fn shown(text: &str) -> String {
        format!("{:?}", Told::read(text.as_bytes()))
    }

    #[test]
    fn what_the_server_writes_is_read() {
        let (client, room) = (ClientId::from_random([7; 16]), RoomId::from_random([9; 16]));
        let token = Offered { token: "abc-_", window_ms: 30_000 };
        let refused = Some(NotResumed::Gap);
        let ready = Ready { client, ping_interval_ms: 1, resumes: true, token: Some(token), refused };
        let matched = Matched { room, partner: client, initiator: true, partner_user: None };
        for (text, expected) in [
            (
                written(|out| ready.write(out)),
                format!(r#"Some(Ready {{ client: {client:?}, token: Some("abc-_"), refused: Some("gap") }})"#),
            ),
            (
                written(|out| Resumed { client, token, received: 3 }.write(out)),
                format!(r#"Some(Resumed {{ client: {client:?}, token: "abc-_", received: 3 }})"#),
            ),
            (
                written(|out| matched.write(out)),
                format!(r#"Some(Matched {{ room: "{room}", partner: {client:?}, initiator: Some(true) }})"#),
            ),
            (LeftReason::Next.frame().into(), "Some(PartnerLeft)".into()),
            (PARTNER_BACK.into(), "Some(PartnerBack)".into()),
            (PONG.into(), "Some(Pong)".into()),
            (
                format!(r#"{{"type":"offer","from":"{client}","sdp":[1, "a"]}}"#),
                format!(r#"Some(Offer {{ from: {client:?}, sdp: "[1, \"a\"]" }})"#),
            ),
        ] {
            assert_eq!(shown(&text), expected, "{text}");
        }
    }

    #[test]
    fn anything_else_is_nothing_that_is_due() {
        for text in [
            r#"{"type":"error","code":"NOT_PAIRED","message":"Not paired with a partner"}"#,
            r#"{"type":"matched","roomId":"r","partnerId":"nobody","initiator":true}"#,
            r#"{"type":"matched","partnerId":"07070707-0707-4707-8707-070707070707","initiator":true}"#,
            r#"{"type":"resumed","clientId":"07070707-0707-4707-8707-070707070707"}"#,
            r#"{"type":"ready"}"#,
            "[]",
            "",
        ] {
            assert_eq!(shown(text), "None", "{text}");
        }
    }
}
