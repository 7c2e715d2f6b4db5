//! One operation on the shelf: what it changes, so that it can be kept, or undone.

use std::sync::Arc;

use super::{
    Refusal,
    answer::Key,
    arrivals::Heard,
    journal::Change,
    names::Name,
    offer::{Limits, Offer, Text},
    shelf::Shelf,
};

pub(super) struct Writer<'a> {
    pub shelf: &'a mut Shelf,
    pub limits: &'a Limits,
    pub changes: Vec<Change>,
    /// Whom it concerns.
    pub heard: Vec<Heard>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(shelf: &'a mut Shelf, limits: &'a Limits) -> Self {
        Self { shelf, limits, changes: Vec::with_capacity(1), heard: Vec::new() }
    }

    /// Puts a record in the place of another, or of none.
    pub(super) fn put(&mut self, before: Option<Arc<Offer>>, after: Option<Arc<Offer>>) {
        self.shelf.put(before.as_ref(), after.as_ref());
        self.changes.push(Change::Offer { before, after });
    }

    pub(super) fn name(&mut self, name: Text, claim: Name) {
        let claim = Arc::new(claim);
        let before = self.shelf.names.get(&name).cloned();
        self.shelf.names.put(name.clone(), Some(claim.clone()));
        self.changes.push(Change::Name { name, before, after: Some(claim) });
    }

    /// The offer, while it is live.
    pub(super) fn find(&self, key: Key) -> Result<Arc<Offer>, Refusal> {
        let offer = self.shelf.by_id(key.space, key.id).filter(|offer| *offer.realm == *key.realm);
        offer.cloned().ok_or(Refusal::NotFound)
    }

    /// Whether there is room for the offers that have been put.
    pub(super) fn fits_offers(&self) -> Result<(), Refusal> {
        if self.shelf.len() > self.limits.offers { Err(Refusal::Full) } else { self.fits() }
    }

    /// Whether there is room for what has been put.
    pub(super) fn fits(&self) -> Result<(), Refusal> {
        if self.shelf.bytes() > self.limits.bytes { Err(Refusal::Full) } else { Ok(()) }
    }
}
