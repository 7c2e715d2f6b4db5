//! The server as a host of the simulation: the same as outside but for its network, its clock and its chance.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    time,
};

use meetpoint::{
    app,
    config::{Key, Settings, StorageType},
    core::{chance::Chance, clock::Clock},
    server::Server,
};
use meetpoint_protocol::Timestamp;
use tokio::{sync::Notify, time::Instant};

use crate::network::Network;

/// When every simulation begins, in milliseconds since 1970.
const EPOCH: u64 = 1_800_000_000_000;

/// Whoever runs the host, and whoever looks at it.
pub struct Host {
    settings: Settings,
    seed: u64,
    stop: Notify,
    /// How often it has been started.
    starts: Cell<u64>,
    /// The last of its lives that was asked to end.
    stopped: Cell<u64>,
    server: RefCell<Option<Arc<Server>>>,
}

/// What the server's tables hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Census {
    pub connections: usize,
    pub waiting: usize,
    pub pairs: usize,
    pub topics: usize,
    pub members: usize,
    pub away: usize,
    pub seats: usize,
}

impl Host {
    /// A server in memory with these settings; the same ids and the same jitter for the same seed.
    pub fn new(settings: Settings, seed: u64) -> Rc<Self> {
        let mut settings = settings;
        settings.storage.kind = StorageType::Memory;
        // One for all of its lives, so that tokens of an earlier one are known to be so.
        settings.secrets.auth = Some(Key::new([7; Key::LEN]));
        Rc::new(Self {
            settings,
            seed,
            stop: Notify::new(),
            starts: Cell::new(0),
            stopped: Cell::new(0),
            server: RefCell::new(None),
        })
    }

    /// The life of a server, from its start to the end of its drain.
    ///
    /// # Errors
    /// Only where the simulation is wrong: the settings, or a port that is taken.
    pub async fn run(self: Rc<Self>) -> turmoil::Result {
        let start = self.starts.get() + 1;
        self.starts.set(start);
        let chance = Chance::from_seed(self.seed.wrapping_add(start << 48));
        let app = app::build_at(&self.settings, chance, clock())?;
        *self.server.borrow_mut() = Some(app.server.clone());
        let listener = Network::listen().await?;
        let drain = async {
            self.stop.notified().await;
            app.server.drain(self.settings.shutdown_grace).await;
        };
        tokio::join!(app.serve(listener), drain);
        Ok(())
    }

    /// Asks it to stop, as SIGTERM does: nobody is matched any more, and nobody told whom the end takes away.
    pub fn stop(&self) {
        self.stopped.set(self.life());
        self.stop.notify_one();
    }

    /// How often it has been started: what it keeps in memory alone is that of this life.
    pub fn life(&self) -> u64 {
        self.starts.get()
    }

    /// Whether the life with this number has been asked to end.
    pub fn is_stopped(&self, life: u64) -> bool {
        life <= self.stopped.get()
    }

    /// What its tables hold, as its metrics have it.
    pub fn census(&self) -> Census {
        let server = self.server.borrow();
        let Some(server) = server.as_ref() else { return Census::default() };
        let lobby = server.lobby.census(time::Instant::now());
        let (topics, members) = server.topics.census();
        Census {
            connections: server.registry.len(),
            waiting: lobby.waiting,
            pairs: lobby.pairs,
            topics,
            members,
            away: (server.away)().0,
            seats: server.sides.attendance().peers,
        }
    }
}

/// The simulated time, which is also what everybody's wall clock says.
fn clock() -> Clock {
    let begun = Timestamp::from_millis(EPOCH).plus(turmoil::sim_elapsed().unwrap_or_default());
    let start = Instant::now();
    let now = move || begun.plus(start.elapsed());
    Clock::new(start.into_std(), now, now)
}
