//! Two keys on the RPC API with tags: one publishes, the other answers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::ledger::{Ledger, Record};
use super::{Line, Told, UNAVAILABLE, Words};
use crate::support::rondevu::client::{Tagger, result, text};

/// As many are published, so that one page shows them; after that they are only talked on.
const MOST: usize = 60;

/// As many of the latest requests are sent once more.
const REPLAYED: usize = 4;

/// A request is not too old for the server yet.
const FRESH: Duration = Duration::from_secs(50);

pub struct Guest {
    words: Words,
    /// Who publishes, and who answers.
    keys: [Tagger; 2],
    offers: Ledger<Offer>,
    /// Requests that were acknowledged.
    spent: Vec<(Instant, Value)>,
}

#[derive(Clone, PartialEq, Debug)]
struct Offer {
    id: String,
    sdp: String,
    /// Sorted.
    tags: Vec<String>,
    created: i64,
    expires: i64,
    /// Description and matched tags.
    answer: Option<(String, Value)>,
    /// Of the publisher and of the answerer. Nobody is told of the former before there is an answer.
    candidates: [Vec<Value>; 2],
}

impl Record for Offer {
    fn key(&self) -> &str {
        &self.id
    }

    fn is_like(&self, other: &Self) -> bool {
        *self == Self { id: self.id.clone(), created: self.created, expires: self.expires, ..other.clone() }
    }
}

impl Guest {
    pub fn new(server: SocketAddr, mut words: Words) -> Self {
        let keys = [words.key(), words.key()].map(|key| Tagger { server, key });
        Self { words, keys, offers: Ledger::new(), spent: Vec::new() }
    }

    pub async fn act(&mut self, line: &mut Line) -> Told<()> {
        let known = self.offers.kept.len();
        if known == 0 || (known < MOST && self.words.percent(30)) {
            return self.publish(line).await;
        }
        let place = self.words.below(known);
        let mut after = self.offers.kept[place].clone();
        if self.words.percent(10) {
            let told = self.call(line, 0, "deleteOffer", json!({"offerId": after.id})).await;
            return self.offers.change(place, None, told, |after, _| after);
        }
        if after.answer.is_none() {
            let sdp = self.words.sdp();
            let mut params = json!({"offerId": after.id, "sdp": sdp});
            let matched = if self.words.percent(50) { json!([self.words.name]) } else { Value::Null };
            if !matched.is_null() {
                params["matchedTags"] = matched.clone();
            }
            let told = self.call(line, 1, "answerOffer", params).await;
            after.answer = Some((sdp, matched));
            return self.offers.change(place, Some(after), told, |after, _| after);
        }
        let (side, candidates) = (self.words.below(2), self.words.candidates());
        let params = json!({"offerId": after.id, "candidates": candidates});
        let told = self.call(line, side, "addIceCandidates", params).await;
        after.candidates[side].extend(candidates);
        self.offers.change(place, Some(after), told, |after, _| after)
    }

    async fn publish(&mut self, line: &mut Line) -> Told<()> {
        let mut tags = vec![self.words.name.clone(), "everybody".to_owned(), self.words.fresh()];
        tags.sort();
        let sdps: Vec<_> = (0..=self.words.below(3)).map(|_| self.words.sdp()).collect();
        let offers: Vec<_> = sdps.iter().map(|sdp| json!({"sdp": sdp})).collect();
        let told = self.call(line, 0, "publishOffer", json!({"tags": tags, "offers": offers})).await;
        let new = sdps.into_iter().map(|sdp| Offer {
            id: String::new(),
            sdp,
            tags: tags.clone(),
            created: 0,
            expires: 0,
            answer: None,
            candidates: Default::default(),
        });
        self.offers.add(new.collect(), told, |mut new, told| {
            for (offer, told) in new.iter_mut().zip(told["offers"].as_array().expect("a list")) {
                offer.id = text(&told["offerId"]);
                (offer.created, offer.expires) = times(told);
            }
            new
        })
    }

    async fn call(&mut self, line: &mut Line, key: usize, method: &str, params: Value) -> Told<Value> {
        let request = json!([self.keys[key].request(method, params)]);
        let told = line.call(&request).await;
        if let Told::Done(_) = told {
            self.spent.push((Instant::now(), request));
        }
        told
    }

    pub async fn check(&mut self, line: &mut Line) {
        let page = json!({"tags": [self.words.name], "limit": 100});
        let free = result(line.reply(&json!([{"method": "discover", "params": page}])).await)["offers"].take();
        let free = free.as_array().expect("a list").iter().map(|offer| {
            let (created, expires) = times(offer);
            assert_eq!(offer["publicKey"], self.keys[0].key.public_hex());
            let tags = offer["tags"].as_array().expect("a list").iter().map(text).collect();
            let (id, sdp) = (text(&offer["offerId"]), text(&offer["sdp"]));
            Offer { id, sdp, tags, created, expires, answer: None, candidates: Default::default() }
        });
        let mut seen: Vec<_> = free.collect();
        let mut polled = Vec::new();
        for key in &self.keys {
            polled.push(result(line.reply(&json!([key.request("poll", json!({}))])).await));
        }
        for answer in polled[0]["answers"].as_array().expect("a list") {
            let id = text(&answer["offerId"]);
            assert_eq!(answer["answererPublicKey"], self.keys[1].key.public_hex());
            let known = self.offers.kept.iter().find(|offer| offer.id == id).expect("nobody answers what nobody knows");
            // Each side is told of the other one's.
            let candidates = [&polled[1], &polled[0]].map(|polled| {
                let list = polled["iceCandidates"][&id].as_array();
                list.into_iter().flatten().map(|one| one["candidate"].clone()).collect()
            });
            let answer = Some((text(&answer["sdp"]), answer["matchedTags"].clone()));
            seen.push(Offer { answer, candidates, ..known.clone() });
        }
        self.offers.settle(seen);
        self.replay(line).await;
    }

    /// What was acknowledged is not done again, whoever repeats it.
    async fn replay(&mut self, line: &mut Line) {
        let latest = self.spent.split_off(self.spent.len().saturating_sub(REPLAYED));
        self.spent.clear();
        for (_, request) in latest.iter().filter(|(sent, _)| sent.elapsed() < FRESH) {
            let mut reply = line.hear("POST", "/rpc", &[], &request.to_string()).await.json();
            let (error, code) = (reply[0]["error"].take(), reply[0]["errorCode"].take());
            let spent = error == "Nonce already used (replay attack detected)" && code == "INVALID_CREDENTIALS";
            assert!(spent || error == UNAVAILABLE, "a second {request} was answered {reply}, {error}, {code}");
        }
    }
}

fn times(offer: &Value) -> (i64, i64) {
    let time = |name: &str| offer[name].as_i64().expect("a time");
    (time("createdAt"), time("expiresAt"))
}
