//! Who is matched with whom, by what the clients are told: two must be told of each other, and nothing else. Knows no socket and
//! no clock.
//!
//! ```text
//! idle ── available ──▶ waiting ── matched ──▶ told ── the other, too ──▶ paired ── next ──▶ waiting
//!                          ▲                                                └─ the partner's next ──▶ left
//!                          └───────────────────────── partner-left ────────────────────────────────────┘
//! ```

use std::{
    collections::{HashMap, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
};

use meetpoint_protocol::ClientId;

use crate::ws::Fault;

/// Former partners that are remembered of each client: as many as a server may remember at most.
const MEMORY: usize = 64;

/// Clients by their numbers.
#[derive(Default)]
pub struct Ledger {
    numbers: HashMap<ClientId, u32>,
    members: Vec<Member>,
    /// Both of whom know it.
    pairs: Vec<[u32; 2]>,
    /// Clients that wait: of one user, and others.
    waiting: [usize; 2],
    /// Clients that were told of a partner that was not told of them yet.
    told: usize,
    matches: u64,
    rematches: u64,
}

struct Member {
    id: ClientId,
    /// One of those that are the same user.
    is_one_user: bool,
    state: State,
    parted: VecDeque<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Idle,
    Waiting,
    Told {
        partner: u32,
        initiator: Option<bool>,
        room: u64,
    },
    /// With the place among the pairs.
    Paired(usize),
    /// Its partner has said `next`: it will be told.
    Left,
}

impl Ledger {
    /// Clients that do nothing yet. `one_user`: so many, the first of them, are the same user. `Err` where two have one id.
    pub fn new(ids: &[ClientId], one_user: usize) -> Result<Self, Fault> {
        let member = |(number, id): (usize, &ClientId)| Member {
            id: *id,
            is_one_user: number < one_user,
            state: State::Idle,
            parted: VecDeque::new(),
        };
        let numbers: HashMap<_, _> = ids.iter().enumerate().map(|(number, id)| (*id, number as u32)).collect();
        if numbers.len() < ids.len() {
            return Err(Fault::Contradiction("two clients were given the same id"));
        }
        Ok(Self {
            numbers,
            members: ids.iter().enumerate().map(member).collect(),
            pairs: Vec::new(),
            waiting: [0; 2],
            told: 0,
            matches: 0,
            rematches: 0,
        })
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub fn id(&self, number: usize) -> ClientId {
        self.members[number].id
    }

    /// Pairs both of whom know it.
    pub fn pairs(&self) -> &[[u32; 2]] {
        &self.pairs
    }

    /// Matches that both were told of, from the beginning.
    pub fn matches(&self) -> u64 {
        self.matches
    }

    /// How many of them brought two together that had just parted from each other.
    pub fn rematches(&self) -> u64 {
        self.rematches
    }

    /// Whether nobody waits that could be matched were there no memory of former partners, and nobody was told of a partner
    /// that was not.
    pub fn is_settled(&self) -> bool {
        let [one_user, others] = self.waiting;
        self.told == 0 && (others == 0 || (others == 1 && one_user == 0))
    }

    /// A client says that it looks for a partner.
    pub fn available(&mut self, who: usize) {
        self.set(who, State::Waiting);
    }

    /// One of a pair, which `chance` chooses, parts from the other: its number; `None` when there is no pair. Of one user and
    /// another it is the other.
    pub fn part(&mut self, mut chance: impl FnMut(usize) -> usize) -> Option<usize> {
        if self.pairs.is_empty() {
            return None;
        }
        let place = chance(self.pairs.len());
        let pair = self.pairs.swap_remove(place);
        if let Some([a, b]) = self.pairs.get(place) {
            self.members[*a as usize].state = State::Paired(place);
            self.members[*b as usize].state = State::Paired(place);
        }
        let side = match pair.map(|number| self.members[number as usize].is_one_user) {
            [true, false] => 1,
            [false, true] => 0,
            _ => chance(2),
        };
        let [who, left] = [pair[side], pair[1 - side]];
        for (one, other) in [(who, left), (left, who)] {
            let parted = &mut self.members[one as usize].parted;
            if parted.len() == MEMORY {
                parted.pop_front();
            }
            parted.push_back(other);
        }
        self.set(who as usize, State::Waiting);
        self.set(left as usize, State::Left);
        Some(who as usize)
    }

    /// A client is told that its partner left.
    pub fn partner_left(&mut self, who: usize) -> Result<(), Fault> {
        if self.members[who].state != State::Left {
            return Err(Fault::Contradiction("a client was told that its partner left who did not"));
        }
        self.set(who, State::Waiting);
        Ok(())
    }

    /// A client is told of a partner. Gives whether the other has been told, too.
    pub fn matched(
        &mut self,
        who: usize,
        partner: ClientId,
        initiator: Option<bool>,
        room: &str,
    ) -> Result<bool, Fault> {
        let wrong = |what| Err(Fault::Contradiction(what));
        let Some(&other) = self.numbers.get(&partner) else {
            return wrong("a client was matched with one that is not there");
        };
        let other = other as usize;
        if other == who {
            return wrong("a client was matched with itself");
        }
        if self.members[who].state != State::Waiting {
            return wrong("a client was matched that did not wait");
        }
        if self.members[who].is_one_user && self.members[other].is_one_user {
            return wrong("two connections of one user were matched");
        }
        let mut hasher = DefaultHasher::new();
        room.hash(&mut hasher);
        let room = hasher.finish();
        match self.members[other].state {
            State::Waiting | State::Left => {
                self.set(who, State::Told { partner: other as u32, initiator, room });
                Ok(false)
            }
            State::Told { partner, .. } if partner as usize != who => {
                wrong("two clients were told that a third is their partner")
            }
            State::Told { room: told, .. } if told != room => wrong("two partners were told of different rooms"),
            State::Told { initiator: told, .. } if !one_of_two(told, initiator) => {
                wrong("not exactly one of two partners is the initiator")
            }
            State::Told { .. } => {
                self.pair(who, other);
                Ok(true)
            }
            State::Paired(_) => wrong("a client was matched with one that has a partner"),
            State::Idle => wrong("a client was matched with one that looks for nobody"),
        }
    }

    fn pair(&mut self, who: usize, other: usize) {
        let parted = |one: usize| self.members[one].parted.back().copied();
        if parted(who) == Some(other as u32) && parted(other) == Some(who as u32) {
            self.rematches += 1;
        }
        let place = self.pairs.len();
        self.pairs.push([other as u32, who as u32]);
        self.set(who, State::Paired(place));
        self.set(other, State::Paired(place));
        self.matches += 1;
    }

    /// What must not be when the server has said all that it had to say.
    pub fn check_quiet(&self) -> Result<(), Fault> {
        let any = |what: fn(State) -> bool| self.members.iter().any(|member| what(member.state));
        if self.told > 0 {
            return Err(Fault::Contradiction("only one of two partners was told of the other"));
        }
        if any(|state| state == State::Left) {
            return Err(Fault::Contradiction("a client was not told that its partner left"));
        }
        if self.side_by_side() {
            return Err(Fault::Contradiction("two clients wait that may be matched"));
        }
        Ok(())
    }

    /// Whether two wait that never parted from each other and are not the same user.
    fn side_by_side(&self) -> bool {
        let waits = |number: usize| self.members[number].state == State::Waiting;
        let waiting: usize = self.waiting.iter().sum();
        (0..self.members.len()).filter(|number| waits(*number) && !self.members[*number].is_one_user).any(|number| {
            let mut parted: Vec<_> =
                self.members[number].parted.iter().filter(|other| waits(**other as usize)).collect();
            parted.sort_unstable();
            parted.dedup();
            waiting > parted.len() + 1
        })
    }

    fn set(&mut self, number: usize, state: State) {
        let Member { is_one_user, state: before, .. } = &mut self.members[number];
        let waiting = &mut self.waiting[usize::from(!*is_one_user)];
        for (state, sign) in [(std::mem::replace(before, state), -1), (state, 1)] {
            match state {
                State::Waiting => *waiting = waiting.wrapping_add_signed(sign),
                State::Told { .. } => self.told = self.told.wrapping_add_signed(sign),
                State::Idle | State::Paired(_) | State::Left => {}
            }
        }
    }
}

/// Whether exactly one says that it is the initiator. A server that never says so leaves it to the clients.
fn one_of_two(one: Option<bool>, other: Option<bool>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one != other,
        (None, None) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> ClientId {
        ClientId::from_random([number as u8; 16])
    }

    fn waiting(count: usize, one_user: usize) -> Ledger {
        let ids: Vec<_> = (0..count).map(id).collect();
        let mut ledger = Ledger::new(&ids, one_user).expect("different ids");
        (0..count).for_each(|number| ledger.available(number));
        ledger
    }

    /// Tells two of each other.
    fn pair(ledger: &mut Ledger, one: usize, other: usize) {
        assert_eq!(ledger.matched(one, id(other), Some(true), "r"), Ok(false));
        assert_eq!(ledger.matched(other, id(one), Some(false), "r"), Ok(true));
    }

    fn wrong<T>(outcome: Result<T, Fault>) -> &'static str {
        match outcome {
            Err(Fault::Contradiction(what)) => what,
            _ => "nothing",
        }
    }

    #[test]
    fn two_that_are_told_of_each_other_are_a_pair_until_one_says_next() {
        let mut ledger = waiting(4, 0);
        assert!(!ledger.is_settled());
        pair(&mut ledger, 0, 1);
        pair(&mut ledger, 2, 3);
        assert!(ledger.is_settled() && ledger.check_quiet().is_ok());
        assert_eq!(ledger.part(|_| 0), Some(0));
        assert_eq!(wrong(ledger.check_quiet()), "a client was not told that its partner left");
        assert_eq!(ledger.partner_left(1), Ok(()));
        assert_eq!(ledger.check_quiet(), Ok(()), "they parted from each other");
        pair(&mut ledger, 1, 0);
        assert_eq!((ledger.matches(), ledger.rematches(), ledger.pairs()), (3, 1, &[[2, 3], [1, 0]][..]));
    }

    #[test]
    fn frames_may_come_before_those_that_explain_them() {
        let mut ledger = waiting(4, 0);
        pair(&mut ledger, 0, 1);
        pair(&mut ledger, 2, 3);
        let [first, second] = [ledger.part(|_| 0), ledger.part(|_| 0)];
        assert_eq!((first, second), (Some(0), Some(2)));
        assert_eq!(ledger.matched(0, id(3), Some(true), "s"), Ok(false), "3 has not heard yet that 2 left");
        assert_eq!(ledger.partner_left(3), Ok(()));
        assert_eq!(ledger.matched(3, id(0), Some(false), "s"), Ok(true));
        assert_eq!(ledger.rematches(), 0);
    }

    #[test]
    fn whatever_does_not_fit_together_is_named() {
        let fresh = || waiting(4, 2);
        assert_eq!(wrong(fresh().matched(2, id(2), None, "r")), "a client was matched with itself");
        assert_eq!(wrong(fresh().matched(2, id(9), None, "r")), "a client was matched with one that is not there");
        assert_eq!(wrong(fresh().matched(0, id(1), None, "r")), "two connections of one user were matched");
        let told = |by: usize, of: usize, initiator, room| {
            let mut ledger = fresh();
            assert_eq!(ledger.matched(2, id(3), Some(true), "r"), Ok(false));
            wrong(ledger.matched(by, id(of), initiator, room))
        };
        assert_eq!(told(3, 2, Some(true), "r"), "not exactly one of two partners is the initiator");
        assert_eq!(told(3, 2, None, "r"), "not exactly one of two partners is the initiator");
        assert_eq!(told(3, 2, Some(false), "s"), "two partners were told of different rooms");
        assert_eq!(told(0, 2, Some(false), "r"), "two clients were told that a third is their partner");
        assert_eq!(told(2, 0, Some(false), "r"), "a client was matched that did not wait");
        assert_eq!(told(3, 2, Some(false), "r"), "nothing");
        let mut ledger = fresh();
        pair(&mut ledger, 2, 3);
        assert_eq!(wrong(ledger.matched(0, id(2), None, "r")), "a client was matched with one that has a partner");
        assert_eq!(wrong(ledger.partner_left(2)), "a client was told that its partner left who did not");
        assert!(Ledger::new(&[id(1), id(1)], 0).is_err());
        let mut idle = Ledger::new(&[id(0), id(1)], 0).expect("different ids");
        idle.available(0);
        assert_eq!(wrong(idle.matched(0, id(1), None, "r")), "a client was matched with one that looks for nobody");
    }

    #[test]
    fn nobody_may_be_left_waiting_beside_a_stranger() {
        assert_eq!(wrong(waiting(2, 0).check_quiet()), "two clients wait that may be matched");
        assert_eq!(wrong(waiting(3, 2).check_quiet()), "two clients wait that may be matched");
        assert!(waiting(1, 0).check_quiet().is_ok() && waiting(5, 5).check_quiet().is_ok());
        let mut told = waiting(3, 0);
        told.matched(0, id(1), None, "r").expect("both wait");
        assert_eq!(wrong(told.check_quiet()), "only one of two partners was told of the other");
    }

    #[test]
    fn one_user_is_not_the_one_that_parts() {
        let mut ledger = waiting(2, 1);
        pair(&mut ledger, 0, 1);
        assert_eq!(ledger.part(|_| 0), Some(1));
        assert_eq!(ledger.part(|_| 0), None);
    }
}
