//! The rooms of topics, for finding: sessions ask on joining, leaving and listing, and talk in the room itself. A room is
//! there as long as somebody sits in it.

use std::{collections::BTreeMap, sync::Arc};

use meetpoint_protocol::{ClientId, RoomId};

use super::{
    chance::Chance,
    outbox::Encoded,
    room::{Arrival, Company, Left, NoSeat, Room, Seat},
    turn::Turn,
};
use crate::sync::{AtomicUsize, Mutex, Ordering};

/// Whose topics: clients of one bucket never meet those of another.
pub type Bucket = Arc<str>;

/// Topics with the number of their members, and behind which one to go on if there are more.
pub type Listing = (Vec<(Box<str>, usize)>, Option<Box<str>>);

type Rooms = BTreeMap<(Bucket, Box<str>), Arc<Room>>;

pub struct Topics {
    chance: Arc<Chance>,
    /// How many may sit in one room.
    capacity: usize,
    rooms: Mutex<Rooms>,
    members: AtomicUsize,
}

/// As many are in the room as may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full;

impl Topics {
    pub fn new(capacity: usize, chance: Arc<Chance>) -> Self {
        Self { chance, capacity, rooms: Mutex::default(), members: AtomicUsize::new(0) }
    }

    /// Sits down in the topic's room, as [`Room::sit`] says.
    ///
    /// # Errors
    /// The room is full.
    pub fn join(
        &self,
        bucket: &Bucket,
        topic: &str,
        seat: impl Fn() -> Seat,
        news: impl Fn(&Seat, Arrival, bool) -> Encoded,
        greeting: impl Fn(&Company<'_>) -> Encoded,
        turn: &mut Turn,
    ) -> Result<Arc<Room>, Full> {
        loop {
            let room = {
                let mut rooms = self.rooms.lock();
                let new = || Arc::new(Room::new(RoomId::from_random(self.chance.id()), []));
                rooms.entry((bucket.clone(), topic.into())).or_insert_with(new).clone()
            };
            match room.sit(seat(), self.capacity, &news, &greeting, turn) {
                Ok(arrival) => {
                    self.members.fetch_add(usize::from(arrival == Arrival::New), Ordering::Relaxed);
                    return Ok(room);
                }
                Err(NoSeat::Full) => return Err(Full),
                // Whoever left it last is about to take it out; perhaps that is faster done here.
                Err(NoSeat::Sealed) => self.forget(bucket, topic, &room),
            }
        }
    }

    /// Stands up from a room that was joined; the others hear `news`.
    pub fn leave(
        &self,
        bucket: &Bucket,
        topic: &str,
        room: &Arc<Room>,
        client: ClientId,
        news: Option<&Encoded>,
        turn: &mut Turn,
    ) {
        let left = room.stand_up(client, news, turn);
        if left == Left::Empty {
            self.forget(bucket, topic, room);
        }
        self.members.fetch_sub(usize::from(left != Left::NotSeated), Ordering::Relaxed);
    }

    /// The topics of a bucket that begin with `prefix`, in the order of their bytes, behind `after`: at most `limit` (above 0) of them.
    pub fn list(&self, bucket: &Bucket, prefix: &str, after: Option<&str>, limit: usize) -> Listing {
        let first = after.filter(|after| *after >= prefix).unwrap_or(prefix);
        let begins = |(of, topic): &(Bucket, Box<str>)| of == bucket && topic.starts_with(prefix);
        let found: Vec<_> = {
            let rooms = self.rooms.lock();
            rooms
                .range((bucket.clone(), first.into())..)
                .take_while(|(key, _)| begins(key))
                .filter(|((_, topic), _)| after.is_none_or(|after| **topic > *after))
                .take(limit + 1)
                .map(|((_, topic), room)| (topic.clone(), room.clone()))
                .collect()
        };
        let next = (found.len() > limit).then(|| found[limit - 1].0.clone());
        let counted = found.into_iter().take(limit).map(|(topic, room)| (topic, room.len()));
        (counted.filter(|(_, count)| *count > 0).collect(), next)
    }

    /// How many topics there are, and how many members they have together.
    pub fn census(&self) -> (usize, usize) {
        (self.rooms.lock().len(), self.members.load(Ordering::Relaxed))
    }

    fn forget(&self, bucket: &Bucket, topic: &str, room: &Arc<Room>) {
        let mut rooms = self.rooms.lock();
        let key = (bucket.clone(), topic.into());
        if rooms.get(&key).is_some_and(|known| Arc::ptr_eq(known, room)) {
            rooms.remove(&key);
        }
    }
}
