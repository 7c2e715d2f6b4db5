//! Readers that do not read, while their partners send and others talk.

use std::sync::Arc;
use std::time::{Duration, Instant};

use meetpoint_scorecard::{Goal, figure, scale};
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::generator::{note_stalls, server};
use crate::support::PATIENCE;
use crate::support::chat::{Guest, assert_unharmed, meet, pair, talk};
use crate::support::frame;
use crate::support::handshake::Handshake;
use crate::support::metrics::sample;
use crate::support::server::Server;

const MIB: f64 = 1024.0 * 1024.0;
/// What is bounded for each client (`OUTBOX_MAX_BYTES`), and what else a server may take for all of them.
const OUTBOX: f64 = 0.25 * MIB;
const BESIDES: f64 = 50.0 * MIB;
/// More than the kernel's buffers on both sides of a connection and the outbox together hold.
const ENOUGH: usize = 64 * 1024 * 1024;

/// Others who talk: how long a word and its answer took, longest first.
async fn talk_for(pairs: &mut Vec<(Guest, Guest)>, rounds: usize) -> Vec<Duration> {
    let mut talking = JoinSet::new();
    for (mut one, mut other) in pairs.drain(..) {
        talking.spawn(async move {
            let mut took = Vec::with_capacity(rounds);
            for _ in 0..rounds {
                let begun = Instant::now();
                talk(&mut one, &mut other).await;
                took.push(begun.elapsed());
            }
            (one, other, took)
        });
    }
    let mut all = Vec::new();
    for (one, other, took) in talking.join_all().await {
        pairs.push((one, other));
        all.extend(took);
    }
    all.sort_by(|one, other| other.cmp(one));
    all
}

fn p99(took: &[Duration]) -> Duration {
    took[took.len() / 100]
}

/// Sends until it is told that nobody is there any more.
async fn overwhelm(sender: &mut Guest, offer: &[u8]) {
    for _ in 0..ENOUGH / offer.len() {
        sender.write(offer).await.expect("the server keeps who sends");
        sender.settle().await;
        if let Some(words) = sender.heard().await.first() {
            assert_eq!(*words, json!({"type": "partner-left", "reason": "disconnected"}));
            return;
        }
    }
    panic!("a partner that does not read was never given up");
}

/// What the server takes more than before, at most, while something goes on.
async fn growth(server: &Server, meanwhile: impl Future<Output = ()>) -> f64 {
    const BETWEEN_LOOKS: Duration = Duration::from_millis(10);
    let resident = || server.resident_bytes().unwrap_or_default();
    let (before, mut most) = (resident(), resident());
    let watch = async {
        loop {
            most = most.max(resident());
            sleep(BETWEEN_LOOKS).await;
        }
    };
    tokio::select! {
        () = meanwhile => {}
        () = watch => unreachable!("watching never ends"),
    }
    most.saturating_sub(before) as f64
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_given_up_and_costs_nobody_else() {
    const OTHERS: usize = 20;
    const SEEN_TO_THE_END: usize = 10;
    let count = scale(50, 1_000);
    let rounds = scale(20, 400);
    // Who is left behind must not be matched with the next one that is; and who does not read answers no ping either.
    let server = server(&[("REQUEUE_ON_PARTNER_LEAVE", "false"), ("HEARTBEAT", "5m")]).await;
    let (mut sleepers, mut senders) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let small = Handshake { receive_buffer: Some(4096), ..Handshake::default() };
        let (mut sleeper, mut sender) = (Guest::enter(&server, small).await, Guest::join(&server).await);
        meet(&mut sleeper, &mut sender).await;
        sleepers.push(sleeper);
        senders.push(sender);
    }
    let mut others = Vec::new();
    for _ in 0..OTHERS {
        others.push(pair(&server).await);
    }
    let without = p99(&talk_for(&mut others, rounds).await);

    sleepers.iter().for_each(|sleeper| sleeper.pause());
    let attack = async {
        let mut sending = JoinSet::new();
        // Small beside the outbox: the server holds a message of each sender's, too, until it has come as a whole.
        let offer = json!({"type": "offer", "sdp": "x".repeat(16 * 1024)}).to_string();
        let offer: Arc<[u8]> = frame::text(&offer).into();
        for mut sender in senders {
            let offer = offer.clone();
            sending.spawn(async move { overwhelm(&mut sender, &offer).await });
        }
        sending.join_all().await;
    };
    let mut with = Duration::ZERO;
    let grown = growth(&server, async {
        let talking = async { with = p99(&talk_for(&mut others, rounds).await) };
        tokio::join!(attack, talking);
    });
    let grown = grown.await;
    note_stalls(&server, "clients not reading").await;

    let closed = r#"meetpoint_connections_closed_total{reason="slow_consumer"}"#;
    let all = async {
        while sample(server.address, closed).await < count as f64 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(timeout(PATIENCE, all).await.is_ok(), "{} given up", sample(server.address, closed).await);
    let mut ending = JoinSet::new();
    // Through so small a buffer, what the kernel holds for all of them would take minutes to read.
    for mut sleeper in sleepers.drain(..SEEN_TO_THE_END) {
        ending.spawn(async move {
            sleeper.resume();
            let closed = sleeper.end().await;
            // The farewell may not fit any more; then the connection is cut.
            assert!([4008, 1006].contains(&closed.code), "{closed:?}");
        });
    }
    ending.join_all().await;
    assert_unharmed(&server).await;
    figure("F2", "clients that never read, each sent until it was given up", count as f64, "", Goal::Told);
    figure("F2", "of them closed as slow", sample(server.address, closed).await, "", Goal::Exactly(count as f64));
    figure("F2", "senders told that their partner left", count as f64, "", Goal::Exactly(count as f64));
    let bound = (OUTBOX * count as f64 + BESIDES) / MIB;
    figure("F2", "memory taken for them", grown / MIB, "MiB", Goal::AtMost(bound));
    let ratio = with.as_secs_f64() / without.as_secs_f64();
    figure("F2", "p99 of others with the attack, of that without", ratio, "×", Goal::Told);
    figure("F2", "p99 of others with the attack", with.as_secs_f64() * 1e3, "ms", Goal::Told);
}
