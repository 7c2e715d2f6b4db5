//! The book against the plainest thing that obeys the same rules: a list that is searched from its head.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Publish { space: Space, id: usize, owner: usize, topics: Vec<usize>, ttl: u64 },
    Answer { space: Space, id: usize, by: usize },
    Trickle { space: Space, id: usize, by: usize, count: usize },
    Remove { space: Space, id: usize, owner: usize },
    Retag { owner: usize, topics: Vec<usize> },
    Wait(u64),
    Commit,
    Fail,
}

const OWNERS: [&str; 3] = ["ann", "bob", "cyd"];
const IDS: [&str; 6] = ["1", "2", "3", "4", "5", "6"];
const TOPICS: [&str; 3] = ["t", "u", "v"];

#[derive(Clone, PartialEq, Debug)]
struct Plain {
    space: Space,
    id: &'static str,
    owner: &'static str,
    topics: Vec<&'static str>,
    expires: u64,
    answered_by: Option<&'static str>,
    candidates: Vec<(Role, &'static str)>,
}

#[derive(Clone, Default)]
struct Model {
    now: u64,
    offers: Vec<Plain>,
}

impl Model {
    fn find(&mut self, space: Space, id: &str) -> Option<&mut Plain> {
        self.offers.iter_mut().find(|offer| offer.space == space && offer.id == id)
    }

    fn wait(&mut self, millis: u64) {
        self.now += millis;
        self.offers.retain(|offer| offer.expires > self.now);
    }

    /// What the step should be answered, when it is refused.
    fn step(&mut self, step: &Step) -> Option<Refusal> {
        match *step {
            Step::Publish { space, id, owner, ref topics, ttl } => {
                let (id, owner) = (IDS[id], OWNERS[owner]);
                let topics = named(topics);
                let expires = self.now + ttl;
                if let Some(kept) = self.find(space, id) {
                    if space != Space::Offers || kept.owner != owner || kept.topics != topics {
                        return Some(Refusal::IdTaken);
                    }
                    kept.expires = expires;
                    // Seen just now: the newest.
                    let at = self.offers.iter().position(|offer| offer.space == space && offer.id == id)?;
                    let refreshed = self.offers.remove(at);
                    self.offers.push(refreshed);
                    return None;
                }
                let own = self.offers.iter().filter(|offer| offer.space == space && offer.owner == owner).count();
                if space != Space::Sessions && own == LIMITS.per_owner {
                    return Some(Refusal::TooManyOffers);
                }
                if self.offers.len() == LIMITS.offers {
                    return Some(Refusal::Full);
                }
                let (answered_by, candidates) = (None, Vec::new());
                self.offers.push(Plain { space, id, owner, topics, expires, answered_by, candidates });
            }
            Step::Answer { space, id, by } => {
                let now = self.now;
                let Some(offer) = self.find(space, IDS[id]) else { return Some(Refusal::NotFound) };
                if offer.answered_by.is_some() && space != Space::Sessions {
                    return Some(Refusal::Answered);
                }
                offer.answered_by = Some(OWNERS[by]);
                if space == Space::Tags {
                    offer.expires = now + 30_000;
                }
            }
            Step::Trickle { space, id, by, count } => {
                let by = OWNERS[by];
                let Some(offer) = self.find(space, IDS[id]) else { return Some(Refusal::NotFound) };
                let role = match space {
                    _ if offer.owner == by => Role::Offerer,
                    _ if offer.answered_by == Some(by) => Role::Answerer,
                    Space::Services | Space::Tags => Role::Answerer,
                    _ => return Some(Refusal::NotYours),
                };
                offer.candidates.extend(std::iter::repeat_n((role, by), count));
            }
            Step::Remove { space, id, owner } => {
                let at = |offer: &Plain| (offer.space, offer.id, offer.owner) == (space, IDS[id], OWNERS[owner]);
                let Some(at) = self.offers.iter().position(at) else { return Some(Refusal::NotFound) };
                self.offers.remove(at);
            }
            Step::Retag { owner, ref topics } => {
                for offer in &mut self.offers {
                    if offer.space == Space::Tags && offer.owner == OWNERS[owner] {
                        offer.topics = named(topics);
                    }
                }
            }
            Step::Wait(millis) => self.wait(millis),
            Step::Commit | Step::Fail => {}
        }
        None
    }

    fn listed(&self, space: Space, topic: &str) -> Vec<&Plain> {
        let free = |offer: &&Plain| offer.answered_by.is_none() || space == Space::Offers;
        let here = |offer: &&Plain| offer.space == space && offer.topics.contains(&topic);
        self.offers.iter().rev().filter(here).filter(free).collect()
    }
}

fn named(topics: &[usize]) -> Vec<&'static str> {
    let mut topics: Vec<_> = topics.iter().map(|topic| TOPICS[*topic]).collect();
    topics.sort_unstable();
    topics.dedup();
    topics
}

fn apply(book: &Book, now: Timestamp, step: &Step) -> Option<Refusal> {
    let key = |space, id: usize| Key::new(space, IDS[id]);
    match *step {
        Step::Publish { space, id, owner, ref topics, ttl } => {
            let new = NewOffer {
                ttl: std::time::Duration::from_millis(ttl),
                ..offer(space, IDS[id], OWNERS[owner], &topics.iter().map(|topic| TOPICS[*topic]).collect::<Vec<_>>())
            };
            publish(book, now, new).err()
        }
        Step::Answer { space, id, by } => book.answer(now, key(space, id), answer(OWNERS[by])).err(),
        Step::Trickle { space, id, by, count } => {
            let candidates = vec!["{}".into(); count];
            book.trickle(now, key(space, id), From::Party(OWNERS[by]), candidates).err()
        }
        Step::Remove { space, id, owner } => book.remove(now, space, IDS[id], OWNERS[owner]).err(),
        Step::Retag { owner, ref topics } => {
            let topics = topics.iter().map(|topic| TOPICS[*topic].into()).collect();
            book.retag(now, Space::Tags, OWNERS[owner], topics).err()
        }
        Step::Wait(_) | Step::Commit | Step::Fail => None,
    }
}

fn assert_agrees(book: &Book, now: Timestamp, model: &Model) {
    let page = Page { offset: 0, limit: 100 };
    for space in Space::ALL {
        let count = model.offers.iter().filter(|offer| offer.space == space).count();
        assert_eq!(book.stock(now).offers[space as usize], count);
        for topic in TOPICS {
            let listed = model.listed(space, topic);
            let expected: Vec<_> = listed.iter().map(|offer| offer.id).collect();
            let found = book.newest(now, space, "", topic, 100);
            assert_eq!(found.iter().map(|offer| &*offer.id).collect::<Vec<_>>(), expected, "{space:?} {topic}");
            if space == Space::Tags {
                assert_eq!(book.tagged(now, topic, false), expected.len());
                let any = book.any_with_tags(now, &[topic.into()], Some("ann"));
                let others = listed.iter().filter(|offer| offer.owner != "ann").count();
                assert_eq!(any.is_some(), others > 0);
                assert!(any.is_none_or(|offer| &*offer.owner != "ann" && expected.contains(&&*offer.id)));
            }
        }
        let names = TOPICS.map(|topic| (topic.to_owned(), model.listed(space, topic).len()));
        let names: Vec<_> = names.into_iter().filter(|(_, offers)| *offers > 0).collect();
        let topics = book.topics(now, space, "", page).topics;
        assert_eq!(topics.iter().map(|(name, count)| (name.to_string(), *count)).collect::<Vec<_>>(), names);
        for owner in OWNERS.iter().filter(|_| space != Space::Sessions) {
            let hers = |offer: &&Plain| offer.space == space && offer.owner == *owner;
            let own: Vec<_> = model.offers.iter().rev().filter(hers).collect();
            let found = book.owned(now, space, owner);
            let ids: Vec<_> = found.iter().map(|offer| &*offer.id).collect();
            assert_eq!(ids, own.iter().map(|offer| offer.id).collect::<Vec<_>>());
            for (offer, plain) in found.iter().zip(&own) {
                let candidates: Vec<_> = offer.candidates.iter().map(|one| (one.role, one.by.to_string())).collect();
                let expected: Vec<_> = plain.candidates.iter().map(|(role, by)| (*role, (*by).to_owned())).collect();
                assert_eq!(candidates, expected);
            }
        }
    }
    let tags: Vec<Text> = TOPICS.map(Into::into).to_vec();
    let all: Vec<_> = book.with_tags(now, &tags, None, page).iter().map(|offer| offer.id.to_string()).collect();
    let free = |offer: &&Plain| offer.space == Space::Tags && offer.answered_by.is_none() && !offer.topics.is_empty();
    assert_eq!(all, model.offers.iter().rev().filter(free).map(|offer| offer.id).collect::<Vec<_>>());
}

fn space() -> impl Strategy<Value = Space> {
    prop::sample::select(&Space::ALL[..])
}

fn topics() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..TOPICS.len(), 1..3)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (space(), 0..IDS.len(), 0..OWNERS.len(), topics(), 1..100_u64)
            .prop_map(|(space, id, owner, topics, ttl)| Step::Publish { space, id, owner, topics, ttl }),
        3 => (space(), 0..IDS.len(), 0..OWNERS.len()).prop_map(|(space, id, by)| Step::Answer { space, id, by }),
        2 => (space(), 0..IDS.len(), 0..OWNERS.len(), 1..4_usize)
            .prop_map(|(space, id, by, count)| Step::Trickle { space, id, by, count }),
        1 => (space(), 0..IDS.len(), 0..OWNERS.len())
            .prop_map(|(space, id, owner)| Step::Remove { space, id, owner }),
        1 => (0..OWNERS.len(), topics()).prop_map(|(owner, topics)| Step::Retag { owner, topics }),
        2 => (1..40_u64).prop_map(Step::Wait),
        2 => Just(Step::Commit),
        1 => Just(Step::Fail),
    ]
}

proptest! {
    #[test]
    fn the_book_agrees_with_a_plain_list(steps in prop::collection::vec(step(), 1..80)) {
        let (book, journal) = book(LIMITS);
        let mut model = Model::default();
        let mut durable = model.clone();
        for step in &steps {
            // Each step has its own millisecond, so that "newest" is the order of the list.
            model.wait(1);
            durable.wait(1);
            let now = after(model.now);
            let refused = apply(&book, now, step);
            let expected = model.step(step);
            match step {
                Step::Commit => {
                    journal.commit();
                    durable = model.clone();
                }
                Step::Fail => {
                    journal.fail(&book);
                    journal.repair();
                    model = durable.clone();
                }
                Step::Wait(millis) => durable.wait(*millis),
                _ => prop_assert_eq!(refused, expected, "{:?}", step),
            }
            assert_agrees(&book, after(model.now), &model);
        }
    }
}
