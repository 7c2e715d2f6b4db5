//! Where offers are found by topic. What one topic costs does not depend on the others.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    ops::{Bound, RangeBounds},
};

use indexmap::{IndexMap, IndexSet};
use meetpoint_protocol::{Timestamp, rondevu::bloom::PeerHashes};

use super::offer::{Offer, Seq, Space, Text};

/// The topics of one realm.
#[derive(Default)]
pub(super) struct Topics {
    by_name: BTreeMap<Text, Topic>,
    /// Only where topics are listed by how many peers they have.
    by_peers: BTreeSet<(Reverse<usize>, Text)>,
}

/// The listed offers of one topic.
#[derive(Default)]
pub(super) struct Topic {
    /// By when they were last seen.
    newest: BTreeSet<(Timestamp, Seq)>,
    /// In no order, to draw one.
    urn: IndexSet<Seq>,
    peers: IndexMap<Text, Peer>,
}

/// Somebody with offers in a topic.
pub(super) struct Peer {
    pub offers: usize,
    pub hashes: PeerHashes,
}

impl Topics {
    pub(super) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Topic> {
        self.by_name.get(name)
    }

    /// By name, in the order of bytes.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Text, &Topic)> {
        self.by_name.iter()
    }

    pub(super) fn range(&self, range: impl RangeBounds<str>) -> impl Iterator<Item = (&Text, &Topic)> {
        self.by_name.range::<str, _>(range)
    }

    /// The names and numbers of peers behind that one, most peers first.
    pub(super) fn by_peers(&self, after: Option<&(Text, usize)>) -> impl Iterator<Item = (&Text, usize)> {
        let from = match after {
            Some((name, peers)) => Bound::Excluded((Reverse(*peers), name.clone())),
            None => Bound::Unbounded,
        };
        self.by_peers.range((from, Bound::Unbounded)).map(|(Reverse(peers), name)| (name, *peers))
    }

    pub(super) fn insert(&mut self, offer: &Offer) {
        for name in &*offer.topics {
            let topic = self.by_name.entry(name.clone()).or_default();
            let before = topic.peers.len();
            topic.insert(offer);
            let after = topic.peers.len();
            self.rank(offer.space, name, before, after);
        }
    }

    pub(super) fn remove(&mut self, offer: &Offer) {
        for name in &*offer.topics {
            let Some(topic) = self.by_name.get_mut(name) else { continue };
            let before = topic.peers.len();
            topic.remove(offer);
            let after = topic.peers.len();
            if topic.newest.is_empty() {
                self.by_name.remove(name);
            }
            self.rank(offer.space, name, before, after);
        }
    }

    fn rank(&mut self, space: Space, name: &Text, before: usize, after: usize) {
        if space == Space::Offers && before != after {
            self.by_peers.remove(&(Reverse(before), name.clone()));
            if after > 0 {
                self.by_peers.insert((Reverse(after), name.clone()));
            }
        }
    }
}

impl Topic {
    pub(super) fn len(&self) -> usize {
        self.newest.len()
    }

    pub(super) fn peers(&self) -> &IndexMap<Text, Peer> {
        &self.peers
    }

    pub(super) fn newest_first(&self) -> impl Iterator<Item = (Timestamp, Seq)> {
        self.newest.iter().rev().copied()
    }

    /// The offer at a place that means nothing but that each has one, below [`Self::len`].
    pub(super) fn draw(&self, place: usize) -> Option<Seq> {
        self.urn.get_index(place).copied()
    }

    pub(super) fn holds(&self, seq: Seq) -> bool {
        self.urn.contains(&seq)
    }

    fn insert(&mut self, offer: &Offer) {
        self.newest.insert((offer.last_seen, offer.seq));
        if offer.space == Space::Tags {
            self.urn.insert(offer.seq);
        }
        if offer.space.is_owned() {
            match self.peers.get_mut(&offer.owner) {
                Some(peer) => peer.offers += 1,
                None => {
                    let peer = Peer { offers: 1, hashes: PeerHashes::of(&offer.owner) };
                    self.peers.insert(offer.owner.clone(), peer);
                }
            }
        }
    }

    fn remove(&mut self, offer: &Offer) {
        self.newest.remove(&(offer.last_seen, offer.seq));
        self.urn.swap_remove(&offer.seq);
        if let Some(peer) = self.peers.get_mut(&offer.owner) {
            peer.offers -= 1;
            if peer.offers == 0 {
                self.peers.swap_remove(&offer.owner);
            }
        }
    }
}
