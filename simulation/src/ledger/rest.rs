//! When all faults are mended and nobody does anything, what each client takes for true must be true.

use std::collections::BTreeMap;

use super::Ledger;
use crate::host::Census;

/// What a chat client takes for true.
#[derive(Clone, Debug, Default)]
pub struct Belief {
    pub client: String,
    pub is_waiting: bool,
    /// Its partner, its room, and the number of the last frame that each has said to the other.
    pub seat: Option<Seat>,
    /// By topic: whom it knows there, with the number of the last frame that it heard of each, and that it said itself.
    pub topics: BTreeMap<String, (BTreeMap<String, u64>, u64)>,
}

#[derive(Clone, Debug)]
pub struct Seat {
    pub room: String,
    pub partner: String,
    pub said: u64,
    pub heard: u64,
}

impl Ledger {
    /// Holds the clients' beliefs against each other, and against what the server's tables have.
    pub fn check_at_rest(&self, census: Census, life: u64, clients: usize) {
        let checked = {
            let inner = self.0.borrow();
            let beliefs: BTreeMap<&str, &Belief> =
                inner.beliefs.values().map(|belief| (belief.client.as_str(), belief)).collect();
            let all_here = (beliefs.len() == clients).then_some(());
            all_here
                .ok_or_else(|| format!("{clients} clients came to rest, and {} say so", beliefs.len()))
                .and_then(|()| check_pairs(&beliefs, census))
                .and_then(|()| check_topics(&beliefs, census))
                .and_then(|()| inner.mail.check_all_read(life))
        };
        self.check(checked);
    }
}

fn check_pairs(beliefs: &BTreeMap<&str, &Belief>, census: Census) -> Result<(), String> {
    let mut seats = 0;
    for belief in beliefs.values() {
        let Some(seat) = &belief.seat else { continue };
        seats += 1;
        let partner = beliefs.get(seat.partner.as_str()).and_then(|partner| partner.seat.as_ref());
        let Some(partner) = partner else {
            return Err(format!("{} has a ghost for a partner: {seat:?}", belief.client));
        };
        if (&partner.room, &partner.partner, partner.said) != (&seat.room, &belief.client, seat.heard) {
            return Err(format!("{} has {seat:?}, its partner {partner:?}", belief.client));
        }
    }
    let waiting = beliefs.values().filter(|belief| belief.is_waiting).count();
    if (census.pairs * 2, census.waiting) != (seats, waiting) {
        return Err(format!("{seats} sit in pairs and {waiting} wait, but the server has {census:?}"));
    }
    Ok(())
}

fn check_topics(beliefs: &BTreeMap<&str, &Belief>, census: Census) -> Result<(), String> {
    let mut members: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for belief in beliefs.values() {
        for (topic, (_, said)) in &belief.topics {
            members.entry(topic).or_default().insert(&belief.client, *said);
        }
    }
    for belief in beliefs.values() {
        for (topic, (known, _)) in &belief.topics {
            let mut others = members[topic.as_str()].clone();
            others.remove(belief.client.as_str());
            if !known.iter().map(|(peer, heard)| (peer.as_str(), *heard)).eq(others.clone()) {
                return Err(format!("{} knows {known:?} in {topic}, but there are {others:?}", belief.client));
            }
        }
    }
    let counted = (members.len(), members.values().map(BTreeMap::len).sum());
    if counted != (census.topics, census.members) {
        return Err(format!("{counted:?} topics and members, but the server has {census:?}"));
    }
    Ok(())
}
