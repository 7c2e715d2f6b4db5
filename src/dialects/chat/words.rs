//! How a chat client is told of events.

use std::time::Duration;

use meetpoint_protocol::{
    FrameType,
    chat::{self, LeftReason, Matched},
};

use crate::core::event::{Departure, Event, Match, Words};

pub(super) struct ChatWords;

impl Words for ChatWords {
    fn write(&self, event: &Event, out: &mut Vec<u8>) -> Option<FrameType> {
        match event {
            Event::Matched(Match { room, partner, partner_user, initiator }) => {
                let (room, partner_user) = (room.id, partner_user.as_ref());
                Matched { room, partner: *partner, initiator: *initiator, partner_user }.write(out);
                Some(FrameType::Matched)
            }
            Event::PartnerLeft(why) => {
                out.extend_from_slice(left_reason(*why)?.frame().as_bytes());
                Some(FrameType::PartnerLeft)
            }
        }
    }

    fn go_away(&self, reconnect_after: Duration, out: &mut Vec<u8>) -> Option<FrameType> {
        chat::go_away(u64::try_from(reconnect_after.as_millis()).unwrap_or(u64::MAX), out);
        Some(FrameType::GoAway)
    }
}

/// Why somebody is gone, as the others are told; `None` where they are told nothing.
pub(super) fn left_reason(why: Departure) -> Option<LeftReason> {
    match why {
        Departure::Next => Some(LeftReason::Next),
        Departure::Left => Some(LeftReason::Left),
        Departure::Disconnected => Some(LeftReason::Disconnected),
        Departure::Timeout => Some(LeftReason::Timeout),
        // Whoever stays is about to be closed as well; until then a call goes on without the server.
        Departure::Shutdown => None,
    }
}
