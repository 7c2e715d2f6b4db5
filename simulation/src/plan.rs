//! What a seed decides before the simulation begins: the settings, who takes part, and what fails when.

use std::time::Duration;

use meetpoint::config::{ByteSize, Settings};
use rand::{RngExt, SeedableRng, rngs::SmallRng};

use crate::{client::pairing::Requeues, timetable};

/// Hosts with clients on them.
pub const MACHINES: usize = 3;
const CHATTERS: usize = 9;
/// Each with two sides.
pub const NOISY_ROOMS: u32 = 2;

/// How long a session outlives its socket.
const WINDOW: Duration = Duration::from_secs(5);

/// What happens to a machine's link with the server, or to the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Nothing comes through, and what was under way is lost.
    Cut(usize),
    /// The same from the machine to the server alone, or the other way round.
    CutOneWay(usize, bool),
    Mend(usize),
    /// Nothing comes through until it is released.
    Hold(usize),
    Release(usize),
    /// The server's machine loses power.
    Crash,
    /// The server is asked to stop.
    Stop,
    Start,
}

pub struct Plan {
    pub settings: Settings,
    pub requeues: Requeues,
    pub latency: Duration,
    /// In order.
    pub faults: Vec<(Duration, Fault)>,
    /// Whose user each chat client is, and for how long its session outlives a socket.
    pub chatters: Vec<(Option<u8>, Option<Duration>)>,
}

impl Plan {
    pub fn of_seed(seed: u64) -> Self {
        let mut chance = SmallRng::seed_from_u64(seed);
        let requeues = Requeues { abandoned: chance.random_bool(0.7), next: chance.random_bool(0.7) };
        let mut settings = Settings::default();
        settings.matching.requeue_on_partner_leave = requeues.abandoned;
        settings.matching.requeue_on_next = requeues.next;
        settings.matching.rematch_cooldown = Duration::from_secs(1);
        settings.matching.rematch_memory = if chance.random_bool(0.5) { 0 } else { 3 };
        settings.resume.window = WINDOW;
        settings.socket.heartbeat = Duration::from_secs(3);
        settings.socket.max_messages_per_second = 0;
        settings.socket.outbox_max_bytes = ByteSize::new(64 * 1024);
        settings.shutdown_grace = Duration::from_secs(2);
        // Of one user there is a crowd, so that there is a queue.
        let chatter = |number: usize, chance: &mut SmallRng| {
            let user = match number {
                0..5 => Some(0),
                5 | 6 => Some(1),
                _ => None,
            };
            (user, chance.random_bool(0.5).then_some(WINDOW))
        };
        let chatters = (0..CHATTERS).map(|number| chatter(number, &mut chance)).collect();
        let latency = Duration::from_millis(chance.random_range(20..400));
        Self { settings, requeues, latency, faults: faults(&mut chance), chatters }
    }
}

fn faults(chance: &mut SmallRng) -> Vec<(Duration, Fault)> {
    let mut faults = Vec::new();
    let at = |milliseconds: u64| Duration::from_millis(milliseconds).min(timetable::CALM);
    // One after another for each machine: what is held cannot be cut.
    for machine in 0..MACHINES {
        let mut when = chance.random_range(2_000..20_000);
        while when < 38_000 {
            let (fault, mend) = match chance.random_range(0..4) {
                0 => (Fault::Cut(machine), Fault::Mend(machine)),
                1 => (Fault::CutOneWay(machine, chance.random_bool(0.5)), Fault::Mend(machine)),
                _ => (Fault::Hold(machine), Fault::Release(machine)),
            };
            let lasts = chance.random_range(100..7_000);
            faults.extend([(at(when), fault), (at(when + lasts), mend)]);
            when += lasts + chance.random_range(1_000..15_000);
        }
    }
    if chance.random_bool(0.5) {
        let when = chance.random_range(5_000..32_000);
        let (fault, lasts) = if chance.random_bool(0.5) { (Fault::Crash, 600) } else { (Fault::Stop, 2_500) };
        faults.extend([(at(when), fault), (at(when + lasts + chance.random_range(0..2_000)), Fault::Start)]);
    }
    faults.sort_by_key(|(when, _)| *when);
    faults
}
