//! Offers on the two wires that want to know whose they are: credentials that the server gives out, and signatures.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer, SigningKey};
use meetpoint_protocol::ClientId;
use serde::Deserialize;

use super::offers::{self, PER_TOPIC, Topic, Topics};
use crate::http::{Answer, Request};

/// Offers in one request: with the longest descriptions still below any limit of a body.
const BATCH: usize = 50;
/// Requests by one owner: a server permits 1,000 offers each.
const BATCHES_PER_OWNER: usize = 1_000 / BATCH;
/// Milliseconds that offers live: longer than any run.
const TTL_MS: u64 = 3_600_000;

/// An owner on the wire of topics.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    peer_id: String,
    secret: String,
}

impl Owner {
    /// Reads the answer to `POST /register`.
    pub fn parse(answer: &Answer<'_>) -> Option<Self> {
        serde_json::from_slice(answer.body).ok().filter(|_| answer.status == 200)
    }

    /// How many owners it takes to announce so many offers.
    pub fn needed(offers: usize) -> usize {
        batches(offers).div_ceil(BATCHES_PER_OWNER)
    }
}

/// Requests that announce so many offers, when their topics do not matter.
pub fn batches(offers: usize) -> usize {
    offers.div_ceil(BATCH)
}

/// What all announcements of a run have in common.
pub struct Publisher<'a> {
    pub authority: &'a str,
    pub topics: &'a Topics,
    /// Characters of a description.
    pub payload: usize,
}

impl<'a> Publisher<'a> {
    pub fn register(&self) -> Vec<u8> {
        Request::post("/register", self.authority, "", "{}").bytes().to_vec()
    }

    /// The requests that announce the offers `from..until` on the wire of topics.
    pub fn with_topics(&'a self, from: usize, until: usize, owners: &'a [Owner]) -> impl Iterator<Item = Vec<u8>> + 'a {
        let batches = (from..until).step_by(BATCH).map(move |first| first..until.min(first + BATCH));
        batches.enumerate().filter_map(move |(number, batch)| {
            let Owner { peer_id, secret } = owners.get(number / BATCHES_PER_OWNER)?;
            let offers: Vec<_> = batch
                .map(|index| {
                    let topic = self.topics.name(self.topics.of(index));
                    format!(r#"{{"sdp":{},"topics":["{topic}"],"ttl":{TTL_MS}}}"#, self.description(index))
                })
                .collect();
            let authorization = format!("Authorization: Bearer {peer_id}:{secret}\r\n");
            let body = format!(r#"{{"offers":[{}]}}"#, offers.join(","));
            Some(Request::post("/offers", self.authority, &authorization, &body).bytes().to_vec())
        })
    }

    /// The requests that announce the offers `from..until` on the wire of tags. All offers of a request have the same tag.
    pub fn with_tags(&'a self, from: usize, until: usize) -> impl Iterator<Item = Vec<u8>> + 'a {
        let mut first = from;
        let batches = std::iter::from_fn(move || {
            let topic = self.topics.of(first);
            let len = match topic {
                Topic::Near(_) => PER_TOPIC - first % PER_TOPIC,
                Topic::Far(_) => BATCH,
            };
            let batch = first..until.min(first + len);
            first = batch.end;
            (!batch.is_empty()).then_some((topic, batch))
        });
        batches.enumerate().map(move |(number, (topic, batch))| {
            let key = self.key(from, number / BATCHES_PER_OWNER);
            let offers: Vec<_> = batch.map(|index| format!(r#"{{"sdp":{}}}"#, self.description(index))).collect();
            // Keys in their order and no blanks: these are the bytes that are signed.
            let params =
                format!(r#"{{"offers":[{}],"tags":["{}"],"ttl":{TTL_MS}}}"#, offers.join(","), self.topics.name(topic));
            let auth = auth(&key, number as u64, "publishOffer", &params);
            let body = format!(r#"[{{"method":"publishOffer","params":{params},"auth":{auth}}}]"#);
            Request::post("/rpc", self.authority, "", &body).bytes().to_vec()
        })
    }

    fn description(&self, index: usize) -> String {
        let serial = offers::serial(index as u64);
        offers::description(self.payload, &String::from_utf8_lossy(&serial))
    }

    /// Not a secret: a key of this run, and of the `number`th thousand offers from `from`.
    fn key(&self, from: usize, number: usize) -> SigningKey {
        let mut seed = [0; 32];
        let name = self.topics.name(Topic::Far(0));
        let numbers = [(from as u64).to_le_bytes(), (number as u64).to_le_bytes()].concat();
        for (place, byte) in seed.iter_mut().zip(numbers.into_iter().chain(name.bytes())) {
            *place = byte;
        }
        SigningKey::from_bytes(&seed)
    }
}

/// The `auth` of a request: an Ed25519 signature over time, nonce, method and canonical parameters.
fn auth(key: &SigningKey, number: u64, method: &str, params: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let nonce = ClientId::from_random((u128::from(number) << 64 | now.as_nanos() & u128::from(u64::MAX)).to_be_bytes());
    let timestamp = now.as_millis();
    let signature = STANDARD.encode(key.sign(format!("{timestamp}:{nonce}:{method}:{params}").as_bytes()).to_bytes());
    let public_key: String = key.verifying_key().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!(r#"{{"publicKey":"{public_key}","timestamp":{timestamp},"nonce":"{nonce}","signature":"{signature}"}}"#)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use ed25519_dalek::{Signature, VerifyingKey};
    use serde_json::Value;

    use super::*;
    use crate::scenario::http::offers::NEAR;

    fn body(request: &[u8]) -> Value {
        let text = std::str::from_utf8(request).expect("UTF-8");
        serde_json::from_str(text.split_once("\r\n\r\n").expect("a head").1).expect("JSON")
    }

    /// How many offers stand in each topic, and the largest number that one owner announces.
    fn counted(found: impl Iterator<Item = (String, Vec<String>)>) -> (BTreeMap<String, usize>, usize) {
        let mut topics = BTreeMap::new();
        let mut owners = BTreeMap::<_, usize>::new();
        for (owner, names) in found {
            *owners.entry(owner).or_default() += names.len();
            names.into_iter().for_each(|name| *topics.entry(name).or_default() += 1);
        }
        (topics, owners.into_values().max().unwrap_or_default())
    }

    fn text(value: &Value) -> String {
        value.as_str().expect("text").to_owned()
    }

    #[test]
    fn all_offers_are_announced_ten_to_a_near_topic_and_at_most_a_thousand_by_one_owner() {
        let topics = Topics::new(7);
        let publisher = Publisher { authority: "h", topics: &topics, payload: 300 };
        let until = NEAR + 2_507;
        let owners: Vec<_> = (0..Owner::needed(until))
            .map(|number| Owner { peer_id: format!("p{number}"), secret: "s".into() })
            .collect();
        let by_topics = publisher.with_topics(0, until, &owners).map(|request| {
            let head = String::from_utf8_lossy(&request);
            let owner = head.lines().find_map(|line| line.strip_prefix("Authorization: Bearer ")).expect("an owner");
            let offers = body(&request)["offers"].as_array().expect("offers").clone();
            (owner.to_owned(), offers.iter().map(|offer| text(&offer["topics"][0])).collect())
        });
        let by_tags = publisher.with_tags(0, until).map(|request| {
            let call = &body(&request)[0];
            let offers = call["params"]["offers"].as_array().expect("offers").len();
            (text(&call["auth"]["publicKey"]), vec![text(&call["params"]["tags"][0]); offers])
        });
        for (found, most) in [counted(by_topics), counted(by_tags)] {
            assert_eq!(found.values().sum::<usize>(), until);
            assert!(topics.near().all(|near| found[&near] == PER_TOPIC), "{found:?}");
            assert!(topics.far().all(|far| found[&far] > 300), "{found:?}");
            assert!(most <= 1_000);
        }
    }

    #[test]
    fn a_population_that_grows_announces_only_what_is_new_under_new_keys() {
        let topics = Topics::new(2);
        let publisher = Publisher { authority: "h", topics: &topics, payload: 300 };
        let calls: Vec<_> =
            [(0, 333), (333, 340)].iter().flat_map(|&(from, until)| publisher.with_tags(from, until)).collect();
        let last = &body(calls.last().expect("a call"))[0];
        assert_eq!(last["params"]["offers"].as_array().map(Vec::len), Some(7));
        let owner = |request: &Vec<u8>| text(&body(request)[0]["auth"]["publicKey"]);
        assert!(owner(&calls[0]) != owner(&calls[calls.len() - 1]));
    }

    #[test]
    fn a_publication_is_signed_over_what_is_sent() {
        let topics = Topics::new(1);
        let publisher = Publisher { authority: "h", topics: &topics, payload: 300 };
        let request = publisher.with_tags(0, 3).next().expect("a request");
        let call = &body(&request)[0];
        let auth = &call["auth"];
        // serde_json writes keys in their order and without blanks, which for these keys is the canonical form.
        let signed = format!("{}:{}:publishOffer:{}", auth["timestamp"], text(&auth["nonce"]), call["params"]);
        let key = text(&auth["publicKey"]);
        let key: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&key[2 * at..2 * at + 2], 16).expect("hex")).collect();
        let key = VerifyingKey::from_bytes(key.as_slice().try_into().expect("32 bytes")).expect("a key");
        let signature = STANDARD.decode(text(&auth["signature"])).expect("base64");
        let signature = Signature::from_slice(&signature).expect("64 bytes");
        assert!(key.verify_strict(signed.as_bytes(), &signature).is_ok());
        assert!(ClientId::parse(&text(&auth["nonce"])).is_some());
    }
}
