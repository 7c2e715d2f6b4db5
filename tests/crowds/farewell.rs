//! The end of a server with thousands of clients: everybody is told, those who understand it when to come back, and it is over
//! in time.

use std::{collections::BTreeSet, net::Ipv4Addr, time::Duration};

use meetpoint_scorecard::{Goal, figure, scale};
use serde_json::Value;
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};

use crate::{
    alone,
    support::{
        PATIENCE,
        handshake::Handshake,
        peer::{Incoming, Peer},
        server::Server,
    },
};

/// The default, which F8 asks for.
const GRACE: Duration = Duration::from_secs(10);
const CLIENTS_PER_ADDRESS: usize = 100;

async fn client(server: &Server, path: &str, number: usize) -> Peer {
    let source = Ipv4Addr::new(127, 0, 2, u8::try_from(1 + number / CLIENTS_PER_ADDRESS).expect("few enough"));
    let handshake = Handshake { path, source: Some(source), ..Handshake::default() };
    handshake.open(server.address).await.expect("a socket")
}

/// When to come back, if that is said, and the close code.
async fn farewell(mut peer: Peer) -> (Option<u64>, u16) {
    let mut after = None;
    loop {
        match timeout(GRACE + PATIENCE, peer.next()).await.expect("an end") {
            Incoming::Text(words) => {
                let frame: Value = serde_json::from_str(&words).expect("JSON");
                if frame["type"] == "goaway" {
                    assert_eq!(after, None, "said once");
                    after = Some(frame["reconnectAfter"].as_u64().expect("milliseconds"));
                }
            }
            Incoming::Closed(closed) => return (after, closed.code),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_crowd_is_told_to_go_and_when_to_come_back() {
    let _alone = alone().await;
    let all = scale(2_000, 10_000);
    let mut server = Server::start().await;
    let mut peers = Vec::with_capacity(all);
    for number in 0..all {
        // Every other understands more.
        let path = if number % 2 == 0 { "/ws?goaway=1" } else { "/ws" };
        let mut peer = client(&server, path, number).await;
        assert_eq!(peer.hear().await["type"], "ready");
        peers.push(peer);
    }
    let told = Instant::now();
    server.signal("TERM").await;
    let mut farewells: JoinSet<_> = peers.into_iter().map(farewell).collect();
    let (mut later, mut silent) = (Vec::new(), 0);
    while let Some(farewell) = farewells.join_next().await {
        let (after, code) = farewell.expect("a farewell");
        assert_eq!(code, 1001);
        match after {
            Some(after) => later.push(after),
            None => silent += 1,
        }
    }
    let ended = server.exit(PATIENCE).await.expect("the server ends");
    let took = told.elapsed();
    assert_eq!((ended.code(), later.len(), silent), (Some(0), all / 2, all / 2));
    server.assert_no_panic();
    let different = later.iter().collect::<BTreeSet<_>>().len();
    assert!(different > later.len() / 4, "{different} times for {} clients", later.len());
    figure("F8", "clients", all as f64, "", Goal::Told);
    figure("F8", "clients that heard 1001", 100.0, "%", Goal::Exactly(100.0));
    figure("F8", "exit code", 0.0, "", Goal::Exactly(0.0));
    figure("F8", "from SIGTERM to the end", took.as_secs_f64(), "s", Goal::AtMost(10.0));
}

#[tokio::test]
async fn a_resumable_client_and_one_in_a_topic_hear_it_too_and_other_wires_do_not() {
    let server = Server::start().await;
    let mut resumable = client(&server, "/ws?resumable=1&goaway=1", 0).await;
    resumable.send(serde_json::json!({"type": "hello"})).await;
    assert_eq!(resumable.hear().await["type"], "ready");
    let mut member = client(&server, "/ws?goaway=1", 1).await;
    assert_eq!(member.hear().await["type"], "ready");
    member.send(serde_json::json!({"type": "join", "topic": "a"})).await;
    assert_eq!(member.hear().await["type"], "joined");
    let mut other = client(&server, "/ws?goaway=true", 2).await;
    assert_eq!(other.hear().await["type"], "ready");
    let side = client(&server, "/ws?appID=3f0c6a9e-52d1-4c7b-9a55-0f6f2f1f7f10&side=A&goaway=1", 3).await;
    server.signal("TERM").await;
    for (peer, hears) in [(resumable, true), (member, true), (other, false), (side, false)] {
        let (after, code) = farewell(peer).await;
        assert_eq!((after.is_some(), code), (hears, 1001));
    }
}
