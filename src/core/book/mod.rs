//! What is kept for others to find: offers of every generation, names, spent nonces, rendezvous codes, mail. One record for all offers, one
//! set of rules: who may answer, once, until when, which secret, whose candidates.
//!
//! Memory is the authority: every question is answered from the shelf. A change is made there, told to the [`Journal`] in the
//! same order, and answered when it is durable ([`Written`]). Others may see it some milliseconds earlier. When the
//! journal fails, what it could not keep is undone, newest first, and nothing is taken until it works again.
//!
//! What has expired is out of sight before anything else is looked at; it leaves the journal in small batches ([`Book::sweep`]).

mod answer;
mod arrivals;
mod codes;
mod discover;
mod journal;
mod mail;
mod names;
mod nonce;
mod offer;
mod publish;
mod shelf;
mod topic;
mod writer;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use meetpoint_protocol::Timestamp;

pub use self::{
    answer::{From, Key, NewAnswer, News, Window},
    arrivals::{Arrivals, Heard, Wait},
    codes::{Minted, Rules as CodeRules},
    discover::{Page, Peers, Ranked},
    journal::{Change, Commit, Digest, Effort, Forgotten, Journal, Kept, Outcome, Unavailable, Written, all_durable},
    mail::{Address, Item, MOST_BYTES, MOST_ITEMS, Mailbox},
    names::Name,
    offer::{Answer, Candidate, Limits, Offer, Role, Seq, Service, Space, Text},
    publish::{NewId, NewOffer},
};
use self::{shelf::Shelf, writer::Writer};
use super::chance::Chance;

use crate::sync::Mutex;

/// Expired records that are looked at under one hold of the lock, and that leave the journal in one transaction.
const SWEPT_AT_ONCE: usize = 256;

/// Everything that is kept.
pub struct Book {
    shelf: Mutex<Shelf>,
    journal: Arc<dyn Journal>,
    limits: Limits,
    chance: Arc<Chance>,
    arrivals: Arrivals,
}

/// Why something was not done. The wires have their own words for each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Unknown, expired, or of another realm: nobody can tell which.
    NotFound,
    /// Only its owner may do that, or only its two parties.
    NotYours,
    Answered,
    WrongSecret,
    /// The id is somebody's already.
    IdTaken,
    /// The owner has too many offers.
    TooManyOffers,
    /// The side has too many candidates.
    TooManyCandidates,
    /// The book is full.
    Full,
    /// Tags that the offer does not have.
    UnknownTags(Vec<Text>),
    NameTaken,
    /// The key holds another name.
    KeyTaken,
    NonceSpent,
    /// The code has been redeemed or has expired, not long ago.
    CodeSpent,
    /// Every code that there is is taken.
    NoCodeFree,
    /// The receiver has not acknowledged as much as a mailbox holds.
    MailboxFull,
    /// The storage takes nothing now.
    Unavailable,
}

impl std::convert::From<Unavailable> for Refusal {
    fn from(Unavailable: Unavailable) -> Self {
        Self::Unavailable
    }
}

/// How much there is.
#[derive(Clone, Copy, Default, Debug)]
pub struct Stock {
    pub offers: [usize; Space::ALL.len()],
    pub names: usize,
    /// Codes that can be redeemed.
    pub codes: usize,
    /// Items in mailboxes.
    pub mail: usize,
    /// As the limit counts them.
    pub bytes: usize,
}

impl Book {
    /// A book with what its journal has kept; what has expired by `now` is not seen again.
    pub fn new(journal: Arc<dyn Journal>, kept: Kept, limits: Limits, chance: Arc<Chance>, now: Timestamp) -> Self {
        let mut shelf = Shelf::default();
        for offer in kept.offers {
            shelf.link(offer);
        }
        for (name, claim) in kept.names {
            shelf.names.put(name, Some(claim));
        }
        for (digest, until) in kept.nonces {
            shelf.spend(digest, until, true);
        }
        for (code, minted) in kept.codes {
            shelf.codes.put(code, Some(minted));
        }
        for (address, mailbox) in kept.mail {
            shelf.mail.load(address, mailbox);
        }
        shelf.retire(now, usize::MAX);
        Self { shelf: Mutex::new(shelf), journal, limits, chance, arrivals: Arrivals::default() }
    }

    /// The limits that it keeps.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub fn stock(&self, now: Timestamp) -> Stock {
        self.read(now, |shelf| Stock {
            offers: Space::ALL.map(|space| shelf.count(space)),
            names: shelf.names.len(),
            codes: shelf.codes.live(),
            mail: shelf.mail.items(),
            bytes: shelf.bytes(),
        })
    }

    /// Who waits for what happens here.
    pub fn arrivals(&self) -> &Arrivals {
        &self.arrivals
    }

    /// What the storage has done, and whether it takes anything now.
    pub fn storage(&self) -> (Effort, bool) {
        (self.journal.effort(), self.journal.is_ready())
    }

    /// Resolves when everything so far is durable.
    ///
    /// # Errors
    /// The storage takes nothing now.
    pub fn flush(&self) -> Result<Commit, Unavailable> {
        let _shelf = self.shelf.lock();
        if self.journal.is_ready() { Ok(self.journal.append(Vec::new())) } else { Err(Unavailable) }
    }

    /// Removes what has expired: out of sight, and out of the journal, a few records at a time. Returns whether there may be more, and
    /// what to wait for before going on.
    ///
    /// # Errors
    /// The storage takes nothing now: it is tried again at the next time.
    pub fn sweep(&self, now: Timestamp) -> Result<(bool, Commit), Unavailable> {
        let mut shelf = self.shelf.lock();
        let all = shelf.retire(now, SWEPT_AT_ONCE);
        let (batch, rest) = shelf.dead_batch(SWEPT_AT_ONCE);
        let more = !all || rest;
        if batch == Forgotten::default() {
            return Ok((more, Commit::DONE));
        }
        if !self.journal.is_ready() {
            shelf.undo(Change::Forgotten(batch));
            return Err(Unavailable);
        }
        Ok((more, self.journal.append(vec![Change::Forgotten(batch)])))
    }

    /// Takes some of what has expired out of memory; whether that was all.
    pub fn retire(&self, now: Timestamp) -> bool {
        self.shelf.lock().retire(now, SWEPT_AT_ONCE)
    }

    /// For a journal that failed: `failed` is called under the book's lock, after which no change can be appended any more if the journal says so,
    /// and returns every change that was appended and is not durable, in order. They are undone.
    pub fn undo(&self, failed: impl FnOnce() -> Vec<Change>) {
        let mut shelf = self.shelf.lock();
        for change in failed().into_iter().rev() {
            shelf.undo(change);
        }
    }

    /// Every live offer, in no order.
    #[cfg(test)]
    pub(crate) fn snapshot(&self, now: Timestamp) -> Vec<Arc<Offer>> {
        self.read(now, |shelf| shelf.all().cloned().collect())
    }

    fn read<T>(&self, now: Timestamp, look: impl FnOnce(&Shelf) -> T) -> T {
        let mut shelf = self.shelf.lock();
        shelf.retire(now, usize::MAX);
        look(&shelf)
    }

    /// Makes changes, all or none, and hands them to the journal.
    fn write<T>(
        &self,
        now: Timestamp,
        change: impl FnOnce(&mut Writer) -> Result<T, Refusal>,
    ) -> Result<Written<T>, Refusal> {
        let (value, commit) = self.change(now, change, |journal, changes| journal.append(changes))?;
        Ok(Written::new(value, commit))
    }

    /// Makes changes, all or none; `keep` hands them to the journal, if there are any.
    fn change<T>(
        &self,
        now: Timestamp,
        change: impl FnOnce(&mut Writer) -> Result<T, Refusal>,
        keep: impl FnOnce(&dyn Journal, Vec<Change>) -> Commit,
    ) -> Result<(T, Commit), Refusal> {
        let mut shelf = self.shelf.lock();
        if !self.journal.is_ready() {
            return Err(Refusal::Unavailable);
        }
        shelf.retire(now, usize::MAX);
        let mut writer = Writer::new(&mut shelf, &self.limits);
        let result = change(&mut writer);
        let Writer { changes, heard, .. } = writer;
        match result {
            Ok(value) => {
                let commit = if changes.is_empty() { Commit::DONE } else { keep(self.journal.as_ref(), changes) };
                drop(shelf);
                self.arrivals.tell(&heard);
                Ok((value, commit))
            }
            Err(refusal) => {
                for change in changes.into_iter().rev() {
                    shelf.undo(change);
                }
                Err(refusal)
            }
        }
    }
}
