//! A member that stops reading: its own trouble, however many listen beside it.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::ear::Ear;
use crate::support::chat::assert_unharmed;
use crate::support::frame;
use crate::support::metrics::sample;
use crate::support::room::{Member, census, room};
use crate::support::server::{CROWDED, Server};

const MIB: u64 = 1024 * 1024;
const TOPIC: &str = "stadium";
const SPEAKERS: usize = 10;
/// Nearly the largest message: soon more than the kernel and the outbox hold for somebody who does not read.
const LONG: usize = 60 * 1024;
const SHORT: usize = 200;
/// By then those are over their bounds by far.
const ROUNDS: usize = 60;
/// Nobody here answers pings.
const HEARTBEAT: (&str, &str) = ("HEARTBEAT", "10m");

/// Members of a topic, one of which has stopped reading.
struct Stadium {
    server: Server,
    stuck: Ear,
    members: Vec<Ear>,
}

/// Who said what, in order, as one of them has heard it.
type Heard = Vec<(usize, u64)>;

impl Stadium {
    async fn fill(others: usize) -> Self {
        let server = Server::with(&[HEARTBEAT, CROWDED]).await;
        let join = frame::text(&json!({"type": "join", "topic": TOPIC}).to_string());
        let mut stuck = Ear::enter(server.address, Some(4096)).await;
        stuck.say(&join).await;
        stuck.hear().await;
        let mut members = Vec::with_capacity(others);
        for at in 0..others {
            let mut member = Ear::enter(server.address, None).await;
            member.say(&join).await;
            let joined = member.hear().await;
            assert!(joined.ends_with(format!(r#""total":{}}}"#, at + 1).as_bytes()), "{joined:?}");
            members.push(member);
        }
        for (at, member) in members.iter_mut().enumerate() {
            for _ in at + 1..others {
                let arrival = member.hear().await;
                assert!(arrival.starts_with(br#"{"type":"peer-joined","#), "{arrival:?}");
            }
        }
        Self { server, stuck, members }
    }

    /// Ten speak at once, round by round, until the member that does not read has gone and everybody has heard of it. In
    /// each round somebody also says `aside` to that member alone. Everybody hears everything, in one order.
    async fn speak(&mut self, speech: usize, aside: &[u8]) {
        let speakers: HashMap<String, usize> =
            self.members[..SPEAKERS].iter().map(|member| member.id.clone()).zip(0..).collect();
        let left = json!({"type": "peer-left", "topic": TOPIC, "clientId": self.stuck.id, "reason": "disconnected"});
        let mut gone = vec![false; self.members.len()];
        for round in 0..ROUNDS {
            let publish = json!({"type": "publish", "topic": TOPIC, "data": [round, "x".repeat(speech)]}).to_string();
            for member in &mut self.members[..SPEAKERS] {
                member.say(&frame::text(&publish)).await;
            }
            self.members[SPEAKERS].say(aside).await;
            let mut heard: Vec<Heard> = Vec::with_capacity(self.members.len());
            for (at, member) in self.members.iter_mut().enumerate() {
                let mut messages = Heard::new();
                // Nobody hears itself.
                while messages.len() < SPEAKERS - usize::from(at < SPEAKERS) {
                    let frame: Value = serde_json::from_slice(&member.hear().await).expect("a whole frame");
                    match frame["type"].as_str() {
                        Some("message") => {
                            assert_eq!(frame["data"][1].as_str().map(str::len), Some(speech), "a torn message");
                            let from = speakers[frame["from"].as_str().expect("a sender")];
                            messages.push((from, frame["data"][0].as_u64().expect("a number")));
                        }
                        Some("error") if at == SPEAKERS => assert_eq!(frame["code"], "TARGET_GONE"),
                        _ => {
                            assert!(!gone[at], "once");
                            assert_eq!(frame, left);
                            gone[at] = true;
                        }
                    }
                }
                heard.push(messages);
            }
            assert_in_order(&heard, round as u64);
            let closed = r#"meetpoint_connections_closed_total{reason="slow_consumer"}"#;
            if sample(self.server.address, closed).await == 1.0 {
                for (member, _) in self.members.iter_mut().zip(gone).filter(|(_, gone)| !*gone) {
                    let mut words = member.hear().await;
                    while words.starts_with(br#"{"type":"error","code":"TARGET_GONE""#) {
                        words = member.hear().await;
                    }
                    assert_eq!(serde_json::from_slice::<Value>(&words).ok().as_ref(), Some(&left));
                }
                return;
            }
        }
        panic!("a member that does not read was never given up");
    }
}

/// All have heard all that the others said in a round, in the same order.
fn assert_in_order(heard: &[Heard], round: u64) {
    let everything = heard.last().expect("a member");
    let mut complete = everything.clone();
    complete.sort_unstable();
    assert_eq!(complete, (0..SPEAKERS).map(|speaker| (speaker, round)).collect::<Heard>());
    for (at, heard) in heard.iter().enumerate() {
        let without_own = everything.iter().filter(|(from, _)| *from != at);
        assert!(heard.iter().eq(without_own), "member {at} heard {heard:?} of {everything:?}");
    }
}

#[tokio::test]
async fn a_member_that_does_not_read_in_a_room_of_a_thousand_is_given_up_and_nobody_waits_for_it() {
    let mut stadium = Stadium::fill(999).await;
    assert_eq!(census(&stadium.server).await, (1.0, 1000.0));
    let before = stadium.server.resident_bytes();
    let aside = json!({"type": "send", "to": stadium.stuck.id, "topic": TOPIC, "data": "x".repeat(LONG)});
    stadium.speak(SHORT, &frame::text(&aside.to_string()).repeat(4)).await;
    if let (Some(before), Some(after)) = (before, stadium.server.resident_bytes()) {
        let grown = after.saturating_sub(before);
        assert!(grown < 8 * MIB, "the server has grown by {grown} bytes");
    }
    assert_eq!(census(&stadium.server).await, (1.0, 999.0));
    let (texts, closed) = stadium.stuck.end().await;
    assert!(texts > 999, "arrivals and messages, all of them whole");
    // The farewell may not fit any more; then the connection is cut.
    assert!([Some(4008), None].contains(&closed), "{closed:?}");
    assert_unharmed(&stadium.server).await;
}

#[tokio::test]
async fn what_is_published_to_all_gives_up_who_does_not_read_and_it_may_come_back_as_somebody_new() {
    let mut stadium = Stadium::fill(SPEAKERS + 5).await;
    stadium.speak(LONG, b"").await;
    for member in &mut stadium.members {
        member.silence().await;
    }
    let mut back = Member::enter(&stadium.server).await;
    assert_eq!(back.join(TOPIC).await["total"], stadium.members.len());
    for member in &mut stadium.members {
        let arrival: Value = serde_json::from_slice(&member.hear().await).expect("a whole frame");
        assert_eq!(arrival, json!({"type": "peer-joined", "topic": TOPIC, "peer": back.as_peer(false)}));
    }
}

#[tokio::test]
async fn who_reads_again_in_time_has_missed_nothing() {
    const FRAMES: usize = 40;
    let server = Server::start().await;
    let [speaker, mut pauses, mut reads] = room(&server, TOPIC).await;
    pauses.pause();
    for number in 0..FRAMES {
        speaker.publish(TOPIC, json!([number, "x".repeat(4096)])).await;
        assert_eq!(reads.hear().await["data"][0], number);
    }
    pauses.resume();
    for number in 0..FRAMES {
        assert_eq!(pauses.hear().await["data"][0], number);
    }
    pauses.silence().await;
}
