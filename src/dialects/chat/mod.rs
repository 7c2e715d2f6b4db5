//! Random video chat and topic rooms on `/ws`: strangers are paired, members of a topic hear each other, and all of them talk
//! through the room that they share. One socket may do both.
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
//! ← goaway {reconnectAfter}                                     the server is about to end; for /ws?goaway=1
//! ```
//! Topic rooms are in `rooms`, sessions that outlive their sockets (`/ws?resumable=1`) in `resume`.
//!
//! Close codes: 1000 `bye`, 1001 draining, 1007 invalid UTF-8, 1009 too large, 4008 slow consumer, 4010 ping timeout, 4011 hello
//! timeout, 4029 too many messages, 4400 a hundred unreadable frames in a row, 4409 replaced by the same session.
//!
//! Client quirks served: clients of the original send `available` after `next` and after `partner-left`, although the
//! server has queued them already; where that crosses with a match it is no error. JSON in binary frames counts as text.

mod resume;
mod rooms;
mod session;
mod words;

use std::{sync::Arc, time::Duration};

use axum::response::Response;
use meetpoint_protocol::{ClientId, chat::Ready};
use prometheus::IntCounter;
use url::form_urlencoded;

pub use self::session::ChatSession;
use self::{resume::Greeting, words::ChatWords};
use super::{Dialect, Entry, Opening};
use crate::{
    core::{
        chance::Chance,
        clock::Clock,
        event::Words,
        lobby::Lobby,
        outbox::Line,
        sessions::Sessions,
        topics::{Bucket, Topics},
    },
    guard::{
        guess::Guesses,
        origin::{self, Missing},
        token::Tokens,
    },
    telemetry::metrics,
};

/// What all sessions of the chat share.
pub struct Chat {
    pub lobby: Arc<Lobby>,
    pub topics: Arc<Topics>,
    pub sessions: Sessions<ChatSession>,
    pub rooms: RoomRules,
    pub tokens: Tokens,
    /// Who has named tokens that never were.
    pub guesses: Guesses,
    pub meter: Arc<metrics::Sessions>,
    /// Sockets that were refused for that.
    pub refused: IntCounter,
    pub chance: Arc<Chance>,
    pub clock: Clock,
    pub ping_interval: Duration,
    /// Bytes.
    pub max_message: usize,
}

/// What an operator may choose for topics.
#[derive(Clone, Copy, Debug)]
pub struct RoomRules {
    /// In how many topics one client may be.
    pub max_per_client: usize,
    /// Whether clients of all origins share their topics.
    pub is_global: bool,
    /// Whether topics may be listed.
    pub listing: bool,
    /// The longest answer that lists something, in bytes.
    pub max_answer: usize,
}

/// Strangers whose origins are not told apart, or who have none.
const EVERYBODY: &str = "*";
const NOWHERE: &str = "";

impl Dialect for Arc<Chat> {
    fn path(&self) -> &'static str {
        "/ws"
    }

    fn admit(&self, opening: &Opening<'_>) -> Result<Entry, Box<Response>> {
        let chat = self.clone();
        let bucket = self.bucket(opening);
        if asks_for(opening.query, "resumable") {
            let who = opening.client;
            if let Some(wait) = self.guesses.blocked(who, opening.now) {
                self.refused.inc();
                return Err(Box::new(resume::blocked(wait)));
            }
            return Ok(Box::new(move |outbox, turn| {
                Box::new(Greeting::new(chat, Line::new(outbox), bucket, who, turn.now))
            }));
        }
        Ok(Box::new(move |outbox, turn| {
            let session = ChatSession::new(chat, outbox, bucket);
            session.greet(turn);
            Box::new(session)
        }))
    }

    fn missing_origin(&self) -> Missing {
        Missing::Suspect
    }

    fn max_message(&self) -> usize {
        self.max_message
    }

    fn hears_go_away(&self, query: Option<&str>) -> bool {
        asks_for(query, "goaway")
    }

    fn words(&self) -> &'static dyn Words {
        &ChatWords
    }
}

/// Whether a query has this wish in it, as `name=1`.
fn asks_for(query: Option<&str>, wish: &str) -> bool {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.any(|(key, value)| key == wish && value == "1")
}

impl Chat {
    /// Whose topics a client shares.
    fn bucket(&self, opening: &Opening<'_>) -> Bucket {
        if self.rooms.is_global {
            return EVERYBODY.into();
        }
        origin::text_of(opening.headers).as_deref().unwrap_or(NOWHERE).into()
    }

    /// `ready`, as far as it says the same to everybody.
    fn ready(&self, client: ClientId) -> Ready<'static> {
        Ready {
            client,
            ping_interval_ms: self.ping_interval.as_millis() as u64,
            resumes: !self.sessions.window().is_zero(),
            token: None,
            refused: None,
        }
    }
}
