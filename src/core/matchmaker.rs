//! Who is paired with whom: a pure state machine. [`super::lobby::Lobby`] calls it under one lock and tells the clients;
//! it knows no socket, no clock and no chance, and never looks at more waiting clients than a handful.
//!
//! Two waiting clients that may be matched are never left side by side. They may not be matched
//! - when both are the same user, ever;
//! - when they parted from each other a while ago and are still in each other's memory: not before the cooldown is over,
//!   and even then only when nobody else is there.
//!
//! The memory is mutual: each client remembers its last [`Rules::rematch_memory`] partners, and when one of a pair
//! forgets the other, both do. So a client is barred from few others, however many it has left, and an arrival skips few.

mod waiting;

use std::{
    collections::{BTreeSet, VecDeque},
    time::{Duration, Instant},
};

use meetpoint_protocol::{ClientId, UserId};

use self::waiting::{Line, Place, Waiting};
use super::hash::HashMap;

/// What an operator may choose.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Whether a client whose partner went waits again at once, ahead of those that arrive.
    pub requeue_on_partner_leave: bool,
    /// Whether a client that says `next` waits again at once, behind the others.
    pub requeue_on_next: bool,
    /// How long two that parted are kept apart though nobody else is there.
    pub rematch_cooldown: Duration,
    /// How many former partners count; 0 remembers none.
    pub rematch_memory: usize,
}

/// Two clients that are partners from now on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pair {
    /// The one that waited longer, and how long.
    pub waiter: ClientId,
    pub waited: Duration,
    /// The other, and how long it had waited: zero when its arrival made the match.
    pub newcomer: ClientId,
    pub newcomer_waited: Duration,
}

/// What became of a pair that ended, in the order in which the clients are to be told.
#[derive(Default, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The client whose partner went.
    pub abandoned: Option<ClientId>,
    pub pairs: Vec<Pair>,
}

/// The client has a partner already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AlreadyPaired;

/// The client has no partner.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotPaired;

pub struct Matchmaker {
    rules: Rules,
    members: HashMap<ClientId, Member>,
    waiting: Waiting,
    /// Waiting clients that only their cooldown keeps apart, and its end.
    cooling: BTreeSet<(Instant, ClientId, ClientId)>,
    pairs: usize,
    arrivals: u64,
    closed: bool,
}

#[derive(Default)]
struct Member {
    user: Option<UserId>,
    /// Former partners that count, the latest last.
    parted: VecDeque<Parted>,
    state: State,
    /// It cannot be reached for a while: it is not matched, and keeps its place.
    is_away: bool,
}

struct Parted {
    from: ClientId,
    at: Instant,
}

#[derive(Clone, Copy, Default)]
enum State {
    #[default]
    Idle,
    Waiting(Place, Instant),
    /// Would wait, were it not away.
    Paused(Place, Instant),
    Paired(ClientId),
}

impl Matchmaker {
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            members: HashMap::default(),
            waiting: Waiting::default(),
            cooling: BTreeSet::new(),
            pairs: 0,
            arrivals: 0,
            closed: false,
        }
    }

    /// The client looks for a partner. Saying so again while it waits changes nothing.
    pub fn available(&mut self, client: ClientId, now: Instant) -> Result<Option<Pair>, AlreadyPaired> {
        match self.member(client).state {
            State::Idle => {
                let place = self.place_behind();
                Ok(self.arrive(client, place, now, now))
            }
            State::Waiting(..) | State::Paused(..) => Ok(None),
            State::Paired(_) => Err(AlreadyPaired),
        }
    }

    /// The client wants another partner. One that waits goes on waiting.
    pub fn next(&mut self, client: ClientId, now: Instant) -> Result<Outcome, NotPaired> {
        if self.partner(client).is_none() {
            return Err(NotPaired);
        }
        let mut outcome = self.leave(client, now);
        if self.rules.requeue_on_next {
            let place = self.place_behind();
            outcome.pairs.extend(self.arrive(client, place, now, now));
        }
        Ok(outcome)
    }

    /// The client neither looks for a partner nor has one any more.
    pub fn leave(&mut self, client: ClientId, now: Instant) -> Outcome {
        match self.state(client) {
            State::Idle => Outcome::default(),
            State::Waiting(..) => {
                self.withdraw(client);
                Outcome::default()
            }
            State::Paused(..) => {
                self.member(client).state = State::Idle;
                Outcome::default()
            }
            State::Paired(partner) => {
                self.part(client, partner, now);
                let pairs = if self.rules.requeue_on_partner_leave {
                    let place = self.place_ahead();
                    self.arrive(partner, place, now, now).into_iter().collect()
                } else {
                    Vec::new()
                };
                Outcome { abandoned: Some(partner), pairs }
            }
        }
    }

    /// The client cannot be reached for a while. It keeps its partner or its place, and is not matched meanwhile.
    pub fn away(&mut self, client: ClientId) {
        let waits = self.waits(client);
        self.withdraw(client);
        let member = self.member(client);
        member.is_away = true;
        if let Some((since, place)) = waits {
            member.state = State::Paused(place, since);
        }
    }

    /// The client can be reached again: one that would have waited does so from now on, in its old place.
    pub fn back(&mut self, client: ClientId, now: Instant) -> Option<Pair> {
        let member = self.member(client);
        member.is_away = false;
        let State::Paused(place, since) = member.state else { return None };
        member.state = State::Idle;
        self.arrive(client, place, since, now)
    }

    /// The client is no more; nothing of it is kept.
    pub fn gone(&mut self, client: ClientId, now: Instant) -> Outcome {
        let outcome = self.leave(client, now);
        if let Some(member) = self.members.remove(&client) {
            for parted in member.parted {
                self.forget(parted.from, client);
            }
        }
        outcome
    }

    /// The client is that user from now on. One that waits keeps its place, and may now be matched.
    pub fn identify(&mut self, client: ClientId, user: Option<UserId>, now: Instant) -> Option<Pair> {
        let Some((since, place)) = self.waits(client) else {
            self.member(client).user = user;
            return None;
        };
        self.withdraw(client);
        self.member(client).user = user;
        self.arrive(client, place, since, now)
    }

    /// Nobody is matched any more; whoever looks for a partner waits.
    pub fn close(&mut self) {
        self.closed = true;
        self.cooling.clear();
    }

    /// Matches those whose cooldown is over. To be called at [`Self::deadline`].
    pub fn cooled(&mut self, now: Instant) -> Vec<Pair> {
        let mut pairs = Vec::new();
        while let Some(&(end, one, other)) = self.cooling.first()
            && end <= now
        {
            self.cooling.pop_first();
            if self.strangers(one, other) {
                pairs.push(self.pair(one, other, now));
            }
        }
        pairs
    }

    /// When the next cooldown ends between two that wait.
    pub fn deadline(&self) -> Option<Instant> {
        self.cooling.first().map(|(end, ..)| *end)
    }

    pub fn partner(&self, client: ClientId) -> Option<ClientId> {
        match self.state(client) {
            State::Paired(partner) => Some(partner),
            State::Idle | State::Waiting(..) | State::Paused(..) => None,
        }
    }

    pub fn user(&self, client: ClientId) -> Option<&UserId> {
        self.members.get(&client)?.user.as_ref()
    }

    /// How many clients wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many pairs there are.
    pub fn pairs(&self) -> usize {
        self.pairs
    }

    /// Since when the client at the head of the queue has been waiting.
    pub fn oldest_wait(&self) -> Option<Instant> {
        self.waiting.heads().filter_map(|client| self.waits(client)).map(|(since, _)| since).min()
    }

    /// Pairs the client with whoever comes first among those that it may meet, else lets it wait at `place`.
    fn arrive(&mut self, client: ClientId, place: Place, since: Instant, now: Instant) -> Option<Pair> {
        if self.member(client).is_away {
            self.member(client).state = State::Paused(place, since);
            return None;
        }
        if let Some(other) = self.find(client, now) {
            self.member(client).state = State::Waiting(place, since);
            return Some(self.pair(other, client, now));
        }
        let line = self.line(client);
        self.waiting.insert(place, client, line);
        for index in 0..self.members[&client].parted.len() {
            let Parted { from, at } = self.members[&client].parted[index];
            if self.waits(from).is_some() && !self.closed {
                self.cooling.insert(cooling(at + self.rules.rematch_cooldown, client, from));
            }
        }
        self.member(client).state = State::Waiting(place, since);
        None
    }

    /// Whom a client that arrives is to meet: the first that waits among those it does not remember,
    /// else the first among those whose cooldown is over.
    fn find(&self, client: ClientId, now: Instant) -> Option<ClientId> {
        if self.closed {
            return None;
        }
        let parted = &self.members.get(&client)?.parted;
        let fresh = self.waiting.first(&self.line(client), |other| parted.iter().all(|parted| parted.from != other));
        fresh.or_else(|| {
            parted
                .iter()
                .filter(|parted| parted.at + self.rules.rematch_cooldown <= now)
                .map(|parted| parted.from)
                .filter(|other| self.strangers(client, *other))
                .filter_map(|other| self.waits(other).map(|(_, place)| (place, other)))
                .min()
                .map(|(_, other)| other)
        })
    }

    /// Makes partners of two that wait.
    fn pair(&mut self, one: ClientId, other: ClientId, now: Instant) -> Pair {
        let mut waits = [one, other].map(|client| (self.waits(client), client));
        waits.sort_unstable();
        self.withdraw(one);
        self.withdraw(other);
        self.member(one).state = State::Paired(other);
        self.member(other).state = State::Paired(one);
        self.pairs += 1;
        let [(longer, waiter), (shorter, newcomer)] = waits;
        let waited = |waits: Option<(Instant, Place)>| waits.map_or(Duration::ZERO, |(since, _)| now - since);
        Pair { waiter, waited: waited(longer), newcomer, newcomer_waited: waited(shorter) }
    }

    /// Ends a pair: each remembers the other.
    fn part(&mut self, one: ClientId, other: ClientId, now: Instant) {
        self.pairs -= 1;
        for (client, from) in [(one, other), (other, one)] {
            self.member(client).state = State::Idle;
            self.forget(client, from);
            self.member(client).parted.push_back(Parted { from, at: now });
        }
        for client in [one, other] {
            while self.members[&client].parted.len() > self.rules.rematch_memory
                && let Some(oldest) = self.member(client).parted.pop_front()
            {
                self.forget(oldest.from, client);
            }
        }
    }

    fn forget(&mut self, client: ClientId, other: ClientId) {
        if let Some(member) = self.members.get_mut(&client) {
            member.parted.retain(|parted| parted.from != other);
        }
    }

    /// Takes a waiting client out of the queue, to be idle.
    fn withdraw(&mut self, client: ClientId) {
        let Some((_, place)) = self.waits(client) else { return };
        let line = self.line(client);
        self.waiting.remove(place, line);
        for index in 0..self.members[&client].parted.len() {
            let Parted { from, at } = self.members[&client].parted[index];
            self.cooling.remove(&cooling(at + self.rules.rematch_cooldown, client, from));
        }
        self.member(client).state = State::Idle;
    }

    fn member(&mut self, client: ClientId) -> &mut Member {
        self.members.entry(client).or_default()
    }

    fn state(&self, client: ClientId) -> State {
        self.members.get(&client).map_or(State::Idle, |member| member.state)
    }

    /// Since when and where the client waits.
    fn waits(&self, client: ClientId) -> Option<(Instant, Place)> {
        match self.state(client) {
            State::Waiting(place, since) => Some((since, place)),
            State::Idle | State::Paused(..) | State::Paired(_) => None,
        }
    }

    fn line(&self, client: ClientId) -> Line {
        self.user(client).map_or(Line::Alone(client), |user| Line::User(user.clone()))
    }

    /// Whether the two are not the same user.
    fn strangers(&self, one: ClientId, other: ClientId) -> bool {
        self.user(one).is_none() || self.user(one) != self.user(other)
    }

    fn place_behind(&mut self) -> Place {
        self.arrivals += 1;
        Place::behind(self.arrivals)
    }

    fn place_ahead(&mut self) -> Place {
        self.arrivals += 1;
        Place::ahead(self.arrivals)
    }
}

fn cooling(end: Instant, one: ClientId, other: ClientId) -> (Instant, ClientId, ClientId) {
    (end, one.min(other), one.max(other))
}

#[cfg(test)]
mod tests;
