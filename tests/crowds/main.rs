//! What a server does when it ends, with crowds of clients: one crowd at a time.

mod farewell;
mod restart;

use meetpoint_test_support as support;
use tokio::sync::{Mutex, MutexGuard};

/// Held for as long as there is a crowd: two of them would measure each other.
async fn alone() -> MutexGuard<'static, ()> {
    static CROWD: Mutex<()> = Mutex::const_new(());
    CROWD.lock().await
}
