//! All clients come: a few at a time, or all at once.

use std::{
    io,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

use super::{Crowd, Heard, Loss, TICK};
use crate::{
    Error,
    cost::Mark,
    http::faults::Faults,
    progress::Bar,
    report::{Figure, Section, Unit},
    watch::Watch,
    ws::Fault,
};

/// When nobody has become ready for so long, the others will not. Longer than a SYN takes that was dropped three times
/// (1 + 2 + 4 s, RFC 6298 §5.7).
const STALL: Duration = Duration::from_secs(15);
/// Nanoseconds; what takes longer counts as this long.
pub const MAX_TIME: u64 = 600_000_000_000;
/// Clients that begin to connect before one looks whether others have come further.
const CHUNK: usize = 64;

/// How clients come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Coming {
    /// So many at a time; a client's time counts from its own SYN.
    Few(usize),
    /// As fast as they can be begun; everybody's time counts from the beginning, because that is when all of them want to.
    AllAtOnce,
}

/// What a client says and hears until it is ready.
pub trait Greeting {
    /// The socket is open. Gives whether the client is ready.
    fn opened(&mut self, index: usize, out: &mut Vec<u8>) -> Result<bool, Fault>;

    /// A text has come; also later ones come here until all are ready. Gives whether the client is ready by it.
    fn told(&mut self, index: usize, text: &[u8], out: &mut Vec<u8>) -> Result<bool, Fault>;
}

/// How they came.
#[derive(Debug)]
pub struct Arrivals {
    pub from: Mark,
    /// When the last was ready.
    pub to: Mark,
    pub ready: usize,
    /// Nanoseconds until each was ready.
    pub times: Histogram<u64>,
    /// The server's greatest resident memory meanwhile.
    pub peak: Option<u64>,
    /// Why others are not there.
    pub faults: Faults,
    first: Option<Loss>,
}

struct Gathering<'a, G> {
    greeting: &'a mut G,
    begun: Instant,
    coming: Coming,
    /// Nanoseconds from the beginning to each client's SYN; `None` once it is ready or lost.
    started: Vec<Option<u64>>,
    under_way: usize,
    ready: usize,
    last_ready: Instant,
    times: Histogram<u64>,
    faults: Faults,
    first: Option<Loss>,
}

impl<G: Greeting> Gathering<'_, G> {
    fn heard(&mut self, index: usize, what: Heard<'_>, out: &mut Vec<u8>) -> Result<(), Fault> {
        let is_ready = match what {
            Heard::Open => self.greeting.opened(index, out)?,
            Heard::Text(text) => self.greeting.told(index, text, out)?,
            Heard::Pong(_) => false,
            Heard::Lost(loss) => {
                self.under_way -= usize::from(self.started[index].take().is_some());
                self.faults.note(loss.to_string());
                self.first.get_or_insert(loss);
                false
            }
        };
        if is_ready && let Some(started) = self.started[index].take() {
            self.last_ready = Instant::now();
            let since_begun = (self.last_ready - self.begun).as_nanos() as u64;
            let since = if self.coming == Coming::AllAtOnce { 0 } else { started };
            self.times.saturating_record(since_begun.saturating_sub(since));
            self.under_way -= 1;
            self.ready += 1;
        }
        Ok(())
    }
}

/// Cuts whoever is there, connects all clients and waits until each is ready or lost. `Err` when a connection cannot even be begun.
pub fn gather<G: Greeting>(
    crowd: &mut Crowd,
    coming: Coming,
    greeting: &mut G,
    watch: &mut Watch,
    bar: &Bar,
) -> Result<Arrivals, Error> {
    let count = crowd.size();
    let (mut next, mut shown, mut peak) = (0, 0, watch.resident());
    watch.enter("connecting", "connects");
    let from = Mark::now(watch);
    let begun = Instant::now();
    crowd.cut_all();
    let mut gathering = Gathering {
        greeting,
        begun,
        coming,
        started: vec![None; count],
        under_way: 0,
        ready: 0,
        last_ready: begun,
        times: Histogram::new_with_bounds(1, MAX_TIME, 3).map_err(io::Error::other)?,
        faults: Faults::default(),
        first: None,
    };
    let mut tick = begun + TICK;
    while next < count || gathering.under_way > 0 {
        let room = match coming {
            Coming::Few(most) => most.saturating_sub(gathering.under_way),
            Coming::AllAtOnce => CHUNK,
        };
        let until = count.min(next + room);
        for index in next..until {
            gathering.started[index] = Some(begun.elapsed().as_nanos() as u64);
            crowd.connect(index)?;
            gathering.under_way += 1;
        }
        next = until;
        let hurries = next < count && coming == Coming::AllAtOnce;
        let until = if hurries { begun } else { tick };
        crowd.turn(until, |index, what, out| gathering.heard(index, what, out))?;
        let now = Instant::now();
        if now >= tick {
            tick = now + TICK;
            bar.advance((gathering.ready - shown) as u64);
            shown = gathering.ready;
            watch.sample(shown as u64);
            peak = peak.max(watch.resident());
            if now - gathering.last_ready > STALL {
                break;
            }
        }
    }
    let to = Mark::now(watch);
    let peak = peak.max(watch.resident());
    let Gathering { ready, times, mut faults, first, under_way, .. } = gathering;
    let not_begun = count - next;
    faults
        .note_many(format!("a client was not ready {STALL:?} after the last that was"), (under_way + not_begun) as u64);
    Ok(Arrivals { from, to, ready, times, peak, faults, first })
}

impl Arrivals {
    /// `Err` when anybody is not there, as it must not be at the beginning of a run.
    pub fn complete(self) -> Result<Self, Error> {
        match self.first {
            Some(loss) => Err(loss.into()),
            None if self.faults.total() > 0 => {
                Err(Error::SetupTimeout { doing: "connecting a client after the others", limit: STALL })
            }
            None => Ok(self),
        }
    }

    /// The section of a run that is about something else.
    pub fn setup(&self) -> Section {
        let rate = self.ready as f64 / self.to.seconds_since(&self.from);
        Section::new(
            "setup",
            [
                Figure::new("sockets", "sockets", Unit::Count, self.ready as f64),
                Figure::new("connectsPerSecond", "connects", Unit::PerSecond, rate),
            ],
        )
    }

    /// How fast they came, and what each cost the server.
    pub fn figures(&self) -> Vec<Figure> {
        let seconds = self.to.seconds_since(&self.from);
        let micros = |key, label, ns: u64| Figure::new(key, label, Unit::Microseconds, ns as f64 / 1_000.0);
        let mut figures = vec![
            Figure::new("readySeconds", "all ready within", Unit::Seconds, seconds),
            Figure::new("connectsPerSecond", "connects", Unit::PerSecond, self.ready as f64 / seconds),
            micros("p50", "time to ready p50", self.times.value_at_quantile(0.5)),
            micros("p99", "p99", self.times.value_at_quantile(0.99)),
            micros("max", "max", self.times.max()),
        ];
        let cost = self.to.cost_since(&self.from);
        if let Some(server) = cost.server.filter(|_| self.ready > 0) {
            let micros = server.total.as_secs_f64() * 1e6 / self.ready as f64;
            figures.push(Figure::new("cpuPerConnect", "CPU per connect", Unit::Microseconds, micros));
        }
        figures
    }
}
