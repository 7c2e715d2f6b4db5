//! Two users on the RPC API with names: one publishes services of two offers each, the other answers them.

use std::collections::HashMap;
use std::net::SocketAddr;

use serde_json::{Value, json};

use super::ledger::{Ledger, Record};
use super::{Line, Told, Words};
use crate::support::rondevu::client::{User, refusal, result, text};
use crate::support::rondevu::now;

/// As many are published; after that they are only talked on.
const MOST: usize = 30;

pub struct Guest {
    words: Words,
    /// Who publishes, and who answers.
    users: [User; 2],
    claims: Ledger<Claim>,
    services: Ledger<Service>,
    /// Every service that ever was.
    names: Vec<String>,
    /// Of each offer that was acknowledged.
    sdps: HashMap<String, String>,
}

/// A name and the key that holds it.
#[derive(Clone, PartialEq, Debug)]
struct Claim {
    name: String,
    public_key: String,
}

#[derive(Clone, PartialEq, Debug)]
struct Service {
    fqn: String,
    id: String,
    expires: i64,
    /// Id and description of the first offer that is not answered: the others are shown to nobody.
    free: Option<(String, String)>,
    /// On those offers whose ids are known.
    talks: Vec<Talk>,
}

#[derive(Clone, PartialEq, Debug)]
struct Talk {
    offer: String,
    answer: Option<String>,
    candidates: [Vec<Value>; 2],
}

impl Record for Claim {
    fn key(&self) -> &str {
        &self.name
    }

    fn is_like(&self, other: &Self) -> bool {
        self == other
    }
}

impl Record for Service {
    fn key(&self) -> &str {
        &self.fqn
    }

    fn is_like(&self, other: &Self) -> bool {
        let sdp = |service: &Self| service.free.as_ref().map(|(_, sdp)| sdp.clone());
        // What was published without an acknowledgement has no ids yet.
        let is_new = self.id.is_empty() || other.id.is_empty();
        self.fqn == other.fqn && sdp(self) == sdp(other) && self.talks == other.talks && (is_new || self.id == other.id)
    }
}

impl Guest {
    pub async fn new(server: SocketAddr, mut words: Words) -> Self {
        let users = ["a", "b"].map(|side| User { server, name: format!("{}-{side}", words.name), key: words.key() });
        let mut claims = Ledger::new();
        for user in &users {
            // Any call claims the caller's name.
            user.done("poll", json!({})).await;
            claims.kept.push(Claim { name: user.name.clone(), public_key: user.key.public_base64() });
        }
        Self { words, users, claims, services: Ledger::new(), names: Vec::new(), sdps: HashMap::new() }
    }

    pub async fn act(&mut self, line: &mut Line) -> Told<()> {
        if self.words.percent(10) {
            return self.claim(line).await;
        }
        let known = self.services.kept.len();
        if known == 0 || (known < MOST && self.words.percent(30)) {
            let fqn = format!("{}:1.0.0@{}", self.words.fresh(), self.users[0].name);
            self.names.push(fqn.clone());
            return self.publish(line, fqn, None).await;
        }
        let place = self.words.below(known);
        let mut after = self.services.kept[place].clone();
        if after.talks.is_empty() || self.words.percent(10) {
            return self.publish(line, after.fqn, Some(place)).await;
        }
        if self.words.percent(5) {
            let told = line.call(&self.users[0].request("deleteService", json!({"serviceFqn": after.fqn}))).await;
            return self.services.change(place, None, told, |after, _| after);
        }
        if let Some((offer, _)) = after.free.clone().filter(|_| self.words.percent(40)) {
            let sdp = self.words.sdp();
            let told = line.call(&self.users[1].request("answerOffer", json!({"offerId": offer, "sdp": sdp}))).await;
            let talk = after.talks.iter_mut().find(|talk| talk.offer == offer);
            talk.expect("a free offer is known").answer = Some(sdp);
            let next = after.talks.iter().find(|talk| talk.answer.is_none());
            after.free = next.map(|next| (next.offer.clone(), self.sdps[&next.offer].clone()));
            return self.services.change(place, Some(after), told, |after, _| after);
        }
        let (talk, side, candidates) =
            (self.words.below(after.talks.len()), self.words.below(2), self.words.candidates());
        let params = json!({"offerId": after.talks[talk].offer, "candidates": candidates});
        let told = line.call(&self.users[side].request("addIceCandidates", params)).await;
        after.talks[talk].candidates[side].extend(candidates);
        self.services.change(place, Some(after), told, |after, _| after)
    }

    async fn claim(&mut self, line: &mut Line) -> Told<()> {
        let user = User { server: self.users[0].server, name: self.words.fresh(), key: self.words.key() };
        let key = user.key.public_base64();
        let message = format!("claim:{}:{}", user.name, now());
        let params = json!({"username": user.name, "publicKey": key});
        let told = line.call(&user.request_with(&message, "claimUsername", params)).await;
        self.claims.add(vec![Claim { name: user.name, public_key: key }], told, |new, _| new)
    }

    /// Publishes a service, in the place of that one.
    async fn publish(&mut self, line: &mut Line, fqn: String, place: Option<usize>) -> Told<()> {
        let sdps = [self.words.sdp(), self.words.sdp()];
        let offers = json!([{"sdp": sdps[0]}, {"sdp": sdps[1]}]);
        let params = json!({"serviceFqn": fqn, "offers": offers});
        let told = line.call(&self.users[0].request("publishService", params)).await;
        if let Told::Done(told) = &told {
            let offers = told["offers"].as_array().expect("a list").iter();
            self.sdps.extend(offers.map(|offer| text(&offer["offerId"])).zip(sdps.clone()));
        }
        let [first, _] = sdps;
        let new = Service { fqn, id: String::new(), expires: 0, free: Some((String::new(), first)), talks: Vec::new() };
        match place {
            None => {
                self.services.add(vec![new], told, |new, told| new.into_iter().map(|new| as_told(new, &told)).collect())
            }
            Some(place) => self.services.change(place, Some(new), told, |new, told| as_told(new, &told)),
        }
    }

    pub async fn check(&mut self, line: &mut Line) {
        let mut claims = Vec::new();
        for name in self.claims.keys() {
            let user = result(line.reply(&self.users[0].request("getUser", json!({"username": name}))).await);
            if user["available"] == false {
                claims.push(Claim { name, public_key: text(&user["publicKey"]) });
            }
        }
        self.claims.settle(claims);
        let news = result(line.reply(&self.users[0].request("poll", json!({}))).await);
        let mut seen = Vec::new();
        for fqn in &self.names {
            seen.extend(self.look(line, fqn, &news).await);
        }
        self.services.settle(seen);
    }

    async fn look(&self, line: &mut Line, fqn: &str, news: &Value) -> Option<Service> {
        let found = line.reply(&self.users[1].request("getService", json!({"serviceFqn": fqn}))).await;
        let known = self.services.kept.iter().find(|service| service.fqn == fqn);
        let (id, expires, free) = if found["success"] == true {
            let found = result(found);
            let free = (text(&found["offerId"]), text(&found["sdp"]));
            (text(&found["serviceId"]), found["expiresAt"].as_i64().expect("a time"), Some(free))
        } else {
            let why = refusal(&found);
            if why == "Service not found" {
                return None;
            }
            assert_eq!(why, "Service has no available offers");
            let known = known.expect("nobody has answered what nobody has published");
            (known.id.clone(), known.expires, None)
        };
        let mut talks = Vec::new();
        for talk in known.map_or(&[][..], |known| &known.talks) {
            talks.extend(self.listen(line, &talk.offer, news).await);
        }
        Some(Service { fqn: fqn.to_owned(), id, expires, free, talks })
    }

    /// What was said about an offer, while it is there.
    async fn listen(&self, line: &mut Line, offer: &str, news: &Value) -> Option<Talk> {
        let told = line.reply(&self.users[1].request("getIceCandidates", json!({"offerId": offer}))).await;
        if told["success"] == false {
            assert_eq!(refusal(&told), "Offer not found");
            return None;
        }
        let of = |list: &Value| -> Vec<Value> {
            list.as_array().into_iter().flatten().map(|one| one["candidate"].clone()).collect()
        };
        let answer = news["answers"].as_array().expect("a list").iter().find(|answer| answer["offerId"] == offer);
        assert!(answer.is_none_or(|answer| answer["answererId"] == self.users[1].name.as_str()));
        let candidates = [of(&result(told)["candidates"]), of(&news["iceCandidates"][offer])];
        Some(Talk { offer: offer.to_owned(), answer: answer.map(|answer| text(&answer["sdp"])), candidates })
    }
}

/// What was published, as the server has acknowledged it.
fn as_told(new: Service, told: &Value) -> Service {
    let ids: Vec<_> = told["offers"].as_array().expect("a list").iter().map(|offer| text(&offer["offerId"])).collect();
    let talk = |offer: &String| Talk { offer: offer.clone(), answer: None, candidates: Default::default() };
    let expires = told["expiresAt"].as_i64().expect("a time");
    let free = new.free.map(|(_, sdp)| (ids[0].clone(), sdp));
    Service { fqn: new.fqn, id: text(&told["serviceId"]), expires, free, talks: ids.iter().map(talk).collect() }
}
