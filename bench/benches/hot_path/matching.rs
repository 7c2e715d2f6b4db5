//! Who meets whom. Time per match must not depend on how many wait, nor on how many come.

use std::sync::Arc;

use divan::{Bencher, counter::ItemsCount};
use meetpoint::core::{event::Departure, lobby::Lobby, outbox::Outbox};
use meetpoint_protocol::UserId;

use crate::stage::Stage;

/// The only ones who can wait in any number are clients of one user: whoever else comes has a partner at once.
const WAITING: [usize; 3] = [100, 10_000, 100_000];

/// A stranger comes, is matched with who has waited longest, and goes; the other one waits again, ahead of all.
#[divan::bench(args = WAITING, sample_size = 100)]
fn stranger_among_waiting(bencher: Bencher<'_, '_>, waiting: usize) {
    let (stage, lobby, _) = crowd(waiting);
    let stranger = stage.outbox();
    bencher.bench_local(|| {
        let mut turn = stage.turn();
        lobby.available(&stranger, &mut turn).expect("it has no partner");
        assert_eq!(turn.tally.waits.len(), 2, "a match");
        lobby.gone(stranger.client(), Departure::Left, &mut turn);
    });
}

/// One more of the same user comes, may meet none of them, waits behind them and leaves.
#[divan::bench(args = WAITING, sample_size = 100)]
fn nobody_among_waiting(bencher: Bencher<'_, '_>, waiting: usize) {
    let (stage, lobby, user) = crowd(waiting);
    let another = stage.outbox();
    lobby.identify(&another, Some(user), &mut stage.turn());
    bencher.bench_local(|| {
        let mut turn = stage.turn();
        lobby.available(&another, &mut turn).expect("it has no partner");
        assert_eq!(turn.tally.waits.len(), 0, "no match");
        lobby.leave(another.client(), &mut turn);
    });
}

/// All come at once. The items are matches.
#[divan::bench(args = [1_000, 10_000], sample_count = 20, sample_size = 1)]
fn burst(bencher: Bencher<'_, '_>, clients: usize) {
    bencher
        .counter(ItemsCount::new(clients / 2))
        .with_inputs(|| {
            let stage = Stage::new();
            let clients = stage.outboxes(clients);
            (stage, clients)
        })
        .bench_local_refs(|(stage, clients)| arrive(stage, &stage.server.lobby, clients));
}

/// Everybody has a partner; one after the other wants the next. The items are matches.
#[divan::bench(args = [1_000, 10_000])]
fn next(bencher: Bencher<'_, '_>, clients: usize) {
    const TURNS: usize = 1_000;
    let stage = Stage::new();
    let lobby = &stage.server.lobby;
    let clients = stage.outboxes(clients);
    arrive(&stage, lobby, &clients);
    let mut restless = clients.iter().cycle();
    let mut matches = 0;
    let mut churn = || {
        let mut matches = 0;
        for client in restless.by_ref().take(TURNS) {
            let mut turn = stage.turn();
            // Whoever waits has no partner to leave.
            let _ = lobby.next(client.client(), &mut turn);
            matches += turn.tally.waits.len() / 2;
        }
        matches
    };
    // Until one round is like the other.
    for _ in 0..clients.len() / TURNS {
        matches = churn();
    }
    bencher.counter(ItemsCount::new(matches)).bench_local(churn);
}

/// A lobby in which as many clients of one user wait.
fn crowd(waiting: usize) -> (Stage, Arc<Lobby>, UserId) {
    let stage = Stage::new();
    let lobby = stage.server.lobby.clone();
    let user = UserId::new(r#""u""#).expect("a short name");
    for client in stage.outboxes(waiting) {
        let mut turn = stage.turn();
        lobby.identify(&client, Some(user.clone()), &mut turn);
        lobby.available(&client, &mut turn).expect("it has no partner");
    }
    assert_eq!(lobby.census(stage.now).waiting, waiting);
    (stage, lobby, user)
}

fn arrive(stage: &Stage, lobby: &Lobby, clients: &[Outbox]) {
    for client in clients {
        lobby.available(client, &mut stage.turn()).expect("it has no partner");
    }
}
