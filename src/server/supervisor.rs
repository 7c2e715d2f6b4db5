//! What the service manager that started the process is told (sd_notify(3)): ready, reloading, stopping, alive. Where there is
//! none, nobody is told.

use std::{future::pending, io};

use sd_notify::NotifyState;
use tokio::time::interval;
use tracing::debug;

/// A process that says it is alive this often within the time that it has is not ended by one late message.
const SIGNS_OF_LIFE: u32 = 2;

/// Clients can come.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// The settings are read anew, until [`ready`].
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => untold(&error),
    }
}

/// The end has begun.
pub fn stopping(status: &str) {
    tell(&[NotifyState::Stopping, NotifyState::Status(status)]);
}

/// Says again and again that the process is alive, where it is asked to (`WatchdogSec=`): as long as the runtime turns. Without
/// end.
pub async fn stay_alive() {
    let Some(within) = sd_notify::watchdog_enabled() else { return pending().await };
    let mut ticks = interval(within / SIGNS_OF_LIFE);
    loop {
        ticks.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        untold(&error);
    }
}

fn untold(error: &io::Error) {
    debug!(%error, "the service manager cannot be told");
}
