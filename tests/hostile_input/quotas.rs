//! Whoever makes ever more of what is kept comes to a bound; from there on nothing grows, in memory or among the metrics.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use meetpoint_scorecard::{Goal, figure, scale};
use serde_json::json;

use crate::support::chat::assert_unharmed;
use crate::support::handshake::Handshake;
use crate::support::line::{Line, post};
use crate::support::metrics::scrape;
use crate::support::room::Member;
use crate::support::server::Server;

const KIB: f64 = 1024.0;
/// Topics that a member may be in.
const TOPICS: usize = 16;

/// What a refusal adds to the names.
const REFUSALS: [&str; 2] = ["status=\"429\"", "status=\"507\""];

/// The names of all samples with their labels.
async fn names(server: &Server) -> BTreeSet<String> {
    // The first scrape is itself counted in the second.
    scrape(server.address).await;
    scrape(server.address).await.into_keys().collect()
}

/// How much has been added between two looks, in KiB.
fn grown(before: Option<u64>, after: Option<u64>) -> Option<f64> {
    Some(after?.saturating_sub(before?) as f64 / KIB)
}

/// Begins sessions under ever new topics and owners; how many are kept.
async fn announce(line: &mut Line, numbers: std::ops::Range<usize>) -> usize {
    let mut kept = 0;
    for number in numbers {
        let path = format!("/{}-{number}/offer", "t".repeat(900));
        let body = json!({"info": format!("somebody {number}"), "offer": "x".repeat(1000)}).to_string();
        line.write(&post(&path, &body)).await;
        let answer = line.answer().await;
        assert!([200, 429, 507].contains(&answer.status), "{answer:?}");
        kept += usize::from(answer.status == 200);
    }
    kept
}

#[tokio::test]
async fn one_client_that_begins_sessions_without_end_comes_to_a_bound() {
    const ENOUGH: usize = 2_000;
    let server = Server::with(&[("MAX_STORED_BYTES", "1MiB")]).await;
    let mut line = Line::open(server.address).await;
    announce(&mut line, 0..1).await;
    assert_unharmed(&server).await;
    // Each of the two was asked for once: the labels are those that they will always be.
    let labels = names(&server).await;
    let kept = announce(&mut line, 1..ENOUGH).await;
    assert!(kept < ENOUGH - 100, "{kept} sessions of 2 KB are kept in a mebibyte");
    let full = server.resident_bytes();
    assert_eq!(announce(&mut line, ENOUGH..2 * ENOUGH).await, 0, "full is full");
    if let Some(grown) = grown(full, server.resident_bytes()) {
        figure("A7", "memory that grows when one client goes on beyond the bound", grown, "KiB", Goal::AtMost(1024.0));
    }
    assert_unharmed(&server).await;
    let new: Vec<_> = names(&server)
        .await
        .difference(&labels)
        .filter(|name| !REFUSALS.iter().any(|refusal| name.contains(refusal)))
        .cloned()
        .collect();
    assert_eq!(new, Vec::<String>::new(), "no label's value is a client's");
}

/// All join as many topics as they may, which nobody else is in, and leave them again.
async fn come_and_go(members: &mut [Member], round: usize) {
    let topic = |number: usize, index: usize| format!("{:0>240}", format!("{round}-{number}-{index}"));
    for (number, member) in members.iter_mut().enumerate() {
        for index in 0..TOPICS {
            member.join(&topic(number, index)).await;
        }
        member.refused_for(json!({"type": "join", "topic": topic(number, TOPICS)}), "TOO_MANY_TOPICS").await;
    }
    for (number, member) in members.iter_mut().enumerate() {
        for index in 0..TOPICS {
            member.leave(&topic(number, index)).await;
        }
        member.settle().await;
    }
}

#[tokio::test]
async fn crowds_that_make_ever_new_topics_leave_nothing_behind() {
    let crowd = scale(50, 1000);
    let server = Server::with(&[("MAX_MSG_PER_SECOND", "0")]).await;
    let mut members = Vec::new();
    for number in 0..crowd {
        let source = Some(Ipv4Addr::new(127, 2, 0, (number / 200 + 1) as u8));
        members.push(Member::with(&server, Handshake { source, ..Handshake::default() }).await);
    }
    let labels = names(&server).await;
    come_and_go(&mut members, 0).await;
    let once = server.resident_bytes();
    for round in 1..4 {
        come_and_go(&mut members, round).await;
    }
    if let Some(grown) = grown(once, server.resident_bytes()) {
        let each = grown / f64::from(crowd as u32);
        figure("A7", "memory that grows for each client with its 48 further topics", each, "KiB", Goal::AtMost(4.0));
    }
    let now = scrape(server.address).await;
    assert_eq!(now["meetpoint_topics"], 0.0, "no topic outlives its members");
    assert_eq!(now.into_keys().collect::<BTreeSet<_>>(), labels, "no label's value is a client's");
    drop(members);
    assert_unharmed(&server).await;
}
