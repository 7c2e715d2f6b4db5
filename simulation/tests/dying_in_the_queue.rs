//! A client dies somewhere between looking for a partner and having one, in every order with somebody who looks for one, too.

use std::{
    cell::Cell,
    iter,
    rc::Rc,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use meetpoint::config::Settings;
use meetpoint_scorecard::{Goal, figure, scale};
use meetpoint_simulation::{
    client::Visitor,
    host::{Census, Host},
    ledger::now,
    network::SERVER,
    world,
};
use rand::{RngExt, SeedableRng, rngs::SmallRng};
use tokio::time::sleep;

const HEARTBEAT: Duration = Duration::from_secs(1);
const WINDOW: Duration = Duration::from_secs(1);
const LATENCY: Duration = Duration::from_millis(100);

/// In which the others do what they do, in milliseconds.
const MOMENTS: u64 = 400;

/// When the third comes, whoever has met whom, in milliseconds.
const LATER: u64 = 600;

/// From the death of a client to the end of its session: two ping intervals, its window, and what its last sign of life and the words
/// about it take on the way.
const FORGOTTEN: Duration = Duration::from_millis(2_000 + 1_000 + 400);

/// Deaths in one simulation.
const ROUNDS: u64 = 20;

async fn pause(milliseconds: u64) {
    sleep(Duration::from_millis(milliseconds)).await;
}

/// Looks for a partner after a while, until it is this one.
async fn find(visitor: &mut Visitor, partner: &str, after: u64) {
    pause(after).await;
    visitor.look_for_a_partner().await;
    while let Some(matched) = visitor.hear("matched", 2 * FORGOTTEN).await {
        if matched["partnerId"] == *partner {
            return;
        }
    }
    panic!("left with a ghost at {:?}", now());
}

/// One dies, and two find each other in spite of it: how long after both its death and the coming of the last.
async fn round(chance: &mut SmallRng, dead: &mut Vec<Visitor>) -> Duration {
    let (asks, dies, comes) =
        (chance.random_range(0..MOMENTS), chance.random_range(0..MOMENTS), chance.random_range(0..MOMENTS));
    let (is_resumable, is_silent) = (chance.random_bool(0.5), chance.random_bool(0.5));
    let mut mortal = Visitor::enter(is_resumable).await.expect("a server");
    let mut second = Visitor::enter(false).await.expect("a server");
    let mut third = Visitor::enter(false).await.expect("a server");
    let ids = (second.id.clone(), third.id.clone());
    let last = now() + Duration::from_millis(LATER);
    let die = async {
        pause(asks).await;
        mortal.look_for_a_partner().await;
        // It may live to hear of its partner.
        mortal.hear("nothing", Duration::from_millis(dies)).await;
        if is_silent {
            dead.push(mortal);
        }
        now()
    };
    let (died, (), ()) = tokio::join!(die, find(&mut second, &ids.1, comes), find(&mut third, &ids.0, LATER));
    let took = now().saturating_sub(died.max(last));
    second.leave().await;
    third.leave().await;
    took
}

/// Twenty deaths of a seed; the longest time that two were kept apart by one.
fn simulate(seed: u64) -> Duration {
    let mut settings = Settings::default();
    settings.socket.heartbeat = HEARTBEAT;
    settings.resume.window = WINDOW;
    let host = Host::new(settings, seed);
    let mut sim = world(seed, LATENCY, &host);
    let longest = Rc::new(Cell::new(Duration::ZERO));
    let rounds = longest.clone();
    sim.client("everybody", async move {
        let mut chance = SmallRng::seed_from_u64(seed);
        let mut dead = Vec::new();
        for _ in 0..ROUNDS {
            let took = round(&mut chance, &mut dead).await;
            rounds.set(rounds.get().max(took));
        }
        sleep(FORGOTTEN).await;
        Ok(())
    });
    sim.run().unwrap_or_else(|problem| panic!("seed {seed}: {problem}"));
    assert_eq!(host.census(), Census::default(), "seed {seed}");
    sim.crash(SERVER);
    longest.get()
}

#[test]
fn nobody_is_left_with_a_client_that_died_between_the_queue_and_the_match() {
    let seeds = scale(200, 10_000) / ROUNDS;
    let next = AtomicU64::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let seeds = iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed)).take_while(|seed| *seed < seeds);
        seeds.map(simulate).max().unwrap_or_default()
    };
    let longest = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().expect("no ghosts")).max().unwrap_or_default()
    });
    assert!(longest <= FORGOTTEN, "{longest:?}");
    figure("S9", "deaths between queue and match", (seeds * ROUNDS) as f64, "", Goal::Told);
    figure("S9", "clients left with a ghost", 0.0, "", Goal::Exactly(0.0));
    let kept = longest.as_secs_f64() / HEARTBEAT.as_secs_f64();
    figure(
        "S9",
        "kept apart by the dead, at most, in ping intervals (a session's window is one)",
        kept,
        "",
        Goal::AtMost(3.4),
    );
}
