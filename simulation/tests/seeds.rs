//! Whatever chance does to a server and its clients in sixty simulated seconds, no invariant breaks.

use std::{
    env,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use meetpoint_scorecard::{Goal, figure, scale};
use meetpoint_simulation::{ledger::Counts, simulate, timetable};

/// Replays this seed alone, and tells all that was heard if it fails again.
const SEED: &str = "SIMULATION_SEED";

/// Lines of the trace that are shown with a violation.
const LINES: usize = 60;

/// Runs seeds until there are none left; what was counted, or the first violation.
fn work(next: &AtomicU64, seeds: u64) -> Result<Counts, String> {
    let mut counts = Counts::default();
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= seeds {
            return Ok(counts);
        }
        let outcome = simulate(seed, LINES);
        counts += outcome.counts;
        if let Some(violation) = outcome.violation {
            next.store(seeds, Ordering::Relaxed);
            return Err(format!(
                "seed {seed}, trace {:016x}\n{violation}\nAgain: {SEED}={seed} cargo test --package meetpoint-simulation --test seeds",
                outcome.trace
            ));
        }
    }
}

#[test]
fn no_invariant_breaks_whatever_chance_does() {
    if let Ok(seed) = env::var(SEED) {
        let outcome = simulate(seed.parse().expect("a number"), usize::MAX);
        let violation = outcome.violation.unwrap_or_default();
        assert!(violation.is_empty(), "trace {:016x}\n{violation}", outcome.trace);
        return;
    }
    let seeds = scale(100, 10_000);
    let next = AtomicU64::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let done: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(&next, seeds))).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker")).collect()
    });
    let violations: Vec<_> = done.iter().filter_map(|done| done.as_ref().err()).cloned().collect();
    let mut counts = Counts::default();
    done.into_iter().flatten().for_each(|done| counts += done);
    let hours =
        (timetable::END * u32::try_from(seeds).expect("few")).as_secs_f64() / Duration::from_hours(1).as_secs_f64();
    let told = |what: &str, value: u64| figure("F13", what, value as f64, "", Goal::Told);
    figure("F13", "seeds", seeds as f64, "", Goal::AtLeast(100.0));
    figure("F13", "violations", violations.len() as f64, "", Goal::Exactly(0.0));
    figure("F13", "simulated time", hours, "h", Goal::Told);
    told("frames heard and checked", counts.heard);
    told("frames between partners", counts.relayed);
    told("frames to members of topics", counts.published);
    told("mail delivered", counts.mail);
    told("matches", counts.matches);
    told("times that somebody was passed by rightly", counts.turns);
    told("sessions resumed", counts.resumed);
    told("connections lost", counts.cuts);
    assert!(violations.is_empty(), "{}", violations.join("\n\n"));
    // Else nothing was checked.
    let Counts { heard, relayed, published, mail, matches, turns, resumed, cuts } = counts;
    for count in [heard, relayed, published, mail, matches, turns, resumed, cuts] {
        assert!(count > seeds, "too little happened: {counts:?}");
    }
}

#[test]
fn a_seed_replays_exactly() {
    let run = |seed| simulate(seed, LINES);
    for seed in 1..4 {
        let (first, second) = (run(seed), run(seed));
        assert_eq!((first.trace, first.counts), (second.trace, second.counts), "seed {seed}");
    }
    assert_ne!(run(1).trace, run(2).trace);
}
