//! Offers come, are refreshed, found by other topics, and go.

use std::{sync::Arc, time::Duration};

use meetpoint_protocol::{Timestamp, rondevu::offer_id};

use super::{
    Book, Refusal,
    journal::Written,
    offer::{Offer, Service, Space, Text},
    writer::Writer,
};
use crate::config::Secret;

/// An offer that is to be kept. Its fields are those of [`Offer`].
#[derive(Clone)]
pub struct NewOffer {
    pub space: Space,
    pub id: NewId,
    pub realm: Text,
    pub owner: Text,
    /// In any order, and with repetitions.
    pub topics: Vec<Text>,
    pub sdp: Text,
    pub secret: Option<Secret>,
    pub info: Option<Text>,
    pub service: Option<Arc<Service>>,
    pub ttl: Duration,
}

/// What a new offer is to be called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NewId {
    /// This and nothing else.
    Own(Text),
    /// A digest of its content. Where another has it, it is salted.
    Content(Text),
}

impl Book {
    /// Keeps offers, all or none, and returns them in the same order. A peer's offer with the same content is refreshed instead: it keeps its id and
    /// whatever happened to it.
    ///
    /// # Errors
    /// [`Refusal::IdTaken`], [`Refusal::TooManyOffers`], [`Refusal::Full`], [`Refusal::Unavailable`].
    pub fn publish(&self, now: Timestamp, offers: Vec<NewOffer>) -> Result<Written<Vec<Arc<Offer>>>, Refusal> {
        self.write(now, |writer| writer.keep_all(now, offers))
    }

    /// Puts the offers of a service in the place of all that it had, and renews its owner's name.
    ///
    /// # Errors
    /// Those of [`Self::publish`].
    pub fn publish_service(&self, now: Timestamp, offers: Vec<NewOffer>) -> Result<Written<Vec<Arc<Offer>>>, Refusal> {
        self.write(now, |writer| {
            for offer in &offers {
                if let Some(service) = &offer.service {
                    writer.remove_service(&offer.owner, &service.fqn);
                }
            }
            if let Some(offer) = offers.first() {
                writer.renew(now, &offer.owner);
            }
            writer.keep_all(now, offers)
        })
    }

    /// Removes an offer with all that belongs to it.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], also when it is another's; [`Refusal::Unavailable`].
    pub fn remove(&self, now: Timestamp, space: Space, id: &str, owner: &str) -> Result<Written<()>, Refusal> {
        self.write(now, |writer| {
            let offer = writer.shelf.by_id(space, id).filter(|offer| *offer.owner == *owner).cloned();
            writer.put(Some(offer.ok_or(Refusal::NotFound)?), None);
            Ok(())
        })
    }

    /// Removes all offers of a service.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when it has none, [`Refusal::Unavailable`].
    pub fn remove_service(&self, now: Timestamp, owner: &str, fqn: &str) -> Result<Written<()>, Refusal> {
        self.write(now, |writer| match writer.remove_service(owner, fqn) {
            0 => Err(Refusal::NotFound),
            _ => Ok(()),
        })
    }

    /// Gives all offers of an owner other topics, and tells how many they were.
    ///
    /// # Errors
    /// [`Refusal::Full`], [`Refusal::Unavailable`].
    pub fn retag(
        &self,
        now: Timestamp,
        space: Space,
        owner: &str,
        topics: Vec<Text>,
    ) -> Result<Written<usize>, Refusal> {
        let topics = sorted(topics);
        self.write(now, |writer| {
            let offers = writer.owned(space, owner);
            for before in &offers {
                let after = Offer { topics: topics.clone(), ..Offer::clone(before) };
                writer.put(Some(before.clone()), Some(Arc::new(after)));
            }
            writer.fits()?;
            Ok(offers.len())
        })
    }
}

impl Writer<'_> {
    fn keep_all(&mut self, now: Timestamp, offers: Vec<NewOffer>) -> Result<Vec<Arc<Offer>>, Refusal> {
        let kept = offers.into_iter().enumerate().map(|(index, offer)| self.keep(now, index, offer));
        let kept = kept.collect::<Result<_, _>>()?;
        self.fits_offers()?;
        Ok(kept)
    }

    fn keep(&mut self, now: Timestamp, index: usize, new: NewOffer) -> Result<Arc<Offer>, Refusal> {
        let topics = sorted(new.topics.clone());
        let same = |kept: &Offer| kept.owner == new.owner && kept.sdp == new.sdp && kept.topics == topics;
        let id = match &new.id {
            NewId::Own(id) => match self.shelf.by_id(new.space, id) {
                Some(kept) if new.space == Space::Offers && same(kept) => return self.refresh(now, id.clone(), new),
                Some(_) => return Err(Refusal::IdTaken),
                None => id.clone(),
            },
            NewId::Content(id) => {
                let service = new.service.as_ref().map_or("", |service| &service.id);
                let salts = [new.owner.to_string(), format!("{service}:{index}")];
                let salted = salts.iter().map(|salt| Text::from(offer_id::salted(id, salt)));
                let mut free = None;
                for id in std::iter::once(id.clone()).chain(salted) {
                    match self.shelf.by_id(new.space, &id) {
                        Some(kept) if new.space == Space::Offers && same(kept) => return self.refresh(now, id, new),
                        Some(_) => {}
                        None => {
                            free = Some(id);
                            break;
                        }
                    }
                }
                free.ok_or(Refusal::IdTaken)?
            }
        };
        let offer = Arc::new(Offer {
            seq: self.shelf.next(),
            space: new.space,
            id,
            realm: new.realm,
            owner: new.owner,
            topics,
            sdp: new.sdp,
            secret: new.secret,
            info: new.info,
            service: new.service,
            created: now,
            expires: now.plus(new.ttl),
            last_seen: now,
            latest: now,
            answer: None,
            candidates: Vec::new(),
        });
        self.put(None, Some(offer.clone()));
        let owned = self.shelf.party(offer.space, &offer.owner).map_or(0, |party| party.offers.len());
        if owned > self.limits.per_owner {
            return Err(Refusal::TooManyOffers);
        }
        Ok(offer)
    }

    fn refresh(&mut self, now: Timestamp, id: Text, new: NewOffer) -> Result<Arc<Offer>, Refusal> {
        let before = self.shelf.by_id(new.space, &id).cloned().ok_or(Refusal::NotFound)?;
        let after = Arc::new(Offer {
            secret: new.secret,
            info: new.info,
            expires: now.plus(new.ttl),
            last_seen: now,
            ..Offer::clone(&before)
        });
        self.put(Some(before), Some(after.clone()));
        Ok(after)
    }

    fn owned(&self, space: Space, owner: &str) -> Vec<Arc<Offer>> {
        let own = self.shelf.party(space, owner).into_iter().flat_map(|party| &party.offers);
        own.filter_map(|seq| self.shelf.offer(*seq)).cloned().collect()
    }

    fn remove_service(&mut self, owner: &str, fqn: &str) -> usize {
        let mut offers = self.owned(Space::Services, owner);
        offers.retain(|offer| offer.service.as_ref().is_some_and(|service| *service.fqn == *fqn));
        let removed = offers.len();
        for offer in offers {
            self.put(Some(offer), None);
        }
        removed
    }
}

fn sorted(mut topics: Vec<Text>) -> Arc<[Text]> {
    topics.sort_unstable();
    topics.dedup();
    topics.into()
}
