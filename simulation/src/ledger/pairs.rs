//! Who was matched with whom, who waited meanwhile, and whether it was their turn.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::Counts;

/// A match, as one of its two clients heard of it.
#[derive(Clone, Debug)]
pub struct Matched {
    pub room: String,
    pub client: String,
    pub partner: String,
    pub initiator: bool,
    /// When it was heard: it was made before.
    pub heard: Duration,
    /// When the client asked for a partner, where it has waited on one connection ever since, behind all that waited
    /// already. Else it has come by another way, and may have overtaken somebody.
    pub asked: Option<Duration>,
}

/// A time throughout which a client waited on one connection: from an answer that proves it to a question whose answer does.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    pub since: Duration,
    pub until: Duration,
}

#[derive(Default)]
pub(super) struct Pairs {
    /// How long two that parted are kept apart.
    cooldown: Duration,
    users: BTreeMap<String, Option<u8>>,
    rooms: BTreeMap<String, Vec<Matched>>,
    /// Matches by those who waited longer, in the order in which they heard of it.
    made: Vec<Matched>,
    met: BTreeSet<(String, String)>,
    waits: Vec<Waiting>,
}

struct Waiting {
    client: String,
    wait: Wait,
    /// How many of the matches made it was held against.
    checked: usize,
}

impl Pairs {
    pub(super) fn new(cooldown: Duration) -> Self {
        Self { cooldown, ..Self::default() }
    }

    pub(super) fn enters(&mut self, client: &str, user: Option<u8>) {
        self.users.insert(client.to_owned(), user);
    }

    pub(super) fn matched(&mut self, one: Matched, counts: &mut Counts) -> Result<(), String> {
        self.met.insert(couple(&one.client, &one.partner));
        if !self.strangers(&one.client, &one.partner) {
            return Err(format!("a user was matched with itself: {one:?}"));
        }
        if !one.initiator {
            self.made.push(one.clone());
        }
        let seats = self.rooms.entry(one.room.clone()).or_default();
        seats.push(one);
        match seats.as_slice() {
            [_] => counts.matches += 1,
            [one, other]
                if (&one.client, &one.partner) == (&other.partner, &other.client)
                    && one.initiator != other.initiator => {}
            _ => return Err(format!("a room is of two who both know it: {seats:?}")),
        }
        Ok(())
    }

    pub(super) fn waits(&mut self, client: &str, wait: Wait, counts: &mut Counts) -> Result<(), String> {
        let same = |waiting: &&mut Waiting| waiting.client == client && waiting.wait.since == wait.since;
        match self.waits.iter_mut().rev().find(same) {
            Some(waiting) => waiting.wait.until = wait.until,
            None => {
                let checked = self.made.partition_point(|made| made.heard <= wait.since);
                self.waits.push(Waiting { client: client.to_owned(), wait, checked });
            }
        }
        self.check_neighbours(client, wait)?;
        self.check_order(client, wait, counts)
    }

    /// Two that may be matched never wait side by side.
    fn check_neighbours(&self, client: &str, wait: Wait) -> Result<(), String> {
        for Waiting { client: other, wait: beside, .. } in &self.waits {
            let (since, until) = (wait.since.max(beside.since), wait.until.min(beside.until));
            let cooldown = if self.have_met(client, other) { self.cooldown } else { Duration::ZERO };
            if other != client && self.strangers(client, other) && until > since + cooldown {
                return Err(format!("{client} and {other} waited side by side from {since:?} to {until:?}"));
            }
        }
        Ok(())
    }

    /// Nobody who came later is matched with somebody whom this one might have met.
    fn check_order(&mut self, client: &str, wait: Wait, counts: &mut Counts) -> Result<(), String> {
        let mine = |waiting: &Waiting| waiting.client == client && waiting.wait.since == wait.since;
        let Some(index) = self.waits.iter().rposition(mine) else { return Ok(()) };
        let mut checked = self.waits[index].checked;
        while let Some(made) = self.made.get(checked).filter(|made| made.heard <= wait.until) {
            checked += 1;
            let behind = made.asked.is_some_and(|asked| asked > wait.since);
            let fits = self.strangers(client, &made.partner)
                && !self.have_met(client, &made.partner)
                && !self.met_before(made);
            if fits {
                counts.turns += 1;
            }
            if fits && behind {
                return Err(format!("{client} had waited since {:?} when {made:?}", wait.since));
            }
        }
        self.waits[index].checked = checked;
        Ok(())
    }

    /// Whether the two were partners more than once: the end of a cooldown may have made the match.
    fn met_before(&self, made: &Matched) -> bool {
        let rooms = self.rooms.values().flatten();
        rooms.filter(|one| one.client == made.client && one.partner == made.partner).count() > 1
    }

    fn have_met(&self, one: &str, other: &str) -> bool {
        self.met.contains(&couple(one, other))
    }

    fn strangers(&self, one: &str, other: &str) -> bool {
        let user = |client: &str| self.users.get(client).copied().flatten();
        user(one).is_none() || user(one) != user(other)
    }
}

fn couple(one: &str, other: &str) -> (String, String) {
    (one.min(other).to_owned(), one.max(other).to_owned())
}
