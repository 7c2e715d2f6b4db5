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
use crate::{
    Error,
    cost::Mark,
    progress::{Bar, Progress},
    units,
    watch::Watch,
};

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

/// A run that is over.
pub struct Run {
    pub from: Mark,
    pub to: Mark,
    pub done: Done,
}

/// How long the server has to tidy up before its memory is read for the last time.
const SETTLE: Duration = Duration::from_secs(1);

/// Has all talks talk from the first to the last phase.
pub async fn run<T: Talk>(
    talks: Vec<T>,
    plan: &Plan,
    progress: &Progress,
    watch: &mut Option<Watch>,
) -> Result<Run, Error> {
    let &Plan { warmup, duration, drain, .. } = plan;
    let mut crew = Crew::start(talks, plan)?;
    crew.hold(Phase::Warmup, warmup, &progress.time("warming up", warmup), watch).await;
    let from = Mark::now(watch.as_ref());
    crew.hold(Phase::Measure, duration, &progress.time("measuring", duration), watch).await;
    let to = Mark::now(watch.as_ref());
    crew.hold(Phase::Drain, drain, &progress.time("draining", drain), watch).await;
    let done = crew.join()?;
    if watch.is_some() {
        sleep(SETTLE).await;
    }
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
    async fn hold(&mut self, phase: Phase, limit: Duration, bar: &Bar, watch: &mut Option<Watch>) {
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
