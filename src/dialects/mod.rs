//! One file or folder per wire protocol: parse, decide, encode. A new one is a file here and a line in [`crate::app`].

pub mod chat;
pub mod rondevu;

use meetpoint_protocol::Close;

use crate::{
    core::{
        event::{Departure, Words},
        outbox::Outbox,
        turn::Turn,
    },
    guard::origin::Missing,
};

/// A WebSocket protocol.
pub trait Dialect: Send + Sync {
    /// The path on which its sockets are opened.
    fn path(&self) -> &'static str;

    /// What this dialect does with a request without an Origin.
    fn missing_origin(&self) -> Missing;

    /// The limit of a message and of a frame, in bytes.
    fn max_message(&self) -> usize;

    /// How its clients are told of events.
    fn words(&self) -> &'static dyn Words;

    /// A session for a socket that has been upgraded. The first frames may be said here.
    fn open(&self, outbox: Outbox, turn: &mut Turn) -> Box<dyn Session>;
}

/// The dialect's side of one socket, owned by the socket's task. Nothing here ever waits.
pub trait Session: Send {
    /// A text frame.
    fn text(&mut self, text: &str, turn: &mut Turn) -> Flow;

    /// A binary frame that is not even text.
    fn garbage(&mut self, turn: &mut Turn) -> Flow;

    /// The client is over its message rate and has to be told: its frame was dropped.
    fn over_rate(&mut self, turn: &mut Turn);

    /// The socket has ended or is about to. Called once, before goodbye is said.
    fn closed(&mut self, why: Departure, turn: &mut Turn);
}

/// How a session goes on after a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flow {
    Continue,
    Close(Close),
}
