//! The conversations recorded from the NoisyTransfer original, replayed step by step on every storage: they are the wire that
//! its clients depend on. What they pin as faults is turned round by the tests named in `BETTER`; where meetpoint answers
//! otherwise on purpose, a table tells what and why.

mod deviation;
mod http;
mod ws;

use meetpoint_test_support as support;
use std::collections::BTreeSet;
use std::time::Duration;

use deviation::Deviation;
use serde_json::Value;
use support::replay::Player;
use support::server::{Server, run};
use support::storage::Disk;
use tokio::task::JoinSet;

struct Recording {
    text: &'static str,
    deviations: &'static [Deviation],
    /// What holds for every step: the recorded one becomes meetpoint's.
    everywhere: fn(&mut Value),
}

const HTTP: Recording =
    Recording { text: include_str!("../vectors/nt-http.json"), deviations: http::DEVIATIONS, everywhere: |_| {} };
const WS: Recording = Recording {
    text: include_str!("../vectors/nt-ws.json"),
    deviations: ws::DEVIATIONS,
    everywhere: deviation::count_from_one,
};

const OFFLINE: &str = include_str!("../noisy_better/mailbox_offline.rs");
const ORIGINS: &str = include_str!("../noisy_better/origins.rs");

/// Recorded faults, each with the test of the better behaviour and the source that must hold it.
const BETTER: [(&str, &str, &str); 10] = [
    (
        "relay-absent-peer-dropped",
        include_str!("../noisy_better/kept_frames.rs"),
        "frames_for_an_absent_side_are_kept_and_come_in_order_behind_room_full",
    ),
    ("mailbox-offline-first-item-lost", OFFLINE, "the_first_item_for_an_absent_side_arrives"),
    ("mailbox-lost-when-room-empties", OFFLINE, "nothing_is_lost_when_both_sides_are_away"),
    ("appid-spellings", include_str!("../noisy_better/app_id.rs"), "every_spelling_of_a_uuid_is_the_same_room"),
    (
        "data-does-not-refresh-deadline",
        include_str!("../noisy_better/life.rs"),
        "whoever_talks_lives_even_without_answering_pings",
    ),
    (
        "invalid-utf8-passes",
        include_str!("../noisy_better/text.rs"),
        "invalid_utf8_closes_the_sender_and_leaves_the_receiver",
    ),
    ("origins-star-means-none", ORIGINS, "a_star_lets_every_origin_in"),
    ("dev-spellings", ORIGINS, "every_spelling_of_yes_lets_every_origin_in_while_developing"),
    ("dev-default-is-false", ORIGINS, "without_settings_every_origin_is_let_in"),
    ("shutdown-sigterm", include_str!("../noisy_better/shutdown.rs"), "every_socket_hears_that_the_server_stops"),
];

#[tokio::test]
async fn what_was_said_over_http_is_said_on_memory() {
    replay(&HTTP, "memory").await;
}

#[tokio::test]
async fn what_was_said_over_http_is_said_on_sqlite() {
    replay(&HTTP, "sqlite").await;
}

#[tokio::test]
async fn what_was_said_over_sockets_is_said_on_memory() {
    replay(&WS, "memory").await;
}

#[tokio::test]
async fn what_was_said_over_sockets_is_said_on_sqlite() {
    replay(&WS, "sqlite").await;
}

#[test]
fn every_recorded_fault_is_turned_round_by_a_test() {
    let groups = [HTTP.groups(), WS.groups()].concat();
    let recorded: BTreeSet<String> = groups.iter().filter(|group| !is_replayed(group)).map(name).collect();
    let better: BTreeSet<String> = BETTER.iter().map(|(group, ..)| (*group).to_owned()).collect();
    assert_eq!(recorded, better);
    for (group, source, test) in BETTER {
        assert!(source.contains(&format!("async fn {test}()")), "{group} has lost its test {test}");
    }
}

#[test]
fn every_deviation_has_its_step() {
    for recording in [HTTP, WS] {
        let replayed: Vec<Value> = recording.groups().into_iter().filter(is_replayed).collect();
        let mut steps = BTreeSet::new();
        for Deviation { group, step, why, .. } in recording.deviations {
            let found = replayed.iter().find(|recorded| name(recorded) == *group);
            let found = found.unwrap_or_else(|| panic!("{group} is not replayed"));
            assert!(found["steps"].get(step).is_some(), "{group} has no step {step}");
            assert!(!why.is_empty());
            assert!(steps.insert((group, step)), "a step deviates in one way: {group}, {step}");
        }
    }
}

impl Recording {
    fn groups(&self) -> Vec<Value> {
        let mut recording: Value = serde_json::from_str(self.text).expect("the recording is JSON");
        serde_json::from_value(recording["groups"].take()).expect("the recording is a list of groups")
    }

    /// What is to be played for one recorded step, and why where that is something else.
    fn steps(&self, group: &str, number: usize, step: &Value) -> (Vec<Value>, &'static str) {
        let mut step = step.clone();
        (self.everywhere)(&mut step);
        match self.deviations.iter().find(|deviation| deviation.group == group && deviation.step == number) {
            Some(deviation) => (deviation.apply(step), deviation.why),
            None => (vec![step], "as recorded"),
        }
    }
}

fn name(group: &Value) -> String {
    group["name"].as_str().expect("a group has a name").to_owned()
}

fn is_replayed(group: &Value) -> bool {
    group.get("originalFault").is_none()
}

async fn replay(recording: &'static Recording, storage: &'static str) {
    let mut playing = JoinSet::new();
    for group in recording.groups().into_iter().filter(is_replayed) {
        playing.spawn(play(recording, group, storage));
    }
    let mut different = 0;
    while let Some(played) = playing.join_next().await {
        different += usize::from(played.is_err());
    }
    assert_eq!(different, 0, "groups that differ from the recording on {storage}, each told above");
}

async fn play(recording: &Recording, group: Value, storage: &str) {
    let name = name(&group);
    let disk = Disk::default();
    let path = disk.path();
    let mut settings = vec![("STORAGE_TYPE", storage), ("STORAGE_PATH", path.as_str()), ("STORAGE_SYNC", "full")];
    // The group says where a request came from, and the original took everybody's word for that.
    settings.push(("TRUSTED_PROXIES", "127.0.0.0/8"));
    let recorded = group["env"].as_object().into_iter().flatten();
    settings.extend(recorded.map(|(name, value)| (name.as_str(), value.as_str().expect("a setting is text"))));
    if let Some(failure) = group.get("expectStartFailure") {
        return fails_to_start(&settings, failure).await;
    }
    let server = Server::with(&settings).await;
    let mut player = Player::new(&server, |_, _| false, with_slack);
    for (number, step) in group["steps"].as_array().into_iter().flatten().enumerate() {
        let (steps, why) = recording.steps(&name, number, step);
        for step in &steps {
            let _place = Place { name: &name, number, step, why };
            // Between two steps of the recording was time enough for the original to see who came first.
            player.catch_up().await;
            player.play(step).await;
        }
    }
    player.finish().await;
    server.assert_no_panic();
}

async fn fails_to_start(settings: &[(&str, &str)], failure: &Value) {
    let ended = run(&[], settings).await;
    assert_eq!(ended.status.code().map(Value::from).as_ref(), Some(&failure["code"]));
    let said = String::from_utf8_lossy(&ended.stderr);
    let expected = failure["stderr"].as_str().expect("a text");
    assert!(said.contains(expected), "{said:?} instead of {expected:?}");
}

/// A busy machine's recorded limit.
fn with_slack(recorded: Duration) -> Duration {
    const SLACK: Duration = Duration::from_secs(4);
    recorded + SLACK
}

/// Tells where a conversation went wrong.
struct Place<'a> {
    name: &'a str,
    number: usize,
    step: &'a Value,
    why: &'static str,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("group {}, step {} ({}): {}", self.name, self.number, self.why, self.step);
        }
    }
}
