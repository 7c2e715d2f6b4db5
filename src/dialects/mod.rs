//! One file or folder per wire protocol: parse, decide, encode. A new one is a file here and a line in [`crate::app`].

mod body;
pub mod chat;
pub mod noisy;
pub mod rondevu;

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use axum::response::Response;
use http::HeaderMap;
use meetpoint_protocol::Close;

use crate::{
    core::{
        event::{Departure, Words},
        outbox::{Bounds, Line, Outbox},
        turn::Turn,
    },
    guard::{origin::Missing, window::RetryAfter},
};

/// A WebSocket protocol.
pub trait Dialect: Send + Sync {
    /// The path on which its sockets are opened.
    fn path(&self) -> &'static str;

    /// Whether a request for its path is its own, by the query. The first dialect that says so gets it.
    fn claims(&self, _query: Option<&str>) -> bool {
        true
    }

    /// Checks what it was asked for, before anything else is looked at.
    ///
    /// # Errors
    /// The answer to a request that cannot be served.
    fn admit(&self, opening: &Opening<'_>) -> Result<Entry, Box<Response>>;

    /// The answer to a request that is refused, in its own words; `None` leaves it to the server's.
    fn refuse(&self, _why: &Refused) -> Option<Response> {
        None
    }

    /// What this dialect does with a request without an Origin.
    fn missing_origin(&self) -> Missing;

    /// The limit of a message and of a frame, in bytes.
    fn max_message(&self) -> usize;

    /// How much may wait for one of its clients.
    fn outbox(&self, usual: Bounds) -> Bounds {
        usual
    }

    /// How long what is said to a new client waits for the client's first frame.
    fn patience(&self) -> Duration {
        Duration::ZERO
    }

    /// Whether a client over its message rate is made to wait: the server reads no further. Else its frames are dropped, and it is told.
    fn paces(&self) -> bool {
        false
    }

    /// Whether a client that closes hears its own reason again, and not only its code.
    fn echoes_reasons(&self) -> bool {
        true
    }

    /// Whether a client that asks for its socket so understands when it is told that the server is about to end.
    fn hears_go_away(&self, _query: Option<&str>) -> bool {
        false
    }

    /// How its clients are told of events.
    fn words(&self) -> &'static dyn Words;
}

/// A request for a socket.
pub struct Opening<'a> {
    pub query: Option<&'a str>,
    pub headers: &'a HeaderMap,
    /// Whose it is.
    pub client: IpAddr,
    pub now: Instant,
}

/// Makes the session of a socket that has been upgraded. The first frames may be said here.
pub type Entry = Box<dyn FnOnce(Outbox, &mut Turn) -> Box<dyn Session> + Send>;

/// Why there will be no socket.
pub enum Refused {
    /// The page may not.
    Origin,
    /// Too many came from there.
    Rate(RetryAfter),
    /// It is no opening handshake.
    Handshake,
    /// The server is on its way down.
    Draining,
}

/// The dialect's side of one socket, owned by the socket's task. Nothing here ever waits.
pub trait Session: Send {
    /// A text frame.
    fn text(&mut self, text: &str, turn: &mut Turn) -> Flow;

    /// A binary frame that is not even text.
    fn garbage(&mut self, turn: &mut Turn) -> Flow;

    /// A binary frame: as good as a text frame, if it is text.
    fn binary(&mut self, bytes: &[u8], turn: &mut Turn) -> Flow {
        match str::from_utf8(bytes) {
            Ok(text) => self.text(text, turn),
            Err(_) => self.garbage(turn),
        }
    }

    /// The client is over its message rate, and a frame of it was dropped; `tell` when it has to be told. Never where it is made to wait.
    fn over_rate(&mut self, _tell: bool, _turn: &mut Turn) {}

    /// What the protocol's next ping carries, at most 125 bytes (RFC 6455 §5.5).
    fn ping(&self) -> String {
        String::new()
    }

    /// A pong has come: what it carries, and how long after its ping, if there was one.
    fn pong(&mut self, _payload: &[u8], _round_trip: Option<Duration>) {}

    /// When [`Self::due`] is to be called, if at all.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// The deadline has passed.
    fn due(&mut self, _turn: &mut Turn) -> Flow {
        Flow::Continue
    }

    /// The outbox, which had been full, is empty.
    fn drained(&mut self, _turn: &mut Turn) {}

    /// The socket has ended or is about to. Called once, before goodbye is said.
    fn closed(&mut self, ending: Ending, turn: &mut Turn);
}

/// How a socket ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// The client has said goodbye as one does that has finished (1000, 1001).
    Goodbye,
    /// It broke off, or the client closed it in another way.
    Cut,
    /// The client was silent for two heartbeats.
    Silent,
    /// The client has no more right to it.
    Expelled,
    /// This server is going down.
    Shutdown,
}

impl Ending {
    /// Why the client is gone, where sockets and sessions are the same.
    pub const fn departure(self) -> Departure {
        match self {
            Self::Goodbye | Self::Cut | Self::Expelled => Departure::Disconnected,
            Self::Silent => Departure::Timeout,
            Self::Shutdown => Departure::Shutdown,
        }
    }
}

/// What an API answers to a client that comes too often, by the headers of its request.
pub type Busy = fn(&HeaderMap) -> Response;

/// How a session goes on after a frame.
pub enum Flow {
    Continue,
    Close(Close),
    /// Another session has the socket from now on.
    Become(Box<Successor>),
}

/// The session that goes on with a socket.
pub struct Successor {
    /// How it reaches its client, where that is not the line of the one before.
    pub line: Option<Line>,
    pub session: Box<dyn Session>,
}
