//! Who a name belongs to: the key that claimed it, for a year after it was last used.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use meetpoint_protocol::Timestamp;

use super::{
    Book, Refusal,
    journal::{Commit, Written},
    offer::Text,
    writer::Writer,
};

/// How long a name is held after it was claimed or renewed.
const HELD: Duration = Duration::from_secs(365 * 24 * 3600);

/// A use renews the name when it was not renewed for this long: not every poll is worth a write.
const RENEWED_AFTER: Duration = Duration::from_secs(24 * 3600);

/// What a name costs beside its texts, in bytes.
const OVERHEAD: usize = 400;

/// A claim.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Name {
    /// As the wire writes it: one key is always spelled the same.
    pub public_key: Text,
    pub claimed: Timestamp,
    /// Anybody's from this moment on.
    pub expires: Timestamp,
}

/// All claims. A key holds one name at a time.
#[derive(Default)]
pub(super) struct Names {
    by_name: HashMap<Text, Arc<Name>>,
    by_key: HashMap<Text, Text>,
    deadlines: BTreeSet<(Timestamp, Text)>,
    bytes: usize,
}

impl Names {
    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arc<Name>> {
        self.by_name.get(name)
    }

    pub(super) fn put(&mut self, name: Text, claim: Option<Arc<Name>>) {
        if let Some(before) = self.by_name.remove(&name) {
            self.bytes -= cost(&name, &before);
            self.deadlines.remove(&(before.expires, name.clone()));
            if self.by_key.get(&before.public_key) == Some(&name) {
                self.by_key.remove(&before.public_key);
            }
        }
        if let Some(claim) = claim {
            self.bytes += cost(&name, &claim);
            self.deadlines.insert((claim.expires, name.clone()));
            self.by_key.insert(claim.public_key.clone(), name.clone());
            self.by_name.insert(name, claim);
        }
    }

    /// Frees one name that has expired, and tells which.
    pub(super) fn retire(&mut self, now: Timestamp) -> Option<Text> {
        let (expires, name) = self.deadlines.first()?;
        if *expires > now {
            return None;
        }
        let name = name.clone();
        self.put(name.clone(), None);
        Some(name)
    }
}

fn cost(name: &Text, claim: &Name) -> usize {
    OVERHEAD + 3 * name.len() + 2 * claim.public_key.len()
}

impl Book {
    /// Who holds `name`.
    pub fn name(&self, now: Timestamp, name: &str) -> Option<Arc<Name>> {
        self.read(now, |shelf| shelf.names.get(name).cloned())
    }

    /// Claims `name` for a key, or renews the claim of the same key.
    ///
    /// # Errors
    /// [`Refusal::NameTaken`], [`Refusal::KeyTaken`], [`Refusal::Full`], [`Refusal::Unavailable`].
    pub fn claim(&self, now: Timestamp, name: &str, public_key: &str) -> Result<Written<()>, Refusal> {
        self.write(now, |writer| {
            let before = writer.shelf.names.get(name);
            if before.is_some_and(|held| *held.public_key != *public_key) {
                return Err(Refusal::NameTaken);
            }
            if writer.shelf.names.by_key.get(public_key).is_some_and(|other| **other != *name) {
                return Err(Refusal::KeyTaken);
            }
            let claimed = before.map_or(now, |held| held.claimed);
            writer.name(name.into(), Name { public_key: public_key.into(), claimed, expires: now.plus(HELD) });
            writer.fits()
        })
    }

    /// Renews a name that is in use. Done when it was renewed only lately.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when nobody holds it, [`Refusal::Unavailable`].
    pub fn renew(&self, now: Timestamp, name: &str) -> Result<Written<()>, Refusal> {
        let held = self.name(now, name).ok_or(Refusal::NotFound)?;
        if held.expires.plus(RENEWED_AFTER) > now.plus(HELD) {
            return Ok(Written::new((), Commit::DONE));
        }
        self.write(now, |writer| if writer.renew(now, name) { Ok(()) } else { Err(Refusal::NotFound) })
    }
}

impl Writer<'_> {
    /// Renews a name; whether somebody holds it.
    pub(super) fn renew(&mut self, now: Timestamp, name: &str) -> bool {
        let Some(held) = self.shelf.names.get(name) else { return false };
        // Later than before even within one millisecond: clients compare.
        let expires = now.plus(HELD).max(held.expires.next());
        let renewed = Name { expires, ..Name::clone(held) };
        self.name(name.into(), renewed);
        true
    }
}
