//! Rooms with two sides, A and B: a seat for each, frames from one to the other, and what is kept for a side that is not there: frames for a
//! while, in memory; mail until it is acknowledged, in the book. Sessions call it; what they hear, they hear in their own voice.
//!
//! A room's lock is taken before the book's and before any outbox. Nothing here ever waits but [`Sides::next_parcel`].

mod backlog;
mod courier;
mod duo;

#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use dashmap::DashMap;
use meetpoint_protocol::{
    ConnId, FrameType,
    noisy::{AppId, Side},
};
use parking_lot::Mutex;

pub use self::{
    backlog::{Backlog, MOST_BYTES as MOST_KEPT_BYTES, MOST_FRAMES as MOST_KEPT_FRAMES},
    courier::Parcel,
    duo::{Duo, busy},
};
use self::{courier::Courier, duo::Inner};
use super::{
    book::{Book, Item, Outcome, Refusal, Unavailable},
    clock::Clock,
    event::Departure,
    outbox::{Frame, Outbox},
    turn::Turn,
};

/// Items that are looked up in a mailbox at once.
const ITEMS_AT_ONCE: usize = 16;

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

/// Somebody who wants to sit at a side.
#[derive(Clone)]
pub struct Guest {
    pub outbox: Outbox,
    pub voice: &'static dyn Voice,
    /// Whoever comes back with the same name takes its own seat again.
    pub name: Option<Arc<str>>,
}

/// What happens at a side.
pub enum News<'a> {
    /// Both sides are there.
    RoomFull,
    /// The other side has gone.
    PeerLeft,
    Mail(&'a Item),
    /// What was sent with that id is kept.
    Sent {
        id: &'a str,
        seq: u64,
    },
    /// What was sent is not kept.
    Lost {
        id: Option<&'a str>,
    },
}

/// How somebody is told of what happens.
pub trait Voice: Send + Sync {
    /// Writes the text of a frame to `out` and tells its type.
    fn write(&self, news: &News<'_>, out: &mut Vec<u8>) -> FrameType;
}

/// What became of the wish to sit down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Welcome {
    Seated,
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

/// Who is to be told what became of something sent.
pub struct Receipt {
    pub sender: Guest,
    /// JSON, as the sender wrote it; without it, only a loss is told.
    pub id: Option<Box<str>>,
}

/// Who is there.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Attendance {
    /// Rooms in which somebody sits.
    pub rooms: usize,
    pub peers: usize,
}

impl Guest {
    /// Says it, if the outbox still takes something.
    fn tell(&self, news: &News<'_>, turn: &mut Turn) {
        let mut text = Vec::new();
        let frame_type = self.voice.write(news, &mut text);
        // Refused only where it is closing, and then nobody listens any more.
        let _ = self.outbox.push(&Frame { frame_type, parts: &[&text] }, turn);
    }

    fn is_same_as(&self, other: &Self) -> bool {
        self.name.is_some() && self.name == other.name
    }
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
                Welcome::Later(inner.contest(side, guest, turn))
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

    /// Sends an item to a side's mailbox. It is shown when it is durable, and the sender is told so if it has asked.
    ///
    /// # Errors
    /// [`Refusal::MailboxFull`], [`Refusal::Full`], [`Refusal::Unavailable`]: it was not taken, and the sender has not been told.
    pub fn send(&self, duo: &Duo, to: Side, payload: &str, receipt: Receipt, turn: &mut Turn) -> Result<(), Refusal> {
        let told = duo.inner.lock().holder(to).map_or(0, |seat| seat.told);
        let (seq, commit) = self.book.post(self.clock.now(), (duo.app, to), payload, told)?.split();
        self.deliver(Parcel { commit, address: (duo.app, to), seq, receipt: Some(receipt) }, turn);
        Ok(())
    }

    /// Whoever sits there has everything in its mailbox up to that number, and wants to be shown the rest.
    pub fn hello(&self, duo: &Duo, (side, conn): (Side, ConnId), seen: u64, turn: &mut Turn) {
        let address = (duo.app, side);
        // A storage that takes nothing leaves the mail where it is: it is shown all the same.
        let resumed = self.book.resume(self.clock.now(), address, seen).unwrap_or_default();
        {
            let mut inner = duo.inner.lock();
            let Some(seat) = inner.seat(side, conn) else { return };
            seat.told = seen;
            self.show_mail(duo.app, &mut inner, side, turn);
        }
        if let Some((seq, commit)) = resumed {
            self.deliver(Parcel { commit, address, seq, receipt: None }, turn);
        }
    }

    /// A side has everything in its mailbox up to that number.
    pub fn acknowledge(&self, duo: &Duo, side: Side, up_to: u64) {
        // Where the storage takes nothing, it will be shown once more.
        let _ = self.book.acknowledge(self.clock.now(), (duo.app, side), up_to);
    }

    /// Whoever sits there can be shown more.
    pub fn continue_mail(&self, duo: &Duo, (side, conn): (Side, ConnId), turn: &mut Turn) {
        let mut inner = duo.inner.lock();
        if inner.seat(side, conn).is_some() {
            self.show_mail(duo.app, &mut inner, side, turn);
        }
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

    /// The next item that has become durable, or never will.
    pub async fn next_parcel(&self) -> (Parcel, Result<(), Unavailable>) {
        self.courier.next().await
    }

    /// Delivers a parcel and all behind it that can be delivered as well.
    pub fn settle(&self, first: (Parcel, Result<(), Unavailable>), turn: &mut Turn) {
        let mut next = Some(first);
        while let Some((parcel, outcome)) = next {
            self.settled(&parcel, outcome, turn);
            next = self.courier.next_settled();
        }
    }

    pub fn attendance(&self) -> Attendance {
        let peers = self.rooms.iter().map(|duo| duo.peers()).filter(|peers| *peers > 0);
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

    fn seat(&self, duo: &Duo, inner: &mut Inner, side: Side, guest: &Guest, turn: &mut Turn) {
        let kept = &mut inner.kept[side.index()];
        let stale = kept.forget(turn.now, self.limits.ttl);
        self.kept.fetch_sub(stale + kept.cost(), Ordering::Relaxed);
        let shown = self.book.mail_shown(self.clock.now(), (duo.app, side));
        inner.seat_at(side, guest.clone(), shown, turn);
    }

    /// Closes a room in which nobody sits and nothing waits.
    fn tidy(&self, duo: &Arc<Duo>, mut inner: parking_lot::MutexGuard<'_, Inner>, now: Instant) {
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

    /// At once where it is durable already, else by the courier.
    fn deliver(&self, parcel: Parcel, turn: &mut Turn) {
        if parcel.commit.outcome() == Outcome::Durable {
            self.settled(&parcel, Ok(()), turn);
        } else {
            self.courier.take(parcel);
        }
    }

    fn settled(&self, parcel: &Parcel, outcome: Result<(), Unavailable>, turn: &mut Turn) {
        let Parcel { address: (app, side), seq, receipt, .. } = parcel;
        if outcome.is_ok() {
            self.book.settle_mail((*app, *side), *seq);
            let duo = self.rooms.get(app).map(|duo| duo.value().clone());
            if let Some(duo) = duo {
                self.show_mail(*app, &mut duo.inner.lock(), *side, turn);
            }
        }
        let Some(Receipt { sender, id }) = receipt else { return };
        match (outcome, id.as_deref()) {
            (Ok(()), Some(id)) => sender.tell(&News::Sent { id, seq: *seq }, turn),
            (Ok(()), None) => {}
            (Err(Unavailable), id) => sender.tell(&News::Lost { id }, turn),
        }
    }

    /// Shows what is in the mailbox of whoever sits there, as much as its outbox takes.
    fn show_mail(&self, app: AppId, inner: &mut Inner, side: Side, turn: &mut Turn) {
        let Some(seat) = inner.holder(side) else { return };
        let mut text = Vec::new();
        loop {
            let items = self.book.mail(self.clock.now(), (app, side), seat.told, ITEMS_AT_ONCE);
            for item in &items {
                text.clear();
                let frame_type = seat.guest.voice.write(&News::Mail(item), &mut text);
                if seat.guest.outbox.offer(&Frame { frame_type, parts: &[&text] }, turn).is_err() {
                    return;
                }
                seat.told = item.seq;
            }
            if items.len() < ITEMS_AT_ONCE {
                return;
            }
        }
    }
}
