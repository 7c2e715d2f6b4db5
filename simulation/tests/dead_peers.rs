//! Peers whose network dies without a word, with the default settings: what their partners are told, and when.

use std::{cell::RefCell, rc::Rc, time::Duration};

use futures_util::future::join_all;
use meetpoint::config::Settings;
use meetpoint_scorecard::{Goal, figure, scale};
use meetpoint_simulation::{
    TICK,
    client::Visitor,
    host::{Census, Host},
    ledger::now,
    network::SERVER,
    world,
};
use tokio::time::sleep;

const LATENCY: Duration = Duration::from_millis(50);

/// Between the arrivals of two who are to meet.
const APART: Duration = Duration::from_secs(1);

/// Pings are spread over their interval by then.
const SETTLED: Duration = Duration::from_secs(60);

const FOREVER: Duration = Duration::from_hours(10);

/// What comes to two intervals of silence until somebody is told: one latency for the last sign of life, one for what is told, and the
/// ticks in which both arrive.
const SLACK: Duration = Duration::from_millis(2 * 50 + 20);

/// How long after their partners' death those who stayed were told.
fn die_together(pairs: u32, settings: Settings) -> (Vec<Duration>, Census) {
    let host = Host::new(settings, 1);
    let mut sim = world(1, LATENCY, &host);
    let death = APART * (pairs + 1) + SETTLED;
    let told = Rc::new(RefCell::new(Vec::new()));
    let stay = |told: Rc<RefCell<Vec<Duration>>>, number: u32| async move {
        sleep(APART * number).await;
        let mut visitor = Visitor::enter(false).await.expect("a server");
        visitor.look_for_a_partner().await;
        visitor.hear("matched", APART).await.expect("a partner");
        let left = visitor.hear("partner-left", FOREVER).await.expect("word of the end");
        assert_eq!(left["reason"], "timeout");
        told.borrow_mut().push(now() - death);
        visitor.hear("nothing more", FOREVER).await;
    };
    let die = |number: u32| async move {
        sleep(APART * number + APART / 2).await;
        let mut visitor = Visitor::enter(false).await.expect("a server");
        visitor.look_for_a_partner().await;
        visitor.hear("matched", APART).await.expect("a partner");
        visitor.hear("nothing more", FOREVER).await;
    };
    let staying: Vec<_> = (0..pairs).map(|number| stay(told.clone(), number)).collect();
    let dying: Vec<_> = (0..pairs).map(die).collect();
    sim.client("staying", async {
        join_all(staying).await;
        Ok(())
    });
    sim.client("dying", async {
        join_all(dying).await;
        Ok(())
    });
    while sim.elapsed() < death {
        sim.step().expect("nobody panics");
    }
    assert_eq!(host.census().pairs, pairs as usize);
    sim.partition("dying", SERVER);
    while told.borrow().len() < pairs as usize {
        sim.step().expect("nobody panics");
    }
    for _ in 0..(LATENCY.as_millis() / TICK.as_millis() + 1) {
        sim.step().expect("nobody panics");
    }
    let census = host.census();
    sim.crash(SERVER);
    let told = told.borrow().clone();
    (told, census)
}

#[test]
fn partners_of_peers_that_died_without_a_word_are_told_within_two_ping_intervals() {
    let pairs = scale(50, 1_000);
    let mut settings = Settings::default();
    // So that whoever is left stays alone, and is seen to be.
    settings.matching.requeue_on_partner_leave = false;
    settings.arrivals.max_per_address = pairs;
    let heartbeat = settings.socket.heartbeat;
    let (mut told, census) = die_together(pairs, settings);
    told.sort_unstable();
    assert_eq!(census, Census { connections: pairs as usize, ..Census::default() }, "ghosts");
    let (first, last) = (told[0], told[told.len() - 1]);
    // Whoever had just shown a sign of life is given both intervals, whoever was about to at least one.
    assert!(first + SLACK >= heartbeat && last <= 2 * heartbeat + SLACK, "{first:?} to {last:?}");
    let seconds = |what: &str, time: Duration, goal| figure("F1", what, time.as_secs_f64(), "s", goal);
    seconds("partner told after, at most (two ping intervals)", last, Goal::AtMost(40.2));
    seconds("partner told after, median", told[told.len() / 2], Goal::AtMost(33.0));
    figure(
        "F1",
        "ghosts afterwards",
        (census.connections - pairs as usize + census.pairs) as f64,
        "",
        Goal::Exactly(0.0),
    );
    figure("F1", "peers that died", f64::from(pairs), "", Goal::Told);
}
