//! Who waits, in order. Clients of one user stand in one line, because none of them may meet another: whoever looks for
//! a partner passes a whole line at its head, so that a hundred thousand of them cost as much as one.

use std::collections::BTreeMap;

use meetpoint_protocol::{ClientId, UserId};

use crate::core::hash::HashMap;

/// A place in the queue; the smaller is served first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Place {
    behind: bool,
    arrival: u64,
}

impl Place {
    /// Behind all others.
    pub(super) fn behind(arrival: u64) -> Self {
        Self { behind: true, arrival }
    }

    /// Ahead of all that arrived by themselves, behind those that were put ahead before.
    pub(super) fn ahead(arrival: u64) -> Self {
        Self { behind: false, arrival }
    }
}

/// Which line a client stands in.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Line {
    Alone(ClientId),
    User(UserId),
}

#[derive(Default)]
pub(super) struct Waiting {
    lines: HashMap<Line, BTreeMap<Place, ClientId>>,
    /// The first of every line.
    heads: BTreeMap<Place, Head>,
    len: usize,
}

struct Head {
    client: ClientId,
    line: Line,
}

impl Waiting {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn heads(&self) -> impl Iterator<Item = ClientId> {
        self.heads.values().map(|head| head.client)
    }

    pub(super) fn insert(&mut self, place: Place, client: ClientId, line: Line) {
        self.change(line, |places| places.insert(place, client).is_none().then_some(1));
    }

    pub(super) fn remove(&mut self, place: Place, line: Line) {
        self.change(line, |places| places.remove(&place).map(|_| -1));
    }

    /// The first client that stands in another line than `own` and is `eligible`. The caller finds few that are not.
    pub(super) fn first(&self, own: &Line, eligible: impl Fn(ClientId) -> bool) -> Option<ClientId> {
        let mut best: Option<(Place, ClientId)> = None;
        for (place, head) in self.heads.iter().filter(|(_, head)| head.line != *own) {
            if best.is_some_and(|(best, _)| best < *place) {
                break;
            }
            let found = self.lines[&head.line].iter().find(|(_, client)| eligible(**client));
            if let Some((&place, &client)) = found
                && best.is_none_or(|(best, _)| place < best)
            {
                best = Some((place, client));
            }
        }
        best.map(|(_, client)| client)
    }

    /// Changes one line by a client more or less, and keeps its head known.
    fn change(&mut self, line: Line, change: impl FnOnce(&mut BTreeMap<Place, ClientId>) -> Option<isize>) {
        let places = self.lines.entry(line.clone()).or_default();
        let before = places.first_key_value().map(|(place, _)| *place);
        self.len = self.len.saturating_add_signed(change(places).unwrap_or(0));
        let after = places.first_key_value().map(|(place, client)| (*place, *client));
        if after.is_none() {
            self.lines.remove(&line);
        }
        if before != after.map(|(place, _)| place) {
            before.and_then(|place| self.heads.remove(&place));
            if let Some((place, client)) = after {
                self.heads.insert(place, Head { client, line });
            }
        }
    }
}
