//! What may go wrong with a socket that is open.

use std::{fmt, io};

/// Why a socket is of no further use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The server sent a close frame.
    Closed { code: u16, reason: String },
    /// The connection ended without a close frame.
    Ended(io::ErrorKind),
    /// The bytes are no WebSocket frame of a server's (RFC 6455 §5.2).
    Malformed(&'static str),
    /// The server sent an `error` frame, or anything else that was not due.
    Unexpected(String),
    /// The server did not say what was due within the time for it.
    Silent(&'static str),
    /// A session was not resumed, and the reason that the server gave.
    NotResumed(String),
    /// A client could not connect while others talked.
    NotConnected(String),
    /// What several clients were told is not one story.
    Contradiction(&'static str),
}

impl Fault {
    /// A text that was not due, as much of it as tells what it is. What an error is about would only make each of its kind another.
    pub fn unexpected(text: &[u8]) -> Self {
        /// Enough to recognise it; a whole payload would bury the report.
        const SHOWN: usize = 200;
        let text = String::from_utf8_lossy(&text[..text.len().min(SHOWN)]).into_owned();
        Self::Unexpected(match text.find(r#","id":"#).filter(|_| text.starts_with(r#"{"type":"error""#)) {
            Some(at) => text[..at].to_owned(),
            None => text,
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Closed { code, reason } => write!(f, "the server closed the socket: {code} {reason}"),
            Fault::Ended(kind) => write!(f, "the connection ended without a close frame: {kind}"),
            Fault::Malformed(what) => write!(f, "the server sent {what}"),
            Fault::Unexpected(text) if text.contains(r#""code":"RATE_LIMIT""#) => {
                write!(
                    f,
                    "the server limits messages (RATE_LIMIT): start it with MAX_MSG_PER_SECOND=0 and MAX_BYTES_PER_SECOND=0"
                )
            }
            Fault::Unexpected(text) if text.contains(r#""code":"TOPIC_FULL""#) => {
                write!(f, "a topic is full (TOPIC_FULL): start the server with a greater MAX_ROOM_SIZE")
            }
            Fault::Unexpected(text) => write!(f, "the server said {text}"),
            Fault::NotResumed(why) => {
                write!(
                    f,
                    "the server did not resume a session ({why}); RESUME_MAX_FRAMES and RESUME_MAX_BYTES limit what is kept for it"
                )
            }
            Fault::NotConnected(why) => write!(f, "a client could not connect: {why}"),
            Fault::Contradiction(what) => write!(f, "the server contradicts itself: {what}"),
            Fault::Silent(what) => write!(f, "the server did not {what} in time"),
        }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault::Ended(error.kind())
    }
}
