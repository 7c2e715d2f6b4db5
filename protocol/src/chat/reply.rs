//! What a client is told. Every text is compact JSON with the keys in the order that the original sends them.

use std::io::Write;

use super::{NotResumed, Offered, Reference, Relay};
use crate::{ClientId, Json, RoomId, UserId, ids::IdText};

/// The server is about to end, and closes this socket (1001) within the time that it gives itself. Written to `out`: after so many
/// milliseconds the client should come back, not earlier, so that not all come at once.
pub fn go_away(reconnect_after_ms: u64, out: &mut Vec<u8>) {
    put(out, format_args!(r#"{{"type":"goaway","reconnectAfter":{reconnect_after_ms}}}"#));
}

/// The answer to `ping`.
pub const PONG: &str = r#"{"type":"pong"}"#;

/// The first frame on a socket, and of a session.
pub struct Ready<'a> {
    pub client: ClientId,
    /// Milliseconds between the server's protocol pings.
    pub ping_interval_ms: u64,
    /// Whether this server keeps sessions for clients that ask for it.
    pub resumes: bool,
    /// What this session can be resumed with.
    pub token: Option<Offered<'a>>,
    /// Why the session that was asked for is not this one.
    pub refused: Option<NotResumed>,
}

impl Ready<'_> {
    pub fn write(&self, out: &mut Vec<u8>) {
        let Self { client, ping_interval_ms, resumes, token, refused } = self;
        let features = if *resumes { r#"["match","rooms","resume"]"# } else { r#"["match","rooms"]"# };
        put(
            out,
            format_args!(
                r#"{{"type":"ready","clientId":"{client}","pingInterval":{ping_interval_ms},"protocol":{},"features":{features}"#,
                super::PROTOCOL
            ),
        );
        if let Some(Offered { token, window_ms }) = token {
            put(out, format_args!(r#","resumeToken":"{token}","resumeWindow":{window_ms}"#));
        }
        if let Some(why) = refused {
            put(out, format_args!(r#","resumed":false,"reason":"{}""#, why.name()));
        }
        out.push(b'}');
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

/// Why the partner or a peer is gone, as `partner-left` and `peer-left` say it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LeftReason {
    Next,
    Left,
    Disconnected,
    Timeout,
}

impl LeftReason {
    pub const ALL: &'static [Self] = &[Self::Next, Self::Left, Self::Disconnected, Self::Timeout];

    pub const fn name(self) -> &'static str {
        match self {
            LeftReason::Next => "next",
            LeftReason::Left => "left",
            LeftReason::Disconnected => "disconnected",
            LeftReason::Timeout => "timeout",
        }
    }

    /// The whole of `partner-left`.
    pub const fn frame(self) -> &'static str {
        match self {
            LeftReason::Next => r#"{"type":"partner-left","reason":"next"}"#,
            LeftReason::Left => r#"{"type":"partner-left","reason":"left"}"#,
            LeftReason::Disconnected => r#"{"type":"partner-left","reason":"disconnected"}"#,
            LeftReason::Timeout => r#"{"type":"partner-left","reason":"timeout"}"#,
        }
    }
}

macro_rules! error_codes {
    ($($name:ident = $code:literal, $message:literal;)*) => {
        /// The errors of this wire. None of them closes the socket.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum ErrorCode {
            $($name,)*
        }

        impl ErrorCode {
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The whole frame.
            pub const fn frame(self) -> &'static str {
                match self {
                    $(ErrorCode::$name => concat!(
                        r#"{"type":"error","code":""#, $code, r#"","message":""#, $message, r#""}"#
                    ),)*
                }
            }
        }
    };
}

error_codes! {
    AlreadyPaired = "ALREADY_PAIRED", "Already paired with a partner";
    NotPaired = "NOT_PAIRED", "Not paired with a partner";
    UnknownType = "UNKNOWN_TYPE", "Unknown message type";
    InvalidFormat = "INVALID_FORMAT", "Invalid message format";
    RateLimit = "RATE_LIMIT", "Too many messages";
    NotInTopic = "NOT_IN_TOPIC", "Not in this topic";
    TargetGone = "TARGET_GONE", "No such peer here";
    TopicFull = "TOPIC_FULL", "The topic is full";
    TooManyTopics = "TOO_MANY_TOPICS", "In too many topics";
    InvalidTopic = "INVALID_TOPIC", "A topic is a text of 1 to 256 UTF-16 units";
    InfoTooLarge = "INFO_TOO_LARGE", "info is larger than 1 KiB";
    ListingDisabled = "LISTING_DISABLED", "Topics are not listed here";
}

impl ErrorCode {
    /// The frame, which repeats `reference` where the client gave one.
    pub fn write(self, reference: Option<Reference<'_>>, out: &mut Vec<u8>) {
        let open = self.frame().strip_suffix('}').expect("an object");
        out.extend_from_slice(open.as_bytes());
        close(reference, out);
    }
}

/// An offer, answer or candidate for the partner, stamped with its sender: slices to be written one after another,
/// so that a payload is copied once, from the sender's read buffer into the receiver's outbox.
pub struct Relayed<'a>([&'a [u8]; 5]);

impl<'a> Relayed<'a> {
    pub fn new(relay: Relay, from: &'a IdText, payload: Option<Json<'a>>) -> Self {
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

/// Ends an object: with the client's own mark, where it gave one.
pub(super) fn close(reference: Option<Reference<'_>>, out: &mut Vec<u8>) {
    if let Some(reference) = reference {
        out.extend_from_slice(br#","ref":"#);
        out.extend_from_slice(reference.as_json().as_bytes());
    }
    out.push(b'}');
}

pub(super) fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
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

    fn ready(token: Option<Offered<'_>>, refused: Option<NotResumed>) -> Value {
        let client = ClientId::from_random(id(1));
        value(|out| Ready { client, ping_interval_ms: 20_000, resumes: true, token, refused }.write(out))
    }

    #[test]
    fn ready_tells_id_interval_and_features() {
        let client = ClientId::from_random(id(1));
        let bare = Ready { client, ping_interval_ms: 20_000, resumes: false, token: None, refused: None };
        assert_eq!(
            value(|out| bare.write(out)),
            json!({"type": "ready", "clientId": client.to_string(), "pingInterval": 20_000, "protocol": 1, "features": ["match", "rooms"]})
        );
        assert_eq!(ready(None, None)["features"], json!(["match", "rooms", "resume"]));
    }

    #[test]
    fn ready_gives_a_token_and_says_why_it_is_not_the_session_asked_for() {
        let token = Offered { token: "t0-_", window_ms: 30_000 };
        let fresh = ready(Some(token), None);
        assert_eq!((&fresh["resumeToken"], &fresh["resumeWindow"]), (&json!("t0-_"), &json!(30_000)));
        assert!(fresh.get("resumed").is_none() && fresh.get("reason").is_none());
        for why in NotResumed::ALL {
            let refused = ready(Some(token), Some(*why));
            assert_eq!((&refused["resumed"], &refused["reason"]), (&json!(false), &json!(why.name())));
            assert_eq!(ready(None, Some(*why)).get("resumeToken"), None);
        }
    }

    #[test]
    fn an_error_repeats_the_reference_in_the_clients_spelling() {
        for code in ErrorCode::ALL {
            let parsed = crate::chat::parse(r#"{"type":"leave","topic":1,"ref":"\u0061\ud800"}"#);
            let reference = parsed.expect_err("no topic").reference;
            let mut out = Vec::new();
            code.write(reference, &mut out);
            let open = code.frame().strip_suffix('}').expect("an object");
            assert_eq!(String::from_utf8(out).expect("UTF-8"), format!(r#"{open},"ref":"\u0061\ud800"}}"#));
            assert_eq!(value(|out| code.write(None, out)), serde_json::from_str::<Value>(code.frame()).expect("JSON"));
        }
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
        let payload = Json::read(r#"{"x": [1]}"#).expect("JSON");
        let text = |relay, payload| Relayed::new(relay, &from.to_text(), payload).parts().concat();
        assert_eq!(
            String::from_utf8(text(Relay::Offer, Some(payload))).expect("UTF-8"),
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
        for reason in LeftReason::ALL {
            assert!(reason.frame().ends_with(&format!(r#""reason":"{}"}}"#, reason.name())));
        }
    }
}
