//! The phases: what is asked in each, and whether its answers are right.

use std::fmt;

use clap::ValueEnum;
use serde::Serialize;
use serde_json::Value;

use super::{
    advice,
    book::{Book, Code, Kind, Side, Wire},
    fill::code_of,
    offers::{self, BEFORE_SERIAL, NEAR, PER_TOPIC, SERIAL, Topic},
};
use crate::http::{Answer, find, load::Work};

/// A phase of a run.
#[derive(ValueEnum, Serialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// POST /answer with a description, to sessions of the population
    Answer,
    /// POST /poll of offerers and answerers in turn
    Poll,
    /// GET /{topic}/sessions
    Discover,
    /// GET /offers/by-topic/{topic}?limit=10
    DiscoverTopic,
    /// POST /rpc with discover by a tag, limit 10
    DiscoverTag,
    /// POST /{topic}/offer: further sessions, no more than the server has room for
    Announce,
    /// Announce, answer, poll and discover (sessions) in equal parts, no more than the server has room for
    Mix,
}

impl Phase {
    /// The requests, which go round.
    pub fn turns(self) -> &'static [Kind] {
        const OFFERER: Kind = Kind::Poll(Side::Offerer);
        const ANSWERER: Kind = Kind::Poll(Side::Answerer);
        const LIST: Kind = Kind::Discover(Wire::Sessions);
        match self {
            Phase::Answer => &[Kind::Answer],
            Phase::Poll => &[OFFERER, ANSWERER],
            Phase::Discover => &[LIST],
            Phase::DiscoverTopic => &[Kind::Discover(Wire::Topics)],
            Phase::DiscoverTag => &[Kind::Discover(Wire::Tags)],
            Phase::Announce => &[Kind::Announce],
            Phase::Mix => &[Kind::Announce, Kind::Answer, OFFERER, LIST, Kind::Announce, Kind::Answer, ANSWERER, LIST],
        }
    }

    pub fn announces(self) -> bool {
        self.turns().contains(&Kind::Announce)
    }

    /// The wire whose offers the phase is about.
    pub fn wire(self) -> Wire {
        match self {
            Phase::DiscoverTopic => Wire::Topics,
            Phase::DiscoverTag => Wire::Tags,
            _ => Wire::Sessions,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Phase::Answer => "answer",
            Phase::Poll => "poll",
            Phase::Discover => "discover",
            Phase::DiscoverTopic => "discover-topic",
            Phase::DiscoverTag => "discover-tag",
            Phase::Announce => "announce",
            Phase::Mix => "mix",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The requests of one phase.
pub struct Traffic<'a> {
    book: &'a mut Book,
    turns: &'static [Kind],
    turn: usize,
    listed: usize,
    /// Sessions to answer and to poll.
    codes: &'a [Code],
    far_topics: usize,
    announced: &'a mut u64,
    /// Where `announced` has to stop.
    most_announced: u64,
    dice: u64,
    /// Where the serial number stood in the last answer to a poll: mostly it stands there again.
    serial_at: usize,
    /// The length of a good listing, by wire: what has another length is read.
    listing_len: [usize; 3],
}

/// What a request was about.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    kind: Kind,
    serial: u64,
}

impl<'a> Traffic<'a> {
    /// `codes`: not empty when the phase answers or polls. `announced`: how many sessions the phases have announced so far,
    /// of at most `most_announced`.
    pub fn new(
        phase: Phase,
        book: &'a mut Book,
        codes: &'a [Code],
        far_topics: usize,
        announced: &'a mut u64,
        most_announced: u64,
    ) -> Self {
        Self {
            book,
            turns: phase.turns(),
            turn: 0,
            listed: 0,
            codes,
            far_topics,
            announced,
            most_announced,
            dice: 0x9e37_79b9_7f4a_7c15,
            serial_at: 0,
            listing_len: [0; 3],
        }
    }

    /// A session by chance, because a server's caches must not know which comes next.
    fn session(&mut self) -> usize {
        // Knuth's MMIX: the upper bits are the random ones.
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) as usize % self.codes.len()
    }

    /// Whether a description with this serial number stands in the body.
    fn has_serial(&mut self, body: &[u8], serial: u64) -> bool {
        let mut needle = [0; BEFORE_SERIAL.len() + SERIAL];
        needle[..BEFORE_SERIAL.len()].copy_from_slice(BEFORE_SERIAL.as_bytes());
        needle[BEFORE_SERIAL.len()..].copy_from_slice(&offers::serial(serial));
        if body.get(self.serial_at..).is_some_and(|rest| rest.starts_with(&needle)) {
            return true;
        }
        find(body, &needle).map(|at| self.serial_at = at).is_some()
    }
}

impl Work for Traffic<'_> {
    type Ticket = Asked;

    fn ask(&mut self, out: &mut Vec<u8>) -> Option<Asked> {
        let kind = self.turns[self.turn % self.turns.len()];
        let asked = |serial| Some(Asked { kind, serial });
        self.turn += 1;
        match kind {
            Kind::Announce => {
                if *self.announced >= self.most_announced {
                    return None;
                }
                // Beyond any of the population.
                let serial = 1 << 40 | *self.announced;
                let topic = Topic::Far(*self.announced as usize % self.far_topics);
                *self.announced += 1;
                out.extend_from_slice(self.book.announce(topic, serial));
                asked(serial)
            }
            Kind::Answer => {
                let session = self.session();
                let serial = (NEAR + session) as u64;
                out.extend_from_slice(self.book.answer(&self.codes[session], serial));
                asked(serial)
            }
            Kind::Poll(side) => {
                let session = self.session();
                out.extend_from_slice(self.book.poll(side, &self.codes[session]));
                asked((NEAR + session) as u64)
            }
            Kind::Discover(wire) => {
                out.extend_from_slice(self.book.discover(wire, self.listed));
                self.listed += 1;
                asked(0)
            }
        }
    }

    fn check(&mut self, asked: Asked, answer: &Answer<'_>) -> Result<(), String> {
        /// Longer than an answer to a poll that has nothing to tell, shorter than any description.
        const LITTLE: usize = 128;
        let body = answer.body;
        let good = answer.status == 200
            && match asked.kind {
                Kind::Announce => code_of(answer).is_some(),
                Kind::Answer => find(body, br#""success":true"#).is_some(),
                Kind::Poll(Side::Offerer) if body.len() < LITTLE => find(body, br#""answer":null"#).is_some(),
                Kind::Poll(_) => self.has_serial(body, asked.serial),
                Kind::Discover(wire) if body.len() == self.listing_len[wire as usize] => true,
                Kind::Discover(wire) => {
                    self.listing_len[wire as usize] = body.len();
                    listed(wire, body) == Some(PER_TOPIC)
                }
            };
        if good {
            return Ok(());
        }
        if let Kind::Discover(wire) = asked.kind {
            self.listing_len[wire as usize] = 0;
        }
        Err(advice::wrong(answer))
    }
}

/// How many offers a listing has.
fn listed(wire: Wire, body: &[u8]) -> Option<usize> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let list = match wire {
        Wire::Sessions => &body["sessions"],
        Wire::Topics => &body["offers"],
        Wire::Tags => &body[0]["result"]["offers"],
    };
    list.as_array().map(Vec::len)
}
