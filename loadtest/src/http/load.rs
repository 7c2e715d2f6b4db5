//! A closed loop: every connection has its requests under way, and each answer makes room for the next request.

use std::{
    collections::VecDeque,
    io, mem,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use tokio::{runtime::Handle, task::spawn_blocking};

use super::{Answer, Wheel, faults::Faults};
use crate::{
    Error,
    cost::Mark,
    progress::{Bar, Progress},
    report::Report,
    scenario::Site,
    target::Target,
    units,
    watch::Watch,
};

/// Nanoseconds; a slower answer counts as this slow.
pub const MAX_LATENCY: u64 = 60_000_000_000;
/// How long what is under way at the end is awaited.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);
/// How often the bar moves and the server's memory is looked at.
const TICK: Duration = Duration::from_millis(100);

/// Requests, and what their answers must be.
pub trait Work {
    /// What is kept of a request until its answer comes.
    type Ticket;

    /// Appends the next request; `None` when there is none left.
    fn ask(&mut self, out: &mut Vec<u8>) -> Option<Self::Ticket>;

    /// Looks at an answer; `Err` says what is wrong with it.
    fn check(&mut self, ticket: Self::Ticket, answer: &Answer<'_>) -> Result<(), String>;

    /// An answer took so long, while measuring; it is checked next. All of them are counted together in any case.
    fn took(&mut self, _ticket: &Self::Ticket, _latency_ns: u64) {}
}

/// The generator's side of a run: one thread with a number of connections.
pub struct Bench {
    pub target: Target,
    pub runtime: Handle,
    pub connections: usize,
    /// Requests under way on each connection.
    pub pipeline: usize,
    pub watch: Watch,
    pub progress: Progress,
}

/// When a load ends.
#[derive(Clone, Copy, Debug)]
pub enum Span {
    /// When this has passed, or earlier when the work is done.
    Time(Duration),
    /// When the work is done, which takes about so many answers; `Err` when it takes longer than the limit.
    Work { answers: u64, limit: Duration },
}

/// What a load has come to.
#[derive(Debug)]
pub struct Outcome {
    /// Nanoseconds from before the write of a request until its answer was read; answers within the span only.
    pub latency: Histogram<u64>,
    /// Answers that were not what they had to be, and requests that were never answered.
    pub faults: Faults,
    pub from: Mark,
    pub to: Mark,
}

/// What a load keeps count of while it runs.
struct Running<'a, W: Work> {
    work: &'a mut W,
    /// Whether there is more to ask.
    open: bool,
    /// Whether answers count: not those of the drain.
    measuring: bool,
    under_way: Vec<VecDeque<(W::Ticket, Instant)>>,
    pending: usize,
    latency: Histogram<u64>,
    faults: Faults,
}

impl<W: Work> Running<'_, W> {
    /// Appends the next request of a connection.
    fn ask(&mut self, index: usize, out: &mut Vec<u8>) {
        if !self.open {
            return;
        }
        match self.work.ask(out) {
            Some(ticket) => {
                self.pending += 1;
                self.under_way[index].push_back((ticket, Instant::now()));
            }
            None => self.open = false,
        }
    }

    fn heard(&mut self, index: usize, answer: &Answer<'_>, out: &mut Vec<u8>) {
        let Some((ticket, sent)) = self.under_way[index].pop_front() else {
            return self.faults.note("an answer that nothing had asked for".into());
        };
        self.pending -= 1;
        if self.measuring {
            let latency_ns = sent.elapsed().as_nanos() as u64;
            self.latency.saturating_record(latency_ns);
            self.work.took(&ticket, latency_ns);
        }
        if let Err(why) = self.work.check(ticket, answer) {
            self.faults.note(why);
        }
        self.ask(index, out);
    }

    fn lost(&mut self, index: usize, why: &impl std::fmt::Display) {
        let lost = std::mem::take(&mut self.under_way[index]).len();
        self.pending -= lost;
        self.faults.note_many(why.to_string(), lost.max(1) as u64);
    }
}

/// Has `measure` drive its connections in a thread of its own: the loop never awaits, and this one has nothing to do.
pub async fn apart(
    site: &mut Site,
    report: &mut Report,
    connections: usize,
    pipeline: usize,
    measure: impl FnOnce(&mut Bench, &mut Report) -> Result<(), Error> + Send + 'static,
) -> Result<(), Error> {
    let Site { target, watch, progress } = site;
    let (target, progress, runtime) = (target.clone(), *progress, Handle::current());
    let mut bench = Bench { target, runtime, connections, pipeline, watch: mem::take(watch), progress };
    let mut begun = mem::take(report);
    let measuring = spawn_blocking(move || measure(&mut bench, &mut begun).map(|()| (bench.watch, begun)));
    (*watch, *report) = measuring.await.map_err(io::Error::other)??;
    Ok(())
}

impl Bench {
    /// Opens a new connection and gives its index in the wheel.
    pub fn connect(&self, wheel: &mut Wheel, number: usize) -> Result<usize, Error> {
        let stream = self.runtime.block_on(self.target.connect(number))?;
        Ok(wheel.push(stream.into_std()?)?)
    }

    /// Works off `work` over new connections. `what` names it on the screen.
    pub fn load<W: Work>(&mut self, what: &'static str, work: &mut W, span: Span) -> Result<Outcome, Error> {
        let mut wheel = Wheel::new()?;
        for number in 0..self.connections {
            self.connect(&mut wheel, number)?;
        }
        let (bar, limit) = match span {
            Span::Time(limit) => (self.progress.time(what, limit), limit),
            Span::Work { answers, limit } => (self.progress.count(what, answers), limit),
        };
        let mut running = Running {
            work,
            open: true,
            measuring: true,
            under_way: (0..self.connections).map(|_| VecDeque::with_capacity(self.pipeline)).collect(),
            pending: 0,
            latency: Histogram::new_with_bounds(1, MAX_LATENCY, 3).map_err(io::Error::other)?,
            faults: Faults::default(),
        };
        self.watch.enter(what, "requests");
        let from = Mark::now(&self.watch);
        let begun = Instant::now();
        self.begin(&mut wheel, &mut running);
        let mut deadline = begun + limit;
        let mut tick = begun + TICK;
        let mut shown = 0;
        let mut to = None;
        while running.pending > 0 {
            wheel.turn(deadline.min(tick), |index, heard, out| match heard {
                Ok(answer) => running.heard(index, answer, out),
                Err(fault) => running.lost(index, &fault),
            })?;
            let now = Instant::now();
            if now >= tick {
                tick = now + TICK;
                show(&bar, span, begun.elapsed(), running.latency.len(), &mut shown);
                self.watch.sample(running.latency.len());
            }
            if now < deadline {
                continue;
            }
            if running.measuring {
                if matches!(span, Span::Work { .. }) {
                    return Err(Error::SetupTimeout { doing: what, limit });
                }
                to = Some(Mark::now(&self.watch));
                (running.open, running.measuring) = (false, false);
                deadline = now + DRAIN_LIMIT;
            } else {
                running.faults.note_many(format!("no answer within {DRAIN_LIMIT:?}"), running.pending as u64);
                break;
            }
        }
        let to = to.unwrap_or_else(|| Mark::now(&self.watch));
        Ok(Outcome { latency: running.latency, faults: running.faults, from, to })
    }

    /// The first requests of each connection.
    fn begin<W: Work>(&self, wheel: &mut Wheel, running: &mut Running<'_, W>) {
        let mut out = Vec::new();
        for index in 0..self.connections {
            out.clear();
            (0..self.pipeline).for_each(|_| running.ask(index, &mut out));
            if let Err(fault) = wheel.send(index, &out) {
                running.lost(index, &fault);
            }
        }
    }
}

fn show(bar: &Bar, span: Span, passed: Duration, answers: u64, shown: &mut u64) {
    match span {
        Span::Time(_) => {
            let rate = answers as f64 / passed.as_secs_f64();
            bar.at(passed, format!("{} requests/s", units::grouped(rate, 0)));
        }
        Span::Work { .. } => bar.advance(answers - *shown),
    }
    *shown = answers;
}
