//! Random video chat on `/ws`: strangers are paired, then talk through each other's rooms.
//!
//! ```text
//! ← ready {clientId, pingInterval, protocol, features}          first, on every socket
//! → auth {userId?}                                              no answer
//! → available                                                   ← matched {roomId, partnerId, initiator, partnerUserId?}
//! → offer {sdp} / answer {sdp} / ice {candidate}                the partner: ← the same {from, …}
//! → next                                                        the partner: ← partner-left {reason: "next"}; both are queued again
//! → leave                                                       the partner: ← partner-left {reason: "left"}
//! → ping                                                        ← pong
//! ← error {code, message}                                       never closes the socket
//! ```
//! Close codes: 1001 draining, 1007 invalid UTF-8, 1009 too large, 4008 slow consumer, 4010 ping timeout, 4029 too many
//! messages, 4400 a hundred unreadable frames in a row.
//!
//! Client quirks served: clients of the original send `available` after `next` and after `partner-left`, although the
//! server has queued them already; where that crosses with a match it is no error. JSON in binary frames counts as text.

mod words;

use std::{sync::Arc, time::Duration};

use axum::response::Response;
use meetpoint_protocol::{
    Close, FrameType,
    chat::{self, ErrorCode, Fault, PONG, Ready, Relay, Relayed, Request},
    ids::IdText,
};
use serde_json::value::RawValue;

use self::words::ChatWords;
use super::{Dialect, Entry, Flow, Session};
use crate::{
    core::{
        event::{Departure, Event, Match, Words},
        lobby::Lobby,
        outbox::{Frame, Outbox, PushError},
        room::{Delivery, Room},
        turn::Turn,
    },
    guard::origin::Missing,
};

/// A client that sends this many frames in a row which cannot be parsed does not speak this protocol.
const MAX_UNREADABLE: u32 = 100;

pub struct Chat {
    pub lobby: Arc<Lobby>,
    pub ping_interval: Duration,
    /// Bytes.
    pub max_message: usize,
}

impl Dialect for Chat {
    fn path(&self) -> &'static str {
        "/ws"
    }

    fn admit(&self, _: Option<&str>) -> Result<Entry, Box<Response>> {
        let lobby = self.lobby.clone();
        let ping_interval_ms = self.ping_interval.as_millis() as u64;
        Ok(Box::new(move |outbox, turn| {
            let session = ChatSession { id: outbox.client().to_text(), lobby, outbox, room: None, unreadable: 0 };
            let mut ready = Vec::new();
            Ready { client: session.outbox.client(), ping_interval_ms }.write(&mut ready);
            session.push(FrameType::Ready, &[&ready], turn);
            Box::new(session)
        }))
    }

    fn missing_origin(&self) -> Missing {
        Missing::Suspect
    }

    fn max_message(&self) -> usize {
        self.max_message
    }

    fn words(&self) -> &'static dyn Words {
        &ChatWords
    }
}

struct ChatSession {
    /// The client's id as every frame that it relays is stamped with.
    id: IdText,
    lobby: Arc<Lobby>,
    outbox: Outbox,
    /// Where this side sits, as far as it knows. The lobby is the authority; the room refuses what is out of date.
    room: Option<Arc<Room>>,
    /// Unreadable frames in a row.
    unreadable: u32,
}

impl Session for ChatSession {
    fn text(&mut self, text: &str, turn: &mut Turn) -> Flow {
        self.catch_up();
        match chat::parse(text) {
            Ok(request) => {
                self.unreadable = 0;
                turn.tally.received(request.frame_type());
                self.act(request, turn);
                Flow::Continue
            }
            Err(fault) => {
                turn.tally.received(FrameType::Other);
                self.refuse(fault, turn)
            }
        }
    }

    fn garbage(&mut self, turn: &mut Turn) -> Flow {
        turn.tally.received(FrameType::Other);
        self.refuse(Fault::InvalidFormat, turn)
    }

    fn over_rate(&mut self, turn: &mut Turn) {
        self.error(ErrorCode::RateLimit, turn);
    }

    fn closed(&mut self, why: Departure, turn: &mut Turn) {
        self.lobby.gone(self.outbox.client(), why, turn);
    }
}

impl ChatSession {
    fn act(&mut self, request: Request<'_>, turn: &mut Turn) {
        match request {
            Request::Relay(relay, payload) => self.relay(relay, payload, turn),
            Request::Available => {
                if self.lobby.available(&self.outbox, turn).is_err() {
                    self.error(ErrorCode::AlreadyPaired, turn);
                }
            }
            Request::Next => match self.lobby.next(self.outbox.client(), turn) {
                Ok(()) => self.room = None,
                Err(_) => self.error(ErrorCode::NotPaired, turn),
            },
            Request::Leave => {
                self.lobby.leave(self.outbox.client(), turn);
                self.room = None;
            }
            Request::Auth(user) => self.lobby.identify(&self.outbox, user, turn),
            Request::Ping => self.push(FrameType::Pong, &[PONG.as_bytes()], turn),
        }
    }

    fn relay(&self, relay: Relay, payload: Option<&RawValue>, turn: &mut Turn) {
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
            Delivery::NotSeated => {
                turn.tally.dropped.not_paired += 1;
                self.error(ErrorCode::NotPaired, turn);
            }
        }
    }

    fn refuse(&mut self, fault: Fault, turn: &mut Turn) -> Flow {
        let code = match fault {
            Fault::InvalidFormat => {
                self.unreadable += 1;
                ErrorCode::InvalidFormat
            }
            // Perhaps a newer client: it is understood, but not known.
            Fault::UnknownType => {
                self.unreadable = 0;
                ErrorCode::UnknownType
            }
        };
        self.error(code, turn);
        if self.unreadable < MAX_UNREADABLE { Flow::Continue } else { Flow::Close(Close::BadRequest) }
    }

    /// Takes note of what the lobby has decided since the last frame.
    fn catch_up(&mut self) {
        match self.outbox.take_event() {
            None => {}
            Some(Event::Matched(Match { room, .. })) => self.room = Some(room),
            Some(Event::PartnerLeft(_)) => self.room = None,
        }
    }

    fn error(&self, code: ErrorCode, turn: &mut Turn) {
        self.push(FrameType::Error, &[code.frame().as_bytes()], turn);
    }

    fn push(&self, frame_type: FrameType, parts: &[&[u8]], turn: &mut Turn) {
        // Refused only where this connection is closing, and then its task is about to see that.
        let _ = self.outbox.push(&Frame { frame_type, parts }, turn);
    }
}
