//! The rules, on a book whose journal can be made to fail.

mod codes;
mod mail;
mod model;
mod rules;
mod waiting;

use std::{sync::Arc, time::Duration};

use meetpoint_protocol::Timestamp;
use tokio::sync::watch;

use super::*;
use crate::sync::Mutex;

/// A moment to begin with.
pub(in crate::core) const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// Limits that nothing meets by chance.
pub(crate) const ROOMY: Limits = Limits {
    per_owner: 1000,
    offers: 100_000,
    bytes: 1 << 30,
    answered_tags: Duration::from_secs(30),
    codes: CodeRules { digits: 4, ttl: Duration::from_secs(600) },
    mailbox_ttl: Duration::from_secs(600),
};

pub(super) const LIMITS: Limits = Limits { per_owner: 4, offers: 10, bytes: 1 << 20, ..ROOMY };

/// A journal that commits when it is told to, or fails.
#[derive(Default)]
pub(in crate::core) struct Scripted(Mutex<Script>);

struct Script {
    waiting: Vec<Change>,
    outcome: watch::Sender<Outcome>,
    ready: bool,
    /// A change is durable by the time it is looked at.
    is_quick: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self { waiting: Vec::new(), outcome: watch::Sender::new(Outcome::Pending), ready: true, is_quick: false }
    }
}

impl Journal for Scripted {
    fn is_ready(&self) -> bool {
        self.0.lock().ready
    }

    fn append(&self, changes: Vec<Change>) -> Commit {
        let mut script = self.0.lock();
        if script.is_quick {
            return Commit::DONE;
        }
        script.waiting.extend(changes);
        Commit::pending(script.outcome.subscribe())
    }

    fn append_along(&self, changes: Vec<Change>) {
        self.0.lock().waiting.extend(changes);
    }

    fn effort(&self) -> Effort {
        Effort::default()
    }
}

impl Scripted {
    /// Everything so far is durable.
    pub(in crate::core) fn commit(&self) {
        let mut script = self.0.lock();
        script.waiting.clear();
        script.outcome.send_replace(Outcome::Durable);
        script.outcome = watch::Sender::new(Outcome::Pending);
    }

    /// Nothing since the last commit is durable, and nothing is taken until [`Self::repair`].
    pub(in crate::core) fn fail(&self, book: &Book) {
        book.undo(|| {
            let mut script = self.0.lock();
            script.ready = false;
            std::mem::take(&mut script.waiting)
        });
        let mut script = self.0.lock();
        script.outcome.send_replace(Outcome::Failed);
        script.outcome = watch::Sender::new(Outcome::Pending);
    }

    /// Everything so far is durable, and from now on everything at once.
    pub(in crate::core) fn hurry(&self) {
        self.commit();
        self.0.lock().is_quick = true;
    }

    pub(in crate::core) fn repair(&self) {
        self.0.lock().ready = true;
    }
}

pub(in crate::core) fn book(limits: Limits) -> (Book, Arc<Scripted>) {
    let journal = Arc::new(Scripted::default());
    let chance = Arc::new(Chance::from_seed(7));
    (Book::new(journal.clone(), Kept::default(), limits, chance, START), journal)
}

pub(super) fn after(millis: u64) -> Timestamp {
    Timestamp::from_millis(START.millis() + millis)
}

/// An offer that lives for a second.
pub(super) fn offer(space: Space, id: &str, owner: &str, topics: &[&str]) -> NewOffer {
    NewOffer {
        space,
        id: NewId::Own(id.into()),
        realm: "".into(),
        owner: owner.into(),
        topics: topics.iter().map(|topic| (*topic).into()).collect(),
        sdp: format!("sdp of {id}").into(),
        secret: None,
        info: None,
        service: None,
        ttl: Duration::from_secs(1),
    }
}

pub(super) fn answer(by: &str) -> NewAnswer<'_> {
    NewAnswer { by, sdp: "an answer", secret: None, matched: None }
}

pub(super) fn publish(book: &Book, now: Timestamp, new: NewOffer) -> Result<Arc<Offer>, Refusal> {
    book.publish(now, vec![new]).map(|written| written.split().0.remove(0))
}

/// Everything that a book tells of, for comparison.
pub(super) fn told(book: &Book, now: Timestamp) -> Vec<String> {
    let mut told: Vec<_> = book.snapshot(now).iter().map(|offer| described(offer)).collect();
    told.sort_unstable();
    told.push(format!("{:?}", book.stock(now)));
    told
}

/// All that is kept of an offer but its number.
pub(crate) fn described(offer: &Offer) -> String {
    let candidates: Vec<_> =
        offer.candidates.iter().map(|one| (one.role, one.by.clone(), one.json.clone(), one.at)).collect();
    format!(
        "{:?} {} {} {} {:?} {} {:?} {:?} {:?} {} {} {} {} {:?} {candidates:?}",
        offer.space,
        offer.id,
        offer.realm,
        offer.owner,
        offer.topics,
        offer.sdp,
        offer.secret,
        offer.info,
        offer.service,
        offer.created,
        offer.expires,
        offer.last_seen,
        offer.latest,
        offer.answer,
    )
}
