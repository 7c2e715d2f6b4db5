//! The conversations recorded from the original chat server, replayed word for word: they are the wire that existing
//! clients depend on. What the recordings pin as faults is turned round by the tests named in `BETTER`.

use meetpoint_test_support as support;
use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value};
use support::replay::Player;
use support::server::Server;
use tokio::task::JoinSet;

const RECORDING: &str = include_str!("vectors/chat-ws.json");

const MATCHING: &str = include_str!("chat_better/matching.rs");
const ORIGIN: &str = include_str!("chat_better/origin.rs");
const HTTP: &str = include_str!("http_surface.rs");
const SHUTDOWN: &str = include_str!("shutdown.rs");

/// Recorded faults and deviations, each with the test of the better behaviour and the source that must hold it.
const BETTER: [(&str, &str, &str); 11] = [
    ("http", HTTP, "what_the_original_said_over_http_is_said_better"),
    ("requeue-spelling", MATCHING, "a_requeue_setting_understands_every_spelling_of_yes_and_no"),
    ("two-requeued-deadlock", MATCHING, "two_abandoned_guests_are_matched_with_each_other_at_once"),
    ("pairing-is-connection-order-not-fifo", MATCHING, "who_waited_longest_is_matched_first_whoever_connected_first"),
    ("three-waiting-odd-one-out", MATCHING, "an_abandoned_guest_and_a_waiting_one_are_matched_at_once"),
    ("same-user-twice-is-paired-with-itself", MATCHING, "one_user_on_two_devices_never_meets_themself"),
    (
        "error-then-close-tears-down-the-next-pair",
        MATCHING,
        "a_slow_farewell_after_an_error_leaves_the_next_pair_alone",
    ),
    ("origin", ORIGIN, "a_foreign_origin_is_refused_before_the_upgrade"),
    ("origin-star-is-literal", ORIGIN, "a_star_lets_every_origin_in"),
    ("shutdown-waits-for-clients", SHUTDOWN, "a_stopping_server_says_so_and_refuses_newcomers"),
    ("shutdown-idle", SHUTDOWN, "an_idle_server_stops_at_once"),
];

/// What makes meetpoint behave as the original did; a group's own settings go before.
const AS_RECORDED: [(&str, &str); 4] =
    [("REQUEUE_ON_NEXT", "false"), ("REMATCH_COOLDOWN", "0"), ("WS_MAX_MSG", "2MiB"), ("OUTBOX_MAX_BYTES", "4MiB")];

const HEARTBEAT_GROUP: &str = "head:slow:heartbeat-30s";

#[tokio::test]
async fn the_original_s_conversations_replay_word_for_word() {
    let mut playing = JoinSet::new();
    for group in groups().into_iter().filter(is_replayed) {
        playing.spawn(replay(group));
    }
    let mut different = 0;
    while let Some(played) = playing.join_next().await {
        different += usize::from(played.is_err());
    }
    assert_eq!(different, 0, "groups that differ from the recording, each told above");
}

#[test]
fn every_recorded_fault_is_turned_round_by_a_test() {
    let recorded: BTreeSet<String> = groups().iter().filter(|group| !is_replayed(group)).map(name).collect();
    let better: BTreeSet<String> = BETTER.iter().map(|(group, ..)| (*group).to_owned()).collect();
    assert_eq!(recorded, better);
    for (group, source, test) in BETTER {
        assert!(source.contains(&format!("async fn {test}()")), "{group} has lost its test {test}");
    }
}

fn groups() -> Vec<Value> {
    let mut recording: Value = serde_json::from_str(RECORDING).expect("the recording is JSON");
    serde_json::from_value(recording["groups"].take()).expect("the recording is a list of groups")
}

fn name(group: &Value) -> String {
    group["name"].as_str().expect("a group has a name").to_owned()
}

fn is_replayed(group: &Value) -> bool {
    group.get("originalFault").is_none() && group.get("deviation").is_none()
}

async fn replay(group: Value) {
    let name = name(&group);
    let server = Server::with(&settings(&group)).await;
    let time_limit = if name == HEARTBEAT_GROUP { scaled } else { std::convert::identity };
    let mut player = Player::new(&server, added, time_limit);
    for (number, step) in group["steps"].as_array().into_iter().flatten().enumerate() {
        let _place = Place { name: &name, number, step };
        player.play(step).await;
    }
}

fn settings(group: &Value) -> Vec<(&str, &str)> {
    let mut settings = AS_RECORDED.to_vec();
    if group["name"] == HEARTBEAT_GROUP {
        settings.push(("HEARTBEAT", "1s"));
    }
    let recorded = group["env"].as_object().into_iter().flatten().filter(|(name, _)| *name != "REDIS_URL");
    settings.extend(recorded.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))));
    settings
}

/// The recorded heart beats every 30 s, the test's every second.
fn scaled(recorded: Duration) -> Duration {
    const SLACK: Duration = Duration::from_secs(4);
    recorded.div_f64(30.0) + SLACK
}

/// The fields that meetpoint adds to the original's messages; a recorded object without a type is a probe's answer.
fn added(recorded: &Map<String, Value>, field: &str) -> bool {
    match recorded.get("type").and_then(Value::as_str) {
        Some("ready") => ["pingInterval", "protocol", "features"].contains(&field),
        Some("matched") => ["initiator", "partnerUserId"].contains(&field),
        Some("partner-left") => field == "reason",
        Some(_) => false,
        None => recorded.contains_key("uptime") && ["clients", "instanceId"].contains(&field),
    }
}

/// Tells where a conversation went wrong.
struct Place<'a> {
    name: &'a str,
    number: usize,
    step: &'a Value,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("group {}, step {}: {}", self.name, self.number, self.step);
        }
    }
}
