//! Two peers on the offers API: one publishes, the other answers.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::ledger::{Ledger, Record};
use super::{Line, Told, Words};
use crate::support::rondevu::client::{OfferPeer, text};

/// As many are published; after that they are only talked on.
const MOST: usize = 60;

pub struct Guest {
    words: Words,
    /// Who publishes, and who answers: their ids and how they prove it.
    peers: [(String, String); 2],
    offers: Ledger<Offer>,
}

#[derive(Clone, PartialEq, Debug)]
struct Offer {
    id: String,
    sdp: String,
    /// Sorted.
    topics: Vec<String>,
    secret: Option<String>,
    info: Option<String>,
    expires: i64,
    answer: Option<Answer>,
    /// Of the publisher and of the answerer. Nobody is told of them before there is an answer.
    candidates: [Vec<Value>; 2],
}

#[derive(Clone, PartialEq, Debug)]
struct Answer {
    sdp: String,
    at: i64,
}

impl Record for Offer {
    fn key(&self) -> &str {
        &self.id
    }

    fn is_like(&self, other: &Self) -> bool {
        let answer =
            other.answer.clone().map(|answer| Answer { at: self.answer.as_ref().map_or(0, |own| own.at), ..answer });
        *self == Self { id: self.id.clone(), expires: self.expires, answer, ..other.clone() }
    }
}

impl Guest {
    pub async fn new(server: SocketAddr, words: Words) -> Self {
        let mut peers = Vec::new();
        for _ in 0..2 {
            let OfferPeer { id, secret, .. } = OfferPeer::register(server).await;
            peers.push((id.clone(), format!("Bearer {id}:{secret}")));
        }
        Self { words, peers: peers.try_into().expect("two"), offers: Ledger::new() }
    }

    pub async fn act(&mut self, line: &mut Line) -> Told<()> {
        let known = self.offers.kept.len();
        if known == 0 || (known < MOST && self.words.percent(30)) {
            return self.publish(line).await;
        }
        let place = self.words.below(known);
        let mut after = self.offers.kept[place].clone();
        let path = format!("/offers/{}", after.id);
        if self.words.percent(10) {
            let told = line.change("DELETE", &path, &self.proof(0), &json!({})).await;
            return self.offers.change(place, None, told, |after, _| after);
        }
        if after.answer.is_none() {
            let sdp = self.words.sdp();
            let body = json!({"sdp": sdp, "secret": after.secret});
            let body = if after.secret.is_none() { json!({"sdp": sdp}) } else { body };
            let told = line.change("POST", &format!("{path}/answer"), &self.proof(1), &body).await;
            after.answer = Some(Answer { sdp, at: 0 });
            return self.offers.change(place, Some(after), told, |mut after, told| {
                after.answer.as_mut().expect("answered").at = told["answeredAt"].as_i64().expect("a time");
                after
            });
        }
        let (side, candidates) = (self.words.below(2), self.words.candidates());
        let body = json!({"candidates": candidates});
        let told = line.change("POST", &format!("{path}/ice-candidates"), &self.proof(side), &body).await;
        after.candidates[side].extend(candidates);
        self.offers.change(place, Some(after), told, |after, _| after)
    }

    async fn publish(&mut self, line: &mut Line) -> Told<()> {
        let new: Vec<_> = (0..=self.words.below(4)).map(|_| self.new_offer()).collect();
        let offers: Vec<_> = new
            .iter()
            .map(|offer| {
                let mut body = json!({"sdp": offer.sdp, "topics": offer.topics});
                for (name, text) in [("secret", &offer.secret), ("info", &offer.info)] {
                    if let Some(text) = text {
                        body[name] = json!(text);
                    }
                }
                body
            })
            .collect();
        let told = line.change("POST", "/offers", &self.proof(0), &json!({"offers": offers})).await;
        self.offers.add(new, told, |mut new, told| {
            for (offer, told) in new.iter_mut().zip(told["offers"].as_array().expect("a list")) {
                offer.id = text(&told["id"]);
                offer.expires = told["expiresAt"].as_i64().expect("a time");
            }
            new
        })
    }

    fn new_offer(&mut self) -> Offer {
        let mut topics = vec![self.words.name.clone(), "everybody".to_owned(), self.words.fresh()];
        topics.sort();
        let secret = self.words.percent(30).then(|| self.words.fresh());
        let info = self.words.percent(30).then(|| self.words.fresh());
        let sdp = self.words.sdp();
        Offer { id: String::new(), sdp, topics, secret, info, expires: 0, answer: None, candidates: Default::default() }
    }

    pub async fn check(&mut self, line: &mut Line) {
        let mine = line.hear("GET", "/offers/mine", &self.proof(0), "").await.json()["offers"].take();
        let answers = line.hear("GET", "/offers/answers", &self.proof(0), "").await.json()["answers"].take();
        let (mine, answers) = (mine.as_array().expect("a list"), answers.as_array().expect("a list"));
        let mut seen = Vec::new();
        for offer in mine {
            let given = answers.iter().find(|answer| answer["offerId"] == offer["id"]);
            assert_eq!(given.map_or(&Value::Null, |given| &given["answeredAt"]), &offer["answeredAt"]);
            seen.push(self.look(line, offer, given).await);
        }
        let answered = seen.iter().filter(|offer| offer.answer.is_some()).count();
        assert_eq!(answered, answers.len(), "there are answers to offers that are not there: {answers:?}");
        self.offers.settle(seen);
    }

    async fn look(&self, line: &mut Line, offer: &Value, given: Option<&Value>) -> Offer {
        let optional = |name: &str| offer[name].as_str().map(str::to_owned);
        let time = |value: &Value| value.as_i64().expect("a time");
        let mut candidates = [Vec::new(), Vec::new()];
        if let Some(given) = given {
            assert_eq!(given["answererId"], self.peers[1].0.as_str());
            for (side, of_side) in candidates.iter_mut().enumerate() {
                let path = format!("/offers/{}/ice-candidates", text(&offer["id"]));
                // Each side is told of the other one's.
                let other = line.hear("GET", &path, &self.proof(1 - side), "").await.json()["candidates"].take();
                let own = |one: &Value| one["peerId"] == self.peers[side].0.as_str();
                assert!(other.as_array().expect("a list").iter().all(own), "{other}");
                *of_side = other.as_array().expect("a list").iter().map(|one| one["candidate"].clone()).collect();
            }
        }
        let topics = offer["topics"].as_array().expect("a list").iter().map(text).collect();
        let answer = given.map(|given| Answer { sdp: text(&given["sdp"]), at: time(&given["answeredAt"]) });
        Offer {
            id: text(&offer["id"]),
            sdp: text(&offer["sdp"]),
            topics,
            secret: optional("secret"),
            info: optional("info"),
            expires: time(&offer["expiresAt"]),
            answer,
            candidates,
        }
    }

    fn proof(&self, peer: usize) -> [(&'static str, &str); 1] {
        [("Authorization", &self.peers[peer].1)]
    }
}
