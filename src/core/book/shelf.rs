//! What is live, in memory, with every way to find it. One lock's worth of plain maps: whoever holds it sees all indexes agree.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use meetpoint_protocol::Timestamp;

use super::{
    Refusal,
    codes::Codes,
    journal::{Change, Digest, Forgotten},
    mail::Mail,
    names::Names,
    offer::{Offer, Seq, Space, Text},
    topic::Topics,
};

/// What a nonce costs, in bytes.
const NONCE_BYTES: usize = 128;

#[derive(Default)]
pub(super) struct Shelf {
    offers: HashMap<Seq, Arc<Offer>>,
    spaces: [Finder; Space::ALL.len()],
    deadlines: BTreeSet<(Timestamp, Seq)>,
    pub names: Names,
    pub codes: Codes,
    pub mail: Mail,
    nonces: HashMap<Digest, Spent>,
    nonce_deadlines: BTreeSet<(Timestamp, Digest)>,
    offer_bytes: usize,
    last: Seq,
    /// Invisible, and still in the journal.
    dead: Forgotten,
}

/// A nonce that cannot be spent again.
struct Spent {
    until: Timestamp,
    /// Whether the journal has it, too.
    is_kept: bool,
}

/// The ways to the offers of one space.
#[derive(Default)]
pub(super) struct Finder {
    ids: HashMap<Text, Seq>,
    realms: HashMap<Text, Topics>,
    parties: HashMap<Text, Party>,
}

/// Somebody who offers or answers.
#[derive(Default)]
pub(super) struct Party {
    /// Own offers, oldest first.
    pub offers: BTreeSet<Seq>,
    pub answered: BTreeSet<Seq>,
    /// The newest moment that it may have been told of.
    pub told: Timestamp,
}

impl Shelf {
    pub(super) fn len(&self) -> usize {
        self.offers.len()
    }

    pub(super) fn count(&self, space: Space) -> usize {
        self.finder(space).ids.len()
    }

    /// What offers, names and mail take; nonces and codes have shares of their own.
    pub(super) fn bytes(&self) -> usize {
        self.offer_bytes + self.names.bytes() + self.mail.bytes()
    }

    /// A number for a new record.
    pub(super) fn next(&mut self) -> Seq {
        self.last += 1;
        self.last
    }

    pub(super) fn offer(&self, seq: Seq) -> Option<&Arc<Offer>> {
        self.offers.get(&seq)
    }

    pub(super) fn by_id(&self, space: Space, id: &str) -> Option<&Arc<Offer>> {
        self.finder(space).ids.get(id).and_then(|seq| self.offer(*seq))
    }

    pub(super) fn topics(&self, space: Space, realm: &str) -> Option<&Topics> {
        self.finder(space).realms.get(realm)
    }

    pub(super) fn party(&self, space: Space, who: &str) -> Option<&Party> {
        self.finder(space).parties.get(who)
    }

    /// The next moment for something that these parties will hear of; later than all they have heard of.
    pub(super) fn stamp(&mut self, space: Space, parties: &[&str], after: Timestamp) -> Timestamp {
        let told = |who: &&str| self.party(space, who).map(|party| party.told.next());
        let stamp = parties.iter().filter_map(told).max().unwrap_or_default().max(after);
        for who in parties {
            if let Some(party) = self.spaces[space as usize].parties.get_mut(*who) {
                party.told = stamp;
            }
        }
        stamp
    }

    /// Puts a record in the place of another, or of none.
    pub(super) fn put(&mut self, before: Option<&Arc<Offer>>, after: Option<&Arc<Offer>>) {
        if let (Some(before), Some(after)) = (before, after)
            && found_alike(before, after)
            && let Some(place) = self.offers.get_mut(&after.seq)
        {
            self.offer_bytes -= place.bytes();
            self.offer_bytes += after.bytes();
            *place = after.clone();
            return;
        }
        if let Some(before) = before {
            self.take(before.seq);
        }
        if let Some(after) = after {
            self.take(after.seq);
            self.link(after.clone());
        }
    }

    /// Whether a nonce is new, and there is room for it in that many bytes.
    pub(super) fn is_spendable(&self, digest: &Digest, most: usize) -> Result<(), Refusal> {
        if self.nonces.contains_key(digest) {
            return Err(Refusal::NonceSpent);
        }
        if (self.nonces.len() + 1) * NONCE_BYTES > most { Err(Refusal::Full) } else { Ok(()) }
    }

    pub(super) fn spend(&mut self, digest: Digest, until: Timestamp, is_kept: bool) {
        self.unspend(&digest);
        self.nonces.insert(digest, Spent { until, is_kept });
        self.nonce_deadlines.insert((until, digest));
    }

    fn unspend(&mut self, digest: &Digest) -> Option<Spent> {
        let spent = self.nonces.remove(digest)?;
        self.nonce_deadlines.remove(&(spent.until, *digest));
        Some(spent)
    }

    /// Takes out of sight what has expired, at most so many records; whether that was all.
    pub(super) fn retire(&mut self, now: Timestamp, at_most: usize) -> bool {
        for _ in 0..at_most {
            if let Some(&(expires, seq)) = self.deadlines.first()
                && expires <= now
            {
                self.take(seq);
                self.dead.offers.push(seq);
            } else if let Some(&(until, digest)) = self.nonce_deadlines.first()
                && until <= now
            {
                if self.unspend(&digest).is_some_and(|spent| spent.is_kept) {
                    self.dead.nonces.push(digest);
                }
            } else if let Some(name) = self.names.retire(now) {
                self.dead.names.push(name);
            } else if let Some(forgotten) = self.codes.retire(now) {
                self.dead.codes.extend(forgotten);
            } else if let Some(address) = self.mail.retire(now) {
                self.dead.mail.push(address);
            } else {
                return true;
            }
        }
        false
    }

    /// Some of what is to leave the journal, and whether there is more. What was claimed or spent again in the meantime is not.
    pub(super) fn dead_batch(&mut self, at_most: usize) -> (Forgotten, bool) {
        fn some<T>(from: &mut Vec<T>, at_most: usize) -> Vec<T> {
            from.split_off(from.len().saturating_sub(at_most))
        }
        let dead = &mut self.dead;
        let mut batch = Forgotten {
            offers: some(&mut dead.offers, at_most),
            names: some(&mut dead.names, at_most),
            nonces: some(&mut dead.nonces, at_most),
            codes: some(&mut dead.codes, at_most),
            mail: some(&mut dead.mail, at_most),
        };
        batch.names.retain(|name| self.names.get(name).is_none());
        batch.nonces.retain(|digest| !self.nonces.contains_key(digest));
        batch.codes.retain(|code| self.codes.get(*code).is_none());
        batch.mail.retain(|address| self.mail.get(*address).is_none());
        (batch, self.dead != Forgotten::default())
    }

    /// Takes a change back.
    pub(super) fn undo(&mut self, change: Change) {
        match change {
            Change::Offer { before, after } => self.put(after.as_ref(), before.as_ref()),
            Change::Name { name, before, .. } => self.names.put(name, before),
            Change::Nonce { digest, .. } => {
                self.unspend(&digest);
            }
            Change::Code { code, before, .. } => self.codes.put(code, before),
            Change::Mail { address, before, .. } => self.mail.put(address, before),
            Change::Forgotten(dead) => {
                self.dead.offers.extend(dead.offers);
                self.dead.names.extend(dead.names);
                self.dead.nonces.extend(dead.nonces);
                self.dead.codes.extend(dead.codes);
                self.dead.mail.extend(dead.mail);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Offer>> {
        self.offers.values()
    }

    fn finder(&self, space: Space) -> &Finder {
        &self.spaces[space as usize]
    }

    pub(super) fn link(&mut self, offer: Arc<Offer>) {
        let candidates = offer.candidates.last().map_or(0, |last| last.seq);
        self.last = self.last.max(offer.seq).max(candidates);
        self.offer_bytes += offer.bytes();
        self.deadlines.insert((offer.expires, offer.seq));
        let finder = &mut self.spaces[offer.space as usize];
        finder.ids.insert(offer.id.clone(), offer.seq);
        if offer.space.is_owned() {
            let owner = finder.parties.entry(offer.owner.clone()).or_default();
            owner.offers.insert(offer.seq);
            owner.told = owner.told.max(offer.latest);
            if let Some(answer) = &offer.answer {
                let answerer = finder.parties.entry(answer.by.clone()).or_default();
                answerer.answered.insert(offer.seq);
                answerer.told = answerer.told.max(offer.latest);
            }
        }
        if offer.is_listed() {
            match finder.realms.get_mut(&offer.realm) {
                Some(topics) => topics.insert(&offer),
                None => finder.realms.entry(offer.realm.clone()).or_default().insert(&offer),
            }
        }
        self.offers.insert(offer.seq, offer);
    }

    fn take(&mut self, seq: Seq) {
        let Some(offer) = self.offers.remove(&seq) else { return };
        self.offer_bytes -= offer.bytes();
        self.deadlines.remove(&(offer.expires, seq));
        let finder = &mut self.spaces[offer.space as usize];
        // Another may have the id by now, when this is undone after it expired.
        if finder.ids.get(&offer.id) == Some(&seq) {
            finder.ids.remove(&offer.id);
        }
        let parties = [Some(&offer.owner), offer.answer.as_ref().map(|answer| &answer.by)];
        for who in parties.into_iter().flatten() {
            if let Some(party) = finder.parties.get_mut(who) {
                party.offers.remove(&seq);
                party.answered.remove(&seq);
                if party.offers.is_empty() && party.answered.is_empty() {
                    finder.parties.remove(who);
                }
            }
        }
        if offer.is_listed()
            && let Some(topics) = finder.realms.get_mut(&offer.realm)
        {
            topics.remove(&offer);
            if topics.is_empty() {
                finder.realms.remove(&offer.realm);
            }
        }
    }
}

/// Whether every index has both at the same places.
fn found_alike(one: &Offer, other: &Offer) -> bool {
    one.seq == other.seq
        && one.id == other.id
        && one.expires == other.expires
        && one.last_seen == other.last_seen
        && Arc::ptr_eq(&one.topics, &other.topics)
        && one.is_listed() == other.is_listed()
        && one.answer.as_ref().map(|answer| &answer.by) == other.answer.as_ref().map(|answer| &answer.by)
}
