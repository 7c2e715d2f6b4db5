//! Services are found by semantic versions, as documented.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::IN_MEMORY;
use crate::support::rondevu::client::{User, text};
use crate::support::server::Server;

/// Publishes one service after another, each strictly newer than the one before, by a user of its own each.
async fn publish_in_order(server: &Server, services: &[&str]) {
    let mut newest = 0;
    for (seed, service) in (1..).zip(services) {
        let user = User::new(server.address, &format!("user{seed}"), seed);
        // Two of one millisecond would have no order that a client could know.
        loop {
            let published = user.publish(service, service).await;
            let created = published["createdAt"].as_i64().expect("a time");
            if created > newest {
                newest = created;
                break;
            }
        }
    }
}

async fn page(seeker: &User, service: &str) -> Vec<String> {
    let found = seeker.done("getService", json!({"serviceFqn": service, "limit": 100})).await;
    let services = found["services"].as_array().expect("a list");
    assert_eq!(found["count"], services.len());
    services.iter().map(version).collect()
}

/// The service and version without its user.
fn version(service: &Value) -> String {
    let fqn = text(&service["serviceFqn"]);
    fqn.split('@').next().expect("a service").to_owned()
}

#[tokio::test]
async fn a_version_finds_itself_and_newer_ones_of_its_major_newest_first() {
    let server = Server::with(&[IN_MEMORY]).await;
    publish_in_order(&server, &["chat:0.9.0", "chat:1.0.0", "chat:1.4.2", "chat:2.0.0", "other:1.9.0"]).await;
    let seeker = User::new(server.address, "seeker", 99);
    let expected: [(&str, &[&str]); 6] = [
        ("chat:1.0.0", &["chat:1.4.2", "chat:1.0.0"]),
        ("chat:1.0.1", &["chat:1.4.2"]),
        ("chat:1.4.2", &["chat:1.4.2"]),
        ("chat:1.4.3", &[]),
        ("chat:2.0.0", &["chat:2.0.0"]),
        ("chat:3.0.0", &[]),
    ];
    for (wanted, found) in expected {
        assert_eq!(page(&seeker, wanted).await, found, "{wanted}");
    }
}

#[tokio::test]
async fn below_1_0_the_minor_version_must_be_the_same() {
    let server = Server::with(&[IN_MEMORY]).await;
    publish_in_order(&server, &["chat:0.2.1", "chat:0.2.7", "chat:0.3.0", "chat:1.2.9"]).await;
    let seeker = User::new(server.address, "seeker", 99);
    assert_eq!(page(&seeker, "chat:0.2.0").await, ["chat:0.2.7", "chat:0.2.1"]);
    assert_eq!(page(&seeker, "chat:0.2.2").await, ["chat:0.2.7"]);
    assert_eq!(page(&seeker, "chat:0.1.0").await, [""; 0]);
    assert_eq!(page(&seeker, "chat:0.3.0").await, ["chat:0.3.0"]);
}

#[tokio::test]
async fn a_prerelease_is_found_by_its_own_name() {
    let server = Server::with(&[IN_MEMORY]).await;
    publish_in_order(&server, &["chat:2.0.0-beta.1", "chat:2.0.0-beta.2", "chat:1.9.0"]).await;
    let seeker = User::new(server.address, "seeker", 99);
    assert_eq!(page(&seeker, "chat:2.0.0-beta.1").await, ["chat:2.0.0-beta.1"]);
    assert_eq!(page(&seeker, "chat:1.0.0").await, ["chat:1.9.0"]);
}

#[tokio::test]
async fn a_random_service_is_any_of_the_compatible_ones_and_no_other() {
    let server = Server::with(&[IN_MEMORY]).await;
    publish_in_order(&server, &["chat:1.0.0", "chat:1.1.0", "chat:2.0.0"]).await;
    let seeker = User::new(server.address, "seeker", 99);
    let mut seen = BTreeSet::new();
    // A fair coin that shows one side 64 times in a row would be a fault too.
    for _ in 0..64 {
        seen.insert(version(&seeker.done("getService", json!({"serviceFqn": "chat:1.0.0"})).await));
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["chat:1.0.0", "chat:1.1.0"]);
    assert_eq!(seeker.refused("getService", json!({"serviceFqn": "chat:1.2.0"})).await, "No services found");
}

#[tokio::test]
async fn a_direct_look_up_wants_the_exact_version() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (alice, bob) = (User::new(server.address, "alice", 1), User::new(server.address, "bob", 2));
    alice.publish("chat:1.4.2", "s").await;
    let direct = bob.done("getService", json!({"serviceFqn": "chat:1.4.2@alice"})).await;
    assert_eq!((&direct["username"], &direct["sdp"]), (&json!("alice"), &json!("s")));
    assert_eq!(bob.refused("getService", json!({"serviceFqn": "chat:1.0.0@alice"})).await, "Service not found");
}

#[tokio::test]
async fn pages_do_not_overlap() {
    let server = Server::with(&[IN_MEMORY]).await;
    publish_in_order(&server, &["chat:1.0.0", "chat:1.1.0", "chat:1.2.0"]).await;
    let seeker = User::new(server.address, "seeker", 99);
    let mut found = Vec::new();
    for offset in 0..4 {
        let params = json!({"serviceFqn": "chat:1.0.0", "limit": 1, "offset": offset});
        let page = seeker.done("getService", params).await;
        found.extend(page["services"].as_array().expect("a list").iter().map(version));
    }
    assert_eq!(found, ["chat:1.2.0", "chat:1.1.0", "chat:1.0.0"]);
}
