//! A thousand cuts: whatever happens to their sockets, clients that can come back hear all that was said to them, once
//! and in order, and the server remembers nothing of them when they have gone.

mod line;
mod pairs;
mod rooms;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep};

use crate::support::PATIENCE;
use crate::support::http;
use crate::support::metrics::scrape;
use crate::support::proxy::{Cut, MANNERS, Manner, Way};
use crate::support::resumable::{Resumable, Stage};
use crate::support::server::{CROWDED, Server};

/// How long sessions are kept here: longer than any client under cuts needs to come back, and no longer than a test waits.
pub const WINDOW: Duration = Duration::from_secs(7);

/// Nobody is matched who has not asked for it, so that what is heard can be told beforehand.
pub const SETTINGS: [(&str, &str); 5] = [
    ("RESUME_WINDOW", "7s"),
    ("REQUEUE_ON_PARTNER_LEAVE", "false"),
    ("REQUEUE_ON_NEXT", "false"),
    ("REMATCH_COOLDOWN", "0"),
    CROWDED,
];

const MIB: u64 = 1024 * 1024;

/// Which of the many ways this goes: the same every time, unless the environment says which.
pub fn seed() -> u64 {
    let seed = std::env::var("CHAOS_SEED").ok().map(|seed| seed.parse().expect("CHAOS_SEED is a number"));
    let seed = seed.unwrap_or(1);
    println!("CHAOS_SEED={seed}");
    seed
}

/// The chance of one client.
pub fn chance(seed: u64, client: usize) -> StdRng {
    StdRng::seed_from_u64(seed << 16 | client as u64)
}

/// Cuts at random bytes: of the upgrade, around the hello and the replay, and later, up to a lifetime.
pub fn cuts(chance: &mut StdRng, count: usize, lifetime: u64) -> Vec<Cut> {
    let mut cut = || Cut {
        way: if chance.random_bool(0.5) { Way::Up } else { Way::Down },
        after: match chance.random_range(0..10) {
            0 => chance.random_range(0..200),
            1..5 => chance.random_range(150..1200),
            _ => chance.random_range(300..lifetime),
        },
        manner: MANNERS[chance.random_range(0..MANNERS.len())],
    };
    (0..count).map(|_| cut()).collect()
}

/// What the server must have let go of when nobody is left.
const NOTHING: [&str; 8] = [
    "meetpoint_connections",
    "meetpoint_pairs",
    "meetpoint_queue_waiting_clients{queue=\"chat\"}",
    "meetpoint_topics",
    "meetpoint_topic_members",
    "meetpoint_sessions_away",
    "meetpoint_sessions_away_bytes",
    "clients of /healthz",
];

/// What the server holds of each of [`NOTHING`].
pub async fn holdings(server: &Server) -> BTreeMap<&'static str, f64> {
    let samples = scrape(server.address).await;
    let clients = http::get(server.address, "/healthz").await.json()["clients"].as_f64().expect("a number");
    let value = |name| if name == NOTHING[7] { Some(clients) } else { samples.get(name).copied() };
    NOTHING.map(|name| (name, value(name).unwrap_or_else(|| panic!("no {name} in {samples:?}")))).into()
}

/// Waits until all windows are over, and sees that nothing is left, neither in the books nor in memory.
pub async fn assert_forgotten(server: &Server, before: Option<u64>) {
    let asked = Instant::now();
    loop {
        let held = holdings(server).await;
        if held.values().all(|held| *held == 0.0) {
            break;
        }
        assert!(asked.elapsed() < WINDOW + PATIENCE, "the server still holds {held:?}");
        sleep(Duration::from_millis(50)).await;
    }
    server.assert_no_panic();
    let (Some(before), Some(after)) = (before, server.resident_bytes()) else { return };
    println!("{} KiB were {} KiB before", after / 1024, before / 1024);
    assert!(after < before + 16 * MIB, "{after} bytes are left of {before}");
}

/// That the cuts were all that they should be, and where they struck.
pub fn assert_cut_everywhere(done: &[Cut], planned: usize, clients: &[&Resumable]) {
    assert_eq!(done.len(), planned);
    let manners: HashSet<Manner> = done.iter().map(|cut| cut.manner).collect();
    assert_eq!(manners.len(), MANNERS.len());
    let mut stages: HashMap<Stage, usize> = HashMap::new();
    for stage in clients.iter().flat_map(|client| &client.lost) {
        *stages.entry(*stage).or_default() += 1;
    }
    let in_a_row =
        clients.iter().flat_map(|client| client.lost.windows(2)).filter(|lost| lost[1] < Stage::Open).count();
    println!("{planned} cuts: {stages:?}, {in_a_row} before the session was whole again");
    for stage in [Stage::Upgrade, Stage::Hello, Stage::Replay, Stage::Open] {
        assert!(stages.contains_key(&stage), "no connection was lost at {stage:?}");
    }
    assert!(in_a_row > 0, "nobody was cut twice in a row");
}
