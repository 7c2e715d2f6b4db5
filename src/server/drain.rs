//! Going down like a duck: readiness off, no new sockets, everybody is told, spread over the grace period, then the end.

use std::time::Duration;

use meetpoint_protocol::Close;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::info;

use super::Server;

/// Closes are spread over this part of the grace period; the rest is for the goodbyes.
const SPREAD: f64 = 0.8;

/// But no thinner than this: a server with few clients need not take its time.
const SPREAD_PER_CLIENT: Duration = Duration::from_millis(100);

/// Where the server is on its way down.
#[derive(Default)]
pub struct Drain {
    begun: CancellationToken,
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
        self.lobby.close();
        self.book.arrivals().close();
        let clients = self.registry.all();
        info!(clients = clients.len(), grace = ?grace, "draining");
        let thin = SPREAD_PER_CLIENT.saturating_mul(u32::try_from(clients.len()).unwrap_or(u32::MAX));
        let spread = grace.mul_f64(SPREAD).min(thin);
        let mut closes: Vec<_> =
            clients.into_iter().map(|client| (start + spread.mul_f64(self.chance.fraction()), client)).collect();
        closes.sort_unstable_by_key(|(when, _)| *when);
        let farewells = async {
            for (when, client) in closes {
                sleep_until(when).await;
                client.close(Close::ShuttingDown);
            }
        };
        self.drain.sockets.close();
        self.drain.tasks.close();
        tokio::select! {
            () = farewells => {}
            () = self.drain.sockets.wait() => {}
        }
        let gone = timeout_at(deadline, self.drain.sockets.wait()).await.is_ok();
        self.drain.ended.cancel();
        let finished = timeout_at(deadline, self.drain.tasks.wait()).await.is_ok();
        info!(all_said_goodbye = gone && finished, "drained");
    }
}
