//! One record for a Rondevu session, a Rondevu offer, a service's offer and a tagged offer: who offers what, until when,
//! who answered, and both sides' candidates.

use std::{fmt, sync::Arc, time::Duration};

use meetpoint_protocol::Timestamp;

use super::{answer::Window, codes::Rules as CodeRules};
use crate::config::Secret;

/// Text that is kept: shared, never changed.
pub type Text = Arc<str>;

/// What every record costs beside its texts, in bytes: itself and its places in the indexes (measured, rounded up).
const OVERHEAD: usize = 768;

/// The same for a candidate.
const CANDIDATE_OVERHEAD: usize = 96;

/// Number of a record, in the order in which they were kept: unique in a book and growing.
pub type Seq = u64;

/// Whose offer it is. Ids and topics of one space mean nothing in another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Space {
    /// Sessions: one topic, apart by Origin, known by their code.
    Sessions,
    /// Offers of peers with credentials.
    Offers,
    /// Offers of services, which users publish under their names.
    Services,
    /// Offers with tags, signed by their owners' keys.
    Tags,
}

impl Space {
    pub const ALL: [Self; 4] = [Self::Sessions, Self::Offers, Self::Services, Self::Tags];

    /// As a label and in the journal.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sessions => "sessions",
            Self::Offers => "offers",
            Self::Services => "services",
            Self::Tags => "tags",
        }
    }

    /// Whether an answered offer is still found by its topics.
    pub(super) const fn lists_answered(self) -> bool {
        matches!(self, Self::Offers)
    }

    /// Whether an answer replaces the one before it. Elsewhere the first one stays.
    pub(super) const fn answers_again(self) -> bool {
        matches!(self, Self::Sessions)
    }

    /// Whether somebody who has not answered may hand in candidates, as the answerer that it may become.
    pub(super) const fn strangers_trickle(self) -> bool {
        matches!(self, Self::Services | Self::Tags)
    }

    /// Whether offers have an owner whose number of offers is limited.
    pub(super) const fn is_owned(self) -> bool {
        !matches!(self, Self::Sessions)
    }
}

/// A side of a connection that is being made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    Offerer,
    Answerer,
}

impl Role {
    /// As it stands on every wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Offerer => "offerer",
            Self::Answerer => "answerer",
        }
    }

    /// Whom its candidates are for.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Offerer => Self::Answerer,
            Self::Answerer => Self::Offerer,
        }
    }
}

/// What is kept of an offer. Never changed: a change makes another record with the same [`Offer::seq`].
#[derive(Clone)]
pub struct Offer {
    pub seq: Seq,
    pub space: Space,
    /// Unique among the live offers of its space.
    pub id: Text,
    /// Sessions: the Origin. Nothing of another realm is found. Elsewhere empty.
    pub realm: Text,
    /// The peer id, the user's name, the public key; for sessions what the client says of itself.
    pub owner: Text,
    /// By what it is found: topics and tags, sorted; for services `name:version`.
    pub topics: Arc<[Text]>,
    pub sdp: Text,
    /// What an answerer must know.
    pub secret: Option<Secret>,
    pub info: Option<Text>,
    pub service: Option<Arc<Service>>,
    pub created: Timestamp,
    /// Invisible from this moment on.
    pub expires: Timestamp,
    pub last_seen: Timestamp,
    /// When the newest thing here was kept: the offer, its answer or a candidate. Grows strictly with each of them.
    pub latest: Timestamp,
    pub answer: Option<Arc<Answer>>,
    /// Of both sides, in the order in which they came.
    pub candidates: Vec<Arc<Candidate>>,
}

/// The service that an offer belongs to. It lives as long as its offers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Service {
    pub id: Text,
    /// `name:version@username`.
    pub fqn: Text,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// As [`Offer::owner`]; empty for sessions.
    pub by: Text,
    pub sdp: Text,
    pub at: Timestamp,
    /// The tags by which the answerer found the offer, where its wire says so.
    pub matched: Option<Arc<[Text]>>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    pub seq: Seq,
    pub role: Role,
    /// As [`Offer::owner`]; empty for sessions.
    pub by: Text,
    /// JSON, as it came.
    pub json: Text,
    /// Differs among all candidates of an offer, and grows: who asks for what is newer than the last one misses none.
    pub at: Timestamp,
}

impl Offer {
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires > now
    }

    /// One side's candidates of a time.
    pub fn candidates(&self, role: Role, window: impl Into<Window>) -> impl Iterator<Item = &Candidate> {
        let window = window.into();
        self.candidates.iter().map(|one| &**one).filter(move |one| one.role == role && window.holds(one.at))
    }

    /// The side that `who` is on, where it is on one.
    pub fn role_of(&self, who: &str) -> Option<Role> {
        if *self.owner == *who {
            return Some(Role::Offerer);
        }
        self.answer.as_ref().is_some_and(|answer| *answer.by == *who).then_some(Role::Answerer)
    }

    /// Whether it is found by its topics.
    pub(super) fn is_listed(&self) -> bool {
        self.answer.is_none() || self.space.lists_answered()
    }

    /// What keeping it costs, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let texts = [Some(&self.id), Some(&self.realm), Some(&self.owner), Some(&self.sdp)];
        let optional = [
            self.secret.as_ref().map(Secret::reveal),
            self.info.as_ref(),
            self.service.as_ref().map(|service| &service.fqn),
        ];
        let texts = texts.iter().chain(&optional).flatten().map(|text| text.len());
        let topics = self.topics.iter().map(|topic| 2 * topic.len() + CANDIDATE_OVERHEAD);
        let answer = self.answer.as_ref().map(|answer| answer.sdp.len() + answer.by.len() + CANDIDATE_OVERHEAD);
        let candidates = self.candidates.iter().map(|one| one.json.len() + one.by.len() + CANDIDATE_OVERHEAD);
        OVERHEAD + texts.chain(topics).chain(answer).chain(candidates).sum::<usize>()
    }
}

/// Which offer, and nothing of what only its parties may know.
impl fmt::Debug for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Offer").field("space", &self.space).field("id", &self.id).finish_non_exhaustive()
    }
}

/// What an offer must fit into.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Offers of one owner in one space.
    pub per_owner: usize,
    /// Offers in all.
    pub offers: usize,
    /// Bytes of offers, candidates, names and mail in all; nonces may take an eighth of it besides, and codes another.
    pub bytes: usize,
    /// How long an answered offer with tags stays.
    pub answered_tags: Duration,
    pub codes: CodeRules,
    /// How long a mailbox is kept after what happened last.
    pub mailbox_ttl: Duration,
}

impl Limits {
    /// Candidates of one side of an offer.
    pub const CANDIDATES_PER_SIDE: usize = 256;
}
