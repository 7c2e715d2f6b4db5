//! Two matched clients and what they say to each other, in one task.

use std::{
    cell::RefCell,
    future::poll_fn,
    rc::Rc,
    task::{Context, Poll},
};

use meetpoint_protocol::{ClientId, chat::PONG};
use tokio::time::{Instant, timeout_at};

use super::{
    crew::Phase,
    frames::Expected,
    sequence::{Arrival, Sequence},
    worker::Bench,
};
use crate::{
    chat::PING,
    ws::{
        Fault, Socket,
        frame::{Opcode, decode},
    },
};

/// One side of a pair.
struct End {
    socket: Socket,
    expected: Expected,
    arrivals: Sequence,
    sent: u64,
    /// The answer to the last word has come, and with it all that the server had for this side.
    finished: bool,
}

/// Two clients that the server has matched.
pub struct Pair {
    ends: [End; 2],
    said_last_word: bool,
}

/// What became of a pair.
#[derive(Default, Debug)]
pub struct Outcome {
    pub lost: u64,
    pub duplicated: u64,
    pub reordered: u64,
    pub fault: Option<Fault>,
}

impl Pair {
    pub fn new(clients: [(ClientId, Socket); 2], tail: &Rc<[u8]>) -> Self {
        let [(a, a_socket), (b, b_socket)] = clients;
        let end = |socket, partner| End {
            socket,
            expected: Expected::new(partner, Rc::clone(tail)),
            arrivals: Sequence::default(),
            sent: 0,
            finished: false,
        };
        Self { ends: [end(a_socket, b), end(b_socket, a)], said_last_word: false }
    }

    /// Relays until the phase is `Drain` and nothing is under way any more, at most until `deadline`.
    pub async fn run(mut self, bench: Rc<RefCell<Bench>>, deadline: Instant) -> Outcome {
        let begun = self.begin(&mut bench.borrow_mut());
        let ended = match begun {
            Ok(()) => timeout_at(deadline, poll_fn(|cx| self.poll(cx, &mut bench.borrow_mut()))).await,
            Err(fault) => Ok(Err(fault)),
        };
        let [a, b] = &self.ends;
        let outcome = Outcome {
            lost: a.sent.saturating_sub(b.arrivals.arrived()) + b.sent.saturating_sub(a.arrivals.arrived()),
            duplicated: a.arrivals.duplicated + b.arrivals.duplicated,
            reordered: a.arrivals.reordered + b.arrivals.reordered,
            fault: match ended {
                Ok(result) => result.err(),
                // What was lost is reported as such: only a silence without a loss needs a name of its own.
                Err(_) if self.drained() => Some(Fault::Silent("answer the last ping")),
                Err(_) => None,
            },
        };
        self.ends.into_iter().for_each(|end| end.socket.close());
        outcome
    }

    fn begin(&mut self, bench: &mut Bench) -> Result<(), Fault> {
        self.ends[0].answer(bench.window, bench)
    }

    fn poll(&mut self, cx: &mut Context<'_>, bench: &mut Bench) -> Poll<Result<(), Fault>> {
        loop {
            for end in &mut self.ends {
                end.poll(cx, bench)?;
            }
            if bench.stage.phase() != Phase::Drain || !self.drained() {
                return Poll::Pending;
            }
            if self.said_last_word {
                let finished = self.ends.iter().all(|end| end.finished);
                return if finished { Poll::Ready(Ok(())) } else { Poll::Pending };
            }
            // Whatever the server still had for a side, a duplicate say, comes before the answer to this.
            for end in &mut self.ends {
                end.socket.send_text(PING)?;
            }
            self.said_last_word = true;
        }
    }

    fn drained(&self) -> bool {
        let [a, b] = &self.ends;
        a.arrivals.arrived() == b.sent && b.arrivals.arrived() == a.sent
    }
}

impl End {
    /// Works off all that can be read now, answering each read with one write.
    fn poll(&mut self, cx: &mut Context<'_>, bench: &mut Bench) -> Result<(), Fault> {
        while let Poll::Ready(filled) = self.socket.poll_read(cx, &mut bench.buffer)? {
            let fresh = self.take(filled, bench)?;
            if fresh > 0 && bench.stage.phase() != Phase::Drain {
                self.answer(fresh, bench)?;
            }
        }
        match self.socket.poll_flush(cx) {
            Poll::Ready(Err(fault)) => Err(fault),
            _ => Ok(()),
        }
    }

    /// Checks the frames of one read; gives the number of those that are to be answered.
    fn take(&mut self, filled: usize, bench: &mut Bench) -> Result<usize, Fault> {
        let arrived_ns = bench.clock.now_ns();
        let measuring = bench.stage.phase() == Phase::Measure;
        let bytes = &bench.buffer[..filled];
        let mut at = 0;
        let mut fresh = 0;
        while let Some(frame) = decode(&bytes[at..])? {
            at += frame.len;
            if frame.opcode != Opcode::Text {
                self.socket.control(&frame)?;
            } else if let Some(stamp) = self.expected.read(frame.payload) {
                match self.arrivals.arrive(stamp.seq, bench.window as u64) {
                    Arrival::First => fresh += 1,
                    Arrival::Duplicate => continue,
                    Arrival::Impossible => return Err(unexpected(frame.payload)),
                }
                if measuring {
                    bench.tally.record(arrived_ns.saturating_sub(stamp.sent_ns));
                }
            } else if frame.payload == PONG.as_bytes() {
                self.finished = true;
            } else {
                return Err(unexpected(frame.payload));
            }
        }
        self.socket.keep(&bytes[at..]);
        bench.stage.relayed(fresh as u64);
        bench.tally.reads += u64::from(measuring && fresh > 0);
        Ok(fresh)
    }

    /// Sends the next `count` frames in one piece.
    fn answer(&mut self, count: usize, bench: &mut Bench) -> Result<(), Fault> {
        // The clock is read again, so that the time this generator takes to check frames is not booked as the server's.
        let sent_ns = bench.clock.now_ns();
        let bytes = bench.batch.stamp(self.sent, count, sent_ns);
        self.sent += count as u64;
        self.socket.send(bytes)
    }
}

fn unexpected(text: &[u8]) -> Fault {
    /// Enough to recognise it; a whole payload would bury the report.
    const SHOWN: usize = 200;
    Fault::Unexpected(String::from_utf8_lossy(&text[..text.len().min(SHOWN)]).into_owned())
}
