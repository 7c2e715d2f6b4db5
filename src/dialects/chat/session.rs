//! One client: its pairing, and the way of its frames to whoever they are for.

use std::sync::Arc;

use meetpoint_protocol::{
    Close, FrameType, Json, UserId,
    chat::{self, ErrorCode, Fault, PONG, Reference, Refused, Relay, Relayed, Request},
    ids::IdText,
};

use super::{Chat, rooms::Membership};
use crate::{
    core::{
        event::{Event, Match},
        outbox::{Frame, Outbox, PushError},
        room::{Delivery, Room},
        sessions::Resumable,
        topics::Bucket,
        turn::Turn,
    },
    dialects::{Ending, Flow, Session},
};

/// A client that sends this many frames in a row which cannot be parsed does not speak this protocol.
const MAX_UNREADABLE: u32 = 100;

/// One client of the chat.
pub struct ChatSession {
    /// The client's id as every frame that it relays is stamped with.
    pub(super) id: IdText,
    pub(super) chat: Arc<Chat>,
    pub(super) outbox: Outbox,
    /// Who it says it is.
    pub(super) user: Option<UserId>,
    /// Where this side sits, as far as it knows. The lobby is the authority; the room refuses what is out of date.
    pub(super) room: Option<Arc<Room>>,
    /// Whose topics it may join.
    pub(super) bucket: Bucket,
    /// Those that it has joined.
    pub(super) topics: Vec<Membership>,
    /// It has no socket for a while.
    pub(super) is_away: bool,
    /// Unreadable frames in a row.
    unreadable: u32,
}

impl Session for ChatSession {
    fn text(&mut self, text: &str, turn: &mut Turn) -> Flow {
        self.hear(chat::parse(text), turn)
    }

    fn garbage(&mut self, turn: &mut Turn) -> Flow {
        turn.tally.received(FrameType::Other);
        self.refuse(Fault::InvalidFormat.into(), turn)
    }

    fn over_rate(&mut self, tell: bool, turn: &mut Turn) {
        if tell {
            self.error(ErrorCode::RateLimit, turn);
        }
    }

    fn closed(&mut self, ending: Ending, turn: &mut Turn) {
        self.over(ending.departure(), turn);
    }
}

impl ChatSession {
    pub(super) fn new(chat: Arc<Chat>, outbox: Outbox, bucket: Bucket) -> Self {
        let id = outbox.client().to_text();
        Self { id, chat, outbox, user: None, room: None, bucket, topics: Vec::new(), is_away: false, unreadable: 0 }
    }

    /// Says `ready` to a client that is told nothing more of its session.
    pub(super) fn greet(&self, turn: &mut Turn) {
        let mut ready = Vec::new();
        self.chat.ready(self.outbox.client()).write(&mut ready);
        self.push(FrameType::Ready, &[&ready], turn);
    }

    /// A frame that has been read. What only a resumable session understands is unknown here.
    pub(super) fn hear(&mut self, heard: Result<Request<'_>, Refused<'_>>, turn: &mut Turn) -> Flow {
        self.catch_up();
        let refused = match heard {
            Ok(Request::Hello(_) | Request::Ack { .. } | Request::Bye) => Fault::UnknownType.into(),
            Ok(request) => {
                self.unreadable = 0;
                turn.tally.received(request.frame_type());
                self.act(request, turn);
                return Flow::Continue;
            }
            Err(Refused { of_resume: true, .. }) => Fault::UnknownType.into(),
            Err(refused) => refused,
        };
        turn.tally.received(FrameType::Other);
        self.refuse(refused, turn)
    }

    fn act(&mut self, request: Request<'_>, turn: &mut Turn) {
        match request {
            Request::Relay(relay, payload) => self.relay(relay, payload, turn),
            Request::Available => {
                if self.chat.lobby.available(&self.outbox, turn).is_err() {
                    self.error(ErrorCode::AlreadyPaired, turn);
                }
            }
            Request::Next => match self.chat.lobby.next(self.outbox.client(), turn) {
                Ok(()) => self.room = None,
                Err(_) => self.error(ErrorCode::NotPaired, turn),
            },
            Request::Leave => {
                self.chat.lobby.leave(self.outbox.client(), turn);
                self.room = None;
            }
            Request::Auth(user) => {
                self.user.clone_from(&user);
                self.chat.lobby.identify(&self.outbox, user, turn);
            }
            Request::Room { ask, reference } => self.ask(ask, reference, turn),
            // Refused already: they mean something on resumable sockets only.
            Request::Hello(_) | Request::Ack { .. } | Request::Bye => {}
            Request::Ping => self.push(FrameType::Pong, &[PONG.as_bytes()], turn),
        }
    }

    fn relay(&self, relay: Relay, payload: Option<Json<'_>>, turn: &mut Turn) {
        let Some(room) = &self.room else {
            turn.tally.dropped.not_paired += 1;
            return self.error(ErrorCode::NotPaired, turn);
        };
        let relayed = Relayed::new(relay, &self.id, payload);
        let frame = Frame { frame_type: relay.frame_type(), parts: relayed.parts() };
        match room.relay(self.outbox.client(), &frame, turn) {
            Delivery::Delivered => turn.tally.relayed_bytes += payload.map_or(0, |payload| payload.get().len()) as u64,
            // The partner is on its way out, and this side will be told so.
            Delivery::Dropped(PushError::Full) => turn.tally.dropped.full += 1,
            Delivery::Dropped(PushError::Gone) => turn.tally.dropped.gone += 1,
            Delivery::NotSeated | Delivery::NoSuchSeat => {
                turn.tally.dropped.not_paired += 1;
                self.error(ErrorCode::NotPaired, turn);
            }
        }
    }

    pub(super) fn refuse(&mut self, refused: Refused<'_>, turn: &mut Turn) -> Flow {
        // Whatever is readable is understood, though it may be of a newer client.
        self.unreadable = if refused.fault == Fault::InvalidFormat { self.unreadable + 1 } else { 0 };
        self.error_to(refused.fault.code(), refused.reference, turn);
        if self.unreadable < MAX_UNREADABLE { Flow::Continue } else { Flow::Close(Close::BadRequest) }
    }

    /// Takes note of what the lobby has decided since the last frame.
    pub(super) fn catch_up(&mut self) {
        match self.outbox.take_event() {
            None => {}
            Some(Event::Matched(Match { room, .. })) => self.room = Some(room),
            Some(Event::PartnerLeft(_)) => self.room = None,
        }
    }

    pub(super) fn error(&self, code: ErrorCode, turn: &mut Turn) {
        self.push(FrameType::Error, &[code.frame().as_bytes()], turn);
    }

    /// An error in answer to a frame that the client knows by a mark of its own.
    pub(super) fn error_to(&self, code: ErrorCode, reference: Option<Reference<'_>>, turn: &mut Turn) {
        let mut text = Vec::new();
        code.write(reference, &mut text);
        self.push(FrameType::Error, &[&text], turn);
    }

    pub(super) fn push(&self, frame_type: FrameType, parts: &[&[u8]], turn: &mut Turn) {
        // Refused only where this connection is closing, and then its task is about to see that.
        let _ = self.outbox.push(&Frame { frame_type, parts }, turn);
    }
}
