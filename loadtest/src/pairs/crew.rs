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

use super::worker::{self, Clock, Done, Order, Talk, Tally};
use crate::{Error, cost::Mark, progress::Progress, scenario::Site, units, watch::Watch};

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

impl Phase {
    /// As it is shown.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Warmup => "warming up",
            Phase::Measure => "measuring",
            Phase::Drain => "draining",
        }
    }
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

/// What a run does with its talks.
pub struct Plan {
    /// The text of every frame.
    pub template: String,
    /// Frames under way.
    pub window: usize,
    pub warmup: Duration,
    pub duration: Duration,
    /// How long what is under way is awaited at the end: what has not come then is lost.
    pub drain: Duration,
    pub threads: u16,
    /// What is counted, for the screen.
    pub plural: &'static str,
}

/// How long what is under way is awaited at the end: what has not come then is lost. It grows with the clients, because even a server
/// short of CPU must be able to serve them all once more.
pub fn drain_limit(clients: usize) -> Duration {
    const LEAST: Duration = Duration::from_secs(5);
    const EACH: Duration = Duration::from_millis(5);
    LEAST + EACH.saturating_mul(u32::try_from(clients).unwrap_or(u32::MAX))
}

/// A run that is over.
pub struct Run {
    pub from: Mark,
    pub to: Mark,
    pub done: Done,
}

/// Has all talks talk from the first to the last phase.
pub async fn run<T: Talk>(talks: Vec<T>, plan: &Plan, site: &mut Site) -> Result<Run, Error> {
    let Site { watch, progress, .. } = site;
    let &Plan { warmup, duration, drain, .. } = plan;
    let mut crew = Crew::start(talks, plan)?;
    crew.hold(Phase::Warmup, warmup, progress, watch).await;
    let from = Mark::now(watch);
    crew.hold(Phase::Measure, duration, progress, watch).await;
    let to = Mark::now(watch);
    crew.hold(Phase::Drain, drain, progress, watch).await;
    let done = crew.join()?;
    watch.settle().await;
    Ok(Run { from, to, done })
}

/// The threads of a run.
struct Crew {
    stage: Arc<Stage>,
    plural: &'static str,
    threads: Vec<JoinHandle<io::Result<Done>>>,
}

impl Crew {
    /// Deals the talks out to the threads, which begin at once.
    fn start<T: Talk>(talks: Vec<T>, plan: &Plan) -> io::Result<Self> {
        let &Plan { window, warmup, duration, drain, threads, plural, .. } = plan;
        let stage = Arc::new(Stage { phase: AtomicU8::new(Phase::Warmup as u8), relayed: AtomicU64::new(0) });
        let clock = Clock(Instant::now());
        let deadline = tokio::time::Instant::now() + warmup + duration + drain;
        let mut shares: Vec<_> = (0..threads).map(|_| Vec::new()).collect();
        for (index, talk) in talks.into_iter().enumerate() {
            let share = index % shares.len();
            shares[share].push(talk);
        }
        let start = |(index, talks)| {
            let template = plan.template.clone();
            let order = Order { stage: Arc::clone(&stage), clock, talks, template, window, deadline };
            thread::Builder::new().name(format!("load-{index}")).spawn(move || worker::run(order))
        };
        let threads = shares.into_iter().enumerate().map(start).collect::<io::Result<_>>()?;
        Ok(Self { stage, plural, threads })
    }

    /// Stays in a phase for a time, or less when all threads have come to their end.
    async fn hold(&mut self, phase: Phase, limit: Duration, progress: &Progress, watch: &mut Watch) {
        self.stage.phase.store(phase as u8, Ordering::Relaxed);
        let bar = progress.time(phase.name(), limit);
        watch.enter(phase.name(), self.plural);
        let begun = Instant::now();
        let before = self.stage.relayed.load(Ordering::Relaxed);
        let ticks = async {
            while !self.threads.iter().all(JoinHandle::is_finished) {
                sleep(TICK).await;
                let relayed = self.stage.relayed.load(Ordering::Relaxed) - before;
                watch.sample(relayed);
                let rate = relayed as f64 / begun.elapsed().as_secs_f64();
                bar.at(begun.elapsed(), format!("{} {}/s", units::grouped(rate, 0), self.plural));
            }
        };
        // That the time is over is the ordinary end of a phase.
        let _ = timeout(limit, ticks).await;
    }

    /// Everything the threads have counted.
    fn join(self) -> Result<Done, Error> {
        let mut all = Done { tally: Tally::new()?, outcomes: Vec::new() };
        for thread in self.threads {
            let done = thread.join().map_err(|_| io::Error::other("a worker thread panicked"))??;
            all.tally.add(&done.tally)?;
            all.outcomes.extend(done.outcomes);
        }
        Ok(all)
    }
}
