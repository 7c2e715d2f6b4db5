//! A thread with a runtime of its own that runs many pairs. Nothing in it is shared with other threads but the [`Stage`].

use std::{cell::RefCell, io, rc::Rc, sync::Arc};

use hdrhistogram::Histogram;
use meetpoint_protocol::ClientId;
use tokio::{
    runtime::{Builder, LocalOptions},
    task::JoinSet,
    time::Instant,
};

use super::{
    crew::Stage,
    frames::{self, Batch},
    pair::{Outcome, Pair},
};
use crate::ws::Detached;

/// Bytes that one read may bring: a window of large frames, and small enough to stay in the cache.
const READ_BUFFER: usize = 256 * 1024;
/// Nanoseconds; a slower frame counts as this slow.
const MAX_LATENCY: u64 = 60_000_000_000;

/// A pair on its way into a worker.
pub type DetachedPair = [(ClientId, Detached); 2];

/// What all pairs of a thread work with, one after another: because it is shared, it stays in the cache, and a socket owns
/// no buffers.
pub struct Bench {
    pub stage: Arc<Stage>,
    pub clock: Clock,
    pub window: usize,
    pub buffer: Vec<u8>,
    pub batch: Batch,
    pub tally: Tally,
}

/// Nanoseconds since a moment that all threads of a run agree on.
#[derive(Clone, Copy, Debug)]
pub struct Clock(pub std::time::Instant);

impl Clock {
    pub fn now_ns(self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }
}

/// What was counted while measuring.
#[derive(Debug)]
pub struct Tally {
    /// One-way latencies in nanoseconds, one per frame.
    pub latency: Histogram<u64>,
    /// Socket reads that brought at least one frame.
    pub reads: u64,
}

impl Tally {
    pub fn new() -> io::Result<Self> {
        /// 0.1 % of a value, everywhere in the range.
        const DIGITS: u8 = 3;
        let latency = Histogram::new_with_bounds(1, MAX_LATENCY, DIGITS).map_err(io::Error::other)?;
        Ok(Self { latency, reads: 0 })
    }

    pub fn record(&mut self, latency_ns: u64) {
        self.latency.saturating_record(latency_ns);
    }
}

/// What a worker is given.
pub struct Order {
    pub stage: Arc<Stage>,
    pub clock: Clock,
    pub pairs: Vec<DetachedPair>,
    pub payload: usize,
    pub window: usize,
    pub deadline: Instant,
}

/// What a worker gives back.
pub struct Done {
    pub tally: Tally,
    pub outcomes: Vec<Outcome>,
}

/// Runs all pairs to their end.
pub fn run(order: Order) -> io::Result<Done> {
    let Order { stage, clock, pairs, payload, window, deadline } = order;
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    let bench = Rc::new(RefCell::new(Bench {
        stage,
        clock,
        window,
        buffer: vec![0; READ_BUFFER.max(2 * payload)],
        batch: Batch::new(payload, window),
        tally: Tally::new()?,
    }));
    let tail = frames::tail(payload);
    let outcomes = runtime.block_on(async {
        let mut running = JoinSet::new();
        for [(a, a_socket), (b, b_socket)] in pairs {
            let pair = Pair::new([(a, a_socket.attach()?), (b, b_socket.attach()?)], &tail);
            running.spawn_local(pair.run(Rc::clone(&bench), deadline));
        }
        io::Result::Ok(running.join_all().await)
    })?;
    let tally = std::mem::replace(&mut bench.borrow_mut().tally, Tally::new()?);
    Ok(Done { tally, outcomes })
}
