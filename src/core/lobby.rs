//! The queue with its clients in it: decides by the [`Matchmaker`], makes the rooms and tells everybody concerned, all
//! under one lock, so that each client hears of its partners in one order. Sessions call it on arrival, `next` and leave;
//! a relayed frame never comes here.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use meetpoint_protocol::{ClientId, RoomId, UserId};
use tokio::sync::Notify;

use super::{
    chance::Chance,
    event::{Departure, Event, Match},
    hash::HashMap,
    matchmaker::{AlreadyPaired, Matchmaker, NotPaired, Outcome, Pair, Rules},
    outbox::Outbox,
    room::Room,
    turn::Turn,
};
use crate::sync::Mutex;

pub struct Lobby {
    chance: Arc<Chance>,
    inner: Mutex<Inner>,
    /// Somebody has begun to wait for a cooldown that may end before all others.
    deadline_moved: Notify,
}

struct Inner {
    matchmaker: Matchmaker,
    guests: HashMap<ClientId, Guest>,
    /// When [`Lobby::cooled`] will be called next, as it was told.
    next_visit: Option<Instant>,
}

/// A client that has looked for a partner, or has named its user.
struct Guest {
    outbox: Outbox,
    room: Option<Arc<Room>>,
    /// It has not asked for a partner since its last one went, and may have been queued all the same: an `available` that
    /// crosses with its match is no fault of its own.
    unasked: bool,
}

/// The queue in figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Census {
    pub waiting: usize,
    pub pairs: usize,
    /// How long the client at the head has been waiting; zero when nobody is.
    pub oldest_wait: Duration,
}

impl Lobby {
    pub fn new(rules: Rules, chance: Arc<Chance>) -> Self {
        let inner = Inner { matchmaker: Matchmaker::new(rules), guests: HashMap::default(), next_visit: None };
        Self { chance, inner: Mutex::new(inner), deadline_moved: Notify::new() }
    }

    /// The client looks for a partner. Having got one without asking is no reason to refuse, once.
    pub fn available(&self, client: &Outbox, turn: &mut Turn) -> Result<(), AlreadyPaired> {
        let mut inner = self.inner.lock();
        let unasked = std::mem::take(&mut inner.receive(client).unasked);
        match inner.matchmaker.available(client.client(), turn.now) {
            Ok(pair) => self.seat(&mut inner, pair, turn),
            Err(AlreadyPaired) if unasked => {}
            Err(AlreadyPaired) => return Err(AlreadyPaired),
        }
        Ok(())
    }

    /// The client is that user from now on.
    pub fn identify(&self, client: &Outbox, user: Option<UserId>, turn: &mut Turn) {
        let mut inner = self.inner.lock();
        inner.receive(client);
        let pair = inner.matchmaker.identify(client.client(), user, turn.now);
        self.seat(&mut inner, pair, turn);
    }

    /// The client wants another partner.
    pub fn next(&self, client: ClientId, turn: &mut Turn) -> Result<(), NotPaired> {
        let mut inner = self.inner.lock();
        let outcome = inner.matchmaker.next(client, turn.now)?;
        self.settle(&mut inner, client, Departure::Next, outcome, turn);
        Ok(())
    }

    /// The client neither looks for a partner nor has one any more.
    pub fn leave(&self, client: ClientId, turn: &mut Turn) {
        let mut inner = self.inner.lock();
        let outcome = inner.matchmaker.leave(client, turn.now);
        self.settle(&mut inner, client, Departure::Left, outcome, turn);
    }

    /// The client cannot be reached for a while.
    pub fn away(&self, client: ClientId) {
        let mut inner = self.inner.lock();
        if inner.guests.contains_key(&client) {
            inner.matchmaker.away(client);
        }
    }

    /// The client can be reached again.
    pub fn back(&self, client: ClientId, turn: &mut Turn) {
        let mut inner = self.inner.lock();
        if inner.guests.contains_key(&client) {
            let pair = inner.matchmaker.back(client, turn.now);
            self.seat(&mut inner, pair, turn);
        }
    }

    /// The client is no more.
    pub fn gone(&self, client: ClientId, why: Departure, turn: &mut Turn) {
        let mut inner = self.inner.lock();
        let outcome = inner.matchmaker.gone(client, turn.now);
        self.settle(&mut inner, client, why, outcome, turn);
        inner.guests.remove(&client);
    }

    /// Matches those whose cooldown is over, and tells when to come again.
    pub fn cooled(&self, turn: &mut Turn) -> Option<Instant> {
        let mut inner = self.inner.lock();
        let pairs = inner.matchmaker.cooled(turn.now);
        self.seat(&mut inner, pairs, turn);
        inner.next_visit = inner.matchmaker.deadline();
        inner.next_visit
    }

    /// Nobody is matched any more: the server is going down.
    pub fn close(&self) {
        self.inner.lock().matchmaker.close();
    }

    /// Waits until [`Self::cooled`] may have to be called earlier than it said.
    pub async fn deadline_moved(&self) {
        self.deadline_moved.notified().await;
    }

    pub fn census(&self, now: Instant) -> Census {
        let inner = self.inner.lock();
        Census {
            waiting: inner.matchmaker.waiting(),
            pairs: inner.matchmaker.pairs(),
            oldest_wait: inner.matchmaker.oldest_wait().map_or(Duration::ZERO, |since| now - since),
        }
    }

    /// A pair has ended, perhaps, because of `leaver`, whose task this is: closes its room, which tells who stayed, then seats
    /// the new pairs.
    fn settle(&self, inner: &mut Inner, leaver: ClientId, why: Departure, outcome: Outcome, turn: &mut Turn) {
        if let Some(abandoned) = outcome.abandoned {
            if let Some(guest) = inner.guests.get_mut(&leaver) {
                guest.unasked = true;
                guest.room = None;
                // A match that its session has not noticed is over as well.
                guest.outbox.take_event();
            }
            if let Some(guest) = inner.guests.get_mut(&abandoned) {
                guest.unasked = true;
                let room = guest.room.take();
                // A call goes on without the server, which takes this one's frames until its end, too.
                if let Some(room) = room.filter(|_| why != Departure::Shutdown) {
                    room.dissolve(abandoned, Event::PartnerLeft(why), turn);
                }
            }
        }
        self.seat(inner, outcome.pairs, turn);
    }

    fn seat(&self, inner: &mut Inner, pairs: impl IntoIterator<Item = Pair>, turn: &mut Turn) {
        for pair in pairs {
            turn.tally.waits.extend([pair.waited, pair.newcomer_waited]);
            let both = [pair.newcomer, pair.waiter];
            let seated = both.iter().filter_map(|client| inner.guests.get(client)).map(|guest| guest.outbox.clone());
            let room = Arc::new(Room::new(RoomId::from_random(self.chance.id()), seated));
            for guest in both {
                if let Some(guest) = inner.guests.get_mut(&guest) {
                    guest.room = Some(room.clone());
                }
            }
            let matchmaker = &inner.matchmaker;
            room.tell(
                |client| {
                    let initiator = client == pair.newcomer;
                    let partner = if initiator { pair.waiter } else { pair.newcomer };
                    let partner_user = matchmaker.user(partner).cloned();
                    Event::Matched(Match { room: room.clone(), partner, partner_user, initiator })
                },
                turn,
            );
        }
        let deadline = inner.matchmaker.deadline();
        if deadline.is_some_and(|deadline| inner.next_visit.is_none_or(|visit| deadline < visit)) {
            inner.next_visit = deadline;
            self.deadline_moved.notify_one();
        }
    }
}

impl Inner {
    fn receive(&mut self, client: &Outbox) -> &mut Guest {
        self.guests.entry(client.client()).or_insert_with(|| Guest {
            outbox: client.clone(),
            room: None,
            unasked: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use meetpoint_protocol::{ConnId, FrameType};

    use super::*;
    use crate::core::{
        event::Words,
        outbox::{Bounds, Frame, Wire},
        room::Delivery,
    };

    struct Silent;

    impl Words for Silent {
        fn write(&self, _: &Event, _: &mut Vec<u8>) -> Option<FrameType> {
            None
        }
    }

    impl Wire for tokio::io::Sink {
        fn try_write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            Ok(bytes.len())
        }
    }

    fn client(n: u8) -> Outbox {
        let bounds = Bounds { bytes: 1000, frames: 10, kept: 64 };
        let wire = Box::new(tokio::io::sink());
        Outbox::new(ClientId::from_random([n; 16]), ConnId(n.into()), &Silent, bounds, wire)
    }

    fn lobby() -> Lobby {
        let rules = Rules {
            requeue_on_partner_leave: true,
            requeue_on_next: false,
            rematch_cooldown: Duration::from_secs(5),
            rematch_memory: 3,
        };
        Lobby::new(rules, Arc::new(Chance::from_seed(1)))
    }

    #[test]
    fn nobody_is_refused_for_a_partner_that_left_before_being_told_that_it_left() {
        const ROUNDS: usize = 2000;
        let mut turn = Turn::new(Instant::now());
        for _ in 0..ROUNDS {
            let (lobby, [stays, leaves]) = (lobby(), [1, 2].map(client));
            lobby.available(&stays, &mut turn).expect("nobody is paired with it");
            lobby.available(&leaves, &mut turn).expect("nobody is paired with it");
            let Some(Event::Matched(Match { room, .. })) = stays.take_event() else { panic!("they meet") };
            thread::scope(|scope| {
                scope.spawn(|| {
                    let mut turn = Turn::new(Instant::now());
                    let frame = Frame { frame_type: FrameType::Offer, parts: &[b"{}"] };
                    while room.relay(stays.client(), &frame, &mut turn) != Delivery::NotSeated {
                        turn.flush();
                    }
                    assert!(matches!(stays.take_event(), Some(Event::PartnerLeft(_))));
                });
                lobby.gone(leaves.client(), Departure::Disconnected, &mut turn);
            });
        }
    }

    #[test]
    fn nobody_hears_in_a_drain_that_the_partner_is_gone_already() {
        let (lobby, [stays, leaves]) = (lobby(), [1, 2].map(client));
        let mut turn = Turn::new(Instant::now());
        lobby.available(&stays, &mut turn).expect("nobody is paired with it");
        lobby.available(&leaves, &mut turn).expect("nobody is paired with it");
        let Some(Event::Matched(Match { room, .. })) = stays.take_event() else { panic!("they meet") };
        lobby.close();
        lobby.gone(leaves.client(), Departure::Shutdown, &mut turn);
        assert!(stays.take_event().is_none());
        let frame = Frame { frame_type: FrameType::Offer, parts: &[b"{}"] };
        assert!(!matches!(room.relay(stays.client(), &frame, &mut turn), Delivery::NotSeated | Delivery::NoSuchSeat));
    }

    #[test]
    fn a_match_that_ended_before_its_session_noticed_is_never_noticed() {
        let lobby = lobby();
        let mut turn = Turn::new(Instant::now());
        let [me, first, second] = [1, 2, 3].map(client);
        for client in [&me, &first, &second] {
            lobby.available(client, &mut turn).expect("nobody is paired with them");
        }
        assert!(matches!(me.take_event(), Some(Event::Matched(_))));
        lobby.next(first.client(), &mut turn).expect("paired with me");
        // Matched with the second by now; the session is still about to say `next` to the first.
        lobby.next(me.client(), &mut turn).expect("paired");
        assert!(me.take_event().is_none());
        assert_eq!(lobby.available(&me, &mut turn), Ok(()));
        assert_eq!(lobby.census(turn.now).waiting, 2);
    }
}
