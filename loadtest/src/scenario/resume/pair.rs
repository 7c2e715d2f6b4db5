//! Two clients that relay to each other, each frame when it is due, while their connections are cut.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    rc::Rc,
    task::{Context, Poll},
};

use tokio::time::{Instant, timeout_at};

use super::side::{Client, Side};
use crate::{
    pairs::{
        Bench, LOOK_NS, Outcome, Phase, Talk,
        timetable::{self, Timetable},
    },
    ws::Fault,
};

/// A pair on its way into a worker.
pub struct Pair {
    pub clients: [Client; 2],
    pub frames: Timetable,
    /// When one of the two is cut, each in turn.
    pub cuts: Option<Timetable>,
}

impl Talk for Pair {
    async fn run(self, bench: Rc<RefCell<Bench>>, deadline: Instant) -> Outcome {
        let relaying = Relaying::new(self, &bench.borrow());
        match relaying {
            Ok(relaying) => relaying.run(bench, deadline).await,
            Err(error) => Outcome::failed(error.into()),
        }
    }
}

struct Relaying {
    sides: [Side; 2],
    frames: Timetable,
    next_frame: u64,
    cuts: Option<Timetable>,
    next_cut: u64,
    /// When this task is woken.
    wakes_ns: u64,
    said_last_word: bool,
}

impl Relaying {
    fn new(pair: Pair, bench: &Bench) -> io::Result<Self> {
        let Pair { clients: [a, b], frames, cuts } = pair;
        let now_ns = bench.clock.now_ns();
        Ok(Self {
            sides: [Side::new(a)?, Side::new(b)?],
            frames,
            next_frame: frames.due_by(now_ns),
            cuts,
            next_cut: cuts.map_or(0, |cuts| cuts.due_by(now_ns)),
            wakes_ns: 0,
            said_last_word: false,
        })
    }

    async fn run(mut self, bench: Rc<RefCell<Bench>>, deadline: Instant) -> Outcome {
        let ended = timeout_at(deadline, poll_fn(|cx| self.poll(cx, &mut bench.borrow_mut()))).await;
        let [a, b] = self.sides.each_ref().map(|side| &side.talk);
        let outcome = Outcome {
            lost: b.arrivals.lost_of(a.sent) + a.arrivals.lost_of(b.sent),
            duplicated: a.arrivals.duplicated + b.arrivals.duplicated,
            reordered: a.arrivals.reordered + b.arrivals.reordered,
            fault: match ended {
                Ok(result) => result.err(),
                Err(_) if !self.sides.iter().all(Side::is_up) => Some(Fault::Silent("answer a hello")),
                // What was lost is reported as such: only a silence without a loss needs a name of its own.
                Err(_) if self.drained() => Some(Fault::Silent("answer the last ping")),
                Err(_) => None,
            },
            cuts: a.cuts + b.cuts,
            ..Outcome::default()
        };
        self.sides.into_iter().for_each(Side::close);
        outcome
    }

    /// Ready when the phase is `Drain`, nothing is under way any more and everybody has a socket.
    fn poll(&mut self, cx: &mut Context<'_>, bench: &mut Bench) -> Poll<Result<(), Fault>> {
        if bench.stage.phase() != Phase::Drain {
            self.say_due(bench)?;
            self.cut_due(bench);
            self.set_alarm(cx, bench)?;
        }
        loop {
            for hearer in 0..self.sides.len() {
                let measured = self.sides[1 - hearer].talk.measured.clone();
                if let Poll::Ready(heard) = self.sides[hearer].poll(cx, &measured, bench) {
                    heard?;
                }
            }
            if bench.stage.phase() != Phase::Drain || !self.drained() || !self.sides.iter().all(Side::is_up) {
                return Poll::Pending;
            }
            if self.said_last_word {
                let finished = self.sides.iter().all(Side::is_answered);
                return if finished { Poll::Ready(Ok(())) } else { Poll::Pending };
            }
            // Whatever the server still had, a duplicate say, comes before the answer.
            self.sides.iter_mut().try_for_each(|side| side.ping(bench))?;
            self.said_last_word = true;
        }
    }

    fn say_due(&mut self, bench: &mut Bench) -> Result<(), Fault> {
        let now_ns = bench.clock.now_ns();
        let until = self.frames.due_by(now_ns);
        let measuring = bench.stage.phase() == Phase::Measure;
        for number in self.next_frame..until {
            let (speaker, hearer) = if number % 2 == 0 { (0, 1) } else { (1, 0) };
            let under_way = self.sides[speaker].talk.sent - self.sides[hearer].talk.arrivals.arrived();
            if under_way >= bench.window as u64 {
                bench.tally.not_sent += u64::from(measuring);
                continue;
            }
            let due_ns = self.frames.due_ns(number);
            if measuring {
                bench.tally.record_lateness(now_ns.saturating_sub(due_ns));
            }
            self.sides[speaker].say_frame(due_ns, bench)?;
        }
        self.next_frame = until.max(self.next_frame);
        Ok(())
    }

    fn cut_due(&mut self, bench: &Bench) {
        let Some(cuts) = self.cuts else { return };
        while self.cut_ns(&cuts) <= bench.clock.now_ns() {
            self.sides[(self.next_cut % 2) as usize].cut(bench);
            self.next_cut += 1;
        }
    }

    /// When the next cut is due: at a moment of chance, so that it is not always the same one between two frames.
    fn cut_ns(&self, cuts: &Timetable) -> u64 {
        let slot_ns = 1_000_000_000 / u64::from(cuts.per_second);
        cuts.due_ns(self.next_cut) + timetable::scatter(u64::from(cuts.pair) << 32 | self.next_cut) % slot_ns
    }

    fn set_alarm(&mut self, cx: &mut Context<'_>, bench: &mut Bench) -> io::Result<()> {
        let now_ns = bench.clock.now_ns();
        if self.wakes_ns > now_ns {
            return Ok(());
        }
        let cut_ns = self.cuts.map_or(u64::MAX, |cuts| self.cut_ns(&cuts));
        self.wakes_ns = self.frames.due_ns(self.next_frame).min(cut_ns).min(now_ns + LOOK_NS);
        bench.alarm.wake_at(self.wakes_ns, cx.waker())
    }

    fn drained(&self) -> bool {
        let [a, b] = self.sides.each_ref().map(|side| &side.talk);
        a.arrivals.arrived() == b.sent && b.arrivals.arrived() == a.sent
    }
}
