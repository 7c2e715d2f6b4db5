//! NoisyTransfer: two sides, A and B, meet in a room that one of them got with a code, and say to each other what a file transfer needs.
//!
//! ```text
//! POST /rendezvous/code      ← {appID, code, expiresAt}            a code for people to read out
//! POST /rendezvous/redeem    → {code}   ← {appID, expiresAt}       works once
//!
//! /ws?appID=…&side=A|B[&sid=…]
//! ← room_full                                       both sides are there
//! → offer / answer / ice / sender_ready             the other side: ← the same, byte for byte; kept while it is not there
//! → hello {deliveredUpTo}                           ← what its mailbox has above that
//! → send {to, payload, id?}                         side `to`: ← send {payload, seq}, or deliver {seq, payload} where it has a `sid`
//!                                                   with an id, when it is kept: ← sent {id, seq}
//! → delivered {upTo}                                its mailbox forgets what it has
//! → telemetry {event, mode}                         counted
//! ← peer_left                                       the other side has gone
//! ← error {code, message, id?}                      never closes the socket
//! ```
//! Close codes: 1001 draining, 1007 invalid UTF-8, 1008 the side is taken, 1009 too large, 4008 slow consumer, 4010 ping timeout, 4409 the
//! side came back on another socket.
//!
//! Client quirks served: field names and types in any case; binary frames count as text; what cannot be read is ignored; a client that
//! attaches its listeners after `open` misses nothing, because it is told nothing before it has spoken, or a fifth of a second has passed.

mod entrance;
pub mod rendezvous;
mod session;
mod voice;

use std::{sync::Arc, time::Duration};

use axum::response::Response;

use self::{
    entrance::Wish,
    session::SideSession,
    voice::{Documented, NoWords, Published},
};
use super::{Dialect, Entry, Opening, Refused};
use crate::{
    core::{
        book::MOST_BYTES,
        clock::Clock,
        event::Words,
        outbox::Bounds,
        sides::{Guest, MOST_KEPT_FRAMES, PATIENCE, Sides, Voice},
    },
    guard::origin::Missing,
    telemetry::metrics::Noisy as Meter,
};

/// The longest name by which a client that comes back is known, in bytes: a longer one is kept for nobody.
const MAX_SID: usize = 256;

/// The A/B wire over WebSockets.
#[derive(Clone)]
pub struct Noisy {
    pub sides: Arc<Sides>,
    pub meter: Arc<Meter>,
    pub clock: Clock,
    /// Bytes.
    pub max_message: usize,
}

impl Dialect for Noisy {
    fn path(&self) -> &'static str {
        "/ws"
    }

    fn claims(&self, query: Option<&str>) -> bool {
        entrance::claims(query)
    }

    fn admit(&self, opening: &Opening<'_>) -> Result<Entry, Box<Response>> {
        let Wish { app, side, sid } = entrance::read(opening.query)?;
        let noisy = self.clone();
        Ok(Box::new(move |outbox, turn| {
            noisy.meter.connected();
            let says_hello = sid.is_some();
            let voice: &dyn Voice = if says_hello { &Published } else { &Documented };
            let name = sid.filter(|sid| !sid.is_empty() && sid.len() <= MAX_SID).map(Into::into);
            let me = Guest { outbox, voice, name, says_hello, has_spoken: false };
            Box::new(SideSession::open(noisy, (app, side), me, turn))
        }))
    }

    fn refuse(&self, why: &Refused) -> Option<Response> {
        entrance::refuse(why)
    }

    fn missing_origin(&self) -> Missing {
        Missing::Welcome
    }

    fn max_message(&self) -> usize {
        self.max_message
    }

    /// Room for two of the largest messages, for the largest item, and for all frames that a side has waiting when it comes.
    fn outbox(&self, usual: Bounds) -> Bounds {
        const SPARE: usize = 1024;
        let bytes = (2 * self.max_message).max(MOST_BYTES) + SPARE;
        Bounds { bytes: usual.bytes.max(bytes), frames: usual.frames.max(2 * MOST_KEPT_FRAMES), ..usual }
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }

    fn paces(&self) -> bool {
        true
    }

    fn echoes_reasons(&self) -> bool {
        false
    }

    fn words(&self) -> &'static dyn Words {
        &NoWords
    }
}
