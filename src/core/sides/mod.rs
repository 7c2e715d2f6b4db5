//! Rooms with two sides, A and B: a seat for each, frames from one to the other, and what is kept for a side that is not there: frames for a
//! while, in memory; mail until it is acknowledged, in the book. Sessions call it; what they hear, they hear in their own voice.
//!
//! A room's lock is taken before the book's and before any outbox. Nothing here ever waits but [`Sides::next_parcel`].

mod backlog;
mod courier;
mod duo;
mod guest;
mod mail;

#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use dashmap::DashMap;
use meetpoint_protocol::{
    ConnId, FrameType,
    noisy::{AppId, Side},
};

pub use self::{
    backlog::{Backlog, MOST_BYTES as MOST_KEPT_BYTES, MOST_FRAMES as MOST_KEPT_FRAMES},
    courier::Parcel,
    duo::{Duo, busy},
    guest::{Guest, News, Receipt, Voice},
};
use self::{courier::Courier, duo::Inner};
use super::{book::Book, clock::Clock, event::Departure, outbox::Frame, turn::Turn};

use crate::sync::{AtomicUsize, Mutex, MutexGuard, Ordering};

/// How long a newcomer that says nothing is waited for: clients attach their listeners, and say who they are, after the socket is open.
pub const PATIENCE: Duration = Duration::from_millis(200);

/// All rooms.
pub struct Sides {
    rooms: DashMap<AppId, Arc<Duo>>,
    book: Arc<Book>,
    clock: Clock,
    courier: Courier,
    limits: Limits,
    /// What all frames take that are kept, in bytes.
    kept: AtomicUsize,
    /// Rooms without anybody, for which frames are kept, and when to look at them again.
    orphans: Mutex<VecDeque<(Instant, Arc<Duo>)>>,
}

/// What is kept for those who are not there.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long frames are kept.
    pub ttl: Duration,
    /// What all of them may take, in bytes.
    pub kept: usize,
}

/// What became of the wish to sit down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Welcome {
    Seated,
    /// Somebody of the same name sits there, and has spoken: whoever speaks now takes the seat, and whoever has not by then asks again.
    Returns(Instant),
    /// Somebody sits there: ask again then, unless the refusal, or the seat, comes before.
    Later(Instant),
    /// Somebody sits there who lives.
    Busy,
}

/// What became of a frame for the other side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Handed {
    Over,
    /// The other side is not there; it will hear it when it comes.
    Kept,
    /// So much is kept already that there is no room for it.
    Full,
    /// The sender sits here no more.
    NotSeated,
}

/// Who is there.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Attendance {
    /// Rooms in which somebody sits.
    pub rooms: usize,
    pub peers: usize,
}

impl Sides {
    pub fn new(book: Arc<Book>, clock: Clock, limits: Limits) -> Self {
        Self {
            rooms: DashMap::new(),
            book,
            clock,
            courier: Courier::default(),
            limits,
            kept: AtomicUsize::new(0),
            orphans: Mutex::default(),
        }
    }

    /// The guest sits down, or learns when to [`Self::claim`] the side that somebody else has.
    pub fn sit(&self, app: AppId, side: Side, guest: &Guest, turn: &mut Turn) -> (Arc<Duo>, Welcome) {
        self.in_room(app, |duo, inner| {
            if inner.yields(side, guest, turn.now) {
                self.seat(duo, inner, side, guest, turn);
                Welcome::Seated
            } else {
                let until = inner.awaits_word(side, guest, turn.now);
                until.map_or_else(|| self.dispute(inner, side, guest, turn), Welcome::Returns)
            }
        })
    }

    /// The guest, who came by its holder's name and has said nothing, wants the side like any other.
    pub fn contest(&self, app: AppId, side: Side, guest: &Guest, turn: &mut Turn) -> (Arc<Duo>, Welcome) {
        self.in_room(app, |duo, inner| {
            if inner.yields(side, guest, turn.now) {
                self.seat(duo, inner, side, guest, turn);
                Welcome::Seated
            } else {
                self.dispute(inner, side, guest, turn)
            }
        })
    }

    /// The guest, who was told to ask again, sits down if its side is free by now, or if the holder has not shown that it lives.
    pub fn claim(&self, app: AppId, side: Side, guest: &Guest, turn: &mut Turn) -> (Arc<Duo>, Welcome) {
        self.in_room(app, |duo, inner| {
            if inner.seat(side, guest.outbox.conn()).is_some() {
                Welcome::Seated
            } else if inner.yields(side, guest, turn.now) {
                self.seat(duo, inner, side, guest, turn);
                Welcome::Seated
            } else {
                inner.doubts(side).map_or(Welcome::Busy, Welcome::Later)
            }
        })
    }

    /// Hands a frame to the other side, or keeps it.
    pub fn relay(&self, duo: &Duo, from: (Side, ConnId), frame: (FrameType, &str), turn: &mut Turn) -> Handed {
        let mut inner = duo.inner.lock();
        if inner.seat(from.0, from.1).is_none() {
            return Handed::NotSeated;
        }
        let to = from.0.other();
        let (frame_type, text) = frame;
        let frame = Frame { frame_type, parts: &[text.as_bytes()] };
        // Whoever takes no more is on its way out, and comes back perhaps.
        if inner.holder(to).is_some_and(|other| other.guest.outbox.push(&frame, turn).is_ok()) {
            return Handed::Over;
        }
        let kept = &mut inner.kept[to.index()];
        self.kept.fetch_sub(kept.forget(turn.now, self.limits.ttl), Ordering::Relaxed);
        let before = kept.cost();
        if self.kept.load(Ordering::Relaxed) >= self.limits.kept || !kept.keep(frame_type, text, turn.now) {
            return Handed::Full;
        }
        self.kept.fetch_add(kept.cost() - before, Ordering::Relaxed);
        Handed::Kept
    }

    /// Whoever that connection is wants the side no more.
    pub fn leave(&self, duo: &Arc<Duo>, (side, conn): (Side, ConnId), why: Departure, turn: &mut Turn) {
        let mut inner = duo.inner.lock();
        let sat = inner.stand_up(side, conn);
        // At the end of the server, whoever stays is about to hear so itself.
        let is_news = sat && why != Departure::Shutdown;
        if let Some(heir) = inner.heir(side).filter(|_| is_news) {
            self.seat(duo, &mut inner, side, &heir, turn);
            heir.outbox.wake();
        } else if let Some(other) = inner.holder(side.other()).filter(|_| is_news) {
            other.guest.tell(&News::PeerLeft, turn);
        }
        self.tidy(duo, inner, turn.now);
    }

    /// Forgets what was kept too long for nobody; to be called now and then.
    pub fn retire(&self, now: Instant) {
        let next = || self.orphans.lock().pop_front_if(|(due, _)| *due <= now);
        while let Some((_, duo)) = next() {
            let mut inner = duo.inner.lock();
            inner.is_orphan = false;
            for side in Side::ALL {
                let freed = inner.kept[side.index()].forget(now, self.limits.ttl);
                self.kept.fetch_sub(freed, Ordering::Relaxed);
            }
            self.tidy(&duo, inner, now);
        }
    }

    pub fn attendance(&self) -> Attendance {
        let rooms: Vec<_> = self.rooms.iter().map(|duo| duo.value().clone()).collect();
        let peers = rooms.iter().map(|duo| duo.peers()).filter(|peers| *peers > 0);
        peers.fold(Attendance::default(), |sum, peers| Attendance { rooms: sum.rooms + 1, peers: sum.peers + peers })
    }

    /// What frames take that are kept, in bytes.
    pub fn kept(&self) -> usize {
        self.kept.load(Ordering::Relaxed)
    }

    /// The room, made when there is none, under its lock.
    fn in_room<T>(&self, app: AppId, act: impl FnOnce(&Duo, &mut Inner) -> T) -> (Arc<Duo>, T) {
        loop {
            let duo = self.rooms.entry(app).or_insert_with(|| Arc::new(Duo::new(app))).value().clone();
            let mut inner = duo.inner.lock();
            if !inner.is_sealed {
                let done = act(&duo, &mut inner);
                drop(inner);
                return (duo, done);
            }
            drop(inner);
            self.remove(&duo);
        }
    }

    fn dispute(&self, inner: &mut Inner, side: Side, guest: &Guest, turn: &mut Turn) -> Welcome {
        Welcome::Later(inner.contest(side, guest, self.clock.wall(), turn))
    }

    fn seat(&self, duo: &Duo, inner: &mut Inner, side: Side, guest: &Guest, turn: &mut Turn) {
        let kept = &mut inner.kept[side.index()];
        let stale = kept.forget(turn.now, self.limits.ttl);
        self.kept.fetch_sub(stale + kept.cost(), Ordering::Relaxed);
        let mail = self.book.mail_at(self.clock.now(), (duo.app, side));
        inner.seat_at(side, guest.clone(), mail, turn);
    }

    /// Closes a room in which nobody sits and nothing waits.
    fn tidy(&self, duo: &Arc<Duo>, mut inner: MutexGuard<'_, Inner>, now: Instant) {
        if !inner.is_empty() {
            return;
        }
        inner.reset();
        if inner.kept.iter().all(Backlog::is_empty) {
            inner.is_sealed = true;
            drop(inner);
            self.remove(duo);
        } else if !std::mem::replace(&mut inner.is_orphan, true) {
            self.orphans.lock().push_back((now + self.limits.ttl, duo.clone()));
        }
    }

    fn remove(&self, duo: &Arc<Duo>) {
        self.rooms.remove_if(&duo.app, |_, known| Arc::ptr_eq(known, duo));
    }
}
