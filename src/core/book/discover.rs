//! Offers are found: by topic, by tag, by service, by owner.

use std::{collections::HashSet, ops::Bound, sync::Arc};

use meetpoint_protocol::{
    Timestamp,
    rondevu::{bloom::Bloom, fqn::Version},
};

use super::{
    Book,
    offer::{Offer, Space, Text},
    shelf::Shelf,
    topic::{Topic, Topics},
};

/// How deep a page may lie, and how many versions of a service are looked at: beyond it there is nothing. Nobody reads that far, and
/// the lock is not held for those who only count.
const DEPTH: usize = 10_000;

/// How often for each tag to draw anew when an offer of one's own was drawn, or one by another of its places, before looking for one in a list.
const DRAWS: usize = 16;

/// A part of a list.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub offset: usize,
    pub limit: usize,
}

/// The offers of a topic, as many as were asked for.
pub struct Peers {
    pub offers: Vec<Arc<Offer>>,
    /// All offers that are left when the excluded peers' are not counted.
    pub offers_left: usize,
    pub peers_excluded: usize,
}

/// A page of topics and how many topics there are.
pub struct Ranked {
    pub topics: Vec<(Text, usize)>,
    pub total: usize,
}

impl Book {
    /// The newest offers of a topic.
    pub fn newest(&self, now: Timestamp, space: Space, realm: &str, topic: &str, limit: usize) -> Vec<Arc<Offer>> {
        self.read(now, |shelf| {
            let topic = shelf.topics(space, realm).and_then(|topics| topics.get(topic));
            topic.map_or_else(Vec::new, |topic| newest(shelf, topic).take(limit).cloned().collect())
        })
    }

    /// The newest offers of a topic, without those of the peers that the caller knows.
    pub fn of_peers(&self, now: Timestamp, topic: &str, known: Option<&Bloom>, limit: usize) -> Peers {
        self.read(now, |shelf| {
            let Some(topic) = shelf.topics(Space::Offers, "").and_then(|topics| topics.get(topic)) else {
                return Peers { offers: Vec::new(), offers_left: 0, peers_excluded: 0 };
            };
            let Some(known) = known else {
                let offers = newest(shelf, topic).take(limit).cloned().collect();
                return Peers { offers, offers_left: topic.len(), peers_excluded: 0 };
            };
            let is_known = |who: &Text| topic.peers().get(who).is_some_and(|peer| known.holds(peer.hashes));
            let excluded = topic.peers().values().filter(|peer| known.holds(peer.hashes));
            let (peers_excluded, gone) = excluded.fold((0, 0), |(peers, gone), peer| (peers + 1, gone + peer.offers));
            let offers = newest(shelf, topic).filter(|offer| !is_known(&offer.owner)).take(limit).cloned().collect();
            Peers { offers, offers_left: topic.len() - gone, peers_excluded }
        })
    }

    /// A realm's topics in the order of their names, each with its number of offers.
    pub fn topics(&self, now: Timestamp, space: Space, realm: &str, page: Page) -> Ranked {
        self.read(now, |shelf| {
            let Some(topics) = shelf.topics(space, realm) else { return Ranked { topics: Vec::new(), total: 0 } };
            let some = topics.iter().skip(page.offset).take(page.limit);
            Ranked { topics: some.map(|(name, topic)| (name.clone(), topic.len())).collect(), total: topics.len() }
        })
    }

    /// How many offers each of some topics has, and of how many peers. What is no topic has none.
    pub fn sizes(&self, now: Timestamp, space: Space, realm: &str, topics: &[&str]) -> Vec<(usize, usize)> {
        self.read(now, |shelf| {
            let all = shelf.topics(space, realm);
            let size =
                |name: &&str| all.and_then(|all| all.get(name)).map_or((0, 0), |one| (one.len(), one.peers().len()));
            topics.iter().map(size).collect()
        })
    }

    /// The number of topics of offers.
    pub fn topic_count(&self, now: Timestamp) -> usize {
        self.read(now, |shelf| shelf.topics(Space::Offers, "").map_or(0, Topics::len))
    }

    /// Topics of offers behind that one, those of most peers first, each with its number of peers. Whoever walks through all of them lets
    /// go of the book in between.
    pub fn popular(&self, now: Timestamp, after: Option<&(Text, usize)>, limit: usize) -> Vec<(Text, usize)> {
        self.read(now, |shelf| {
            let topics = shelf.topics(Space::Offers, "");
            let behind = topics.into_iter().flat_map(|topics| topics.by_peers(after));
            behind.take(limit).map(|(name, peers)| (name.clone(), peers)).collect()
        })
    }

    /// An owner's offers, the one that was seen last first.
    pub fn owned(&self, now: Timestamp, space: Space, owner: &str) -> Vec<Arc<Offer>> {
        let mut offers = self.read(now, |shelf| owned(shelf, space, owner).cloned().collect::<Vec<_>>());
        offers.sort_unstable_by_key(|offer| std::cmp::Reverse((offer.last_seen, offer.seq)));
        offers
    }

    /// The number of offers, or of owners, with a tag.
    pub fn tagged(&self, now: Timestamp, tag: &str, owners: bool) -> usize {
        self.read(now, |shelf| {
            let topic = shelf.topics(Space::Tags, "").and_then(|topics| topics.get(tag));
            topic.map_or(0, |topic| if owners { topic.peers().len() } else { topic.len() })
        })
    }

    /// Offers with any of the tags, newest first, without one owner's.
    pub fn with_tags(&self, now: Timestamp, tags: &[Text], except: Option<&str>, page: Page) -> Vec<Arc<Offer>> {
        self.read(now, |shelf| {
            let topics = topics_of(shelf, tags);
            let mut lists: Vec<_> = topics.iter().map(|topic| topic.newest_first().peekable()).collect();
            let merged = std::iter::from_fn(|| {
                let next = lists.iter_mut().filter_map(|list| list.peek().copied()).max()?;
                for list in &mut lists {
                    list.next_if_eq(&next);
                }
                Some(next.1)
            });
            let offers = merged.take(DEPTH).filter_map(|seq| shelf.offer(seq));
            let offers = offers.filter(|offer| except != Some(&*offer.owner));
            offers.skip(page.offset).take(page.limit).cloned().collect()
        })
    }

    /// One offer with any of the tags, each as likely as the others, without one owner's.
    pub fn any_with_tags(&self, now: Timestamp, tags: &[Text], except: Option<&str>) -> Option<Arc<Offer>> {
        let drawn = self.read(now, |shelf| {
            let topics = topics_of(shelf, tags);
            let all: usize = topics.iter().map(|topic| topic.len()).sum();
            (0..DRAWS * topics.len()).find_map(|_| {
                let mut place = self.chance.below(all)?;
                let topic = topics.iter().find(|topic| {
                    let here = place < topic.len();
                    place -= if here { 0 } else { topic.len() };
                    here
                })?;
                let seq = topic.draw(place)?;
                // An offer with several of the tags has several places.
                let places = topics.iter().filter(|topic| topic.holds(seq)).count();
                let offer = shelf.offer(seq).filter(|offer| except != Some(&*offer.owner))?;
                (self.chance.below(places)? == 0).then(|| offer.clone())
            })
        });
        drawn.or_else(|| {
            let some = self.with_tags(now, tags, except, Page { offset: 0, limit: DEPTH });
            self.chance.below(some.len()).map(|place| some[place].clone())
        })
    }

    /// A service's oldest unanswered offer; within, `None` where all are answered.
    pub fn of_service(&self, now: Timestamp, owner: &str, fqn: &str) -> Option<Option<Arc<Offer>>> {
        self.read(now, |shelf| {
            let mut offers = of_service(shelf, owner, fqn).peekable();
            offers.peek()?;
            Some(offers.find(|offer| offer.answer.is_none()).cloned())
        })
    }

    /// The oldest unanswered offers of services of that name, in versions that do for `version`: the newest version first, in it the
    /// service that was published last. One for each user.
    pub fn services(&self, now: Timestamp, name: &str, version: &Version, page: Page) -> Vec<Arc<Offer>> {
        self.read(now, |shelf| {
            let mut users = HashSet::new();
            let versions = versions(shelf, name, version);
            let offers = versions.iter().flat_map(|(_, topic)| newest(shelf, topic)).take(DEPTH);
            let services = offers.filter(|offer| users.insert(offer.owner.clone()));
            let some = services.skip(page.offset).take(page.limit);
            some.filter_map(|offer| oldest_like(shelf, offer)).collect()
        })
    }

    /// The oldest unanswered offer of one of the services that [`Self::services`] lists, each user's as likely as the others.
    pub fn any_service(&self, now: Timestamp, name: &str, version: &Version) -> Option<Arc<Offer>> {
        self.read(now, |shelf| {
            let versions = versions(shelf, name, version);
            let all: usize = versions.iter().map(|(_, topic)| topic.peers().len()).sum();
            let mut place = self.chance.below(all)?;
            let (topic, user) = versions.iter().find_map(|(name, topic)| {
                let user = topic.peers().get_index(place).map(|(user, _)| (*name, user));
                place = place.wrapping_sub(if user.is_none() { topic.peers().len() } else { 0 });
                user
            })?;
            let free = |offer: &&Arc<Offer>| offer.answer.is_none() && offer.topics.contains(topic);
            owned(shelf, Space::Services, user).find(free).cloned()
        })
    }
}

fn newest<'a>(shelf: &'a Shelf, topic: &'a Topic) -> impl Iterator<Item = &'a Arc<Offer>> {
    topic.newest_first().filter_map(|(_, seq)| shelf.offer(seq))
}

fn topics_of<'a>(shelf: &'a Shelf, names: &[Text]) -> Vec<&'a Topic> {
    let topics = shelf.topics(Space::Tags, "");
    topics.map_or_else(Vec::new, |topics| names.iter().filter_map(|name| topics.get(name)).collect())
}

/// Oldest first.
fn owned<'a>(shelf: &'a Shelf, space: Space, owner: &str) -> impl Iterator<Item = &'a Arc<Offer>> {
    let own = shelf.party(space, owner).into_iter().flat_map(|party| &party.offers);
    own.filter_map(|seq| shelf.offer(*seq))
}

fn of_service<'a>(shelf: &'a Shelf, owner: &str, fqn: &str) -> impl Iterator<Item = &'a Arc<Offer>> {
    let offers = owned(shelf, Space::Services, owner);
    offers.filter(move |offer| offer.service.as_ref().is_some_and(|service| *service.fqn == *fqn))
}

fn oldest_like(shelf: &Shelf, offer: &Offer) -> Option<Arc<Offer>> {
    let fqn = &offer.service.as_ref()?.fqn;
    of_service(shelf, &offer.owner, fqn).find(|offer| offer.answer.is_none()).cloned()
}

/// The topics, which are `name:version`, of the versions that do; the newest version first.
fn versions<'a>(shelf: &'a Shelf, name: &str, wanted: &Version) -> Vec<(&'a Text, &'a Topic)> {
    let prefix = format!("{name}:");
    let topics = shelf.topics(Space::Services, "");
    let from_prefix = |topics: &'a Topics| topics.range((Bound::Included(&*prefix), Bound::Unbounded));
    let same_name = topics.into_iter().flat_map(from_prefix).take_while(|(topic, _)| topic.starts_with(&prefix));
    let mut found: Vec<_> = same_name
        .take(DEPTH)
        .filter_map(|(text, topic)| Some((Version::parse(&text[prefix.len()..])?, text, topic)))
        .filter(|(version, _, _)| version.satisfies(wanted))
        .collect();
    found.sort_by(|one, other| other.0.cmp(&one.0));
    found.into_iter().map(|(_, text, topic)| (text, topic)).collect()
}
