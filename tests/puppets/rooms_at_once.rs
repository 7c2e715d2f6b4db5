//! The same from several threads at a time: whoever meets in a room at the same moment, nobody knows a ghost or misses anybody.

use std::{collections::BTreeMap, thread};

use meetpoint::{
    core::outbox::Bounds,
    dialects::{Ending, chat::RoomRules},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::json;

use crate::{
    cast::TOPICS,
    presence::Presence,
    stage::{Puppet, Stage, requeueing},
};

const THREADS: u64 = 4;
const CLIENTS: usize = 3;
const ACTIONS: usize = 3_000;

/// Nothing of these is ever reached.
const RULES: RoomRules = RoomRules { max_per_client: 100, is_global: true, listing: true, max_answer: 1 << 19 };
const CAPACITY: usize = 100;
const BOUNDS: Bounds = Bounds { bytes: 1 << 20, frames: 10_000, kept: 4096 };

struct Player {
    puppet: Puppet,
    presence: Presence,
}

impl Player {
    fn enter(stage: &Stage) -> Self {
        let puppet = stage.enter();
        let presence = Presence::new(&puppet.id);
        Self { puppet, presence }
    }

    fn listen(&mut self) {
        for frame in self.puppet.heard() {
            self.presence.listen(&frame).unwrap_or_else(|fault| panic!("{}: {fault}", self.puppet.id));
        }
    }
}

fn perform(stage: &Stage, seed: u64) -> Vec<Player> {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut players: Vec<Player> = (0..CLIENTS).map(|_| Player::enter(stage)).collect();
    for number in 0..ACTIONS {
        let player = &mut players[chance.random_range(0..CLIENTS)];
        let topic = TOPICS[chance.random_range(0..TOPICS.len())];
        let kind = match chance.random_range(0..20) {
            0..8 => "join",
            8..14 => "leave",
            14..17 => "publish",
            17..19 => "peers",
            _ => {
                let successor = Player::enter(stage);
                std::mem::replace(player, successor).puppet.end(Ending::Cut, stage.now);
                continue;
            }
        };
        let request = json!({"type": kind, "topic": topic, "info": number, "data": number});
        player.puppet.say(&request.to_string(), stage.now);
        player.listen();
    }
    players
}

#[test]
fn nobody_knows_a_ghost_or_misses_anybody() {
    let stage = &Stage::with(requeueing(true, true), RULES, CAPACITY, BOUNDS);
    let mut players: Vec<Player> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|seed| scope.spawn(move || perform(stage, seed))).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no player panics")).collect()
    });
    players.iter_mut().for_each(Player::listen);
    let mut rooms: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for player in &players {
        for topic in TOPICS.into_iter().filter(|topic| player.presence.topics().any(|(known, _)| known == *topic)) {
            rooms.entry(topic).or_default().push(&player.puppet.id);
        }
    }
    assert_eq!(stage.topics.census(), (rooms.len(), rooms.values().map(Vec::len).sum()));
    for player in &players {
        for (topic, roster) in player.presence.topics() {
            let mut known: Vec<&str> = roster.peers.iter().filter_map(|peer| peer["clientId"].as_str()).collect();
            known.push(&player.puppet.id);
            known.sort_unstable();
            let mut members = rooms[topic].clone();
            members.sort_unstable();
            assert_eq!(known, members, "in {topic}");
        }
    }
    for player in &mut players {
        for topic in TOPICS {
            // Refused where it is no member; else the server's own list, which must be what is known.
            player.puppet.say(&json!({"type": "peers", "topic": topic}).to_string(), stage.now);
        }
        player.listen();
    }
    for player in players {
        player.puppet.end(Ending::Cut, stage.now);
    }
    assert_eq!(stage.topics.census(), (0, 0));
}
