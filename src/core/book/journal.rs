//! What a storage backend is to a book: it is told of every change, in order, and says when it is durable.

use std::{sync::Arc, time::Duration};

use meetpoint_protocol::{Timestamp, noisy::Code};
use tokio::sync::watch;

use super::{
    codes::Minted,
    mail::{Address, Mailbox},
    names::Name,
    offer::{Offer, Seq, Text},
};

/// What a nonce is known by: a digest of it and of its key.
pub type Digest = [u8; 16];

/// What became of one record. Undone by being read backwards.
#[derive(Clone, Debug)]
pub enum Change {
    Offer {
        before: Option<Arc<Offer>>,
        after: Option<Arc<Offer>>,
    },
    Name {
        name: Text,
        before: Option<Arc<Name>>,
        after: Option<Arc<Name>>,
    },
    /// A nonce that is spent until then.
    Nonce {
        digest: Digest,
        until: Timestamp,
    },
    Code {
        code: Code,
        before: Option<Minted>,
        after: Option<Minted>,
    },
    Mail {
        address: Address,
        before: Option<Arc<Mailbox>>,
        after: Option<Arc<Mailbox>>,
    },
    /// Records that have expired and are invisible already.
    Forgotten(Forgotten),
}

/// What has expired and is still in the journal.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Forgotten {
    pub offers: Vec<Seq>,
    pub names: Vec<Text>,
    pub nonces: Vec<Digest>,
    pub codes: Vec<Code>,
    pub mail: Vec<Address>,
}

/// Everything that a journal holds, as a book begins with it.
#[derive(Default, Debug)]
pub struct Kept {
    pub offers: Vec<Arc<Offer>>,
    pub names: Vec<(Text, Arc<Name>)>,
    pub nonces: Vec<(Digest, Timestamp)>,
    pub codes: Vec<(Code, Minted)>,
    pub mail: Vec<(Address, Arc<Mailbox>)>,
}

/// The storage cannot take anything now: its disk is full, or worse. What was to be kept is not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unavailable;

/// A storage backend.
pub trait Journal: Send + Sync {
    /// Whether changes can be kept. Becomes false only under the book's lock ([`Book::undo`](super::Book::undo)), so what was true when an
    /// operation began is true when it appends.
    fn is_ready(&self) -> bool;

    /// Takes the changes of one operation, which are kept together or not at all; none only waits its turn. Never blocks: it is called
    /// under the book's lock, so that changes come in the order in which they were made.
    fn append(&self, changes: Vec<Change>) -> Commit;

    /// Takes changes that are durable no later than whatever is appended next; by themselves nobody waits for them.
    fn append_along(&self, changes: Vec<Change>);

    /// What it has done since the start.
    fn effort(&self) -> Effort;
}

/// What a journal has done since the start.
#[derive(Clone, Copy, Default, Debug)]
pub struct Effort {
    pub commits: u64,
    /// Operations that were committed: several share a commit.
    pub operations: u64,
    /// Time spent in commits.
    pub time: Duration,
    /// Commits that failed.
    pub failures: u64,
}

/// The durability of some changes, to be waited for.
#[must_use = "an answer is given only after the commit"]
#[derive(Debug)]
pub struct Commit(Option<watch::Receiver<Outcome>>);

/// What is known of a commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    Pending,
    Durable,
    Failed,
}

impl Commit {
    /// Nothing to wait for.
    pub const DONE: Self = Self(None);

    pub fn pending(outcome: watch::Receiver<Outcome>) -> Self {
        Self(Some(outcome))
    }

    /// What is known now, without waiting.
    pub fn outcome(&self) -> Outcome {
        self.0.as_ref().map_or(Outcome::Durable, |outcome| *outcome.borrow())
    }

    /// Returns when the changes are durable.
    ///
    /// # Errors
    /// They are not, and have been undone.
    pub async fn wait(self) -> Result<(), Unavailable> {
        let Some(mut outcome) = self.0 else { return Ok(()) };
        match outcome.wait_for(|outcome| *outcome != Outcome::Pending).await {
            Ok(outcome) if *outcome == Outcome::Durable => Ok(()),
            _ => Err(Unavailable),
        }
    }
}

/// The result of an operation that changed something: to be told only when the change is durable.
#[must_use = "an answer is given only after the commit"]
#[derive(Debug)]
pub struct Written<T> {
    value: T,
    commit: Commit,
}

impl<T> Written<T> {
    pub(super) fn new(value: T, commit: Commit) -> Self {
        Self { value, commit }
    }

    /// The value, when what it tells of is durable.
    ///
    /// # Errors
    /// It is not, and has been undone.
    pub async fn durable(self) -> Result<T, Unavailable> {
        self.commit.wait().await.map(|()| self.value)
    }

    /// The value at once, and what must be waited for before anybody is told of it.
    pub fn split(self) -> (T, Commit) {
        (self.value, self.commit)
    }

    pub fn map<U>(self, to: impl FnOnce(T) -> U) -> Written<U> {
        Written { value: to(self.value), commit: self.commit }
    }
}

/// Waits for all of them.
///
/// # Errors
/// One of them failed.
pub async fn all_durable(commits: Vec<Commit>) -> Result<(), Unavailable> {
    for commit in commits {
        commit.wait().await?;
    }
    Ok(())
}
