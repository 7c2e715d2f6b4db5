//! One socket of a room with two sides: first perhaps a newcomer whose side is taken, then somebody who sits there.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use meetpoint_protocol::{
    Close, ConnId, FrameType,
    noisy::{self, ErrorCode, Event, Frame, Side},
};

use crate::{
    core::{
        book::Refusal,
        clock::Clock,
        event::Departure,
        outbox,
        sides::{Backlog, Duo, Guest, Handed, Receipt, Sides, Welcome, busy},
        turn::Turn,
    },
    dialects::{Flow, Session},
    telemetry::metrics::Noisy as Meter,
};

pub(super) struct SideSession {
    pub sides: Arc<Sides>,
    pub meter: Arc<Meter>,
    pub clock: Clock,
    pub side: Side,
    pub me: Guest,
    pub duo: Arc<Duo>,
    pub place: Place,
}

/// Where a socket stands.
pub(super) enum Place {
    Seated,
    /// Somebody else has the side. What is said meanwhile counts when it is free.
    Waiting {
        since: Instant,
        until: Instant,
        said: Backlog,
    },
}

impl Place {
    pub(super) fn new(welcome: Welcome, now: Instant) -> Self {
        let until = match welcome {
            Welcome::Seated => return Self::Seated,
            Welcome::Later(until) => until,
            Welcome::Busy => now,
        };
        Self::Waiting { since: now, until, said: Backlog::default() }
    }
}

impl Session for SideSession {
    fn text(&mut self, text: &str, turn: &mut Turn) -> Flow {
        let Some(frame) = noisy::parse(text) else {
            // The original ignores what it cannot read, and so its clients may send it.
            turn.tally.received(FrameType::Other);
            self.meter.heard_noise(text.len());
            self.alive();
            return Flow::Continue;
        };
        let frame_type = frame.frame_type();
        turn.tally.received(frame_type);
        self.meter.heard(frame_type, text.len());
        match &mut self.place {
            Place::Seated => {
                self.alive();
                self.act(frame, text, turn);
            }
            Place::Waiting { said, .. } => {
                if !said.keep(frame_type, text, turn.now) {
                    self.error(ErrorCode::BufferFull, None, turn);
                }
            }
        }
        Flow::Continue
    }

    fn garbage(&mut self, turn: &mut Turn) -> Flow {
        turn.tally.received(FrameType::Other);
        Flow::Close(Close::InvalidUtf8)
    }

    fn over_rate(&mut self, turn: &mut Turn) {
        self.error(ErrorCode::RateLimit, None, turn);
    }

    /// The time in nanoseconds since 1970, as the original has it.
    fn ping(&self) -> String {
        format!("{:013}000000", self.clock.wall().millis())
    }

    fn pong(&mut self, round_trip: Option<Duration>) {
        self.meter.pong(round_trip);
        self.alive();
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.place {
            Place::Seated => None,
            // Where the holder has left meanwhile, the seat is there already.
            Place::Waiting { since, .. } if self.duo.is_seated(self.side, self.conn()) => Some(*since),
            Place::Waiting { until, .. } => Some(*until),
        }
    }

    fn due(&mut self, turn: &mut Turn) -> Flow {
        let Place::Waiting { until, said, .. } = &mut self.place else { return Flow::Continue };
        let (duo, welcome) = self.sides.claim(self.duo.app, self.side, &self.me, turn);
        self.duo = duo;
        match welcome {
            Welcome::Seated => {
                let said = said.take();
                self.place = Place::Seated;
                for waiting in said {
                    if let Some(frame) = noisy::parse(&waiting.text) {
                        self.act(frame, &waiting.text, turn);
                    }
                }
                Flow::Continue
            }
            Welcome::Later(later) => {
                *until = later;
                Flow::Continue
            }
            Welcome::Busy => Flow::Close(busy(self.side)),
        }
    }

    fn drained(&mut self, turn: &mut Turn) {
        self.sides.continue_mail(&self.duo, (self.side, self.conn()), turn);
    }

    fn closed(&mut self, why: Departure, turn: &mut Turn) {
        self.sides.leave(&self.duo, (self.side, self.conn()), why, turn);
    }
}

impl SideSession {
    fn act(&self, frame: Frame<'_>, text: &str, turn: &mut Turn) {
        match frame {
            Frame::Relay(relay) => self.relay(relay.frame_type(), text, turn),
            Frame::Hello { delivered_up_to } => {
                self.sides.hello(&self.duo, (self.side, self.conn()), delivered_up_to, turn);
            }
            Frame::Send { to, payload, id } => self.send(to, payload, id, turn),
            Frame::Delivered { up_to } => {
                self.sides.acknowledge(&self.duo, self.side, up_to);
                // Where its outbox had been full, there may be more to show.
                self.sides.continue_mail(&self.duo, (self.side, self.conn()), turn);
            }
            Frame::Telemetry { event: Event::IceConnected, mode } => {
                if let Some(after) = self.duo.establish(turn.now) {
                    self.meter.established(mode, after);
                }
            }
            Frame::Telemetry { event: Event::IceFailed, .. } => self.meter.failed(),
            Frame::Telemetry { event: Event::Unknown, .. } | Frame::Unknown => {}
        }
    }

    fn relay(&self, frame_type: FrameType, text: &str, turn: &mut Turn) {
        match self.sides.relay(&self.duo, (self.side, self.conn()), (frame_type, text), turn) {
            Handed::Over => {
                turn.tally.relayed_bytes += text.len() as u64;
                self.meter.relayed(frame_type, text.len());
            }
            Handed::Kept => {}
            Handed::Full => {
                turn.tally.dropped.full += 1;
                self.error(ErrorCode::BufferFull, None, turn);
            }
            // Somebody else has the side now, and this socket is about to be closed.
            Handed::NotSeated => turn.tally.dropped.gone += 1,
        }
    }

    fn send(&self, to: Option<Side>, payload: &str, id: Option<&str>, turn: &mut Turn) {
        let Some(to) = to else { return self.error(ErrorCode::BadRecipient, id, turn) };
        let receipt = Receipt { sender: self.me.clone(), id: id.map(Into::into) };
        match self.sides.send(&self.duo, to, &noisy::compact(payload), receipt, turn) {
            Ok(()) => {}
            Err(Refusal::Unavailable) => self.error(ErrorCode::StorageUnavailable, id, turn),
            Err(_) => self.error(ErrorCode::MailboxFull, id, turn),
        }
    }

    fn alive(&self) {
        self.duo.heard(self.side, self.conn());
    }

    fn error(&self, code: ErrorCode, id: Option<&str>, turn: &mut Turn) {
        let mut text = Vec::new();
        noisy::error(code, id, &mut text);
        // Refused only where this connection is closing, and then its task is about to see that.
        let _ = self.me.outbox.push(&outbox::Frame { frame_type: FrameType::Error, parts: &[&text] }, turn);
    }

    fn conn(&self) -> ConnId {
        self.me.outbox.conn()
    }
}
