//! One room with two sides: who sits there, who wants to, and what waits for who is not there.

use std::{
    collections::VecDeque,
    mem,
    time::{Duration, Instant},
};

use meetpoint_protocol::{
    Close, ConnId, Timestamp,
    noisy::{AppId, Side},
};

use super::{Guest, News, PATIENCE, backlog::Backlog};
use crate::{
    core::{outbox::Frame, turn::Turn},
    sync::Mutex,
};

/// How long the holder of a side may take to show that it lives, when somebody else wants the side.
pub(super) const PROOF_OF_LIFE: Duration = Duration::from_secs(2);

/// So many newcomers are refused at once within [`CALM`]. Those that follow wait for it, until nobody comes for so long: a client that comes back
/// on every close does not hammer.
const FREE_REFUSALS: usize = 3;
const CALM: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// A room. It is in the map of all rooms until it is sealed, which it is when nobody sits there and nothing waits.
pub struct Duo {
    pub app: AppId,
    pub(super) inner: Mutex<Inner>,
}

pub(super) struct Inner {
    seats: [Option<Seat>; 2],
    /// Frames for a side that was not there.
    pub(super) kept: [Backlog; 2],
    /// Newcomers, in the order in which they came.
    rivals: [VecDeque<Rival>; 2],
    refusals: [Refusals; 2],
    /// When the first of those who sit here came.
    since: Option<Instant>,
    /// A connection of those who sit here has been reported.
    established: bool,
    /// It stands in the line of rooms to be looked at again.
    pub(super) is_orphan: bool,
    /// It is out of the map, or about to be.
    pub(super) is_sealed: bool,
}

/// Somebody who sits at a side.
pub(super) struct Seat {
    pub(super) guest: Guest,
    pub(super) mail: Showing,
    /// Since when it owes a sign of life.
    probed: Option<Instant>,
}

/// How far somebody is with its mail.
pub(super) struct Showing {
    /// The last item that it was shown, or that it says it has.
    pub(super) told: u64,
    /// What came after this item, it was shown in this seat.
    from: u64,
    /// Whether it is shown mail.
    pub(super) has_begun: bool,
    /// There is older mail, of which it has to say first what it has.
    owes_hello: bool,
    /// It has said what it has.
    is_greeted: bool,
}

impl Showing {
    /// Whoever it is has spoken, or had the time to: whether it is shown mail from now on.
    pub(super) fn begin(&mut self) -> bool {
        self.has_begun |= !self.owes_hello;
        self.has_begun
    }

    /// It says what it has, and is shown what comes after that; `once`, without what it was shown in this seat before it said so.
    pub(super) fn hello(&mut self, seen: u64, once: bool) {
        let is_under_way = once && !self.is_greeted && self.has_begun && seen >= self.from;
        self.told = if is_under_way { self.told.max(seen) } else { seen };
        (self.has_begun, self.is_greeted) = (true, true);
    }
}

/// Somebody who wants a side that is taken.
struct Rival {
    guest: Guest,
    /// It hears its refusal as soon as the holder has shown that it lives, and not later.
    at_once: bool,
}

/// How often newcomers were refused lately.
#[derive(Default)]
struct Refusals {
    /// The last ones.
    times: VecDeque<Instant>,
    /// How many had to wait for it, one behind the other.
    waited: u32,
}

impl Refusals {
    /// How long one more has to wait for its refusal.
    fn one_more(&mut self, now: Instant) -> Duration {
        let is_recent = |at: &Instant| now.saturating_duration_since(*at) <= CALM;
        if self.waited == 0 || !self.times.back().is_some_and(is_recent) {
            self.times.retain(is_recent);
            self.waited = 0;
        }
        let wait = if self.waited == 0 && self.times.len() < FREE_REFUSALS {
            Duration::ZERO
        } else {
            self.waited += 1;
            Duration::from_secs(1 << (self.waited - 1).min(4)).min(LONGEST_WAIT)
        };
        if self.times.len() == FREE_REFUSALS {
            self.times.pop_front();
        }
        self.times.push_back(now + wait);
        wait
    }
}

impl Duo {
    pub(super) fn new(app: AppId) -> Self {
        let inner = Inner {
            seats: [None, None],
            kept: [Backlog::default(), Backlog::default()],
            rivals: [VecDeque::new(), VecDeque::new()],
            refusals: [Refusals::default(), Refusals::default()],
            since: None,
            established: false,
            is_orphan: false,
            is_sealed: false,
        };
        Self { app, inner: Mutex::new(inner) }
    }

    /// The first time that a connection of those who sit here is reported: how long after the first of them came.
    pub fn establish(&self, now: Instant) -> Option<Duration> {
        let mut inner = self.inner.lock();
        if mem::replace(&mut inner.established, true) {
            return None;
        }
        inner.since.map(|since| now.saturating_duration_since(since))
    }

    /// Whoever sits at `side` on that connection has shown that it lives.
    pub fn heard(&self, side: Side, conn: ConnId) {
        let mut inner = self.inner.lock();
        let Some(seat) = inner.seat(side, conn) else { return };
        if seat.probed.take().is_some() {
            inner.refuse_rivals(side);
        }
    }

    /// Whoever sits at `side` on that connection has said its first words.
    pub fn spoken(&self, side: Side, conn: ConnId) {
        if let Some(seat) = self.inner.lock().seat(side, conn) {
            seat.guest.has_spoken = true;
        }
    }

    /// Whether `side` is that connection's.
    pub fn is_seated(&self, side: Side, conn: ConnId) -> bool {
        self.inner.lock().seat(side, conn).is_some()
    }

    /// How many sit here.
    pub(super) fn peers(&self) -> usize {
        self.inner.lock().seats.iter().flatten().count()
    }
}

impl Inner {
    /// The seat, as long as it is that connection's.
    pub(super) fn seat(&mut self, side: Side, conn: ConnId) -> Option<&mut Seat> {
        self.holder(side).filter(|seat| seat.guest.outbox.conn() == conn)
    }

    /// Whoever sits there.
    pub(super) fn holder(&mut self, side: Side) -> Option<&mut Seat> {
        self.seats[side.index()].as_mut()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.seats.iter().all(Option::is_none)
    }

    /// Whether the newcomer may have the side now.
    pub(super) fn yields(&mut self, side: Side, guest: &Guest, now: Instant) -> bool {
        self.holder(side).is_none_or(|holder| {
            let is_meant = guest.has_spoken || !holder.guest.has_spoken;
            (guest.returns_as(&holder.guest) && is_meant) || holder.owes_until().is_some_and(|until| until <= now)
        })
    }

    /// A newcomer of the holder's name that has not spoken, where the holder has: until when it may show that it is the one who comes back, and
    /// not one that was given up and goes on connecting.
    pub(super) fn awaits_word(&mut self, side: Side, guest: &Guest, now: Instant) -> Option<Instant> {
        let returns = self.holder(side).is_some_and(|holder| guest.returns_as(&holder.guest));
        returns.then(|| {
            self.rivals[side.index()].push_back(Rival { guest: guest.clone(), at_once: false });
            now + PATIENCE
        })
    }

    /// Asks the holder of the side whether it lives. When the newcomer is to ask again, if it has heard nothing before.
    pub(super) fn contest(&mut self, side: Side, guest: &Guest, wall: Timestamp, turn: &mut Turn) -> Instant {
        let wait = self.refusals[side.index()].one_more(turn.now);
        let at_once = wait.is_zero();
        let rivals = &mut self.rivals[side.index()];
        rivals.retain(|rival| rival.guest.outbox.conn() != guest.outbox.conn());
        rivals.push_back(Rival { guest: guest.clone(), at_once });
        let Some(holder) = self.holder(side) else { return turn.now };
        if holder.probed.is_none() {
            holder.probed = Some(turn.now);
            // Where it takes no more, it is about to be closed.
            let _ = holder.guest.outbox.ping(holder.guest.voice.ping(wall).as_bytes(), turn);
        }
        if at_once { holder.owes_until().unwrap_or(turn.now) } else { turn.now + wait }
    }

    /// Until when a newcomer that has waited for its refusal has to wait still, because the holder may be dead.
    pub(super) fn doubts(&mut self, side: Side) -> Option<Instant> {
        self.holder(side).and_then(|holder| holder.owes_until())
    }

    /// The newcomer takes the side, also from its holder. `told` is the last item that its mailbox shows; `has_mail`, whether some of it was never
    /// acknowledged, and comes first.
    pub(super) fn seat_at(&mut self, side: Side, guest: Guest, (told, has_mail): (u64, bool), turn: &mut Turn) {
        self.rivals[side.index()].retain(|rival| rival.guest.outbox.conn() != guest.outbox.conn());
        self.rivals[side.index()].retain(|rival| {
            let is_outdated = guest.returns_as(&rival.guest);
            if is_outdated {
                rival.guest.outbox.close(Close::Replaced);
            }
            !is_outdated
        });
        self.refuse_rivals(side);
        let mail = Showing { told, from: told, has_begun: false, owes_hello: has_mail, is_greeted: false };
        let seat = Seat { guest, mail, probed: None };
        if let Some(replaced) = self.seats[side.index()].replace(seat) {
            replaced.guest.outbox.close(Close::Replaced);
        }
        self.since.get_or_insert(turn.now);
        if self.seats.iter().all(Option::is_some) {
            for seat in self.seats.iter().flatten() {
                seat.guest.tell(&News::RoomFull, turn);
            }
        }
        let Some(seat) = &self.seats[side.index()] else { return };
        for waiting in self.kept[side.index()].take() {
            let frame = Frame { frame_type: waiting.frame_type, parts: &[waiting.text.as_bytes()] };
            // Refused only where it is closing already.
            let _ = seat.guest.outbox.push(&frame, turn);
        }
    }

    /// Whoever that connection is wants the side no more; whether it had it.
    pub(super) fn stand_up(&mut self, side: Side, conn: ConnId) -> bool {
        self.rivals[side.index()].retain(|rival| rival.guest.outbox.conn() != conn);
        self.seats[side.index()].take_if(|seat| seat.guest.outbox.conn() == conn).is_some()
    }

    /// The newcomer who has waited longest for a side that is free.
    pub(super) fn heir(&mut self, side: Side) -> Option<Guest> {
        if self.seats[side.index()].is_some() {
            return None;
        }
        self.rivals[side.index()].pop_front().map(|rival| rival.guest)
    }

    /// Nobody sits here any more.
    pub(super) fn reset(&mut self) {
        (self.since, self.established) = (None, false);
    }

    fn refuse_rivals(&mut self, side: Side) {
        self.rivals[side.index()].retain(|rival| {
            if rival.at_once {
                rival.guest.outbox.close(busy(side));
            }
            !rival.at_once
        });
    }
}

impl Seat {
    /// Until when it has to show that it lives, if it has to.
    fn owes_until(&self) -> Option<Instant> {
        self.probed.map(|probed| probed + PROOF_OF_LIFE)
    }
}

/// How a newcomer is told that its side is taken.
pub fn busy(side: Side) -> Close {
    match side {
        Side::A => Close::SideABusy,
        Side::B => Close::SideBBusy,
    }
}
