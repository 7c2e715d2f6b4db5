//! What a client is told. Every text is compact JSON with the keys in the order that the original sends them.

use std::io::Write;

use serde_json::value::RawValue;

use super::Relay;
use crate::{ClientId, RoomId, UserId, ids::IdText};

/// The answer to `ping`.
pub const PONG: &str = r#"{"type":"pong"}"#;

/// The first frame on a socket.
pub struct Ready {
    pub client: ClientId,
    /// Milliseconds between the server's protocol pings.
    pub ping_interval_ms: u64,
}

impl Ready {
    pub fn write(&self, out: &mut Vec<u8>) {
        put(
            out,
            format_args!(
                r#"{{"type":"ready","clientId":"{}","pingInterval":{},"protocol":{},"features":["match"]}}"#,
                self.client,
                self.ping_interval_ms,
                super::PROTOCOL
            ),
        );
    }
}

/// A partner was found.
pub struct Matched<'a> {
    pub room: RoomId,
    pub partner: ClientId,
    /// Whether this client makes the offer: true for exactly one side.
    pub initiator: bool,
    /// As the partner gave it: JSON.
    pub partner_user: Option<&'a UserId>,
}

impl Matched<'_> {
    pub fn write(&self, out: &mut Vec<u8>) {
        let Self { room, partner, initiator, partner_user } = self;
        put(
            out,
            format_args!(r#"{{"type":"matched","roomId":"{room}","partnerId":"{partner}","initiator":{initiator}"#),
        );
        if let Some(user) = partner_user {
            put(out, format_args!(r#","partnerUserId":{}"#, user.as_str()));
        }
        out.push(b'}');
    }
}

/// Why the partner is gone, as `partner-left` says it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LeftReason {
    Next,
    Left,
    Disconnected,
    Timeout,
}

impl LeftReason {
    pub const ALL: &'static [Self] = &[Self::Next, Self::Left, Self::Disconnected, Self::Timeout];

    /// The whole frame.
    pub const fn frame(self) -> &'static str {
        match self {
            LeftReason::Next => r#"{"type":"partner-left","reason":"next"}"#,
            LeftReason::Left => r#"{"type":"partner-left","reason":"left"}"#,
            LeftReason::Disconnected => r#"{"type":"partner-left","reason":"disconnected"}"#,
            LeftReason::Timeout => r#"{"type":"partner-left","reason":"timeout"}"#,
        }
    }
}

/// The errors of this wire. None of them closes the socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorCode {
    AlreadyPaired,
    NotPaired,
    UnknownType,
    InvalidFormat,
    RateLimit,
}

impl ErrorCode {
    pub const ALL: &'static [Self] =
        &[Self::AlreadyPaired, Self::NotPaired, Self::UnknownType, Self::InvalidFormat, Self::RateLimit];

    /// The whole frame.
    pub const fn frame(self) -> &'static str {
        match self {
            ErrorCode::AlreadyPaired => {
                r#"{"type":"error","code":"ALREADY_PAIRED","message":"Already paired with a partner"}"#
            }
            ErrorCode::NotPaired => r#"{"type":"error","code":"NOT_PAIRED","message":"Not paired with a partner"}"#,
            ErrorCode::UnknownType => r#"{"type":"error","code":"UNKNOWN_TYPE","message":"Unknown message type"}"#,
            ErrorCode::InvalidFormat => {
                r#"{"type":"error","code":"INVALID_FORMAT","message":"Invalid message format"}"#
            }
            ErrorCode::RateLimit => r#"{"type":"error","code":"RATE_LIMIT","message":"Too many messages"}"#,
        }
    }
}

/// An offer, answer or candidate for the partner, stamped with its sender: slices to be written one after another,
/// so that a payload is copied once, from the sender's read buffer into the receiver's outbox.
pub struct Relayed<'a>([&'a [u8]; 5]);

impl<'a> Relayed<'a> {
    pub fn new(relay: Relay, from: &'a IdText, payload: Option<&'a RawValue>) -> Self {
        let (head, field): (&str, &str) = match relay {
            Relay::Offer => (r#"{"type":"offer","from":""#, r#"","sdp":"#),
            Relay::Answer => (r#"{"type":"answer","from":""#, r#"","sdp":"#),
            Relay::Ice => (r#"{"type":"ice","from":""#, r#"","candidate":"#),
        };
        let tail: [&[u8]; 3] = match payload {
            Some(payload) => [field.as_bytes(), payload.get().as_bytes(), b"}"],
            None => [b"\"}", b"", b""],
        };
        Self([head.as_bytes(), from.as_bytes(), tail[0], tail[1], tail[2]])
    }

    pub fn parts(&self) -> &[&'a [u8]] {
        &self.0
    }
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a Vec takes every byte");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn id(n: u8) -> [u8; 16] {
        [n; 16]
    }

    fn value(write: impl FnOnce(&mut Vec<u8>)) -> Value {
        let mut out = Vec::new();
        write(&mut out);
        serde_json::from_slice(&out).expect("JSON")
    }

    #[test]
    fn ready_tells_id_interval_and_features() {
        let client = ClientId::from_random(id(1));
        assert_eq!(
            value(|out| Ready { client, ping_interval_ms: 20_000 }.write(out)),
            json!({"type": "ready", "clientId": client.to_string(), "pingInterval": 20_000, "protocol": 1, "features": ["match"]})
        );
    }

    #[test]
    fn matched_names_the_user_only_where_there_is_one() {
        let (room, partner) = (RoomId::from_random(id(1)), ClientId::from_random(id(2)));
        let bare = value(|out| Matched { room, partner, initiator: true, partner_user: None }.write(out));
        assert_eq!(
            bare,
            json!({"type": "matched", "roomId": room.to_string(), "partnerId": partner.to_string(), "initiator": true})
        );
        let Ok(crate::chat::Request::Auth(Some(user))) = crate::chat::parse(r#"{"type":"auth","userId":{"n":"\""}}"#)
        else {
            panic!("not parsed")
        };
        let named = value(|out| Matched { room, partner, initiator: false, partner_user: Some(&user) }.write(out));
        assert_eq!(named["partnerUserId"], json!({"n": "\""}));
    }

    #[test]
    fn a_relayed_frame_is_stamped_with_its_sender() {
        let from = ClientId::from_random(id(3));
        let payload = RawValue::from_string(r#"{"x": [1]}"#.into()).expect("JSON");
        let text = |relay, payload| Relayed::new(relay, &from.to_text(), payload).parts().concat();
        assert_eq!(
            String::from_utf8(text(Relay::Offer, Some(&payload))).expect("UTF-8"),
            format!(r#"{{"type":"offer","from":"{from}","sdp":{{"x": [1]}}}}"#)
        );
        assert_eq!(
            String::from_utf8(text(Relay::Ice, None)).expect("UTF-8"),
            format!(r#"{{"type":"ice","from":"{from}"}}"#)
        );
    }

    #[test]
    fn the_fixed_frames_are_json() {
        let reasons = LeftReason::ALL.iter().map(|reason| reason.frame());
        let texts = reasons.chain(ErrorCode::ALL.iter().map(|code| code.frame())).chain([PONG]);
        for text in texts {
            assert!(serde_json::from_str::<Value>(text).is_ok_and(|value| value["type"].is_string()), "{text}");
        }
    }
}
