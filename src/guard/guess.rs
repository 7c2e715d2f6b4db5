//! What it costs to guess: whoever names too many things that do not exist is not listened to for a while.
//!
//! An attempt is refused without being looked at from the tenth failure within a minute on, for a minute; after that ten
//! more failures within a minute are allowed before the next, twice as long block, up to a quarter of an hour. What is
//! refused neither counts nor prolongs anything. Success forgives nothing, since an attacker can make codes of its own to
//! succeed with. An address that has not failed for half an hour is forgotten.
//!
//! Whoever guesses from many addresses stays below that with each. So while all of them together fail often, the second
//! failure of an address within ten minutes blocks it; where a guess has no chance anyway, it does not.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    net::IpAddr,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::{address::AddressKey, window::RetryAfter};
use crate::core::minute::Minutes;

/// So many failures within this time are not taken for typing errors.
const FAILURES: usize = 10;
const WITHIN: Duration = Duration::from_mins(1);

/// While all addresses together fail so often in a minute, somebody guesses from many of them: one failure within the longer
/// time may be a typing error, and no more.
const SIEGE: usize = 100;
const FAILURES_IN_SIEGE: usize = 2;
const WITHIN_IN_SIEGE: Duration = Duration::from_mins(10);

/// The first block; each is twice as long as the one before.
const FIRST_BLOCK: Duration = Duration::from_mins(1);
const LONGEST_BLOCK: Duration = Duration::from_mins(15);

/// Longer than any block.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(30);

/// How many addresses are remembered. Beyond it the one that has not failed for the longest is forgotten early.
const MAX_ADDRESSES: usize = 100_000;

/// What an attempt tells of who made it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Attempt {
    /// The thing exists, or did so lately.
    Known,
    Guessed,
}

/// Who has guessed lately.
pub struct Guesses(Mutex<Guessers>);

struct Guessers {
    of: HashMap<AddressKey, Guesser>,
    /// Each with its latest failure.
    by_age: BTreeSet<(Instant, AddressKey)>,
    /// Failures of all addresses, where it matters how many they are together.
    all: Option<Minutes<Instant>>,
}

struct Guesser {
    /// The last failures since the last block, in order: as many as may lead to the next.
    recent: VecDeque<Instant>,
    latest: Instant,
    blocks: u32,
    blocked_until: Option<Instant>,
}

impl Default for Guesses {
    fn default() -> Self {
        Self::counting(Some(Minutes::default()))
    }
}

impl Guesses {
    /// Of something short, which enough addresses together would hit.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of something too long to be hit: many addresses that fail are no attack, but clients of a server that has forgotten
    /// them, and none of them is held for the others.
    pub fn of_secrets() -> Self {
        Self::counting(None)
    }

    fn counting(all: Option<Minutes<Instant>>) -> Self {
        Self(Mutex::new(Guessers { of: HashMap::new(), by_age: BTreeSet::new(), all }))
    }

    /// How long yet a client is blocked, if it is: asks only, and counts nothing.
    pub fn blocked(&self, who: IpAddr, now: Instant) -> Option<RetryAfter> {
        self.0.lock().blocked(who.into(), now)
    }

    /// Makes an attempt, if the client may.
    ///
    /// The attempt is made and counted under one lock, so that no number of attempts at the same moment gets past the
    /// limit together, and none is refused only because others are under way. It must not wait, nor ask this again.
    ///
    /// # Errors
    /// The client is blocked: for how long yet. No attempt was made.
    pub fn attempt<T>(
        &self,
        who: IpAddr,
        now: Instant,
        attempt: impl FnOnce() -> (Attempt, T),
    ) -> Result<T, RetryAfter> {
        let who = who.into();
        let mut guessers = self.0.lock();
        guessers.forget(now);
        if let Some(wait) = guessers.blocked(who, now) {
            return Err(wait);
        }
        let (attempt, made) = attempt();
        if attempt == Attempt::Guessed {
            guessers.failed(who, now);
        }
        Ok(made)
    }
}

impl Guessers {
    fn blocked(&self, who: AddressKey, now: Instant) -> Option<RetryAfter> {
        self.of.get(&who)?.blocked_for(now).map(RetryAfter)
    }

    fn failed(&mut self, who: AddressKey, now: Instant) {
        let in_siege = self.all.as_mut().is_some_and(|all| {
            all.add(now);
            all.recent(now) > SIEGE
        });
        let guesser = self.of.entry(who).or_insert_with(|| Guesser::new(now));
        self.by_age.remove(&(guesser.latest, who));
        guesser.failed(now, in_siege);
        self.by_age.insert((guesser.latest, who));
        if self.by_age.len() > MAX_ADDRESSES
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.of.remove(&oldest);
        }
    }

    fn forget(&mut self, now: Instant) {
        while let Some((latest, who)) = self.by_age.first().copied()
            && now.saturating_duration_since(latest) >= FORGOTTEN_AFTER
        {
            self.by_age.pop_first();
            self.of.remove(&who);
        }
    }
}

impl Guesser {
    fn new(now: Instant) -> Self {
        Self { recent: VecDeque::new(), latest: now, blocks: 0, blocked_until: None }
    }

    /// How long it must wait, if it must.
    fn blocked_for(&self, now: Instant) -> Option<Duration> {
        self.blocked_until?.checked_duration_since(now).filter(|wait| !wait.is_zero())
    }

    fn failed(&mut self, now: Instant, in_siege: bool) {
        // Whoever asked the clock first need not be here first.
        self.latest = self.latest.max(now);
        if self.recent.len() == FAILURES {
            self.recent.pop_front();
        }
        self.recent.push_back(self.latest);
        let within = |time| self.recent.iter().filter(|failure| self.latest.duration_since(**failure) < time).count();
        if within(WITHIN) >= FAILURES || (in_siege && within(WITHIN_IN_SIEGE) >= FAILURES_IN_SIEGE) {
            let block = FIRST_BLOCK.saturating_mul(1 << self.blocks.min(4)).min(LONGEST_BLOCK);
            self.blocked_until = Some(self.latest + block);
            self.blocks += 1;
            self.recent.clear();
        }
    }
}
