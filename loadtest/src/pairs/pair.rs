//! Two clients that relay to each other, in one task.

use std::{
    cell::RefCell,
    future::poll_fn,
    ops::Range,
    rc::Rc,
    task::{Context, Poll},
};

use tokio::time::{Instant, timeout_at};

use super::{
    Bench, LOOK_NS, Outcome, Phase, Talk,
    frames::Expected,
    sequence::{Arrival, Sequence},
    timetable::{self, Timetable},
};
use crate::ws::{Detached, Fault, Socket};

/// How two clients keep frames under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loop {
    /// One window for both directions: whoever hears a frame answers it with one.
    Echo,
    /// A window for each direction: when a frame has arrived, its sender sends the next.
    Each,
}

/// What a wire's pairs do.
#[derive(Debug)]
pub struct Wire {
    pub keeps: Loop,
    /// What both clients say when nothing is under way any more, and what each hears thereupon: whatever the server still had for it, a
    /// duplicate say, comes before that.
    pub last_word: &'static str,
    pub last_heard: &'static str,
}

/// Two clients that the server has brought together, on their way into a worker.
pub struct Pair {
    pub sockets: [Detached; 2],
    /// What each of them hears.
    pub expected: [Expected; 2],
    pub wire: &'static Wire,
}

impl Talk for Pair {
    /// Relays until the phase is `Drain` and nothing is under way any more, at most until `deadline`.
    async fn run(self, bench: Rc<RefCell<Bench>>, deadline: Instant) -> Outcome {
        relay(self, None, bench, deadline).await
    }
}

/// A pair in an open loop: frames are sent when they are due, whatever has come back. What is due while as many are under way as the
/// window has room for is not sent, and counted.
pub struct Timed {
    pub pair: Pair,
    pub timetable: Timetable,
}

impl Talk for Timed {
    async fn run(self, bench: Rc<RefCell<Bench>>, deadline: Instant) -> Outcome {
        relay(self.pair, Some(self.timetable), bench, deadline).await
    }
}

async fn relay(pair: Pair, timetable: Option<Timetable>, bench: Rc<RefCell<Bench>>, deadline: Instant) -> Outcome {
    let relaying = Relaying::new(pair, timetable, &bench.borrow());
    match relaying {
        Ok(relaying) => relaying.run(bench, deadline).await,
        Err(error) => Outcome::failed(error.into()),
    }
}

/// One side of a pair.
struct End {
    socket: Socket,
    expected: Expected,
    arrivals: Sequence,
    sent: u64,
    /// In an open loop: the numbers of those that were sent while measuring. They count whenever they arrive.
    measured: Range<u64>,
    /// The last word has come, and with it all that the server had for this side.
    finished: bool,
}

struct Relaying {
    ends: [End; 2],
    wire: &'static Wire,
    /// In an open loop.
    timed: Option<Due>,
    said_last_word: bool,
}

/// How far a pair has come in its timetable.
struct Due {
    timetable: Timetable,
    /// The number of the next frame.
    next: u64,
    /// When this task is woken.
    wakes_ns: u64,
}

impl Relaying {
    fn new(pair: Pair, timetable: Option<Timetable>, bench: &Bench) -> std::io::Result<Self> {
        let Pair { sockets: [a, b], expected: [a_hears, b_hears], wire } = pair;
        let end = |socket: Detached, expected| {
            Ok::<_, std::io::Error>(End {
                socket: socket.attach()?,
                expected,
                arrivals: Sequence::default(),
                sent: 0,
                measured: 0..0,
                finished: false,
            })
        };
        // What was due before there was anybody to send it is nobody's.
        let now_ns = bench.clock.now_ns();
        let timed = timetable.map(|timetable| Due { timetable, next: timetable.due_by(now_ns), wakes_ns: 0 });
        Ok(Self { ends: [end(a, a_hears)?, end(b, b_hears)?], wire, timed, said_last_word: false })
    }

    async fn run(mut self, bench: Rc<RefCell<Bench>>, deadline: Instant) -> Outcome {
        let begun = self.begin(&mut bench.borrow_mut());
        let ended = match begun {
            Ok(()) => timeout_at(deadline, poll_fn(|cx| self.poll(cx, &mut bench.borrow_mut()))).await,
            Err(fault) => Ok(Err(fault)),
        };
        let [a, b] = &self.ends;
        let outcome = Outcome {
            lost: b.arrivals.lost_of(a.sent) + a.arrivals.lost_of(b.sent),
            duplicated: a.arrivals.duplicated + b.arrivals.duplicated,
            reordered: a.arrivals.reordered + b.arrivals.reordered,
            fault: match ended {
                Ok(result) => result.err(),
                // What was lost is reported as such: only a silence without a loss needs a name of its own.
                Err(_) if self.drained() => Some(Fault::Silent("answer the last word")),
                Err(_) => None,
            },
            ..Outcome::default()
        };
        self.ends.into_iter().for_each(|end| end.socket.close());
        outcome
    }

    fn begin(&mut self, bench: &mut Bench) -> Result<(), Fault> {
        if self.timed.is_some() {
            return Ok(());
        }
        let first = match self.wire.keeps {
            Loop::Echo => &mut self.ends[..1],
            Loop::Each => &mut self.ends[..],
        };
        first.iter_mut().try_for_each(|end| end.send(bench.window, bench))
    }

    fn poll(&mut self, cx: &mut Context<'_>, bench: &mut Bench) -> Poll<Result<(), Fault>> {
        loop {
            for hearer in 0..self.ends.len() {
                let measured = self.timed.is_some().then(|| self.ends[1 - hearer].measured.clone());
                while let Poll::Ready(fresh) = self.ends[hearer].hear(cx, bench, self.wire.last_heard, &measured)? {
                    let sender = match self.wire.keeps {
                        Loop::Echo => hearer,
                        Loop::Each => 1 - hearer,
                    };
                    if fresh > 0 && self.timed.is_none() && bench.stage.phase() != Phase::Drain {
                        self.ends[sender].send(fresh, bench)?;
                    }
                }
            }
            self.send_due(cx, bench)?;
            for end in &mut self.ends {
                if let Poll::Ready(flushed) = end.socket.poll_flush(cx) {
                    flushed?;
                }
            }
            if bench.stage.phase() != Phase::Drain || !self.drained() {
                return Poll::Pending;
            }
            if self.said_last_word {
                let finished = self.ends.iter().all(|end| end.finished);
                return if finished { Poll::Ready(Ok(())) } else { Poll::Pending };
            }
            for end in &mut self.ends {
                end.socket.send_text(self.wire.last_word)?;
            }
            self.said_last_word = true;
        }
    }

    /// In an open loop: sends what is due, and has this task woken when more is.
    fn send_due(&mut self, cx: &mut Context<'_>, bench: &mut Bench) -> Result<(), Fault> {
        let Some(Due { timetable, next, wakes_ns }) = &mut self.timed else { return Ok(()) };
        let phase = bench.stage.phase();
        if phase == Phase::Drain {
            return Ok(());
        }
        let now_ns = bench.clock.now_ns();
        let until = timetable.due_by(now_ns);
        for side in 0..self.ends.len() {
            let (first, due) = timetable::of_side(side as u64, *next, until);
            if due > 0 {
                let under_way = self.ends[side].sent - self.ends[1 - side].arrivals.arrived();
                let count = due.min((bench.window as u64).saturating_sub(under_way));
                let due_ns = |number| timetable.due_ns(first + 2 * number);
                if phase == Phase::Measure {
                    bench.tally.not_sent += due - count;
                    (0..count).for_each(|number| bench.tally.record_lateness(now_ns.saturating_sub(due_ns(number))));
                }
                self.ends[side].send_due(count, phase, bench, due_ns)?;
            }
        }
        *next = until.max(*next);
        if *wakes_ns <= now_ns {
            *wakes_ns = timetable.due_ns(*next).min(now_ns + LOOK_NS);
            bench.alarm.wake_at(*wakes_ns, cx.waker())?;
        }
        Ok(())
    }

    fn drained(&self) -> bool {
        let [a, b] = &self.ends;
        a.arrivals.arrived() == b.sent && b.arrivals.arrived() == a.sent
    }
}

impl End {
    /// Checks the frames of one read. Ready with the number of those that make room for others. Those in `measured` count, or, without,
    /// those that come while measuring.
    fn hear(
        &mut self,
        cx: &mut Context<'_>,
        bench: &mut Bench,
        last: &str,
        measured: &Option<Range<u64>>,
    ) -> Poll<Result<usize, Fault>> {
        let Bench { stage, clock, window, buffer, tally, .. } = bench;
        let Poll::Ready(filled) = self.socket.poll_read(cx, buffer)? else { return Poll::Pending };
        let arrived_ns = clock.now_ns();
        let measuring = stage.phase() == Phase::Measure;
        let Self { socket, expected, arrivals, finished, .. } = self;
        let mut fresh = 0;
        socket.texts(&buffer[..filled], |text| {
            let Some(stamp) = expected.read(text) else {
                if text != last.as_bytes() {
                    return Err(Fault::unexpected(text));
                }
                *finished = true;
                return Ok(());
            };
            match arrivals.arrive(stamp.seq, *window as u64) {
                Arrival::First => fresh += 1,
                Arrival::Duplicate => return Ok(()),
                Arrival::Impossible => return Err(Fault::unexpected(text)),
            }
            if measured.as_ref().map_or(measuring, |measured| measured.contains(&stamp.seq)) {
                tally.record(arrived_ns.saturating_sub(stamp.sent_ns));
            }
            Ok(())
        })?;
        stage.relayed(fresh as u64);
        tally.reads += u64::from(measuring && fresh > 0);
        Poll::Ready(Ok(fresh))
    }

    /// Sends the next `count` frames in one piece.
    fn send(&mut self, count: usize, bench: &mut Bench) -> Result<(), Fault> {
        // The clock is read again, so that the time this generator takes to check frames is not booked as the server's.
        let sent_ns = bench.clock.now_ns();
        let bytes = bench.batch.stamp(self.sent, count, sent_ns);
        self.sent += count as u64;
        self.socket.send(bytes)
    }

    /// Sends the next `count` frames in one piece; each bears the time at which it was due.
    fn send_due(
        &mut self,
        count: u64,
        phase: Phase,
        bench: &mut Bench,
        due_ns: impl Fn(u64) -> u64,
    ) -> Result<(), Fault> {
        let first = self.sent;
        self.sent += count;
        if phase == Phase::Measure {
            let begin = if self.measured.is_empty() { first } else { self.measured.start };
            self.measured = begin..self.sent;
        }
        self.socket.send(bench.batch.stamp_each(first, count as usize, |seq| due_ns(seq - first)))
    }
}
