//! How a chat client is told of events.

use meetpoint_protocol::{
    FrameType,
    chat::{LeftReason, Matched},
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
                let reason = match why {
                    Departure::Next => LeftReason::Next,
                    Departure::Left => LeftReason::Left,
                    Departure::Disconnected => LeftReason::Disconnected,
                    Departure::Timeout => LeftReason::Timeout,
                    // Whoever stays is about to be closed as well; until then a call goes on without the server.
                    Departure::Shutdown => return None,
                };
                out.extend_from_slice(reason.frame().as_bytes());
                Some(FrameType::PartnerLeft)
            }
        }
    }
}
