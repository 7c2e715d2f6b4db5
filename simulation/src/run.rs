//! One seed from beginning to end.

use std::{rc::Rc, time::Duration};

use futures_util::future::join_all;
use turmoil::{Builder, Sim};

use crate::{
    client::{Chatter, NoisySide, Role},
    host::{Census, Host},
    ledger::{Counts, Ledger},
    network::SERVER,
    panics,
    plan::{Fault, MACHINES, NOISY_ROOMS, Plan},
    timetable,
};

/// How finely time passes for hosts and network.
pub const TICK: Duration = Duration::from_millis(10);

/// Segments under way on a connection before its sender has to wait.
const WINDOW: usize = 32;

/// How a simulation went.
pub struct Outcome {
    pub counts: Counts,
    /// Of all that every client heard, and when.
    pub trace: u64,
    /// What must not be, behind what was heard before it.
    pub violation: Option<String>,
}

/// Runs a seed for sixty simulated seconds, or until something is that must not be: then the last lines of the trace, so many, are
/// told with it.
pub fn simulate(seed: u64, lines: usize) -> Outcome {
    panics::watch();
    let plan = Plan::of_seed(seed);
    let ledger = Ledger::new(plan.settings.matching.rematch_cooldown, lines);
    let host = Host::new(plan.settings.clone(), seed);
    let mut sim = world(seed, plan.latency, &host);
    for machine in 0..MACHINES {
        populate(&mut sim, machine, seed, &plan, &ledger, &host);
    }
    let violation = run(&mut sim, &plan, &ledger, &host).err();
    let violation = violation.map(|what| format!("{}  at {:?}: {what}", ledger.tail(), sim.elapsed()));
    // While there is a network: whatever the server still has tells others that it goes.
    sim.crash(SERVER);
    Outcome { counts: ledger.counts(), trace: ledger.trace_hash(), violation }
}

/// A network on which everything takes between a tick and this time, with the server on it.
pub fn world(seed: u64, latency: Duration, host: &Rc<Host>) -> Sim<'static> {
    let mut sim = Builder::new()
        .rng_seed(seed)
        .simulation_duration(Duration::MAX)
        .tick_duration(TICK)
        .min_message_latency(TICK)
        .max_message_latency(latency)
        .tcp_capacity(WINDOW)
        .build();
    let host = host.clone();
    sim.host(SERVER, move || host.clone().run());
    sim
}

fn populate(sim: &mut Sim<'_>, machine: usize, seed: u64, plan: &Plan, ledger: &Ledger, host: &Rc<Host>) {
    let here = |number: usize| number % MACHINES == machine;
    let seed_of = |number: usize| seed.wrapping_mul(1009).wrapping_add(number as u64);
    let chatters: Vec<_> = plan
        .chatters
        .iter()
        .enumerate()
        .filter(|(number, _)| here(*number))
        .map(|(number, (user, window))| {
            let role = Role { name: format!("c{number}"), user: *user, window: *window, requeues: plan.requeues };
            Chatter::new(role, ledger.clone(), host.clone(), seed_of(number))
        })
        .collect();
    let sides: Vec<_> = (0..NOISY_ROOMS)
        .flat_map(|room| [(room, "A"), (room, "B")])
        .enumerate()
        .filter(|(number, _)| here(*number))
        .map(|(number, (room, side))| NoisySide::new(room, side, ledger.clone(), host.clone(), seed_of(100 + number)))
        .collect();
    sim.client(name(machine), async move {
        let chatters = join_all(chatters.into_iter().map(Chatter::live));
        tokio::join!(chatters, join_all(sides.into_iter().map(NoisySide::live)));
        Ok(())
    });
}

fn run(sim: &mut Sim<'_>, plan: &Plan, ledger: &Ledger, host: &Host) -> Result<(), String> {
    let mut faults = plan.faults.iter().peekable();
    let mut is_checked = false;
    while sim.elapsed() < timetable::END {
        while let Some((_, fault)) = faults.next_if(|(when, _)| *when <= sim.elapsed()) {
            ledger.note("fate", &format!("{:?} {fault:?}", sim.elapsed()));
            befall(sim, *fault, host);
        }
        sim.step().map_err(|error| error.to_string())?;
        if !is_checked && sim.elapsed() > timetable::CHECK {
            is_checked = true;
            ledger.check_at_rest(host.census(), host.life(), plan.chatters.len());
        }
        if let Some(violation) = ledger.violated() {
            return Err(violation);
        }
        if let Some(panic) = panics::first() {
            return Err(panic);
        }
    }
    match host.census() {
        census if census == Census::default() => Ok(()),
        census => Err(format!("everybody has gone, and the server still has {census:?}")),
    }
}

fn befall(sim: &mut Sim<'_>, fault: Fault, host: &Host) {
    let everybody = || (0..MACHINES).map(name);
    match fault {
        Fault::Cut(machine) => sim.partition(SERVER, name(machine)),
        Fault::CutOneWay(machine, true) => sim.partition_oneway(name(machine), SERVER),
        Fault::CutOneWay(machine, false) => sim.partition_oneway(SERVER, name(machine)),
        Fault::Mend(machine) => sim.repair(SERVER, name(machine)),
        Fault::Hold(machine) => sim.hold(SERVER, name(machine)),
        Fault::Release(machine) => sim.release(SERVER, name(machine)),
        // Nobody hears the server's last words. What was cut or held before is mended by it, which is as good a fault as any.
        Fault::Crash => {
            everybody().for_each(|machine| sim.partition(SERVER, machine));
            sim.crash(SERVER);
            everybody().for_each(|machine| sim.repair(SERVER, machine));
        }
        Fault::Stop => host.stop(),
        Fault::Start => sim.bounce(SERVER),
    }
}

fn name(machine: usize) -> String {
    format!("machine-{machine}")
}
