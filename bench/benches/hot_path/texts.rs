//! What clients say.

use meetpoint_protocol::{
    Json,
    chat::{self, Relay, Request},
};
use serde_json::json;

/// Bytes of a candidate's text: a small one, the one of all other figures, and one that is longer than a read buffer.
pub const SIZES: [usize; 3] = [120, 1024, 4096];

/// A candidate whose text has so many bytes, at least 60.
pub fn ice(bytes: usize) -> String {
    const OPEN: &str = r#"{"type":"ice","candidate":{"sdpMLineIndex":0,"candidate":""#;
    const CLOSE: &str = r#""}}"#;
    let padding = "x".repeat(bytes - OPEN.len() - CLOSE.len());
    [OPEN, &padding, CLOSE].concat()
}

/// An offer as browsers make it, about 4 KiB: many short lines, each with an escaped line break.
pub fn offer() -> String {
    let codecs = (96..128).map(|id| {
        format!("a=rtpmap:{id} VP9/90000\r\na=rtcp-fb:{id} goog-remb\r\na=rtcp-fb:{id} nack pli\r\na=fmtp:{id} profile-id=0\r\n")
    });
    let sdp = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n".to_owned()
        + &codecs.collect::<String>();
    json!({"type": "offer", "sdp": {"type": "offer", "sdp": sdp}}).to_string()
}

pub fn publish(bytes: usize) -> String {
    const OPEN: &str = r#"{"type":"publish","topic":"lobby","data":{"text":""#;
    const CLOSE: &str = r#""}}"#;
    let padding = "x".repeat(bytes - OPEN.len() - CLOSE.len());
    [OPEN, &padding, CLOSE].concat()
}

pub const AVAILABLE: &str = r#"{"type":"available"}"#;

/// A candidate's payload, as it is taken out of its text.
pub fn payload(ice: &str) -> (Relay, Json<'_>) {
    match chat::parse(ice) {
        Ok(Request::Relay(relay, Some(payload))) => (relay, payload),
        _ => panic!("no candidate"),
    }
}
