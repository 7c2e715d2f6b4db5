//! The worker threads as the conductor sees them: the phase they are told, what they have relayed, their results.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use tokio::time::{sleep, timeout};

use super::{
    Options,
    worker::{self, Clock, Done, Order},
};
use crate::{Error, chat::Client, progress::Bar, units, watch::Watch};

/// How often the bar moves and the server's memory is looked at.
const TICK: Duration = Duration::from_millis(100);

/// What a run is at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    Warmup,
    Measure,
    /// Nothing new is sent; what is under way is awaited.
    Drain,
}

/// The only thing that threads share.
pub struct Stage {
    phase: AtomicU8,
    relayed: AtomicU64,
}

impl Stage {
    pub fn phase(&self) -> Phase {
        const WARMUP: u8 = Phase::Warmup as u8;
        const MEASURE: u8 = Phase::Measure as u8;
        match self.phase.load(Ordering::Relaxed) {
            WARMUP => Phase::Warmup,
            MEASURE => Phase::Measure,
            _ => Phase::Drain,
        }
    }

    /// So many more frames have arrived.
    pub fn relayed(&self, frames: u64) {
        self.relayed.fetch_add(frames, Ordering::Relaxed);
    }
}

/// The threads of a run.
pub struct Crew {
    stage: Arc<Stage>,
    threads: Vec<JoinHandle<io::Result<Done>>>,
}

impl Crew {
    /// Deals the pairs out to the threads, which begin at once.
    pub fn start(pairs: Vec<[Client; 2]>, options: &Options) -> io::Result<Self> {
        let stage = Arc::new(Stage { phase: AtomicU8::new(Phase::Warmup as u8), relayed: AtomicU64::new(0) });
        let clock = Clock(Instant::now());
        let deadline = tokio::time::Instant::now() + options.warmup + options.duration + options.drain_limit();
        let mut shares: Vec<_> = (0..options.threads).map(|_| Vec::new()).collect();
        for (index, [a, b]) in pairs.into_iter().enumerate() {
            let share = index % shares.len();
            shares[share].push([(a.id, a.socket.detach()?), (b.id, b.socket.detach()?)]);
        }
        let start = |(index, pairs)| {
            let (payload, window) = (options.payload, options.window as usize);
            let order = Order { stage: Arc::clone(&stage), clock, pairs, payload, window, deadline };
            thread::Builder::new().name(format!("relay-{index}")).spawn(move || worker::run(order))
        };
        let threads = shares.into_iter().enumerate().map(start).collect::<io::Result<_>>()?;
        Ok(Self { stage, threads })
    }

    /// Stays in a phase for a time, or less when all threads have come to their end.
    pub async fn hold(&mut self, phase: Phase, limit: Duration, bar: &Bar, watch: &mut Option<Watch>) {
        self.stage.phase.store(phase as u8, Ordering::Relaxed);
        let begun = Instant::now();
        let before = self.stage.relayed.load(Ordering::Relaxed);
        let ticks = async {
            while !self.threads.iter().all(JoinHandle::is_finished) {
                sleep(TICK).await;
                if let Some(watch) = watch {
                    watch.sample();
                }
                let relayed = self.stage.relayed.load(Ordering::Relaxed) - before;
                let rate = relayed as f64 / begun.elapsed().as_secs_f64();
                bar.at(begun.elapsed(), format!("{} frames/s", units::grouped(rate, 0)));
            }
        };
        // That the time is over is the ordinary end of a phase.
        let _ = timeout(limit, ticks).await;
    }

    /// Everything the threads have counted.
    pub fn join(self) -> Result<Done, Error> {
        let mut all = Done { tally: worker::Tally::new()?, outcomes: Vec::new() };
        for thread in self.threads {
            let done = thread.join().map_err(|_| io::Error::other("a worker thread panicked"))??;
            all.tally.latency.add(&done.tally.latency).map_err(io::Error::other)?;
            all.tally.reads += done.tally.reads;
            all.outcomes.extend(done.outcomes);
        }
        Ok(all)
    }
}
