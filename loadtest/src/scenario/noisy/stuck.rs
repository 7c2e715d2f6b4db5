//! Rooms in which nobody listens: side B never reads, and says all the same that it lives; side A goes on sending. When the server
//! has had enough of B, B comes back.

use std::{
    cell::RefCell,
    future::poll_fn,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use meetpoint_protocol::noisy::{AppId, PEER_LEFT, ROOM_FULL, Side};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use crate::{
    Error,
    noisy::{await_other, room, sit},
    pairs::{Bench, Outcome, Phase, Run, StuckCount},
    report::{Figure, Section, Unit},
    target::Target,
    ws::{Detached, Fault, Socket},
};

/// How often side A sends, and how many frames.
const TICK: Duration = Duration::from_millis(10);
const FRAMES: usize = 10;
/// How often side B says that it lives: it cannot answer pings that it does not read, but every pong counts.
const PONG: Duration = Duration::from_secs(2);
/// Bytes that the kernel takes for side B, so that it is the server that has to wait.
const RECEIVE_BUFFER: u32 = 4096;

/// A room on its way into a worker.
pub struct Stuck {
    target: Target,
    number: usize,
    app: AppId,
    sockets: [Detached; 2],
}

impl Stuck {
    /// Has the two sides meet. `number` is the room's.
    pub async fn new(target: Target, number: usize) -> Result<Self, Error> {
        let app = room(number);
        let mut a = sit(&target, app, Side::A, 2 * number, None).await?;
        let mut b = sit(&target, app, Side::B, 2 * number + 1, Some(RECEIVE_BUFFER)).await?;
        await_other(&mut a).await?;
        await_other(&mut b).await?;
        Ok(Self { sockets: [a.detach()?, b.detach()?], target, number, app })
    }

    pub async fn run(self, bench: Rc<RefCell<Bench>>, deadline: Instant) -> Outcome {
        let mut stuck = StuckCount::default();
        let ended = timeout_at(deadline, self.go_on(&bench, &mut stuck)).await;
        Outcome { fault: ended.ok().and_then(Result::err), stuck, ..Outcome::default() }
    }

    async fn go_on(self, bench: &RefCell<Bench>, count: &mut StuckCount) -> Result<(), Fault> {
        let [a, b] = self.sockets;
        let mut sender = Sender { socket: a.attach()?, sent: 0, is_alone: false };
        let mut sleeper = b.attach()?;
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut pong_at = Instant::now() + PONG;
        loop {
            let now = ticks.tick().await;
            let phase = bench.borrow().stage.phase();
            if phase == Phase::Drain {
                sender.socket.close();
                return Ok(());
            }
            let mut tick = StuckCount::default();
            poll_fn(|cx| Poll::Ready(sender.go_on(cx, &mut bench.borrow_mut(), &mut tick))).await?;
            if sender.is_alone {
                let seat = sit(&self.target, self.app, Side::B, 2 * self.number + 1, Some(RECEIVE_BUFFER));
                sleeper = seat.await.map_err(|error| match error {
                    Error::Setup(fault) => fault,
                    other => Fault::Unexpected(other.to_string()),
                })?;
                sender.is_alone = false;
                tick.thrown_out += 1;
            } else if now >= pong_at {
                // Where it is disconnected already, side A is about to hear that.
                let _ = sleeper.send_pong();
                pong_at = now + PONG;
            }
            if phase == Phase::Measure {
                count.sent += tick.sent;
                count.refused += tick.refused;
                count.thrown_out += tick.thrown_out;
            }
        }
    }
}

struct Sender {
    socket: Socket,
    sent: u64,
    /// The other side was disconnected.
    is_alone: bool,
}

impl Sender {
    /// Hears what there is and sends, unless the server does not even take what was sent before.
    fn go_on(&mut self, cx: &mut Context<'_>, bench: &mut Bench, tick: &mut StuckCount) -> Result<(), Fault> {
        let Self { socket, sent, is_alone } = self;
        while let Poll::Ready(filled) = socket.poll_read(cx, &mut bench.buffer)? {
            socket.texts(&bench.buffer[..filled], |text| {
                match text {
                    _ if text == PEER_LEFT.as_bytes() => *is_alone = true,
                    _ if text == ROOM_FULL.as_bytes() => {}
                    _ if text.starts_with(br#"{"type":"error","code":"BUFFER_FULL""#) => tick.refused += 1,
                    _ => return Err(Fault::unexpected(text)),
                }
                Ok(())
            })?;
        }
        if socket.poll_flush(cx)?.is_pending() {
            return Ok(());
        }
        let mut left = FRAMES;
        while left > 0 {
            let count = left.min(bench.window);
            socket.send(bench.batch.stamp(*sent, count, bench.clock.now_ns()))?;
            *sent += count as u64;
            left -= count;
        }
        tick.sent += FRAMES as u64;
        Ok(())
    }
}

/// The section and the note of so many rooms; `None` for none.
pub fn report(rooms: usize, run: &Run) -> Option<(Section, String)> {
    if rooms == 0 {
        return None;
    }
    let seconds = run.to.seconds_since(&run.from);
    let sum =
        |of: fn(&StuckCount) -> u64| run.done.outcomes.iter().map(|outcome| of(&outcome.stuck)).sum::<u64>() as f64;
    let rate = sum(|count| count.sent) / seconds;
    let section = Section::new(
        "stuck",
        [
            Figure::new("rooms", "rooms whose B never reads", Unit::Count, rooms as f64),
            Figure::new("framesPerSecond", "frames to them", Unit::PerSecond, rate),
            Figure::new("refused", "refused", Unit::Count, sum(|count| count.refused)),
            Figure::new("thrownOut", "times a B was disconnected", Unit::Count, sum(|count| count.thrown_out)),
        ],
    );
    let note = format!(
        "stuck: traffic, latency and integrity are the other rooms'. Compare with the same run and --stuck 0: a p99 or max that is of \
         another order means that one room waits for another. Some loss of throughput is fair: the stuck rooms' own {rate:.0} frames/s \
         are the server's work, too, and in its CPU time."
    );
    Some((section, note))
}
