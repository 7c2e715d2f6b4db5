//! Many clients at once that come, go, speak and are cut. What each of them knows in the end is what the server knows.
//! Step by step, and without sockets, `tests/puppets/rooms.rs` shows the same.

use std::collections::BTreeMap;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::support::PATIENCE;
use crate::support::chat::assert_unharmed;
use crate::support::presence::Presence;
use crate::support::room::{Member, census, ids};
use crate::support::server::Server;

const CLIENTS: u64 = 24;
const ACTIONS: usize = 120;
const TOPICS: [&str; 4] = ["a", "b", "\u{1f44b}", "\""];
const ORIGINS: [&str; 2] = ["https://a.example", "https://b.example"];

/// A client that does as chance will have it, and what it knows.
struct Visitor {
    origin: &'static str,
    member: Member,
    presence: Presence,
}

impl Visitor {
    async fn enter(server: &Server, origin: &'static str) -> Self {
        let member = Member::from_page(server, origin).await;
        let presence = Presence::new(&member.id);
        Self { origin, member, presence }
    }

    async fn listen(&mut self) {
        for frame in self.member.heard().await {
            self.presence.listen(&frame).unwrap_or_else(|fault| panic!("{}: {fault}", self.member.id));
        }
    }

    fn is_in(&self, topic: &str) -> bool {
        self.presence.topics().any(|(known, _)| known == topic)
    }

    /// One of the others that it knows of.
    fn acquaintance(&self, chance: &mut StdRng) -> Option<String> {
        let known: Vec<&Value> = self.presence.topics().flat_map(|(_, roster)| &roster.peers).collect();
        let chosen = (!known.is_empty()).then(|| known[chance.random_range(0..known.len())])?;
        chosen["clientId"].as_str().map(str::to_owned)
    }
}

/// What a visitor does between coming and the end.
async fn visit(server: &Server, seed: u64) -> Visitor {
    let mut chance = StdRng::seed_from_u64(seed);
    let origin = ORIGINS[seed as usize % ORIGINS.len()];
    let mut visitor = Visitor::enter(server, origin).await;
    for number in 0..ACTIONS {
        let topic = TOPICS[chance.random_range(0..TOPICS.len())];
        let say = match chance.random_range(0..20) {
            0..7 => json!({"type": "join", "topic": topic, "info": number}),
            7..11 => json!({"type": "leave", "topic": topic}),
            11..16 => json!({"type": "publish", "topic": topic, "data": number}),
            16 => json!({"type": "peers", "topic": topic, "limit": chance.random_range(1..5)}),
            17..19 => match visitor.acquaintance(&mut chance) {
                Some(to) => json!({"type": "offer", "to": to, "sdp": number}),
                None => continue,
            },
            _ => {
                let successor = Visitor::enter(server, origin).await;
                let predecessor = std::mem::replace(&mut visitor, successor);
                if chance.random() {
                    predecessor.member.terminate().await;
                } else {
                    predecessor.member.close(1000, "").await;
                }
                continue;
            }
        };
        visitor.member.send(say).await;
        if chance.random() {
            visitor.listen().await;
        }
    }
    visitor.listen().await;
    visitor
}

/// The members that there are, by origin and topic, as each of them knows of itself.
fn rooms(visitors: &[Visitor]) -> BTreeMap<(&str, String), Vec<&str>> {
    let mut rooms: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for visitor in visitors {
        for (topic, _) in visitor.presence.topics() {
            rooms.entry((visitor.origin, topic.to_owned())).or_default().push(&*visitor.member.id);
        }
    }
    rooms
}

/// Waits until the server has noticed all who are gone.
async fn quiescence(server: &Server, topics: usize, members: usize) {
    let begun = Instant::now();
    while census(server).await != (topics as f64, members as f64) {
        assert!(begun.elapsed() < PATIENCE, "{topics} topics, {members} members; not {:?}", census(server).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_crowd_does_everybody_knows_exactly_who_is_there() {
    let server = std::sync::Arc::new(Server::with(&[("MAX_MSG_PER_SECOND", "0"), ("MAX_BYTES_PER_SECOND", "0")]).await);
    let mut visits = JoinSet::new();
    for seed in 0..CLIENTS {
        let server = server.clone();
        visits.spawn(async move { visit(&server, seed).await });
    }
    let mut visitors = visits.join_all().await;
    let (topics, members) = (rooms(&visitors).len(), rooms(&visitors).values().map(Vec::len).sum());
    quiescence(&server, topics, members).await;
    for visitor in &mut visitors {
        visitor.listen().await;
    }
    let mut orders: BTreeMap<(&str, String), Vec<String>> = BTreeMap::new();
    for visitor in &mut visitors {
        for topic in TOPICS {
            if visitor.is_in(topic) {
                // The server's own list says the same, in the same order.
                let page = visitor.member.peers(topic).await;
                visitor.presence.listen(&page).unwrap();
                let mut order: Vec<String> = ids(&page).into_iter().map(str::to_owned).collect();
                let before = page["peers"].as_array().unwrap().iter().filter(|peer| peer["initiator"] == true).count();
                order.insert(before, visitor.member.id.clone());
                let known = orders.entry((visitor.origin, topic.to_owned())).or_insert_with(|| order.clone());
                assert_eq!(*known, order, "all members of {topic} agree who came when");
            }
        }
    }
    for (room, mut members) in rooms(&visitors) {
        let mut order: Vec<&str> = orders[&room].iter().map(String::as_str).collect();
        order.sort_unstable();
        members.sort_unstable();
        assert_eq!(members, order, "in {room:?}");
    }
    let listed = ORIGINS.map(|origin| {
        let own = rooms(&visitors).into_iter().filter(move |((of, _), _)| *of == origin);
        own.map(|((_, topic), members)| (topic, members.len() as u64)).collect::<Vec<_>>()
    });
    for visitor in &mut visitors {
        let own = ORIGINS.iter().position(|origin| *origin == visitor.origin).unwrap();
        assert_eq!(visitor.member.topics().await, listed[own]);
    }
    for visitor in visitors {
        visitor.member.terminate().await;
    }
    quiescence(&server, 0, 0).await;
    assert_unharmed(&server).await;
}
