//! Side A sends items to the mailbox of side B.

use std::{
    cell::RefCell,
    future::poll_fn,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::time::{Instant, timeout_at};

use super::LAST_WORD;
use crate::{
    pairs::{
        Bench, Noun, Outcome, Phase,
        frames::{self, Expected, NS, SEQ, STAMP, Stamp},
        sequence::{Arrival, Sequence},
    },
    ws::{Detached, Fault, Socket},
};

/// What waits in a mailbox at most.
const MAILBOX_ITEMS: usize = 256;
const MAILBOX_BYTES: usize = 1 << 20;
/// So many items are acknowledged at once.
const ACKNOWLEDGED: u64 = 16;

pub static ITEMS: Noun = Noun {
    count: ("items", "items delivered"),
    rate: ("itemsPerSecond", "items"),
    gathered: ("itemsPerRead", "items gathered per read"),
    cost: "CPU per million items",
    lost: "an item or its receipt was lost",
    duplicated: "an item or its receipt came twice",
    reordered: "an item or its receipt came after a later one",
};

pub const NOTES: &[&str] = &[
    "latency: of the delivery, from just before side A's write to just after side B's read; receipt: to just after side A's read of the \
     receipt, which is sent when the item is kept. An item is shown when it is kept, so both wait for the storage.",
    super::SCOPE_NOTE,
];

/// The text of an item of `payload` bytes; its id tells, in the receipt, when it was sent.
pub fn template(payload: usize) -> String {
    frames::padded(&format!(r#"{{"type":"send","to":"B","id":"{SEQ}.{NS}","payload":{{"seq":""#), "}", payload)
}

/// Whether a mailbox can hold what such a run may have in it: a window that has come, a window whose acknowledgement the server
/// has yet to read, and what is not acknowledged yet.
pub fn fits(window: usize, payload: usize) -> bool {
    let items = 2 * window + ACKNOWLEDGED as usize;
    items <= MAILBOX_ITEMS && items * payload <= MAILBOX_BYTES
}

/// A room on its way into a worker.
pub struct Mail {
    pub sockets: [Detached; 2],
    /// What stands in the sent text behind its digits.
    pub tail: Arc<[u8]>,
    /// Bytes of the text of an item.
    pub payload: usize,
}

impl Mail {
    pub async fn run(self, bench: Rc<RefCell<Bench>>, deadline: Instant) -> Outcome {
        match Mailing::new(self) {
            Ok(mailing) => mailing.run(bench, deadline).await,
            Err(error) => Outcome::failed(error.into()),
        }
    }
}

/// What one side hears: numbered texts with the number that the server gave them, which is greater by one.
struct Hearer {
    socket: Socket,
    expected: Expected,
    end: &'static str,
    arrivals: Sequence,
    /// The last word has come.
    finished: bool,
}

struct Mailing {
    a: Hearer,
    b: Hearer,
    sent: u64,
    acknowledged: u64,
    /// So many items fit into the mailbox.
    room: usize,
    said_last_word: bool,
}

impl Mailing {
    fn new(Mail { sockets: [a, b], tail, payload }: Mail) -> std::io::Result<Self> {
        let hearer = |socket: Detached, expected, end| {
            let socket = socket.attach()?;
            Ok::<_, std::io::Error>(Hearer { socket, expected, end, arrivals: Sequence::default(), finished: false })
        };
        // The object that was sent, without the brace that closes the frame around it.
        let item = [&tail[..tail.len() - 1], br#","seq":"#].concat();
        Ok(Self {
            a: hearer(a, Expected::new(r#"{"type":"sent","id":""#, ".", Arc::from(*br#"","seq":"#)), "}")?,
            b: hearer(b, Expected::new(r#"{"payload":{"seq":""#, STAMP, item.into()), ",\"type\":\"send\"}\n")?,
            sent: 0,
            acknowledged: 0,
            room: MAILBOX_ITEMS.min(MAILBOX_BYTES / payload),
            said_last_word: false,
        })
    }

    async fn run(mut self, bench: Rc<RefCell<Bench>>, deadline: Instant) -> Outcome {
        let ended = timeout_at(deadline, poll_fn(|cx| self.poll(cx, &mut bench.borrow_mut()))).await;
        let drained = self.drained();
        let Self { a, b, sent, .. } = self;
        let both = [&a.arrivals, &b.arrivals];
        let outcome = Outcome {
            lost: both.iter().map(|arrivals| arrivals.lost_of(sent)).sum(),
            duplicated: both.iter().map(|arrivals| arrivals.duplicated).sum(),
            reordered: both.iter().map(|arrivals| arrivals.reordered).sum(),
            fault: match ended {
                Ok(result) => result.err(),
                Err(_) if drained => Some(Fault::Silent("relay the last word")),
                Err(_) => None,
            },
            ..Outcome::default()
        };
        a.socket.close();
        b.socket.close();
        outcome
    }

    fn poll(&mut self, cx: &mut Context<'_>, bench: &mut Bench) -> Poll<Result<(), Fault>> {
        self.a.hear(cx, bench, |bench, _, took_ns| bench.tally.receipts.saturating_record(took_ns))?;
        self.b.hear(cx, bench, |bench, fresh, took_ns| {
            bench.tally.record(took_ns);
            bench.tally.reads += u64::from(fresh == 0);
        })?;
        if self.b.arrivals.arrived() - self.acknowledged >= ACKNOWLEDGED {
            self.acknowledge()?;
        }
        if bench.stage.phase() != Phase::Drain {
            self.send(bench)?;
        } else if self.drained() && !self.said_last_word {
            self.acknowledge()?;
            self.a.socket.send_text(LAST_WORD)?;
            self.b.socket.send_text(LAST_WORD)?;
            self.said_last_word = true;
        }
        for hearer in [&mut self.a, &mut self.b] {
            if let Poll::Ready(flushed) = hearer.socket.poll_flush(cx) {
                flushed?;
            }
        }
        if self.a.finished && self.b.finished { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    /// Fills the window, as far as the mailbox has room: an item is under way until it has arrived, and its receipt, too.
    fn send(&mut self, bench: &mut Bench) -> Result<(), Fault> {
        let settled = self.a.arrivals.arrived().min(self.b.arrivals.arrived());
        let free = self.room - (self.sent - self.b.socket.ponged()) as usize;
        let count = (bench.window - (self.sent - settled) as usize).min(free);
        if count > 0 {
            let sent_ns = bench.clock.now_ns();
            self.a.socket.send(bench.batch.stamp(self.sent, count, sent_ns))?;
            self.sent += count as u64;
        }
        Ok(())
    }

    fn acknowledge(&mut self) -> Result<(), Fault> {
        self.acknowledged = self.b.arrivals.arrived();
        self.b.socket.send_text(&format!(r#"{{"type":"delivered","upTo":{}}}"#, self.acknowledged))?;
        // An acknowledgement has no answer.
        self.b.socket.send_ping(self.acknowledged)
    }

    fn drained(&self) -> bool {
        [&self.a, &self.b].iter().all(|hearer| hearer.arrivals.arrived() == self.sent)
    }
}

impl Hearer {
    /// Works off all that can be read now. While measuring, `took` is told, for each arrival, how many came before it with the
    /// same read, and how many nanoseconds it took.
    fn hear(
        &mut self,
        cx: &mut Context<'_>,
        bench: &mut Bench,
        mut took: impl FnMut(&mut Bench, usize, u64),
    ) -> Result<(), Fault> {
        while let Poll::Ready(filled) = self.socket.poll_read(cx, &mut bench.buffer)? {
            let arrived_ns = bench.clock.now_ns();
            let measuring = bench.stage.phase() == Phase::Measure;
            let buffer = std::mem::take(&mut bench.buffer);
            let Self { socket, expected, end, arrivals, finished } = self;
            let mut fresh = 0;
            let heard = socket.texts(&buffer[..filled], |text| {
                let Some((Stamp { seq, sent_ns }, number)) = expected.read_numbered(text, end) else {
                    if text != LAST_WORD.as_bytes() {
                        return Err(Fault::unexpected(text));
                    }
                    *finished = true;
                    return Ok(());
                };
                if number != seq + 1 {
                    return Err(Fault::Unexpected(format!("number {number} of item {}", seq + 1)));
                }
                match arrivals.arrive(seq, bench.window as u64) {
                    Arrival::First if measuring => took(bench, fresh, arrived_ns.saturating_sub(sent_ns)),
                    Arrival::First => {}
                    Arrival::Duplicate => return Ok(()),
                    Arrival::Impossible => return Err(Fault::unexpected(text)),
                }
                fresh += 1;
                Ok(())
            });
            bench.buffer = buffer;
            heard?;
            bench.stage.relayed(fresh as u64);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use meetpoint_protocol::noisy::{Frame, Side, item, parse, sent};

    use super::*;

    #[test]
    fn an_item_is_a_send_with_an_id_and_comes_back_as_the_server_writes_it() {
        let text = template(128).replace(SEQ, "00000000000a").replace(NS, "0000000000ff");
        assert_eq!(text.len(), 128);
        let Some(Frame::Send { to: Some(Side::B), payload, id: Some(id) }) = parse(&text) else { panic!("{text}") };
        let tail = frames::tail(&template(128));
        let (mut shown, mut receipt) = (Vec::new(), Vec::new());
        item(11, payload, &mut shown);
        sent(id, 11, &mut receipt);
        let item = [&tail[..tail.len() - 1], br#","seq":"#].concat();
        let expected = Expected::new(r#"{"payload":{"seq":""#, STAMP, item.into());
        let stamp = Stamp { seq: 10, sent_ns: 255 };
        assert_eq!(expected.read_numbered(&shown, ",\"type\":\"send\"}\n"), Some((stamp, 11)));
        let expected = Expected::new(r#"{"type":"sent","id":""#, ".", Arc::from(*br#"","seq":"#));
        assert_eq!(expected.read_numbered(&receipt, "}"), Some((stamp, 11)));
    }
}
