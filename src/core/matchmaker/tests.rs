//! The matchmaker against the plainest thing that obeys the same rules: a list that is searched from its head.

use std::{cell::Cell, collections::HashSet};

use proptest::prelude::*;

use super::*;

const COOLDOWN: Duration = Duration::from_secs(5);

fn rules() -> Rules {
    Rules { requeue_on_partner_leave: true, requeue_on_next: true, rematch_cooldown: COOLDOWN, rematch_memory: 3 }
}

fn client(n: u32) -> ClientId {
    let mut chance = [0; 16];
    chance[..4].copy_from_slice(&n.to_be_bytes());
    ClientId::from_random(chance)
}

fn user(name: &str) -> Option<UserId> {
    UserId::new(name)
}

fn met(pair: Option<Pair>) -> Option<(ClientId, ClientId)> {
    pair.map(|pair| (pair.waiter, pair.newcomer))
}

#[test]
fn who_waited_first_is_met_first() {
    let (mut matchmaker, now) = (Matchmaker::new(rules()), Instant::now());
    for n in 0..3 {
        matchmaker.identify(client(n), user("the same"), now);
        assert_eq!(matchmaker.available(client(n), now), Ok(None));
    }
    for n in 0..3 {
        let pair = matchmaker.available(client(10 + n), now).expect("idle");
        assert_eq!(met(pair), Some((client(n), client(10 + n))));
    }
}

#[test]
fn an_abandoned_client_goes_ahead_of_those_that_arrived() {
    let (mut matchmaker, now) = (Matchmaker::new(rules()), Instant::now());
    for n in [1, 2, 3] {
        matchmaker.identify(client(n), user("the same"), now);
    }
    for n in [0, 1, 2, 3] {
        matchmaker.available(client(n), now).expect("idle");
    }
    assert_eq!(matchmaker.partner(client(1)), Some(client(0)));
    let outcome = matchmaker.gone(client(0), now);
    assert_eq!(outcome.abandoned, Some(client(1)));
    assert_eq!(met(matchmaker.available(client(9), now).expect("idle")), Some((client(1), client(9))));
}

#[test]
fn two_that_parted_meet_again_only_after_the_cooldown_and_when_nobody_else_is_there() {
    let (mut matchmaker, now) = (Matchmaker::new(rules()), Instant::now());
    matchmaker.available(client(0), now).expect("idle");
    matchmaker.available(client(1), now).expect("idle");
    let outcome = matchmaker.next(client(0), now).expect("paired");
    assert_eq!((outcome.pairs.len(), matchmaker.waiting()), (0, 2));
    assert_eq!(matchmaker.deadline(), Some(now + COOLDOWN));
    assert!(matchmaker.cooled(now + COOLDOWN - Duration::from_millis(1)).is_empty());
    let pairs = matchmaker.cooled(now + COOLDOWN);
    assert_eq!(pairs.len(), 1);
    assert_eq!(matchmaker.partner(client(0)), Some(client(1)));
}

#[test]
fn whoever_waits_longer_than_the_cooldown_prefers_a_stranger() {
    let (mut matchmaker, now) = (Matchmaker::new(rules()), Instant::now());
    for n in 0..2 {
        matchmaker.available(client(n), now).expect("idle");
    }
    matchmaker.leave(client(0), now);
    matchmaker.leave(client(1), now);
    let later = now + 2 * COOLDOWN;
    matchmaker.identify(client(0), user("x"), later);
    matchmaker.identify(client(2), user("x"), later);
    matchmaker.available(client(0), later).expect("idle");
    matchmaker.available(client(2), later).expect("idle");
    assert_eq!(met(matchmaker.available(client(1), later).expect("idle")), Some((client(2), client(1))));
}

#[test]
fn a_new_name_may_make_a_match_at_once() {
    let (mut matchmaker, now) = (Matchmaker::new(rules()), Instant::now());
    for n in 0..2 {
        matchmaker.identify(client(n), user("x"), now);
        matchmaker.available(client(n), now).expect("idle");
    }
    assert_eq!(matchmaker.waiting(), 2);
    assert_eq!(met(matchmaker.identify(client(0), user("y"), now)), Some((client(0), client(1))));
}

#[test]
fn a_client_that_comes_back_is_met_before_those_that_arrived_meanwhile() {
    let (mut matchmaker, now) = (Matchmaker::new(rules()), Instant::now());
    for n in 0..3 {
        matchmaker.identify(client(n), user("the same"), now);
        matchmaker.available(client(n), now).expect("idle");
    }
    matchmaker.away(client(0));
    assert_eq!(met(matchmaker.available(client(10), now).expect("idle")), Some((client(1), client(10))));
    assert_eq!(matchmaker.back(client(0), now), None);
    assert_eq!(met(matchmaker.available(client(11), now).expect("idle")), Some((client(0), client(11))));
}

#[test]
fn a_client_that_is_abandoned_while_it_is_away_is_matched_when_it_comes_back() {
    let (mut matchmaker, now) = (Matchmaker::new(rules()), Instant::now());
    for n in 0..2 {
        matchmaker.available(client(n), now).expect("idle");
    }
    matchmaker.away(client(0));
    assert_eq!(matchmaker.gone(client(1), now).abandoned, Some(client(0)));
    assert_eq!(matchmaker.available(client(2), now), Ok(None));
    assert_eq!(met(matchmaker.back(client(0), now)), Some((client(0), client(2))));
}

#[test]
fn nothing_is_kept_of_clients_that_are_gone() {
    let (mut matchmaker, now) = (Matchmaker::new(rules()), Instant::now());
    for n in 0..100 {
        matchmaker.identify(client(n), user(["a", "b", "c"][n as usize % 3]), now);
        matchmaker.available(client(n), now).expect("idle");
        if n % 4 == 3 {
            let _ = matchmaker.next(client(n), now);
        }
    }
    for n in 0..100 {
        matchmaker.gone(client(n), now);
    }
    assert_eq!((matchmaker.members.len(), matchmaker.waiting(), matchmaker.pairs()), (0, 0, 0));
    assert!(matchmaker.cooling.is_empty() && matchmaker.waiting.heads().next().is_none());
}

#[test]
fn a_hundred_thousand_that_wait_are_not_looked_at_one_by_one() {
    let (mut matchmaker, now) = (Matchmaker::new(rules()), Instant::now());
    for n in 0..100_000 {
        matchmaker.identify(client(n), user("crowd"), now);
        assert_eq!(matchmaker.available(client(n), now), Ok(None));
    }
    let looked_at = Cell::new(0);
    let count = |_| {
        looked_at.set(looked_at.get() + 1);
        true
    };
    assert_eq!(matchmaker.waiting.first(&Line::User(UserId::new("crowd").expect("short")), count), None);
    assert_eq!(matchmaker.waiting.first(&Line::Alone(client(200_000)), count), Some(client(0)));
    assert_eq!(looked_at.get(), 1);

    // One that has met many of the crowd skips no more of them than it remembers.
    let stranger = client(200_000);
    matchmaker.available(stranger, now).expect("idle");
    for _ in 0..50 {
        matchmaker.next(stranger, now).expect("paired");
    }
    assert!(matchmaker.members.values().all(|member| member.parted.len() <= 3));
    assert!(matchmaker.partner(stranger).is_some());
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Available(u32),
    Next(u32),
    Leave(u32),
    Gone(u32),
    Away(u32),
    Back(u32),
    Identify(u32, Option<u8>),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = || 0..8_u32;
    let step = prop_oneof![
        4 => who().prop_map(Step::Available),
        3 => who().prop_map(Step::Next),
        1 => who().prop_map(Step::Leave),
        1 => who().prop_map(Step::Gone),
        1 => who().prop_map(Step::Away),
        2 => who().prop_map(Step::Back),
        1 => (who(), proptest::option::of(0..2_u8)).prop_map(|(who, user)| Step::Identify(who, user)),
        2 => (0..4_000_u64).prop_map(Step::Pass),
    ];
    proptest::collection::vec(step, 0..80)
}

fn any_rules() -> impl Strategy<Value = Rules> {
    (any::<bool>(), any::<bool>(), 0..3_u64, 0..4_usize).prop_map(|(partner_leave, next, cooldown, memory)| Rules {
        requeue_on_partner_leave: partner_leave,
        requeue_on_next: next,
        rematch_cooldown: Duration::from_secs(5 * cooldown),
        rematch_memory: memory,
    })
}

/// The rules once more, with lists.
struct Plain {
    rules: Rules,
    now: Instant,
    queue: Vec<(ClientId, bool)>,
    /// Some of the queue, and others.
    away: HashSet<ClientId>,
    users: HashMap<ClientId, UserId>,
    /// Who parted from whom, the latest last; mutual.
    parted: Vec<(ClientId, ClientId, Instant)>,
    pairs: Vec<(ClientId, ClientId)>,
}

impl Plain {
    fn partner(&self, client: ClientId) -> Option<ClientId> {
        self.pairs.iter().find_map(|&(a, b)| match client {
            c if c == a => Some(b),
            c if c == b => Some(a),
            _ => None,
        })
    }

    fn parted_at(&self, a: ClientId, b: ClientId) -> Option<Instant> {
        self.parted.iter().find(|(x, y, _)| (*x, *y) == (a, b) || (*x, *y) == (b, a)).map(|(.., at)| *at)
    }

    fn same_user(&self, a: ClientId, b: ClientId) -> bool {
        self.users.contains_key(&a) && self.users.get(&a) == self.users.get(&b)
    }

    fn may_meet(&self, a: ClientId, b: ClientId) -> bool {
        let cooled = self.parted_at(a, b).is_none_or(|at| at + self.rules.rematch_cooldown <= self.now);
        a != b && !self.same_user(a, b) && cooled && ![a, b].iter().any(|client| self.away.contains(client))
    }

    fn waiting(&self) -> usize {
        self.queue.iter().filter(|(client, _)| !self.away.contains(client)).count()
    }

    /// Looks for a partner once more, from its place.
    fn arrive_again(&mut self, client: ClientId) {
        if let Some(index) = self.queue.iter().position(|(waiting, _)| *waiting == client) {
            let (_, ahead) = self.queue.remove(index);
            self.arrive(client, index, ahead);
        }
    }

    /// A place in the queue, or a partner.
    fn arrive(&mut self, client: ClientId, index: usize, ahead: bool) {
        let others = || self.queue.iter().map(|(other, _)| *other).filter(|other| self.may_meet(client, *other));
        let found = others().find(|other| self.parted_at(client, *other).is_none()).or_else(|| others().next());
        match found {
            Some(other) => self.pair(client, other),
            None => self.queue.insert(index, (client, ahead)),
        }
    }

    fn pair(&mut self, a: ClientId, b: ClientId) {
        self.queue.retain(|(waiting, _)| ![a, b].contains(waiting));
        self.pairs.push((a, b));
    }

    fn part(&mut self, client: ClientId) {
        let Some(partner) = self.partner(client) else {
            return self.queue.retain(|(waiting, _)| *waiting != client);
        };
        self.pairs.retain(|(a, b)| *a != client && *b != client);
        self.parted.retain(|(a, b, _)| ![(client, partner), (partner, client)].contains(&(*a, *b)));
        self.parted.push((client, partner, self.now));
        for one in [client, partner] {
            while self.parted.iter().filter(|(a, b, _)| *a == one || *b == one).count() > self.rules.rematch_memory {
                let oldest = self.parted.iter().position(|(a, b, _)| *a == one || *b == one).expect("counted");
                self.parted.remove(oldest);
            }
        }
        if self.rules.requeue_on_partner_leave {
            let index = self.queue.iter().take_while(|(_, ahead)| *ahead).count();
            self.arrive(partner, index, true);
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Available(n) => {
                let client = client(n);
                if self.partner(client).is_none() && self.queue.iter().all(|(waiting, _)| *waiting != client) {
                    self.arrive(client, self.queue.len(), false);
                }
            }
            Step::Next(n) => {
                if self.partner(client(n)).is_some() {
                    self.part(client(n));
                    if self.rules.requeue_on_next {
                        self.arrive(client(n), self.queue.len(), false);
                    }
                }
            }
            Step::Leave(n) => self.part(client(n)),
            Step::Gone(n) => {
                self.part(client(n));
                self.away.remove(&client(n));
                self.users.remove(&client(n));
                self.parted.retain(|(a, b, _)| *a != client(n) && *b != client(n));
            }
            Step::Identify(n, name) => {
                let client = client(n);
                match name {
                    Some(name) => self.users.insert(client, user(&name.to_string()).expect("short")),
                    None => self.users.remove(&client),
                };
                self.arrive_again(client);
            }
            Step::Away(n) => drop(self.away.insert(client(n))),
            Step::Back(n) => {
                self.away.remove(&client(n));
                self.arrive_again(client(n));
            }
            Step::Pass(ms) => {
                self.now += Duration::from_millis(ms);
                let mut ends = self.parted.clone();
                ends.sort_by_key(|(a, b, at)| cooling(*at, *a, *b));
                for (a, b, _) in ends {
                    let waits = |c| self.queue.iter().any(|(waiting, _)| *waiting == c);
                    if waits(a) && waits(b) && self.may_meet(a, b) {
                        self.pair(a, b);
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn it_does_what_the_plain_list_does(rules in any_rules(), steps in steps()) {
        let mut now = Instant::now();
        let mut matchmaker = Matchmaker::new(rules.clone());
        let mut plain = Plain {
            rules, now, queue: Vec::new(), away: HashSet::new(), users: HashMap::default(), parted: Vec::new(), pairs: Vec::new(),
        };
        for step in steps {
            match step {
                Step::Available(n) => {
                    let paired = plain.partner(client(n)).is_some();
                    prop_assert_eq!(matchmaker.available(client(n), now).is_err(), paired);
                }
                Step::Next(n) => {
                    let paired = plain.partner(client(n)).is_some();
                    prop_assert_eq!(matchmaker.next(client(n), now).is_ok(), paired);
                }
                Step::Leave(n) => drop(matchmaker.leave(client(n), now)),
                Step::Gone(n) => drop(matchmaker.gone(client(n), now)),
                Step::Identify(n, name) => {
                    matchmaker.identify(client(n), name.and_then(|name| user(&name.to_string())), now);
                }
                Step::Away(n) => matchmaker.away(client(n)),
                Step::Back(n) => drop(matchmaker.back(client(n), now)),
                Step::Pass(ms) => {
                    now += Duration::from_millis(ms);
                    matchmaker.cooled(now);
                }
            }
            plain.step(step);

            prop_assert_eq!(matchmaker.waiting(), plain.waiting(), "{:?}", step);
            prop_assert_eq!(matchmaker.pairs(), plain.pairs.len());
            for n in 0..8 {
                prop_assert_eq!(matchmaker.partner(client(n)), plain.partner(client(n)), "{:?} of {}", step, n);
            }
            for (index, (a, _)) in plain.queue.iter().enumerate() {
                for (b, _) in &plain.queue[index + 1..] {
                    prop_assert!(!plain.may_meet(*a, *b), "two that may meet wait side by side after {:?}", step);
                }
            }
        }
        for n in 0..8 {
            matchmaker.gone(client(n), now);
        }
        prop_assert!(matchmaker.members.is_empty() && matchmaker.cooling.is_empty());
        prop_assert_eq!((matchmaker.waiting(), matchmaker.pairs()), (0, 0));
    }
}
