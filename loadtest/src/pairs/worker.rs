//! A thread with a runtime of its own that runs many talks. Nothing in it is shared with other threads but the [`Stage`].

use std::{cell::RefCell, io, ops, rc::Rc, sync::Arc};

use hdrhistogram::Histogram;
use tokio::{
    runtime::{Builder, LocalOptions},
    task::JoinSet,
    time::Instant,
};

use super::{alarm::Alarm, crew::Stage, frames::Batch};
use crate::ws::Fault;

/// Bytes that one read may bring: a window of large frames, and small enough to stay in the cache.
const READ_BUFFER: usize = 256 * 1024;
/// Nanoseconds; a slower frame counts as this slow.
const MAX_LATENCY: u64 = 60_000_000_000;

/// A few clients that talk to each other, on their way into a worker.
pub trait Talk: Send + 'static {
    /// Talks until the phase is `Drain` and nothing is under way any more, at most until `deadline`.
    fn run(self, bench: Rc<RefCell<Bench>>, deadline: Instant) -> impl Future<Output = Outcome> + 'static;
}

/// What became of a talk.
#[derive(Default, Debug)]
pub struct Outcome {
    pub lost: u64,
    pub duplicated: u64,
    pub reordered: u64,
    pub fault: Option<Fault>,
    pub stuck: StuckCount,
    /// Views of a room that were compared with those of its other members, while measuring.
    pub compared: u64,
    pub cuts: CutCount,
}

/// What happened, while measuring, to clients whose connections are cut.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct CutCount {
    /// Connections that were cut.
    pub cut: u64,
    /// Frames that were due before their receiver was back, and reached it then.
    pub waited: u64,
    /// What was said and not read before the cut, and was said again.
    pub said_again: u64,
}

impl ops::Add for CutCount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            cut: self.cut + other.cut,
            waited: self.waited + other.waited,
            said_again: self.said_again + other.said_again,
        }
    }
}

/// What happened, while measuring, where one of two never reads.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct StuckCount {
    /// Frames that were sent to it.
    pub sent: u64,
    /// How often the sender was told that its frame was refused.
    pub refused: u64,
    /// How often it was disconnected, and came back.
    pub thrown_out: u64,
}

impl Outcome {
    pub fn failed(fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }
}

/// What all talks of a thread work with, one after another: because it is shared, it stays in the cache, and a socket owns
/// no buffers.
pub struct Bench {
    pub stage: Arc<Stage>,
    pub clock: Clock,
    pub window: usize,
    pub buffer: Vec<u8>,
    pub batch: Batch,
    pub alarm: Alarm,
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
    /// From sending to the server's receipt, in nanoseconds, on wires that have receipts.
    pub receipts: Histogram<u64>,
    /// From when a frame was due to when this generator came to send it, in nanoseconds, where frames have times at which they are due.
    pub lateness: Histogram<u64>,
    /// From beginning to connect until a session was resumed, in nanoseconds, where connections are cut.
    pub back: Histogram<u64>,
    /// Frames that were due and not sent, because too many were under way.
    pub not_sent: u64,
    /// Socket reads that brought at least one frame.
    pub reads: u64,
}

impl Tally {
    pub fn new() -> io::Result<Self> {
        /// 0.1 % of a value, everywhere in the range.
        const DIGITS: u8 = 3;
        let histogram = || Histogram::new_with_bounds(1, MAX_LATENCY, DIGITS).map_err(io::Error::other);
        Ok(Self {
            latency: histogram()?,
            receipts: histogram()?,
            lateness: histogram()?,
            back: histogram()?,
            not_sent: 0,
            reads: 0,
        })
    }

    pub fn record(&mut self, latency_ns: u64) {
        self.latency.saturating_record(latency_ns);
    }

    pub fn record_back(&mut self, took_ns: u64) {
        self.back.saturating_record(took_ns);
    }

    pub fn record_lateness(&mut self, lateness_ns: u64) {
        self.lateness.saturating_record(lateness_ns);
    }

    /// Adds what another thread has counted.
    pub fn add(&mut self, other: &Self) -> io::Result<()> {
        self.latency.add(&other.latency).map_err(io::Error::other)?;
        self.receipts.add(&other.receipts).map_err(io::Error::other)?;
        self.lateness.add(&other.lateness).map_err(io::Error::other)?;
        self.back.add(&other.back).map_err(io::Error::other)?;
        self.not_sent += other.not_sent;
        self.reads += other.reads;
        Ok(())
    }
}

/// What a worker is given.
pub struct Order<T> {
    pub stage: Arc<Stage>,
    pub clock: Clock,
    pub talks: Vec<T>,
    /// The text of every frame.
    pub template: String,
    pub window: usize,
    pub deadline: Instant,
}

/// What a worker gives back.
pub struct Done {
    pub tally: Tally,
    pub outcomes: Vec<Outcome>,
}

/// Runs all talks to their end.
pub fn run<T: Talk>(order: Order<T>) -> io::Result<Done> {
    let Order { stage, clock, talks, template, window, deadline } = order;
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default())?;
    let bench = Rc::new(RefCell::new(Bench {
        stage,
        clock,
        window,
        buffer: vec![0; READ_BUFFER.max(2 * template.len())],
        batch: Batch::new(&template, window),
        alarm: Alarm::new(clock),
        tally: Tally::new()?,
    }));
    let outcomes = runtime.block_on(async {
        let mut running = JoinSet::new();
        for talk in talks {
            running.spawn_local(talk.run(Rc::clone(&bench), deadline));
        }
        running.join_all().await
    });
    let tally = std::mem::replace(&mut bench.borrow_mut().tally, Tally::new()?);
    Ok(Done { tally, outcomes })
}
