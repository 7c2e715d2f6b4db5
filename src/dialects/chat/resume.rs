//! Sessions that outlive their sockets, for clients that ask for it: `/ws?resumable=1`.
//!
//! ```text
//! → hello                              ← ready {…, resumeToken, resumeWindow}
//! → hello {resume: {token, received}}  ← resumed {clientId, resumeToken, received, resumeWindow}, then what was missed
//!                                      ← ready {…, resumed: false, reason}     where that cannot be
//! → ack {received}                     no answer; a pong to the server's ping, whose payload is the count, says the same
//! → bye                                the socket is closed (1000), the session over
//! ```
//! A socket that ends in any other way than by 1000 or 1001 leaves its session away: it keeps its partner, its topics and its
//! place in the queue, and what it is sent waits. Partners and members who are resumable themselves hear of it.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header::RETRY_AFTER};
use meetpoint_protocol::{
    ClientId, Close, FrameType,
    chat::{
        self, ErrorCode, Fault, NotResumed, Offered, PARTNER_BACK, Refused, Request, Resume, Resumed, partner_away,
        rooms::{peer_away, peer_back},
    },
};
use serde_json::json;

use super::{
    Chat, ChatSession,
    rooms::{Membership, encode},
};
use crate::{
    core::{
        event::Departure,
        outbox::Line,
        sessions::{self, Refusal, Resumable, Seat},
        topics::Bucket,
        turn::Turn,
    },
    dialects::{Ending, Flow, Session, Successor},
    guard::{guess::Attempt, window::RetryAfter},
    telemetry::metrics::EndedAway,
};

/// How long a resumable socket may say nothing.
const HELLO_WITHIN: Duration = Duration::from_secs(5);

/// The answer to an address that has named too many tokens that never were.
pub(super) fn blocked(wait: RetryAfter) -> Response {
    let problem = Json(json!({ "error": "Too many wrong resume tokens" }));
    (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, wait.seconds().to_string())], problem).into_response()
}

/// A socket whose client has not said yet which session it is for.
pub(super) struct Greeting {
    chat: Arc<Chat>,
    line: Line,
    who: IpAddr,
    until: Instant,
    /// The session that it gets when it asks for no other.
    fresh: Option<ChatSession>,
}

impl Greeting {
    pub(super) fn new(chat: Arc<Chat>, line: Line, bucket: Bucket, who: IpAddr, now: Instant) -> Self {
        let fresh = ChatSession::new(chat.clone(), line.outbox().clone(), bucket);
        Self { chat, line, who, until: now + HELLO_WITHIN, fresh: Some(fresh) }
    }
}

impl Session for Greeting {
    fn text(&mut self, text: &str, turn: &mut Turn) -> Flow {
        let Ok(Request::Hello(wish)) = chat::parse(text) else { return self.garbage(turn) };
        turn.tally.received(FrameType::Hello);
        let refused = match wish.map(|wish| self.resume(&wish, turn)) {
            Some(Ok(resumed)) => {
                self.chat.meter.resumed();
                return resumed;
            }
            Some(Err(why)) => {
                self.chat.meter.not_resumed(why);
                Some(why)
            }
            None => None,
        };
        match self.fresh.take() {
            Some(fresh) => self.begin(fresh, refused, turn),
            None => Flow::Continue,
        }
    }

    fn garbage(&mut self, turn: &mut Turn) -> Flow {
        turn.tally.received(FrameType::Other);
        self.fresh.as_mut().map_or(Flow::Continue, |fresh| fresh.refuse(Fault::InvalidFormat.into(), turn))
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.until)
    }

    fn due(&mut self, _: &mut Turn) -> Flow {
        Flow::Close(Close::HelloTimeout)
    }

    fn closed(&mut self, _: Ending, _: &mut Turn) {}
}

impl Greeting {
    fn resume(&self, wish: &Resume<'_>, turn: &mut Turn) -> Result<Flow, NotResumed> {
        let Chat { tokens, guesses, sessions, chance, .. } = &*self.chat;
        if sessions.window().is_zero() {
            return Err(NotResumed::Unknown);
        }
        let attempt = || match tokens.open(&wish.token) {
            Some(id) => (Attempt::Known, Some(id)),
            None => (Attempt::Guessed, None),
        };
        let id = guesses.attempt(self.who, turn.now, attempt).ok().flatten().ok_or(NotResumed::Unknown)?;
        let (next, token) = tokens.mint(chance.id());
        let greeting = |client, received| {
            let mut text = Vec::new();
            Resumed { client, token: self.chat.offered(&token), received }.write(&mut text);
            text
        };
        let resumed = sessions.resume(id.bytes(), &self.line, wish.received, next.bytes(), greeting, turn);
        let seat = resumed.map_err(|refusal| match refusal {
            Refusal::Expired => NotResumed::Expired,
            Refusal::Over => NotResumed::Ended,
            Refusal::Gap => NotResumed::Gap,
        })?;
        turn.tally.sent(FrameType::Resumed);
        let line = Some(seat.line().clone());
        let session = Box::new(ResumableSession { chat: self.chat.clone(), seat });
        Ok(Flow::Become(Box::new(Successor { line, session })))
    }

    /// A new session, instead of another that it did not get, perhaps.
    fn begin(&self, fresh: ChatSession, refused: Option<NotResumed>, turn: &mut Turn) -> Flow {
        let sessions = &self.chat.sessions;
        let (id, token) = self.chat.tokens.mint(self.chat.chance.id());
        let offered = (!sessions.window().is_zero()).then(|| self.chat.offered(&token));
        let mut text = Vec::new();
        chat::Ready { token: offered, refused, ..self.chat.ready(self.line.outbox().client()) }.write(&mut text);
        // Before anything is counted.
        fresh.push(FrameType::Ready, &[&text], turn);
        let seat = sessions.open(self.line.clone(), fresh, id.bytes());
        seat.line().ask(turn);
        let session = Box::new(ResumableSession { chat: self.chat.clone(), seat });
        Flow::Become(Box::new(Successor { line: None, session }))
    }
}

impl Chat {
    fn offered<'a>(&self, token: &'a str) -> Offered<'a> {
        Offered { token, window_ms: self.sessions.window().as_millis() as u64 }
    }
}

/// A session that outlives its socket, on the socket that it has now.
struct ResumableSession {
    chat: Arc<Chat>,
    seat: Seat<ChatSession>,
}

impl Session for ResumableSession {
    fn text(&mut self, text: &str, turn: &mut Turn) -> Flow {
        let heard = match chat::parse(text) {
            // Once is enough.
            Ok(Request::Hello(_)) => Err(Fault::InvalidFormat.into()),
            heard => heard.map_err(|refused| Refused { of_resume: false, ..refused }),
        };
        let (acknowledged, says_bye) = match heard {
            Ok(Request::Ack { received }) => (Some(received), false),
            Ok(Request::Bye) => (None, true),
            _ => (None, false),
        };
        let outbox = self.seat.line().outbox();
        let flow = self.seat.hear(|session| match heard {
            Ok(Request::Ack { received }) => {
                turn.tally.received(FrameType::Ack);
                if outbox.acknowledge(received).is_err() {
                    session.error(ErrorCode::InvalidFormat, turn);
                }
                Flow::Continue
            }
            Ok(Request::Bye) => {
                turn.tally.received(FrameType::Bye);
                Flow::Continue
            }
            heard => session.hear(heard, turn),
        });
        if let Some(received) = acknowledged {
            self.acknowledge(received);
        }
        if says_bye && flow.is_ok() {
            self.chat.sessions.closed(&self.seat, sessions::Ending::Over(Departure::Left), turn);
            return Flow::Close(Close::Bye);
        }
        flow.unwrap_or(Flow::Close(Close::Replaced))
    }

    fn garbage(&mut self, turn: &mut Turn) -> Flow {
        self.seat.hear(|session| session.garbage(turn)).unwrap_or(Flow::Close(Close::Replaced))
    }

    fn over_rate(&mut self, tell: bool, turn: &mut Turn) {
        // Where another connection has the session, this one is about to see it.
        let _ = self.seat.hear(|session| session.over_rate(tell, turn));
    }

    fn ping(&self) -> String {
        self.seat.line().outbox().sent().to_string()
    }

    fn pong(&mut self, payload: &[u8], _: Option<Duration>) {
        if let Some(received) = std::str::from_utf8(payload).ok().and_then(|count| count.parse().ok()) {
            self.acknowledge(received);
        }
    }

    fn closed(&mut self, ending: Ending, turn: &mut Turn) {
        let ending = match ending {
            Ending::Cut | Ending::Silent => sessions::Ending::Cut,
            Ending::Goodbye => sessions::Ending::Over(Departure::Left),
            Ending::Expelled | Ending::Shutdown => sessions::Ending::Over(ending.departure()),
        };
        self.chat.sessions.closed(&self.seat, ending, turn);
    }
}

impl ResumableSession {
    /// The client has so many frames. More than there were is a mistake or a lie, and means nothing.
    fn acknowledge(&self, received: u64) {
        let _ = self.chat.sessions.acknowledge(&self.seat, received);
    }
}

impl Resumable for ChatSession {
    fn away(&mut self, until: Instant, turn: &mut Turn) {
        self.is_away = true;
        self.chat.lobby.away(self.outbox.client());
        // Whom it was matched with before that is known now, and there will be no other.
        self.catch_up();
        let until = self.chat.clock.wall().plus(until - turn.now);
        self.hint_partner(FrameType::PartnerAway, |out| partner_away(until, out), turn);
        self.hint_topics(FrameType::PeerAway, |topic, client, out| peer_away(topic, client, until, out), turn);
    }

    fn back(&mut self, turn: &mut Turn) {
        self.is_away = false;
        self.catch_up();
        self.hint_partner(FrameType::PartnerBack, |out| out.extend_from_slice(PARTNER_BACK.as_bytes()), turn);
        self.hint_topics(FrameType::PeerBack, peer_back, turn);
        self.chat.lobby.back(self.outbox.client(), turn);
    }

    fn over(&mut self, why: Departure, turn: &mut Turn) {
        if self.is_away {
            let is_late = why == Departure::Timeout;
            self.chat.meter.ended_away(if is_late { EndedAway::Expired } else { EndedAway::Full });
        }
        self.chat.lobby.gone(self.outbox.client(), why, turn);
        self.leave_topics(why, turn);
    }
}

impl ChatSession {
    /// Tells the partner, if there is one and it understands.
    fn hint_partner(&self, frame_type: FrameType, write: impl FnOnce(&mut Vec<u8>), turn: &mut Turn) {
        if let Some(room) = &self.room {
            room.hint(self.outbox.client(), &encode(frame_type, write), turn);
        }
    }

    /// Tells those members of its topics that understand it.
    fn hint_topics(&self, frame_type: FrameType, write: impl Fn(&str, ClientId, &mut Vec<u8>), turn: &mut Turn) {
        let client = self.outbox.client();
        for Membership { json, room, .. } in &self.topics {
            room.hint(client, &encode(frame_type, |out| write(json, client, out)), turn);
        }
    }
}
