//! Wakes the tasks of one thread on time. tokio's timers know milliseconds, many times what a frame takes; this one knows
//! microseconds, asks the kernel once for whatever is due at the same time, and sleeps in between.

use std::{cell::RefCell, cmp::Ordering, collections::BinaryHeap, io, rc::Rc, task::Waker, time::Duration};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::{net::unix::pipe, task::spawn_local};

use super::worker::Clock;

/// Two alarms are never closer. Below a rate of 20,000 a second for a thread each frame has one of its own; above, no more CPU is
/// spent on waking up.
pub const RESOLUTION: Duration = Duration::from_micros(50);

/// The alarm of a thread. It costs nothing before it is set.
pub struct Alarm {
    clock: Clock,
    bell: Option<Rc<Bell>>,
}

struct Bell {
    clock: Clock,
    /// A timerfd, which takes nanoseconds: tokio awaits any readable descriptor as a pipe.
    timer: pipe::Receiver,
    calls: RefCell<Calls>,
}

struct Calls {
    due: BinaryHeap<Call>,
    /// For when the timer is set, if it is.
    armed_ns: Option<u64>,
    /// When it went off.
    rang_ns: u64,
}

struct Call {
    at_ns: u64,
    waker: Waker,
}

impl Alarm {
    pub fn new(clock: Clock) -> Self {
        Self { clock, bell: None }
    }

    /// Has a task woken at a time of the run's clock, within [`RESOLUTION`]. Each call wakes once.
    pub fn wake_at(&mut self, at_ns: u64, waker: &Waker) -> io::Result<()> {
        let bell = match &self.bell {
            Some(bell) => bell,
            None => {
                let bell = Rc::new(Bell::new(self.clock)?);
                spawn_local(ring(Rc::clone(&bell)));
                self.bell.insert(bell)
            }
        };
        bell.calls.borrow_mut().due.push(Call { at_ns, waker: waker.clone() });
        bell.arm(at_ns)
    }
}

/// Wakes whoever is due, for as long as the thread's runtime lives.
async fn ring(bell: Rc<Bell>) -> io::Result<()> {
    loop {
        bell.timer.readable().await?;
        // Need not be read: setting it anew takes its ticks away, and each time that it goes off is an event of its own.
        let _ = bell.timer.try_io(|| Err::<(), _>(io::ErrorKind::WouldBlock.into()));
        bell.wake_due()?;
    }
}

impl Bell {
    fn new(clock: Clock) -> io::Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        let calls = RefCell::new(Calls { due: BinaryHeap::new(), armed_ns: None, rang_ns: 0 });
        Ok(Self { clock, timer: pipe::Receiver::from_owned_fd_unchecked(timer)?, calls })
    }

    fn wake_due(&self) -> io::Result<()> {
        let now_ns = self.clock.now_ns();
        let next_ns = {
            let mut calls = self.calls.borrow_mut();
            (calls.armed_ns, calls.rang_ns) = (None, now_ns);
            while calls.due.peek().is_some_and(|call| call.at_ns <= now_ns) {
                if let Some(call) = calls.due.pop() {
                    call.waker.wake();
                }
            }
            calls.due.peek().map(|call| call.at_ns)
        };
        next_ns.map_or(Ok(()), |next_ns| self.arm(next_ns))
    }

    /// Sets the timer, unless it goes off earlier anyway.
    fn arm(&self, at_ns: u64) -> io::Result<()> {
        let mut calls = self.calls.borrow_mut();
        let at_ns = at_ns.max(calls.rang_ns + RESOLUTION.as_nanos() as u64);
        if calls.armed_ns.is_some_and(|armed_ns| armed_ns <= at_ns) {
            return Ok(());
        }
        // Zero would switch it off.
        let wait = Duration::from_nanos(at_ns.saturating_sub(self.clock.now_ns()).max(1));
        let it_value = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: wait.subsec_nanos().into() };
        let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &Itimerspec { it_interval, it_value })?;
        calls.armed_ns = Some(at_ns);
        Ok(())
    }
}

/// The heap's greatest is the earliest.
impl Ord for Call {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at_ns.cmp(&self.at_ns)
    }
}

impl PartialOrd for Call {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        self.at_ns == other.at_ns
    }
}

impl Eq for Call {}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, task::Poll, time::Instant};

    use tokio::{
        runtime::{Builder, LocalOptions},
        task::JoinSet,
    };

    use super::*;

    /// Waits until `at_ns` and says when it was woken.
    async fn sleep(alarm: Rc<RefCell<Alarm>>, clock: Clock, at_ns: u64) -> u64 {
        let mut set = false;
        poll_fn(|cx| {
            if clock.now_ns() >= at_ns {
                return Poll::Ready(clock.now_ns());
            }
            if !set {
                alarm.borrow_mut().wake_at(at_ns, cx.waker()).expect("a timer");
                set = true;
            }
            Poll::Pending
        })
        .await
    }

    #[test]
    fn everybody_is_woken_in_turn_and_nobody_too_early() {
        let runtime =
            Builder::new_current_thread().enable_io().build_local(LocalOptions::default()).expect("a runtime");
        let clock = Clock(Instant::now());
        let alarm = Rc::new(RefCell::new(Alarm::new(clock)));
        // Set neither in order nor far apart; none is due at once.
        let times = [9_000, 3_000, 3_010, 20_000, 6_000].map(|us| clock.now_ns() + us * 1_000);
        let woken = runtime.block_on(async {
            let mut sleeping = JoinSet::new();
            for at_ns in times {
                let alarm = Rc::clone(&alarm);
                sleeping.spawn_local(async move { (at_ns, sleep(alarm, clock, at_ns).await) });
            }
            let mut woken = Vec::new();
            while let Some(one) = sleeping.join_next().await {
                woken.push(one.expect("woken"));
            }
            woken
        });
        assert!(woken.iter().all(|(due, at)| at >= due), "{woken:?}");
        assert_eq!(woken.len(), times.len());
    }
}
