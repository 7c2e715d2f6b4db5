//! Rendezvous codes: short, for people to read out; each leads once, for a while, to the room that it was minted for. Whoever calls are the
//! wires; nothing here ever waits.
//!
//! A code that was redeemed or has expired rests before it may be minted again, so that a late typist never reaches a stranger. Codes grow
//! longer by themselves when they get scarce, and when many wrong ones are tried.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use meetpoint_protocol::{
    Timestamp,
    noisy::{AppId, Code},
};

use super::{
    Book, Refusal,
    journal::{Change, Written},
    nonce::SHARE,
};
use crate::core::minute::Minutes;

/// What a code costs, in bytes: itself and its places in the indexes.
const BYTES: usize = 192;

/// The longest code there is, in digits.
const MOST_DIGITS: u8 = Code::MAX_DIGITS;

/// Draws before the codes are gone through one by one, which happens only where hardly one is free.
const DRAWS: usize = 4096;

/// Where the wrong codes of a minute are more than this part of all codes of a length, longer ones are minted: whoever tries codes at random
/// hits a given one with at most this chance in a minute.
const GUESSED_PART: usize = 100;

/// A code that was minted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Minted {
    /// Where it leads.
    pub app: AppId,
    /// Leads nowhere from this moment on.
    pub expires: Timestamp,
    /// May be minted again from this moment on.
    pub rests_until: Timestamp,
    pub is_redeemed: bool,
}

/// What is asked of new codes.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How many digits they have at least, 1 to 8.
    pub digits: u8,
    /// How long they live, and how long they rest then.
    pub ttl: Duration,
}

/// All codes that live or rest.
#[derive(Default)]
pub(super) struct Codes {
    by_code: HashMap<Code, Entry>,
    /// When the living expire, and when the resting are free.
    deadlines: BTreeSet<(Timestamp, Code)>,
    /// By number of digits.
    live: [usize; MOST_DIGITS as usize + 1],
    taken: [usize; MOST_DIGITS as usize + 1],
    /// Codes that were tried and never minted.
    misses: Minutes<Timestamp>,
}

struct Entry {
    minted: Minted,
    lives: bool,
}

impl Entry {
    fn deadline(&self) -> Timestamp {
        if self.lives { self.minted.expires } else { self.minted.rests_until }
    }
}

impl Codes {
    /// Codes that lead somewhere.
    pub(super) fn live(&self) -> usize {
        self.live.iter().sum()
    }

    pub(super) fn get(&self, code: Code) -> Option<&Minted> {
        self.by_code.get(&code).map(|entry| &entry.minted)
    }

    /// Puts a code in the place of what was known of it.
    pub(super) fn put(&mut self, code: Code, minted: Option<Minted>) {
        let digits = usize::from(code.digits());
        if let Some(before) = self.by_code.remove(&code) {
            self.deadlines.remove(&(before.deadline(), code));
            self.live[digits] -= usize::from(before.lives);
            self.taken[digits] -= 1;
        }
        if let Some(minted) = minted {
            let entry = Entry { lives: !minted.is_redeemed, minted };
            self.deadlines.insert((entry.deadline(), code));
            self.live[digits] += usize::from(entry.lives);
            self.taken[digits] += 1;
            self.by_code.insert(code, entry);
        }
    }

    /// Lets one code expire, or go: which one, where it is forgotten. `None` when there is nothing to do.
    pub(super) fn retire(&mut self, now: Timestamp) -> Option<Option<Code>> {
        let &(deadline, code) = self.deadlines.first()?;
        if deadline > now {
            return None;
        }
        let entry = self.by_code.get_mut(&code)?;
        if !entry.lives {
            self.put(code, None);
            return Some(Some(code));
        }
        self.deadlines.remove(&(deadline, code));
        entry.lives = false;
        self.deadlines.insert((entry.deadline(), code));
        self.live[usize::from(code.digits())] -= 1;
        Some(None)
    }

    /// A code that nobody has, of the fewest digits that will do; `None` when there is none of `most` digits either. `below` draws one of the
    /// first so many numbers.
    fn draw(&mut self, now: Timestamp, least: u8, most: u8, mut below: impl FnMut(usize) -> usize) -> Option<Code> {
        let misses = self.misses.recent(now);
        let digits = (least..most).find(|digits| self.has_room(*digits, misses)).unwrap_or(most);
        let all = space(digits);
        let at = |number: usize| Code::new(u32::try_from(number).ok()?, digits);
        let is_free = |code: &Code| !self.by_code.contains_key(code);
        let drawn = (0..DRAWS).find_map(|_| at(below(all)).filter(is_free));
        let start = below(all);
        drawn.or_else(|| (start..all).chain(0..start).filter_map(at).find(is_free))
    }

    /// Whether codes of so many digits are neither scarce nor guessed too often.
    fn has_room(&self, digits: u8, misses: usize) -> bool {
        let all = space(digits);
        let (live, taken) = (self.live[usize::from(digits)], self.taken[usize::from(digits)]);
        2 * live <= all && 16 * taken <= 15 * all && GUESSED_PART * misses <= all
    }
}

/// How many codes there are of so many digits.
fn space(digits: u8) -> usize {
    10_usize.pow(digits.into())
}

impl Book {
    /// Mints a code that leads to a new room.
    ///
    /// # Errors
    /// [`Refusal::NoCodeFree`], [`Refusal::Full`], [`Refusal::Unavailable`].
    pub fn mint(&self, now: Timestamp) -> Result<Written<(Code, Minted)>, Refusal> {
        let Rules { digits, ttl } = self.limits.codes;
        self.write(now, |writer| {
            let codes = &mut writer.shelf.codes;
            if (codes.by_code.len() + 1) * BYTES > writer.limits.bytes / SHARE {
                return Err(Refusal::Full);
            }
            let below = |count| self.chance.below(count).unwrap_or_default();
            let code = codes.draw(now, digits, MOST_DIGITS, below).ok_or(Refusal::NoCodeFree)?;
            let expires = now.plus(ttl);
            let app = AppId::from_random(self.chance.id());
            let minted = Minted { app, expires, rests_until: expires.plus(ttl), is_redeemed: false };
            writer.code(code, minted.clone());
            Ok((code, minted))
        })
    }

    /// Redeems a code, which works once.
    ///
    /// # Errors
    /// [`Refusal::CodeSpent`] for a code that worked not long ago, [`Refusal::NotFound`] for any other, [`Refusal::Unavailable`].
    pub fn redeem(&self, now: Timestamp, code: Code) -> Result<Written<Minted>, Refusal> {
        let ttl = self.limits.codes.ttl;
        self.write(now, |writer| {
            let Some(entry) = writer.shelf.codes.by_code.get(&code) else {
                writer.shelf.codes.misses.add(now);
                return Err(Refusal::NotFound);
            };
            if !entry.lives {
                return Err(Refusal::CodeSpent);
            }
            let minted = entry.minted.clone();
            writer.code(code, Minted { is_redeemed: true, rests_until: now.plus(ttl), ..minted.clone() });
            Ok(minted)
        })
    }
}

impl super::writer::Writer<'_> {
    fn code(&mut self, code: Code, minted: Minted) {
        let before = self.shelf.codes.get(code).cloned();
        self.shelf.codes.put(code, Some(minted.clone()));
        self.changes.push(Change::Code { code, before, after: Some(minted) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::minute::MINUTE;

    fn minted(now: Timestamp) -> Minted {
        let app = AppId::from_random([0; 16]);
        let expires = now.plus(MINUTE);
        Minted { app, expires, rests_until: expires.plus(MINUTE), is_redeemed: false }
    }

    /// Draws until there is nothing more, with a chance that favours some codes.
    #[test]
    fn as_long_as_a_code_is_free_one_is_drawn() {
        let now = Timestamp::from_millis(1);
        let mut codes = Codes::default();
        let mut drawn = BTreeSet::new();
        while let Some(code) = codes.draw(now, 1, 2, |all| all / 3) {
            assert!(drawn.insert(code), "{code} twice");
            codes.put(code, Some(minted(now)));
        }
        // One digit until more than half are live, then two until all are.
        assert_eq!(drawn.iter().filter(|code| code.digits() == 1).count(), 6);
        assert_eq!(drawn.iter().filter(|code| code.digits() == 2).count(), 100);
    }

    #[test]
    fn codes_grow_while_wrong_ones_are_tried_and_no_longer() {
        let now = Timestamp::from_millis(1);
        let mut codes = Codes::default();
        let digits = |codes: &mut Codes, now| codes.draw(now, 4, 8, |_| 7).map(Code::digits);
        let guess = |codes: &mut Codes, times| (0..times).for_each(|_| codes.misses.add(now));
        guess(&mut codes, 100);
        assert_eq!(digits(&mut codes, now), Some(4));
        guess(&mut codes, 1);
        assert_eq!(digits(&mut codes, now), Some(5));
        guess(&mut codes, 99_899);
        assert_eq!(digits(&mut codes, now), Some(7));
        assert_eq!(digits(&mut codes, now.plus(MINUTE)), Some(7));
        assert_eq!(digits(&mut codes, now.plus(2 * MINUTE)), Some(4));
    }
}
