//! The conversations recorded from the originals of the four Rondevu wires, replayed step by step on every storage: they
//! are what existing clients depend on. Where meetpoint answers otherwise on purpose, a table tells what and why.

mod deviation;
mod instruments;
mod offers;
mod rpc;
mod sessions;
mod tags;

use meetpoint_test_support as support;
use std::collections::BTreeSet;

use deviation::Deviation;
use serde_json::{Map, Value};
use support::matcher::Extras;
use support::rondevu::player::Player;
use support::server::Server;
use tempfile::TempDir;

struct Recording {
    text: &'static str,
    deviations: &'static [Deviation],
}

const SESSIONS: Recording =
    Recording { text: include_str!("../vectors/rondevu-a.json"), deviations: sessions::DEVIATIONS };
const OFFERS: Recording = Recording { text: include_str!("../vectors/rondevu-b.json"), deviations: offers::DEVIATIONS };
const RPC: Recording = Recording { text: include_str!("../vectors/rondevu-d.json"), deviations: rpc::DEVIATIONS };
const TAGS: Recording = Recording { text: include_str!("../vectors/rondevu-head.json"), deviations: tags::DEVIATIONS };

/// How many steps were recorded in all.
const STEPS: usize = 561;

macro_rules! replays {
    ($($recording:ident { $($profile:literal: $on_memory:ident, $on_sqlite:ident;)* })*) => {
        /// What is replayed, to be compared with what was recorded.
        const REPLAYED: &[(&Recording, &str)] = &[$($((&$recording, $profile),)*)*];

        $($(
            #[tokio::test]
            async fn $on_memory() {
                replay(&$recording, $profile, "memory").await;
            }

            #[tokio::test]
            async fn $on_sqlite() {
                replay(&$recording, $profile, "sqlite").await;
            }
        )*)*
    };
}

replays! {
    SESSIONS {
        "a0": sessions_of_the_first_age_on_memory, sessions_of_the_first_age_on_sqlite;
        "a": sessions_on_memory, sessions_on_sqlite;
        "a-short": sessions_with_a_short_life_on_memory, sessions_with_a_short_life_on_sqlite;
    }
    OFFERS {
        "b": offers_on_memory, offers_on_sqlite;
        "b-short": offers_with_a_short_life_on_memory, offers_with_a_short_life_on_sqlite;
        "b4": offers_of_0_1_4_on_memory, offers_of_0_1_4_on_sqlite;
    }
    RPC {
        "d": rpc_on_memory, rpc_on_sqlite;
        "d4": rpc_of_0_5_4_on_memory, rpc_of_0_5_4_on_sqlite;
        "d0": rpc_with_claim_username_on_memory, rpc_with_claim_username_on_sqlite;
        "d-short": rpc_with_a_short_life_on_memory, rpc_with_a_short_life_on_sqlite;
    }
    TAGS {
        "h": tags_on_memory, tags_on_sqlite;
    }
}

#[test]
fn every_recorded_step_is_replayed_and_every_deviation_has_its_step() {
    let mut replayed = 0;
    for (recording, profile) in REPLAYED {
        replayed += steps(&recording.read(), profile).len();
    }
    assert_eq!(replayed, STEPS);
    for recording in [SESSIONS, OFFERS, RPC, TAGS] {
        let content = recording.read();
        let names = |wanted: fn(&Value) -> bool| -> BTreeSet<&str> {
            content["steps"].as_array().into_iter().flatten().filter(|step| wanted(step)).map(name).collect()
        };
        let deviations: BTreeSet<&str> = recording.deviations.iter().map(|deviation| deviation.step).collect();
        assert_eq!(deviations.len(), recording.deviations.len(), "a step deviates in one way");
        let unknown: Vec<_> = deviations.difference(&names(|_| true)).copied().collect();
        assert!(unknown.is_empty(), "never recorded: {unknown:?}");
        let undecided: Vec<_> =
            names(|step| step.get("deviation").is_some()).difference(&deviations).copied().collect();
        assert!(undecided.is_empty(), "missing in the table: {undecided:?}");
        assert!(recording.deviations.iter().all(|deviation| !deviation.why.is_empty()));
    }
}

impl Recording {
    fn read(&self) -> Value {
        serde_json::from_str(self.text).expect("the recording is JSON")
    }

    fn deviation(&self, step: &str) -> Option<&Deviation> {
        self.deviations.iter().find(|deviation| deviation.step == step)
    }
}

async fn replay(recording: &Recording, profile: &str, storage: &str) {
    let content = recording.read();
    let folder = TempDir::new().expect("a temporary folder");
    let settings = settings(&content["profiles"][profile], storage, &folder);
    let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let server = Server::with(&settings).await;
    let mut player = Player::new(server.address, &content["keys"]);
    let mut different = Vec::new();
    for step in steps(&content, profile) {
        let deviation = recording.deviation(name(step));
        let mut step = step.clone();
        if let Some(deviation) = deviation {
            deviation.apply(&mut step);
        }
        let played = if deviation.is_some_and(|deviation| deviation.apart) {
            let apart = Server::with(&[("STORAGE_TYPE", "memory")]).await;
            Player::new(apart.address, &content["keys"]).play(&step, extras(&step)).await
        } else {
            player.play(&step, extras(&step)).await
        };
        if let Err(difference) = played {
            let why = deviation.map_or("as recorded", |deviation| deviation.why);
            different.push(format!("{} ({why}): {difference}", name(&step)));
        }
        for request in deviation.into_iter().flat_map(|deviation| deviation.then) {
            let request = serde_json::from_str(request).expect("the table holds JSON");
            let (told, answer) = player.send(&request).await;
            if answer.status != 200 {
                different.push(format!("{}, then {told}: {answer:?}", name(&step)));
            }
        }
    }
    server.assert_no_panic();
    let count = different.len();
    assert!(different.is_empty(), "{count} steps of profile {profile} on {storage} differ:\n{}", different.join("\n"));
}

fn steps<'a>(content: &'a Value, profile: &str) -> Vec<&'a Value> {
    let plays = |step: &Value| step.get("profile").unwrap_or(&content["defaultProfile"]) == profile;
    content["steps"].as_array().into_iter().flatten().filter(|step| plays(step)).collect()
}

fn name(step: &Value) -> &str {
    step["name"].as_str().expect("a step has a name")
}

fn settings(profile: &Value, storage: &str, folder: &TempDir) -> Vec<(String, String)> {
    let path = folder.path().join("meetpoint.db");
    let path = path.to_str().expect("a path of text");
    let own = [("STORAGE_TYPE", storage), ("STORAGE_PATH", path), ("STORAGE_SYNC", "full")];
    let recorded = profile["env"].as_object().into_iter().flatten();
    let recorded = recorded.map(|(name, value)| (name.as_str(), value.as_str().expect("a setting is text")));
    recorded.chain(own).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Which fields meetpoint adds to what the originals answered there.
fn extras(step: &Value) -> Extras {
    let path = step["request"]["path"].as_str().expect("a request has a path");
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    match path {
        "/" => |_, field| ["version", "name", "description", "topics", "pagination", "stats"].contains(&field),
        "/health" => |_, field| field == "version",
        // One list for sessions and offers, unless the query belongs to one of them.
        "/topics" if !["page", "offset", "startsWith"].iter().any(|own| query.contains(own)) => merged_topics,
        path if path.ends_with("/sessions") => |_, field| ["info", "peerId"].contains(&field),
        // What could be of either age may carry the newer one's code.
        "/rpc" => |recorded, field| field == "errorCode" && recorded["error"] == "Missing or invalid method",
        _ => |_, _| false,
    }
}

fn merged_topics(recorded: &Map<String, Value>, field: &str) -> bool {
    match recorded.contains_key("topic") {
        true => ["count", "activePeers"].contains(&field),
        false => ["pagination", "total", "limit", "offset"].contains(&field),
    }
}
