//! Somebody at a side, or before it, and what it is told.

use std::sync::Arc;

use meetpoint_protocol::{FrameType, Timestamp};

use crate::core::{
    book::Item,
    outbox::{Frame, Outbox},
    turn::Turn,
};

/// Somebody who wants to sit at a side.
#[derive(Clone)]
pub struct Guest {
    pub outbox: Outbox,
    pub voice: &'static dyn Voice,
    /// Whoever comes back with the same name takes its own seat again.
    pub name: Option<Arc<str>>,
    /// Its wire says `hello` once, when the socket is open, and takes what it is shown twice for two things.
    pub says_hello: bool,
    /// It has said something.
    pub has_spoken: bool,
}

/// What happens at a side.
pub enum News<'a> {
    /// Both sides are there.
    RoomFull,
    /// The other side has gone.
    PeerLeft,
    Mail(&'a Item),
    /// What was sent with that id is kept.
    Sent {
        id: &'a str,
        seq: u64,
    },
    /// What was sent is not kept.
    Lost {
        id: Option<&'a str>,
    },
}

/// How somebody is told of what happens.
pub trait Voice: Send + Sync {
    /// Writes the text of a frame to `out` and tells its type.
    fn write(&self, news: &News<'_>, out: &mut Vec<u8>) -> FrameType;

    /// What a protocol ping carries at that time, at most 125 bytes (RFC 6455 §5.5).
    fn ping(&self, now: Timestamp) -> String;
}

/// Who is to be told what became of something sent.
pub struct Receipt {
    pub sender: Guest,
    /// JSON, as the sender wrote it; without it, only a loss is told.
    pub id: Option<Box<str>>,
}

impl Guest {
    /// Says it, if the outbox still takes something.
    pub(super) fn tell(&self, news: &News<'_>, turn: &mut Turn) {
        let mut text = Vec::new();
        let frame_type = self.voice.write(news, &mut text);
        // Refused only where it is closing, and then nobody listens any more.
        let _ = self.outbox.push(&Frame { frame_type, parts: &[&text] }, turn);
    }

    /// Whether this is the other one, come back on a later connection.
    pub(super) fn returns_as(&self, other: &Self) -> bool {
        self.name.is_some() && self.name == other.name && self.outbox.conn().0 > other.outbox.conn().0
    }
}
