//! What is told of offers, and to whom: borrowed from the records, with the original's keys in its order.

use std::{cmp::Reverse, collections::HashSet, sync::Arc};

use meetpoint_protocol::Timestamp;
use serde::{Serialize, Serializer, ser::Error};
use serde_json::value::RawValue;

use crate::core::book::{self, Offer, Peers, Text};

/// The longest list, in bytes of SDPs and topics: it ends before the offer that does not fit. The original's has no end.
const LONGEST: usize = 8 * 1024 * 1024;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Credentials<'a> {
    pub peer_id: &'a str,
    pub secret: &'a str,
}

#[derive(Serialize)]
pub(super) struct Deleted {
    pub deleted: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CandidatesAdded<'a> {
    pub offer_id: &'a str,
    pub candidates_added: usize,
}

/// To the peer that has published them.
#[derive(Serialize)]
pub(super) struct Published<'a> {
    offers: Vec<Kept<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kept<'a> {
    id: &'a str,
    peer_id: &'a str,
    topics: Topics<'a>,
    expires_at: Timestamp,
}

impl<'a> Published<'a> {
    /// `topics` are those of each offer, as they were sent.
    pub(super) fn new(offers: &'a [Arc<Offer>], topics: &'a [Vec<Text>]) -> Self {
        let offers = offers.iter().zip(topics).map(|(offer, topics)| Kept {
            id: &offer.id,
            peer_id: &offer.owner,
            topics: Topics(topics),
            expires_at: offer.expires,
        });
        Self { offers: offers.collect() }
    }
}

/// To everybody who looks for a topic.
#[derive(Serialize)]
pub(super) struct ByTopic<'a> {
    topic: &'a str,
    offers: Vec<Shown<'a>>,
    total: usize,
    returned: usize,
}

/// An offer as everybody may see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    peer_id: Option<&'a str>,
    sdp: &'a str,
    topics: Topics<'a>,
    expires_at: Timestamp,
    last_seen: Timestamp,
    has_secret: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    info: Option<&'a str>,
}

impl<'a> Shown<'a> {
    /// Where it is said once whose offers these are.
    fn without_peer(offer: &'a Offer) -> Self {
        Self {
            id: &offer.id,
            peer_id: None,
            sdp: &offer.sdp,
            topics: Topics(&offer.topics),
            expires_at: offer.expires,
            last_seen: offer.last_seen,
            has_secret: offer.secret.is_some(),
            info: offer.info.as_deref(),
        }
    }

    fn with_peer(offer: &'a Offer) -> Self {
        Self { peer_id: Some(&offer.owner), ..Self::without_peer(offer) }
    }
}

impl<'a> ByTopic<'a> {
    pub(super) fn new(topic: &'a str, peers: &'a Peers) -> Self {
        let offers: Vec<_> = fitting(&peers.offers).map(Shown::with_peer).collect();
        let returned = offers.len();
        Self { topic, offers, total: peers.offers_left + peers.peers_excluded, returned }
    }
}

/// To everybody who asks for a peer's offers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfPeer<'a> {
    peer_id: &'a str,
    offers: Vec<Shown<'a>>,
    topics: Vec<&'a str>,
}

impl<'a> OfPeer<'a> {
    pub(super) fn new(peer_id: &'a str, offers: &'a [Arc<Offer>]) -> Self {
        let mut said = HashSet::new();
        let topics = fitting(offers).flat_map(|offer| &*offer.topics).map(|topic| &**topic);
        let topics = topics.filter(|topic| said.insert(*topic)).collect();
        Self { peer_id, offers: fitting(offers).map(Shown::without_peer).collect(), topics }
    }
}

/// To the owner of the offers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mine<'a> {
    peer_id: &'a str,
    offers: Vec<Own<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Own<'a> {
    id: &'a str,
    sdp: &'a str,
    topics: Topics<'a>,
    created_at: Timestamp,
    expires_at: Timestamp,
    last_seen: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    info: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answerer_peer_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered_at: Option<Timestamp>,
}

impl<'a> Mine<'a> {
    pub(super) fn new(peer_id: &'a str, offers: &'a [Arc<Offer>]) -> Self {
        let offers = fitting(offers).map(|offer| Own {
            id: &offer.id,
            sdp: &offer.sdp,
            topics: Topics(&offer.topics),
            created_at: offer.created,
            expires_at: offer.expires,
            last_seen: offer.last_seen,
            secret: offer.secret.as_ref().map(|secret| &**secret.reveal()),
            info: offer.info.as_deref(),
            answerer_peer_id: offer.answer.as_ref().map(|answer| &*answer.by),
            answered_at: offer.answer.as_ref().map(|answer| answer.at),
        });
        Self { peer_id, offers: offers.collect() }
    }
}

/// To the owner of offers that were answered.
#[derive(Serialize)]
pub(super) struct Answers<'a> {
    answers: Vec<Given<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Given<'a> {
    offer_id: &'a str,
    answerer_id: &'a str,
    sdp: &'a str,
    answered_at: Timestamp,
    topics: Topics<'a>,
}

impl<'a> Answers<'a> {
    /// Those of `offers` that have one, the newest first.
    pub(super) fn new(offers: &'a [Arc<Offer>]) -> Self {
        let mut given: Vec<_> = offers.iter().filter_map(|offer| Some((&**offer, &**offer.answer.as_ref()?))).collect();
        given.sort_by_key(|(_, answer)| Reverse(answer.at));
        let answers = within_bounds(given, |(offer, answer)| length(&answer.sdp, &offer.topics));
        let answers = answers.map(|(offer, answer)| Given {
            offer_id: &offer.id,
            answerer_id: &answer.by,
            sdp: &answer.sdp,
            answered_at: answer.at,
            topics: Topics(&offer.topics),
        });
        Self { answers: answers.collect() }
    }
}

/// To the peer that has answered.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answered<'a> {
    pub offer_id: &'a str,
    pub answerer_id: &'a str,
    pub answered_at: Timestamp,
}

/// To one side of an offer: what the other has handed in.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OtherSide<'a> {
    pub offer_id: &'a str,
    pub candidates: Vec<Candidate<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate<'a> {
    candidate: Json<'a>,
    peer_id: &'a str,
    role: &'static str,
    created_at: Timestamp,
}

impl<'a> Candidate<'a> {
    pub(super) fn new(kept: &'a book::Candidate) -> Self {
        Self { candidate: Json(&kept.json), peer_id: &kept.by, role: kept.role.name(), created_at: kept.at }
    }
}

/// The first of the offers, as many as a list takes.
fn fitting(offers: &[Arc<Offer>]) -> impl Iterator<Item = &Offer> {
    within_bounds(offers, |offer| length(&offer.sdp, &offer.topics)).map(|offer| &**offer)
}

fn within_bounds<T>(all: impl IntoIterator<Item = T>, length: impl Fn(&T) -> usize) -> impl Iterator<Item = T> {
    let mut room = Some(LONGEST);
    all.into_iter().take_while(move |one| {
        room = room.and_then(|room| room.checked_sub(length(one)));
        room.is_some()
    })
}

fn length(sdp: &str, topics: &[Text]) -> usize {
    sdp.len() + topics.iter().map(|topic| topic.len()).sum::<usize>()
}

/// Topics in the order in which they are given.
struct Topics<'a>(&'a [Text]);

impl Serialize for Topics<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|topic| &**topic))
    }
}

/// JSON that goes out as it is kept.
struct Json<'a>(&'a str);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(self.0).map_err(S::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_before_what_does_not_fit() {
        for (lengths, fit) in [
            (vec![], 0),
            (vec![LONGEST], 1),
            (vec![LONGEST + 1], 0),
            (vec![LONGEST - 1, 1, 0, 1, 0], 3),
            (vec![1, LONGEST, 1], 1),
        ] {
            assert_eq!(within_bounds(&lengths, |length| **length).count(), fit, "{lengths:?}");
        }
    }
}
