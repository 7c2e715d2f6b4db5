//! Rooms with two sides, by what those who sit there hear.

mod mail;
mod seats;
mod steps;

use meetpoint_protocol::{ClientId, Close, Timestamp, ws};

use super::*;
use crate::core::{
    book::{
        Limits as BookLimits, Refusal,
        tests::{ROOMY, START, Scripted},
    },
    event::{Event, Words},
    outbox::{Bounds, Outbox, tests::Pipe},
};

const APP: AppId = AppId::from_bytes([1; 16]);
const TTL: Duration = Duration::from_secs(60);
const BOUNDS: Bounds = Bounds { bytes: 1 << 21, frames: 1000, kept: 64 };

struct NoWords;

impl Words for NoWords {
    fn write(&self, _: &Event, _: &mut Vec<u8>) -> Option<FrameType> {
        None
    }
}

/// Says everything in a word or two.
struct Plain;

impl Voice for Plain {
    fn write(&self, news: &News<'_>, out: &mut Vec<u8>) -> FrameType {
        let words = match news {
            News::RoomFull => "full".to_owned(),
            News::PeerLeft => "left".to_owned(),
            News::Mail(item) => format!("mail {} {}", item.seq, item.payload),
            News::Sent { id, seq } => format!("sent {id} {seq}"),
            News::Lost { id } => format!("lost {id:?}"),
        };
        out.extend_from_slice(words.as_bytes());
        FrameType::Other
    }

    fn ping(&self, _: Timestamp) -> String {
        String::new()
    }
}

/// All rooms, and their time.
struct Stage {
    sides: Sides,
    journal: Arc<Scripted>,
    now: Instant,
    entered: u64,
}

/// Somebody with a socket.
struct Someone {
    guest: Guest,
    side: Side,
    pipe: Pipe,
    place: Option<Arc<Duo>>,
}

impl Stage {
    fn new() -> Self {
        Self::with(ROOMY, 1 << 20)
    }

    fn with(limits: BookLimits, kept: usize) -> Self {
        let (book, journal) = crate::core::book::tests::book(limits);
        let now = Instant::now();
        let clock = Clock::new(now, || START, || START);
        let sides = Sides::new(Arc::new(book), clock, Limits { ttl: TTL, kept });
        Self { sides, journal, now, entered: 0 }
    }

    fn turn(&self) -> Turn {
        Turn::new(self.now)
    }

    fn someone(&mut self, side: Side, name: Option<&str>) -> Someone {
        self.entered += 1;
        let pipe = Pipe::with_room(usize::MAX);
        let client = ClientId::from_random([self.entered as u8; 16]);
        let outbox = Outbox::new(client, ConnId(self.entered), &NoWords, BOUNDS, Box::new(pipe.clone()));
        let name = name.map(Into::into);
        let guest = Guest { outbox, voice: &Plain, name, says_hello: false, has_spoken: false };
        Someone { guest, side, pipe, place: None }
    }

    /// Somebody sits down, or waits until the moment that is told.
    fn enter(&mut self, side: Side, name: Option<&str>) -> (Someone, Option<Instant>) {
        let mut one = self.someone(side, name);
        let (place, welcome) = self.sides.sit(APP, side, &one.guest, &mut self.turn());
        let later = match welcome {
            Welcome::Later(until) | Welcome::Returns(until) => Some(until),
            _ => None,
        };
        one.place = Some(place);
        (one, later)
    }

    fn seat(&mut self, side: Side) -> Someone {
        let (one, later) = self.enter(side, None);
        assert_eq!(later, None, "{side:?} is taken");
        one.duo().spoken(side, one.guest.outbox.conn());
        self.sides.begin_mail(one.duo(), one.at(), &mut self.turn());
        one
    }

    /// Whether it gets the side that it was told to ask for again, or when to do so once more.
    fn claim(&mut self, one: &mut Someone) -> Welcome {
        let (place, welcome) = self.sides.claim(APP, one.side, &one.guest, &mut self.turn());
        one.place = Some(place);
        welcome
    }

    fn say(&self, one: &Someone, text: &str) -> Handed {
        self.sides.relay(one.duo(), one.at(), (FrameType::Offer, text), &mut self.turn())
    }

    fn send(&self, one: &Someone, to: Side, payload: &str, id: Option<&str>) -> Result<(), Refusal> {
        let receipt = Receipt { sender: one.guest.clone(), id: id.map(Into::into) };
        self.sides.send(one.duo(), to, payload, receipt, &mut self.turn())
    }

    fn hello(&self, one: &Someone, seen: u64) {
        self.sides.hello(one.duo(), one.at(), seen, &mut self.turn());
    }

    fn leave(&self, one: &Someone) {
        if let Some(duo) = &one.place {
            self.sides.leave(duo, one.at(), Departure::Disconnected, &mut self.turn());
        }
    }

    /// What is in storage so far is durable, and told.
    fn commit(&self) {
        self.journal.commit();
        while let Some(parcel) = self.sides.courier.next_settled() {
            self.sides.settle(parcel, &mut self.turn());
        }
    }

    fn rooms(&self) -> usize {
        self.sides.rooms.len()
    }
}

impl Someone {
    fn duo(&self) -> &Arc<Duo> {
        self.place.as_ref().expect("a place")
    }

    fn at(&self) -> (Side, ConnId) {
        (self.side, self.guest.outbox.conn())
    }

    /// All that was said to it since the last call; pings are `ping`.
    fn heard(&self) -> Vec<String> {
        let bytes = self.pipe.empty(usize::MAX);
        let mut rest = &bytes[..];
        let mut heard = Vec::new();
        while !rest.is_empty() {
            let (frame, behind) = rest.split_at(ws::frame_len(rest));
            let payload = match frame[1] {
                126 => &frame[4..],
                127 => &frame[10..],
                _ => &frame[2..],
            };
            let is_ping = frame[0] & 0x0f == 0x9;
            heard.push(if is_ping { "ping".to_owned() } else { String::from_utf8_lossy(payload).into_owned() });
            rest = behind;
        }
        heard
    }

    fn closed(&self) -> Option<Close> {
        self.guest.outbox.closing()
    }
}
