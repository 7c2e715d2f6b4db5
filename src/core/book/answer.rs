//! The exchange: an offer is answered, both sides hand in candidates, and look for what is new.

use std::{collections::BTreeSet, sync::Arc};

use meetpoint_protocol::Timestamp;

use super::{
    Book, Refusal,
    arrivals::Heard,
    journal::Written,
    offer::{Answer, Candidate, Limits, Offer, Role, Seq, Space, Text},
};

/// Bytes of answers and candidates that a poll is told at once.
const TOLD_AT_ONCE: usize = 4 * 1024 * 1024;

/// An answer that is to be kept.
pub struct NewAnswer<'a> {
    /// Who answers; empty for sessions.
    pub by: &'a str,
    pub sdp: &'a str,
    /// What was given as the secret. Only looked at where the offer has one.
    pub secret: Option<&'a str>,
    /// The tags by which the offer was found; the offer must have them.
    pub matched: Option<Vec<Text>>,
}

/// Whose candidates they are.
#[derive(Clone, Copy, Debug)]
pub enum From<'a> {
    /// Somebody with an id; the offer tells the side.
    Party(&'a str),
    /// Whoever knows the session's code, on the side it says.
    Side(Role),
}

/// Which offer is meant.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    pub space: Space,
    /// As [`Offer::realm`].
    pub realm: &'a str,
    pub id: &'a str,
}

impl<'a> Key<'a> {
    /// An offer of a space without realms.
    pub fn new(space: Space, id: &'a str) -> Self {
        Self { space, realm: "", id }
    }
}

impl Book {
    /// The offer, while it is live.
    pub fn offer(&self, now: Timestamp, key: Key) -> Option<Arc<Offer>> {
        self.read(now, |shelf| shelf.by_id(key.space, key.id).filter(|offer| *offer.realm == *key.realm).cloned())
    }

    /// Answers an offer and returns it as it is then. The first answer stays, except on sessions, where each takes the place of the one before. An answered offer is
    /// not found by its topics any more, except those of peers; one with tags ends soon.
    ///
    /// # Errors
    /// In this order: [`Refusal::NotFound`], [`Refusal::WrongSecret`], [`Refusal::Answered`], [`Refusal::UnknownTags`],
    /// [`Refusal::Full`], [`Refusal::Unavailable`].
    pub fn answer(&self, now: Timestamp, key: Key, new: NewAnswer) -> Result<Written<Arc<Offer>>, Refusal> {
        self.write(now, |writer| {
            let before = writer.find(key)?;
            if before.secret.as_ref().is_some_and(|secret| !secret.is(new.secret.unwrap_or_default().as_bytes())) {
                return Err(Refusal::WrongSecret);
            }
            if before.answer.is_some() && !key.space.answers_again() {
                return Err(Refusal::Answered);
            }
            if let Some(matched) = &new.matched {
                let unknown: Vec<_> = matched.iter().filter(|tag| !before.topics.contains(tag)).cloned().collect();
                if !unknown.is_empty() {
                    return Err(Refusal::UnknownTags(unknown));
                }
            }
            let at = writer.shelf.stamp(key.space, &[&before.owner, new.by], now.max(before.latest.next()));
            let matched = new.matched.map(Into::into);
            let answer = Answer { by: new.by.into(), sdp: new.sdp.into(), at, matched };
            let expires = match key.space {
                Space::Tags => now.plus(writer.limits.answered_tags),
                _ => before.expires,
            };
            let after =
                Arc::new(Offer { answer: Some(Arc::new(answer)), expires, latest: at, ..Offer::clone(&before) });
            writer.heard.push(hears(&after, Role::Offerer));
            writer.put(Some(before), Some(after.clone()));
            writer.fits()?;
            Ok(after)
        })
    }

    /// Adds one side's candidates, each as JSON, all or none.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::NotYours`], [`Refusal::TooManyCandidates`], [`Refusal::Full`], [`Refusal::Unavailable`].
    pub fn trickle(&self, now: Timestamp, key: Key, from: From, candidates: Vec<Text>) -> Result<Written<()>, Refusal> {
        self.write(now, |writer| {
            let before = writer.find(key)?;
            let (role, by) = match from {
                From::Side(role) => (role, ""),
                From::Party(who) => match before.role_of(who) {
                    Some(role) => (role, who),
                    None if key.space.strangers_trickle() => (Role::Answerer, who),
                    None => return Err(Refusal::NotYours),
                },
            };
            let already = before.candidates.iter().filter(|candidate| candidate.role == role).count();
            if already + candidates.len() > Limits::CANDIDATES_PER_SIDE {
                return Err(Refusal::TooManyCandidates);
            }
            let whom = match role.other() {
                Role::Offerer => Some(&before.owner),
                Role::Answerer => before.answer.as_ref().map(|answer| &answer.by),
            };
            let whom: Vec<&str> = whom.into_iter().map(|whom| &**whom).collect();
            let mut at = now.max(before.latest.next());
            let mut after = Offer::clone(&before);
            let by = Text::from(by);
            for json in candidates {
                at = writer.shelf.stamp(key.space, &whom, at);
                let seq = writer.shelf.next();
                after.candidates.push(Arc::new(Candidate { seq, role, by: by.clone(), json, at }));
                after.latest = at;
                at = at.next();
            }
            let after = Arc::new(after);
            writer.heard.push(hears(&after, role.other()));
            writer.put(Some(before), Some(after));
            writer.fits()
        })
    }

    /// What has happened since then on the offers that `who` has made or answered.
    pub fn news(&self, now: Timestamp, space: Space, who: &str, since: Timestamp) -> News {
        let (owned, answered) = self.read(now, |shelf| {
            let newer = |seqs: &BTreeSet<Seq>| {
                let offers = seqs.iter().filter_map(|seq| shelf.offer(*seq));
                offers.filter(|offer| offer.latest > since).cloned().collect::<Vec<_>>()
            };
            shelf.party(space, who).map_or_else(Default::default, |party| {
                let mut answered = newer(&party.answered);
                // Who answers its own offer stays the one who offers.
                answered.retain(|offer| *offer.owner != *who);
                (newer(&party.offers), answered)
            })
        });
        let window = window(&owned, &answered, since);
        News { owned, answered, window }
    }
}

/// What has happened for somebody who polls. Oldest offers first.
#[derive(Default)]
pub struct News {
    /// Own offers: their answers and their answerers' candidates are news.
    pub owned: Vec<Arc<Offer>>,
    /// Offers of others: their offerers' candidates are news.
    pub answered: Vec<Arc<Offer>>,
    /// What to tell now.
    pub window: Window,
}

/// A time: after the first moment, until the second.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    pub since: Timestamp,
    pub until: Timestamp,
}

impl Window {
    pub fn holds(&self, at: Timestamp) -> bool {
        at > self.since && at <= self.until
    }
}

impl Default for Window {
    fn default() -> Self {
        Timestamp::default().into()
    }
}

impl std::convert::From<Timestamp> for Window {
    /// From then on.
    fn from(since: Timestamp) -> Self {
        Self { since, until: Timestamp::from_millis(u64::MAX) }
    }
}

/// How much can be told at once: the oldest news, which whoever asks next for what is newer does not get again. Nobody is told of two things of the same
/// moment, so nothing is cut in two.
fn window(owned: &[Arc<Offer>], answered: &[Arc<Offer>], since: Timestamp) -> Window {
    let all = Window::from(since);
    if owned.iter().chain(answered).map(|offer| offer.bytes()).sum::<usize>() <= TOLD_AT_ONCE {
        return all;
    }
    let answers = owned.iter().filter_map(|offer| offer.answer.as_ref()).map(|answer| (answer.at, answer.sdp.len()));
    let answers = answers.filter(|(at, _)| all.holds(*at));
    let candidates = owned
        .iter()
        .flat_map(|offer| offer.candidates(Role::Answerer, all))
        .chain(answered.iter().flat_map(|offer| offer.candidates(Role::Offerer, all)));
    let mut news: Vec<_> = answers.chain(candidates.map(|one| (one.at, one.json.len()))).collect();
    news.sort_unstable();
    let mut bytes = 0;
    let fits = news.iter().take_while(|(_, size)| {
        bytes += size;
        bytes <= TOLD_AT_ONCE
    });
    // Even what is too large is told, alone.
    let until = fits.last().or(news.first()).map_or(since, |(at, _)| *at);
    Window { since, until }
}

/// Who waits for what arrives for that side of an offer: on a session both sides wait for its code.
fn hears(offer: &Offer, role: Role) -> Heard {
    let whom = match (offer.space, role) {
        (Space::Sessions, _) => offer.id.clone(),
        (_, Role::Offerer) => offer.owner.clone(),
        (_, Role::Answerer) => offer.answer.as_ref().map_or_else(|| offer.owner.clone(), |answer| answer.by.clone()),
    };
    (offer.space, whom)
}
