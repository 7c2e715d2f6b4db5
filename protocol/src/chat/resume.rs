//! Sessions that outlive their socket: how a client comes back, and what it is told.

use std::borrow::Cow;

use super::{
    Fault,
    envelope::{Envelope, is_object, whole},
    reply::put,
};
use crate::{ClientId, Json, Timestamp};

/// What `hello` asks for: the session of an earlier socket.
#[derive(Debug)]
pub struct Resume<'a> {
    /// Empty where the client gave no string.
    pub token: Cow<'a, str>,
    /// How many frames of the session have reached the client.
    pub received: u64,
}

impl<'a> Resume<'a> {
    pub(super) fn read(raw: Json<'a>) -> Result<Self, Fault> {
        let mut fields = Envelope::default();
        if !is_object(raw.get()) || !fields.fill(raw.get()) {
            return Err(Fault::InvalidFormat);
        }
        let received = fields.received.and_then(whole).ok_or(Fault::InvalidFormat)?;
        Ok(Self { token: fields.token.and_then(Json::text).unwrap_or_default(), received })
    }
}

/// What a session can be resumed with.
#[derive(Clone, Copy, Debug)]
pub struct Offered<'a> {
    /// Base64url: it stands in JSON as it is.
    pub token: &'a str,
    /// Milliseconds that the session outlives its socket.
    pub window_ms: u64,
}

/// Why a session was not resumed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotResumed {
    /// Its window is over.
    Expired,
    /// Nobody's token.
    Unknown,
    /// What the client lacks is no longer kept, or was never sent.
    Gap,
    /// It was ended before.
    Ended,
}

impl NotResumed {
    pub const ALL: &'static [Self] = &[Self::Expired, Self::Unknown, Self::Gap, Self::Ended];

    /// As `ready` says it.
    pub const fn name(self) -> &'static str {
        match self {
            NotResumed::Expired => "expired",
            NotResumed::Unknown => "unknown",
            NotResumed::Gap => "gap",
            NotResumed::Ended => "ended",
        }
    }
}

/// The first frame on a socket that goes on with an earlier session.
pub struct Resumed<'a> {
    pub client: ClientId,
    /// The old token is void.
    pub token: Offered<'a>,
    /// How many of the client's frames the server had processed.
    pub received: u64,
}

impl Resumed<'_> {
    pub fn write(&self, out: &mut Vec<u8>) {
        let Self { client, token: Offered { token, window_ms }, received } = self;
        put(
            out,
            format_args!(
                r#"{{"type":"resumed","clientId":"{client}","resumeToken":"{token}","received":{received},"resumeWindow":{window_ms}}}"#
            ),
        );
    }
}

/// The partner's socket is gone; its session is kept until `until`.
pub fn partner_away(until: Timestamp, out: &mut Vec<u8>) {
    put(out, format_args!(r#"{{"type":"partner-away","until":{until}}}"#));
}

/// The partner has come back.
pub const PARTNER_BACK: &str = r#"{"type":"partner-back"}"#;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::chat::{Request, parse};

    fn value(write: impl FnOnce(&mut Vec<u8>)) -> Value {
        let mut out = Vec::new();
        write(&mut out);
        serde_json::from_slice(&out).expect("JSON")
    }

    fn hello(text: &str) -> Option<Resume<'_>> {
        match parse(text) {
            Ok(Request::Hello(resume)) => resume,
            other => panic!("{text}: {other:?}"),
        }
    }

    fn fault(text: &str) -> (Fault, bool) {
        let refused = parse(text).expect_err(text);
        assert!(refused.reference.is_none(), "{text}");
        (refused.fault, refused.of_resume)
    }

    #[test]
    fn a_hello_may_ask_for_an_earlier_session() {
        assert!(hello(r#"{"type":"hello"}"#).is_none());
        assert!(hello(r#"{"type":"hello","resume":null}"#).is_none());
        let resume = hello(r#"{"type":"hello","resume":{"token":"a","received":1,"token":"\u0062","received":7}}"#);
        assert!(resume.is_some_and(|resume| resume.token == "b" && resume.received == 7));
    }

    #[test]
    fn a_token_that_is_no_text_is_the_empty_one() {
        for token in ["1", "null", "{}", "[\"a\"]", r#""\ud800""#] {
            let text = format!(r#"{{"type":"hello","resume":{{"token":{token},"received":0}}}}"#);
            assert!(hello(&text).is_some_and(|resume| resume.token.is_empty()), "{text}");
        }
        assert!(hello(r#"{"type":"hello","resume":{"received":0}}"#).is_some_and(|resume| resume.token.is_empty()));
    }

    #[test]
    fn a_resume_without_a_count_is_refused() {
        for resume in ["{}", "[]", "1", "\"a\"", "true", r#"{"token":"a"}"#, r#"{"token":"a","received":null}"#] {
            assert_eq!(fault(&format!(r#"{{"type":"hello","resume":{resume}}}"#)), (Fault::InvalidFormat, true));
        }
        for received in ["-1", "0.5", "\"0\"", "[0]", "1e400"] {
            let text = format!(r#"{{"type":"hello","resume":{{"token":"a","received":{received}}}}}"#);
            assert_eq!(fault(&text), (Fault::InvalidFormat, true), "{text}");
        }
    }

    #[test]
    fn the_count_of_a_frame_is_not_that_of_its_resume() {
        assert_eq!(
            fault(r#"{"type":"hello","received":1,"token":"a","resume":{"token":"a"}}"#).0,
            Fault::InvalidFormat
        );
        assert!(hello(r#"{"type":"hello","received":1,"token":"a"}"#).is_none());
    }

    #[test]
    fn an_ack_says_how_many_frames_have_arrived() {
        for (text, meant) in [(r#"{"type":"ack","received":0}"#, 0), (r#"{"type":"ack","received":5e0}"#, 5)] {
            assert!(matches!(parse(text), Ok(Request::Ack { received }) if received == meant), "{text}");
        }
        for text in [r#"{"type":"ack"}"#, r#"{"type":"ack","received":null}"#, r#"{"type":"ack","received":-1}"#] {
            assert_eq!(fault(text), (Fault::InvalidFormat, true));
        }
    }

    #[test]
    fn bye_is_bye_whatever_else_it_says() {
        assert!(matches!(parse(r#"{"type":"bye","received":[],"resume":1}"#), Ok(Request::Bye)));
    }

    #[test]
    fn resumed_gives_the_next_token_and_the_count() {
        let client = ClientId::from_random([1; 16]);
        let token = Offered { token: "abc-_", window_ms: 30_000 };
        assert_eq!(
            value(|out| Resumed { client, token, received: 12 }.write(out)),
            json!({"type": "resumed", "clientId": client.to_string(), "resumeToken": "abc-_", "received": 12, "resumeWindow": 30_000})
        );
    }

    #[test]
    fn a_partner_is_away_until_a_moment() {
        let until = Timestamp::from_millis(1_700_000_000_123);
        assert_eq!(
            value(|out| partner_away(until, out)),
            json!({"type": "partner-away", "until": 1_700_000_000_123_u64})
        );
        assert_eq!(serde_json::from_str::<Value>(PARTNER_BACK).expect("JSON"), json!({"type": "partner-back"}));
    }
}
