//! Where clients meet: a pair's call, or all who share a topic. A session holds its room, not the others: the room is the
//! authority on who sits in it, so a frame that comes late, after its sender or receiver has gone, can never reach a stranger.

use meetpoint_protocol::{ClientId, RoomId, UserId};

use super::{
    event::Event,
    hash::IndexMap,
    outbox::{Encoded, Frame, Outbox, PushError},
    turn::Turn,
};
use crate::sync::Mutex;

pub struct Room {
    pub id: RoomId,
    seats: Mutex<Seats>,
}

#[derive(Default)]
struct Seats {
    /// In the order of sitting down.
    taken: IndexMap<ClientId, Seat>,
    /// Nobody sits here any more, and nobody ever will.
    is_sealed: bool,
}

/// Somebody who sits in a room, and what the others are told of it.
pub struct Seat {
    pub outbox: Outbox,
    pub user: Option<UserId>,
    /// JSON as the client has written it.
    pub info: Option<Box<str>>,
}

/// What became of a frame for one of the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery {
    Delivered,
    /// The sender sits here no more.
    NotSeated,
    /// The receiver does not sit here.
    NoSuchSeat,
    /// The receiver takes no more: it is being closed, and the sender will be told that it left.
    Dropped(PushError),
}

/// Why somebody cannot sit down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoSeat {
    Full,
    /// The room is no more: there may be another in its place.
    Sealed,
}

/// How somebody sat down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arrival {
    New,
    /// It sat here already, and says something else of itself.
    Updated,
}

/// What a room was left as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Left {
    NotSeated,
    Inhabited,
    /// It is sealed now.
    Empty,
}

/// Who sits in a room, as one of them sees it.
pub struct Company<'a> {
    seats: &'a IndexMap<ClientId, Seat>,
    me: usize,
}

impl Company<'_> {
    /// How many the others are.
    pub fn len(&self) -> usize {
        self.seats.len() - 1
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The others in the order of sitting down, beginning behind `after` if it sits here; and whether this one makes the offer to each:
    /// whoever came later does.
    pub fn others(&self, after: Option<ClientId>) -> impl Iterator<Item = (ClientId, &Seat, bool)> {
        let first = after.and_then(|client| self.seats.get_index_of(&client)).map_or(0, |index| index + 1);
        let behind = self.seats.iter().enumerate().skip(first);
        behind.filter(|(index, _)| *index != self.me).map(|(index, (client, seat))| (*client, seat, self.me > index))
    }
}

impl Room {
    /// A room for those who are seated.
    pub fn new(id: RoomId, seated: impl IntoIterator<Item = Outbox>) -> Self {
        let seat = |outbox: Outbox| (outbox.client(), Seat { outbox, user: None, info: None });
        let taken = seated.into_iter().map(seat).collect();
        Self { id, seats: Mutex::new(Seats { taken, is_sealed: false }) }
    }

    /// Tells everybody who sits here, before anybody can speak.
    pub fn tell(&self, mut event: impl FnMut(ClientId) -> Event, turn: &mut Turn) {
        for (client, seat) in &self.seats.lock().taken {
            seat.outbox.tell(event(*client), turn);
        }
    }

    /// Hands a frame to the partner of `from`, where two sit.
    pub fn relay(&self, from: ClientId, frame: &Frame<'_>, turn: &mut Turn) -> Delivery {
        let seats = self.seats.lock();
        let (Some((one, first)), Some((other, second))) = (seats.taken.get_index(0), seats.taken.get_index(1)) else {
            return Delivery::NotSeated;
        };
        let partner = match from {
            from if from == *one => second,
            from if from == *other => first,
            _ => return Delivery::NotSeated,
        };
        partner.take(frame, turn)
    }

    /// Hands a frame to one of the others.
    pub fn send(&self, from: ClientId, to: ClientId, frame: &Frame<'_>, turn: &mut Turn) -> Delivery {
        let seats = self.seats.lock();
        if !seats.taken.contains_key(&from) {
            return Delivery::NotSeated;
        }
        match seats.taken.get(&to) {
            Some(seat) if to != from => seat.take(frame, turn),
            _ => Delivery::NoSuchSeat,
        }
    }

    /// Hands a frame to all others, in the same order for all: how many they are. `None` where `from` does not sit here.
    pub fn publish(&self, from: ClientId, frame: &Encoded, turn: &mut Turn) -> Option<usize> {
        let seats = self.seats.lock();
        seats.taken.contains_key(&from).then(|| {
            seats.spread(from, frame, turn);
            seats.taken.len() - 1
        })
    }

    /// Tells those of the others whose sessions outlive their sockets, too.
    pub fn hint(&self, from: ClientId, frame: &Encoded, turn: &mut Turn) {
        let seats = self.seats.lock();
        if seats.taken.contains_key(&from) {
            let others = seats.taken.iter().filter(|(client, _)| **client != from);
            others.for_each(|(_, seat)| seat.outbox.push_if_kept(frame, turn));
        }
    }

    /// Sits down behind the others, or says something else of itself. The others hear `news`, which is made for those who make the offer to
    /// this one (true) or are made it; and this one what `greeting` makes of who is here, all before anybody else can speak.
    ///
    /// # Errors
    /// As many sit here as may, or the room is no more.
    pub fn sit(
        &self,
        seat: Seat,
        capacity: usize,
        news: impl Fn(&Seat, Arrival, bool) -> Encoded,
        greeting: impl FnOnce(&Company<'_>) -> Encoded,
        turn: &mut Turn,
    ) -> Result<Arrival, NoSeat> {
        let mut seats = self.seats.lock();
        let client = seat.outbox.client();
        let outbox = seat.outbox.clone();
        let arrival = if seats.is_sealed {
            return Err(NoSeat::Sealed);
        } else if let Some(known) = seats.taken.get_mut(&client) {
            *known = seat;
            Arrival::Updated
        } else if seats.taken.len() >= capacity {
            return Err(NoSeat::Full);
        } else {
            seats.taken.insert(client, seat);
            Arrival::New
        };
        let me = seats.taken.get_index_of(&client).unwrap_or_default();
        // Refused only where this client is on its way out.
        let _ = outbox.push_shared(&greeting(&Company { seats: &seats.taken, me }), turn);
        let mut told = [None, None];
        for (index, (_, other)) in seats.taken.iter().enumerate().filter(|(index, _)| *index != me) {
            let offers = index > me;
            let frame = told[usize::from(offers)].get_or_insert_with(|| news(&seats.taken[me], arrival, offers));
            other.hear(frame, turn);
        }
        Ok(arrival)
    }

    /// Stands up; the others hear `news`.
    pub fn stand_up(&self, client: ClientId, news: Option<&Encoded>, turn: &mut Turn) -> Left {
        let mut seats = self.seats.lock();
        if seats.taken.shift_remove(&client).is_none() {
            return Left::NotSeated;
        }
        if let Some(news) = news {
            seats.spread(client, news, turn);
        }
        seats.is_sealed = seats.taken.is_empty();
        if seats.is_sealed { Left::Empty } else { Left::Inhabited }
    }

    /// Who sits here besides `me`; `None` where it does not sit here itself.
    pub fn company<R>(&self, me: ClientId, look: impl FnOnce(&Company<'_>) -> R) -> Option<R> {
        let seats = self.seats.lock();
        let me = seats.taken.get_index_of(&me)?;
        Some(look(&Company { seats: &seats.taken, me }))
    }

    /// How many sit here.
    pub fn len(&self) -> usize {
        self.seats.lock().taken.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Everybody stands up: whatever is said here from now on reaches nobody. Who is left behind hears why before anything
    /// that it says can be refused for it.
    pub fn dissolve(&self, abandoned: ClientId, why: Event, turn: &mut Turn) {
        let mut seats = self.seats.lock();
        if let Some(seat) = seats.taken.get(&abandoned) {
            seat.outbox.tell(why, turn);
        }
        seats.taken.clear();
    }
}

impl Seats {
    fn spread(&self, from: ClientId, frame: &Encoded, turn: &mut Turn) {
        self.taken.iter().filter(|(client, _)| **client != from).for_each(|(_, seat)| seat.hear(frame, turn));
    }
}

impl Seat {
    fn take(&self, frame: &Frame<'_>, turn: &mut Turn) -> Delivery {
        match self.outbox.push(frame, turn) {
            Ok(()) => Delivery::Delivered,
            Err(error) => Delivery::Dropped(error),
        }
    }

    /// Whoever takes no more is on its way out, which delays nobody: the others will be told.
    fn hear(&self, frame: &Encoded, turn: &mut Turn) {
        match self.outbox.push_shared(frame, turn) {
            Ok(()) => {}
            Err(PushError::Full) => turn.tally.dropped.full += 1,
            Err(PushError::Gone) => turn.tally.dropped.gone += 1,
        }
    }
}
