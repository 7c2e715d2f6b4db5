//! What the core tells a session, neutral: the receiver's dialect finds the words.

use std::{sync::Arc, time::Duration};

use meetpoint_protocol::{ClientId, FrameType, UserId};

use super::room::Room;

/// A change of a session's pairing. Only the latest counts: a session has one pairing.
#[derive(Clone)]
pub enum Event {
    /// A partner was found.
    Matched(Match),
    /// The partner went, and why.
    PartnerLeft(Departure),
}

#[derive(Clone)]
pub struct Match {
    pub room: Arc<Room>,
    pub partner: ClientId,
    pub partner_user: Option<UserId>,
    /// Whether this side makes the offer: true for exactly one.
    pub initiator: bool,
}

/// Why somebody is no longer there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Departure {
    /// Asked for another partner.
    Next,
    /// Said so.
    Left,
    /// The socket ended.
    Disconnected,
    /// Silent for two heartbeats.
    Timeout,
    /// This server is going down, and the one who stays will hear so itself.
    Shutdown,
}

/// A dialect's words for events. An outbox carries those of its receiver.
pub trait Words: Send + Sync {
    /// Writes the text of a frame to `out` and tells its type; `None` where this wire says nothing.
    fn write(&self, event: &Event, out: &mut Vec<u8>) -> Option<FrameType>;

    /// The same for the end of this server: when to come back.
    fn go_away(&self, _reconnect_after: Duration, _out: &mut Vec<u8>) -> Option<FrameType> {
        None
    }
}
