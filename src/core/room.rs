//! Where clients meet: a pair's call. A session holds its room, not its partner: the room is the authority on who sits in
//! it, so a frame that comes late, after its sender or receiver has gone, can never reach a stranger.

use meetpoint_protocol::{ClientId, RoomId};
use parking_lot::Mutex;

use super::{
    event::Event,
    outbox::{Frame, Outbox, PushError},
    turn::Turn,
};

pub struct Room {
    pub id: RoomId,
    seats: Mutex<Vec<Outbox>>,
}

/// What became of a frame for the others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delivery {
    Delivered,
    /// The sender sits here no more.
    NotSeated,
    /// The receiver takes no more: it is being closed, and the sender will be told that it left.
    Dropped(PushError),
}

impl Room {
    /// A room for those who are seated.
    pub fn new(id: RoomId, seated: Vec<Outbox>) -> Self {
        Self { id, seats: Mutex::new(seated) }
    }

    /// Tells everybody who sits here, before anybody can speak.
    pub fn tell(&self, mut event: impl FnMut(ClientId) -> Event, turn: &mut Turn) {
        for seat in self.seats.lock().iter() {
            seat.tell(event(seat.client()), turn);
        }
    }

    /// Hands a frame to the partner of `from`.
    pub fn relay(&self, from: ClientId, frame: &Frame<'_>, turn: &mut Turn) -> Delivery {
        let seats = self.seats.lock();
        match &seats[..] {
            [one, other] | [other, one] if one.client() == from => match other.push(frame, turn) {
                Ok(()) => Delivery::Delivered,
                Err(error) => Delivery::Dropped(error),
            },
            _ => Delivery::NotSeated,
        }
    }

    /// Everybody stands up: whatever is said here from now on reaches nobody.
    pub fn dissolve(&self) {
        self.seats.lock().clear();
    }
}
