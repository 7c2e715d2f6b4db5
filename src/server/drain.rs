//! Going down like a duck: readiness off, no new sockets, everybody is told, spread over the grace period, then the end. Where
//! another process goes on with the address, the listener is handed over first, and who comes meanwhile is served.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use meetpoint_protocol::Close;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::info;

use super::Server;
use crate::core::turn::Turn;

/// Closes are spread over this part of the grace period; the rest is for the goodbyes.
const SPREAD: f64 = 0.8;

/// But no thinner than this: a server with few clients need not take its time.
const SPREAD_PER_CLIENT: Duration = Duration::from_millis(100);

/// Those who come back to a process that has to start do so over this time at least.
const SHORTEST_RETURN: Duration = Duration::from_secs(1);

/// How long the listener may take to be handed over.
const HANDOVER: Duration = Duration::from_secs(3);

/// Where the server is on its way down.
#[derive(Default)]
pub struct Drain {
    begun: CancellationToken,
    /// Another process goes on with the address.
    pub(super) is_followed: AtomicBool,
    /// The listener takes nobody any more whom another process could have.
    handed_over: CancellationToken,
    /// Everybody is told to go, and whoever still comes is told at once.
    parting: CancellationToken,
    /// Nothing is accepted any more, and idle HTTP connections end.
    ended: CancellationToken,
    /// WebSocket connections, from upgrade to the last byte.
    pub(super) sockets: TaskTracker,
    /// All tasks of connections.
    pub(super) tasks: TaskTracker,
}

impl Drain {
    /// Whether readiness is off.
    pub fn has_begun(&self) -> bool {
        self.begun.is_cancelled()
    }

    /// Whether sockets are refused: with another process to come to, nobody is who got as far as to this one.
    pub(super) fn refuses(&self) -> bool {
        self.has_begun() && !self.is_followed.load(Relaxed)
    }

    /// Whether everybody is told to go.
    pub(super) fn is_parting(&self) -> bool {
        self.parting.is_cancelled()
    }

    pub(super) async fn begun(&self) {
        self.begun.cancelled().await;
    }

    pub(super) fn hand_over(&self) {
        self.handed_over.cancel();
    }

    pub(super) async fn ended(&self) {
        self.ended.cancelled().await;
    }
}

impl Server {
    /// Closes every socket with 1001 within `grace` and returns when all are gone, or when the time is over.
    pub async fn drain(&self, grace: Duration) {
        let start = Instant::now();
        let deadline = start + grace;
        self.drain.begun.cancel();
        if self.drain.is_followed.load(Relaxed) {
            // Without it the drain goes on all the same.
            let _ = timeout_at(deadline.min(start + HANDOVER), self.drain.handed_over.cancelled()).await;
        }
        self.drain.parting.cancel();
        self.lobby.close();
        self.book.arrivals().close();
        let clients = self.registry.all();
        info!(clients = clients.len(), grace = ?grace, "draining");
        let thin = SPREAD_PER_CLIENT.saturating_mul(u32::try_from(clients.len()).unwrap_or(u32::MAX));
        let now = Instant::now();
        let spread = deadline.saturating_duration_since(now).mul_f64(SPREAD).min(thin);
        let mut closes: Vec<_> =
            clients.into_iter().map(|client| (now + spread.mul_f64(self.chance.fraction()), client)).collect();
        closes.sort_unstable_by_key(|(when, _)| *when);
        for (when, client) in closes.iter().filter(|(_, client)| client.hears_go_away) {
            let mut turn = Turn::new(now.into_std());
            client.outbox.go_away(self.back_after(*when - now, spread), &mut turn);
            self.metrics.absorb(&mut turn.tally);
        }
        let farewells = async {
            for (when, client) in closes {
                sleep_until(when).await;
                client.outbox.close(Close::ShuttingDown);
            }
        };
        self.drain.sockets.close();
        self.drain.tasks.close();
        tokio::select! {
            biased;
            () = farewells => {}
            () = self.drain.sockets.wait() => {}
        }
        let gone = timeout_at(deadline, self.drain.sockets.wait()).await.is_ok();
        self.drain.ended.cancel();
        let finished = timeout_at(deadline, self.drain.tasks.wait()).await.is_ok();
        info!(all_said_goodbye = gone && finished, "drained");
    }

    /// When a client should come back that is told to go after `told`: at once where another process is there already. Else when
    /// this one has gone, and not all together.
    fn back_after(&self, told: Duration, spread: Duration) -> Duration {
        if self.drain.is_followed.load(Relaxed) {
            told
        } else {
            spread + spread.max(SHORTEST_RETURN).mul_f64(self.chance.fraction())
        }
    }
}
