//! One socket of a room with two sides: first perhaps a newcomer whose side is taken, then somebody who sits there.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use meetpoint_protocol::{
    Close, ConnId, FrameType,
    noisy::{self, AppId, ErrorCode, Event, Frame, Side},
};

use super::Noisy;
use crate::{
    core::{
        book::Refusal,
        clock::Clock,
        outbox,
        sides::{Backlog, Duo, Guest, Handed, PATIENCE, Receipt, Sides, Welcome, busy},
        turn::Turn,
    },
    dialects::{Ending, Flow, Session},
    telemetry::metrics::Noisy as Meter,
};

pub(super) struct SideSession {
    sides: Arc<Sides>,
    meter: Arc<Meter>,
    clock: Clock,
    side: Side,
    me: Guest,
    duo: Arc<Duo>,
    place: Place,
    /// Until when it may say something before it is taken for one that says nothing.
    silent_until: Option<Instant>,
}

/// Where a socket stands.
enum Place {
    Seated,
    /// Somebody else has the side. What is said meanwhile counts when it is free.
    Waiting {
        since: Instant,
        until: Instant,
        /// The holder has its name, and may be itself on a socket that it has lost.
        returns: bool,
        said: Backlog,
    },
}

impl SideSession {
    pub(super) fn open(noisy: Noisy, (app, side): (AppId, Side), me: Guest, turn: &mut Turn) -> Self {
        let Noisy { sides, meter, clock, .. } = noisy;
        let (duo, welcome) = sides.sit(app, side, &me, turn);
        let waiting = |until, returns| Place::Waiting { since: turn.now, until, returns, said: Backlog::default() };
        let place = match welcome {
            Welcome::Seated => Place::Seated,
            Welcome::Returns(until) => waiting(until, true),
            Welcome::Later(until) => waiting(until, false),
            Welcome::Busy => waiting(turn.now, false),
        };
        Self { sides, meter, clock, side, me, duo, place, silent_until: Some(turn.now + PATIENCE) }
    }
}

impl Session for SideSession {
    fn text(&mut self, text: &str, turn: &mut Turn) -> Flow {
        let frame = noisy::parse(text);
        let frame_type = frame.map_or(FrameType::Other, |frame| frame.frame_type());
        turn.tally.received(frame_type);
        match frame {
            Some(_) => self.meter.heard(frame_type, text.len()),
            None => self.meter.heard_noise(text.len()),
        }
        let is_first = !std::mem::replace(&mut self.me.has_spoken, true);
        match (&mut self.place, frame) {
            (Place::Seated, frame) => {
                self.alive();
                if is_first {
                    self.duo.spoken(self.side, self.conn());
                }
                if let Some(frame) = frame {
                    self.act(frame, text, turn);
                }
                if is_first {
                    self.begin_mail(turn);
                }
            }
            (Place::Waiting { until, returns, said, .. }, frame) => {
                if *returns {
                    *until = turn.now;
                }
                // The original ignores what it cannot read, and so its clients may send it.
                if let Some(frame) = frame
                    && !said.keep(frame_type, text, turn.now)
                {
                    self.error(ErrorCode::BufferFull, frame.id(), turn);
                }
            }
        }
        Flow::Continue
    }

    fn garbage(&mut self, turn: &mut Turn) -> Flow {
        turn.tally.received(FrameType::Other);
        Flow::Close(Close::InvalidUtf8)
    }

    fn ping(&self) -> String {
        self.me.voice.ping(self.clock.wall())
    }

    fn pong(&mut self, _: &[u8], round_trip: Option<Duration>) {
        self.meter.pong(round_trip);
        self.alive();
    }

    fn deadline(&self) -> Option<Instant> {
        let seat = match &self.place {
            Place::Seated => None,
            // Where the holder has left meanwhile, the seat is there already.
            Place::Waiting { since, .. } if self.duo.is_seated(self.side, self.conn()) => Some(*since),
            Place::Waiting { until, .. } => Some(*until),
        };
        [seat, self.silent_until].into_iter().flatten().min()
    }

    fn due(&mut self, turn: &mut Turn) -> Flow {
        if self.silent_until.take_if(|until| *until <= turn.now).is_some() {
            self.begin_mail(turn);
        }
        let Place::Waiting { until, returns, .. } = &mut self.place else { return Flow::Continue };
        let is_seated = self.duo.is_seated(self.side, self.me.outbox.conn());
        if !is_seated && *until > turn.now {
            return Flow::Continue;
        }
        let is_silent = std::mem::take(returns) && !self.me.has_spoken;
        let app = self.duo.app;
        let (duo, welcome) = if is_silent && !is_seated {
            self.sides.contest(app, self.side, &self.me, turn)
        } else {
            self.sides.claim(app, self.side, &self.me, turn)
        };
        self.duo = duo;
        match welcome {
            Welcome::Seated => self.sit_down(turn),
            Welcome::Later(later) | Welcome::Returns(later) => *until = later,
            Welcome::Busy => return Flow::Close(busy(self.side)),
        }
        Flow::Continue
    }

    fn drained(&mut self, turn: &mut Turn) {
        self.sides.continue_mail(&self.duo, (self.side, self.conn()), turn);
    }

    fn closed(&mut self, ending: Ending, turn: &mut Turn) {
        self.sides.leave(&self.duo, (self.side, self.conn()), ending.departure(), turn);
    }
}

impl SideSession {
    /// Does what it has said while it was waiting.
    fn sit_down(&mut self, turn: &mut Turn) {
        let Place::Waiting { mut said, .. } = std::mem::replace(&mut self.place, Place::Seated) else { return };
        if self.me.has_spoken {
            self.duo.spoken(self.side, self.conn());
        }
        for waiting in said.take() {
            if let Some(frame) = noisy::parse(&waiting.text) {
                self.act(frame, &waiting.text, turn);
            }
        }
        if self.me.has_spoken || self.silent_until.is_none() {
            self.begin_mail(turn);
        }
    }

    /// It has spoken, or had the time to. Behind what it has said: a `hello` says what it wants to be shown.
    fn begin_mail(&mut self, turn: &mut Turn) {
        self.silent_until = None;
        self.sides.begin_mail(&self.duo, (self.side, self.conn()), turn);
    }

    fn act(&self, frame: Frame<'_>, text: &str, turn: &mut Turn) {
        match frame {
            Frame::Relay(relay) => self.relay(relay.frame_type(), text, turn),
            Frame::Hello { delivered_up_to } => {
                self.sides.hello(&self.duo, (self.side, self.conn()), delivered_up_to, turn);
            }
            Frame::Send { to, payload, id } => self.send(to, payload, id, turn),
            Frame::Delivered { up_to } => {
                self.sides.acknowledge(&self.duo, (self.side, self.conn()), up_to, turn);
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
