//! Members of topics that publish, and that speak to one another alone.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::{SETTINGS, assert_cut_everywhere, assert_forgotten, chance, cuts, seed};
use crate::support::presence::Presence;
use crate::support::proxy::{Cut, Proxy};
use crate::support::resumable::{Acknowledges, Resumable};
use crate::support::server::Server;

const GROUPS: usize = 6;
const MEMBERS: usize = 5;
/// Of each member.
const CUTS: usize = 10;
/// What a connection carries one way at most, in bytes.
const LIFETIME: u64 = 3_000;
const UNACKNOWLEDGED: usize = 60;
const PATIENCE: Duration = Duration::from_secs(120);

/// Everybody of a group is in both topics.
const TOPICS: [&str; 2] = ["plenum", "lobby"];

struct Speaker {
    client: Resumable,
    /// Its own.
    proxy: Arc<Proxy>,
    /// Of the whole group: all speak until all have suffered their cuts.
    proxies: Vec<Arc<Proxy>>,
    chance: StdRng,
    topics: [String; 2],
    presence: Presence,
    others: Vec<String>,
    published: u64,
    /// What was said to each alone.
    sent: HashMap<String, u64>,
    /// What each published, and what each said to this one alone.
    heard: HashMap<String, [u64; 2]>,
    /// What was published in each topic, as this one heard it.
    order: BTreeMap<String, Vec<(String, u64)>>,
    away: HashSet<(String, String)>,
    said_all: bool,
    heard_all: HashSet<String>,
}

impl Speaker {
    async fn enter(proxies: &[Arc<Proxy>], seed: u64, group: usize, member: usize) -> Self {
        let number = group * MEMBERS + member;
        let proxy = Arc::clone(&proxies[member]);
        let acknowledges =
            if number.is_multiple_of(2) { Acknowledges::WithPongs } else { Acknowledges::WithFrames(32) };
        let client = Resumable::enter(proxy.address, acknowledges).await;
        let presence = Presence::new(&client.id);
        Self {
            client,
            proxy,
            proxies: proxies.to_vec(),
            chance: chance(seed, number),
            topics: TOPICS.map(|topic| format!("{topic} {group}")),
            presence,
            others: Vec::new(),
            published: 0,
            sent: HashMap::new(),
            heard: HashMap::new(),
            order: BTreeMap::new(),
            away: HashSet::new(),
            said_all: false,
            heard_all: HashSet::new(),
        }
    }

    /// Joins, and hears of all that are there and of all that come.
    async fn join(&mut self) {
        for topic in &self.topics {
            self.client.say(&json!({"type": "join", "topic": topic, "info": {"of": self.client.id}})).await;
        }
        let complete = |presence: &Presence| {
            let mut topics = 0;
            presence.topics().all(|(_, roster)| {
                topics += 1;
                roster.peers.len() == MEMBERS - 1
            }) && topics == TOPICS.len()
        };
        while !complete(&self.presence) {
            let frame = self.client.hear().await;
            self.presence.listen(&frame).unwrap_or_else(|fault| panic!("{fault}"));
        }
        let (_, roster) = self.presence.topics().next().expect("a topic");
        let id = |peer: &Value| peer["clientId"].as_str().expect("an id").to_owned();
        self.others = roster.peers.iter().map(id).collect();
    }

    /// Until all have suffered their cuts, and this one has heard so.
    async fn speak(mut self) -> Self {
        let cuts = cuts(&mut self.chance, CUTS, LIFETIME);
        self.proxy.plan(cuts);
        self.client.drop_connection();
        while !(self.said_all && self.heard_all.len() == MEMBERS - 1 && self.client.unacknowledged() == 0) {
            let until = Instant::now() + Duration::from_millis(self.chance.random_range(40..160));
            while let Some(frame) = self.client.hear_until(until).await {
                self.hear(&frame);
            }
            if self.said_all || self.client.unacknowledged() >= UNACKNOWLEDGED {
                continue;
            }
            if self.chance.random_bool(0.3) {
                self.tell().await;
            } else {
                self.publish().await;
            }
        }
        self
    }

    async fn publish(&mut self) {
        self.published += 1;
        self.said_all = self.proxies.iter().all(|proxy| proxy.done().len() == CUTS);
        let topic = &self.topics[usize::from(self.chance.random_bool(0.5))];
        let fill = "x".repeat(self.chance.random_range(0..400));
        let data = json!({"number": self.published, "last": self.said_all, "fill": fill});
        self.client.say(&json!({"type": "publish", "topic": topic, "data": data})).await;
    }

    /// One of the others alone.
    async fn tell(&mut self) {
        let to = self.others[self.chance.random_range(0..self.others.len())].clone();
        let number = self.sent.entry(to.clone()).or_default();
        *number += 1;
        let frame = match *number % 2 {
            0 => json!({"type": "send", "to": to, "topic": self.topics[0], "data": {"alone": *number}}),
            _ => json!({"type": "ice", "to": to, "candidate": {"alone": *number}}),
        };
        self.client.say(&frame).await;
    }

    fn hear(&mut self, frame: &Value) {
        self.presence.listen(frame).unwrap_or_else(|fault| panic!("{fault}"));
        let text = |name: &str| frame[name].as_str().unwrap_or_else(|| panic!("no {name} in {frame}")).to_owned();
        match frame["type"].as_str().expect("a type") {
            "peer-away" => assert!(self.away.insert((text("topic"), text("clientId"))), "away twice: {frame}"),
            "peer-back" => assert!(self.away.remove(&(text("topic"), text("clientId"))), "back from nowhere: {frame}"),
            "message" if frame["data"]["number"].is_u64() => {
                let (from, number) = (text("from"), frame["data"]["number"].as_u64().expect("a number"));
                let [published, _] = self.heard.entry(from.clone()).or_default();
                *published += 1;
                assert_eq!(number, *published, "{} from {from}", self.client.id);
                assert!(!self.heard_all.contains(&from), "something behind the last message: {frame}");
                if frame["data"]["last"] == true {
                    self.heard_all.insert(from.clone());
                }
                self.order.entry(text("topic")).or_default().push((from, number));
            }
            "message" | "ice" => {
                let data = if frame["type"] == "ice" { &frame["candidate"] } else { &frame["data"] };
                let [_, alone] = self.heard.entry(text("from")).or_default();
                *alone += 1;
                assert_eq!(data["alone"], *alone, "{} hears {frame}", self.client.id);
            }
            _ => panic!("{} hears {frame}", self.client.id),
        }
    }
}

/// What two members heard of what others published in a topic: the same, in the same order.
fn assert_same_order(group: &[Speaker]) {
    for topic in group[0].order.keys() {
        for (index, one) in group.iter().enumerate() {
            for other in &group[index + 1..] {
                let of_others = |speaker: &Speaker| -> Vec<_> {
                    let heard = speaker.order[topic].iter();
                    heard.filter(|(from, _)| *from != one.client.id && *from != other.client.id).cloned().collect()
                };
                assert_eq!(of_others(one), of_others(other), "{topic}");
            }
        }
    }
}

fn assert_all_heard(group: &[Speaker]) {
    for from in group {
        for to in group.iter().filter(|to| to.client.id != from.client.id) {
            let alone = from.sent.get(&to.client.id).copied().unwrap_or_default();
            let [published, told] = to.heard[&from.client.id];
            assert_eq!((published, told), (from.published, alone));
        }
    }
}

#[tokio::test]
async fn members_hear_everything_once_in_one_order_whoever_is_cut() {
    let seed = seed();
    let server = Server::with(&SETTINGS).await;
    let mut groups = Vec::new();
    for number in 0..GROUPS {
        let (mut proxies, mut group) = (Vec::new(), Vec::new());
        for _ in 0..MEMBERS {
            proxies.push(Arc::new(Proxy::to(server.address).await));
        }
        for member in 0..MEMBERS {
            group.push(Speaker::enter(&proxies, seed, number, member).await);
        }
        let joining: JoinSet<Speaker> = group
            .into_iter()
            .map(|mut speaker| async move {
                speaker.join().await;
                speaker
            })
            .collect();
        groups.push(joining.join_all().await);
    }
    let before = server.resident_bytes();

    let begun = Instant::now();
    let mut speaking = JoinSet::new();
    for group in groups {
        speaking.spawn(async move {
            let speaking: JoinSet<Speaker> = group.into_iter().map(Speaker::speak).collect();
            speaking.join_all().await
        });
    }
    let groups = timeout(PATIENCE, speaking.join_all()).await.expect("everybody comes to an end");
    let speakers: Vec<&Speaker> = groups.iter().flatten().collect();
    let done: Vec<Cut> = speakers.iter().flat_map(|speaker| speaker.proxy.done()).collect();
    let clients: Vec<_> = speakers.iter().map(|speaker| &speaker.client).collect();
    assert_cut_everywhere(&done, GROUPS * MEMBERS * CUTS, &clients);
    let messages: u64 = speakers.iter().map(|speaker| speaker.published).sum();
    println!("{messages} messages to {} others each in {:?}", MEMBERS - 1, begun.elapsed());
    for group in &groups {
        assert_all_heard(group);
        assert_same_order(group);
    }
    drop(groups);
    assert_forgotten(&server, before).await;
}
