//! What the black-box tests share: the server as a process, clients that can be polite or hostile, and recorded
//! conversations. None of these modules links against the server's code, so no fault can hide by being on both sides.

pub mod canary;
pub mod chat;
pub mod frame;
pub mod handshake;
pub mod hostile;
pub mod http;
pub mod line;
pub mod matcher;
pub mod metrics;
pub mod noisy;
pub mod peer;
pub mod presence;
pub mod proxy;
pub mod replay;
pub mod resumable;
pub mod rondevu;
pub mod room;
pub mod schema;
pub mod server;
pub mod storage;

use std::time::Duration;

/// How long a test waits for what must come. Only a failing test ever spends it, so it is generous to a busy machine; but well below what the
/// server itself lets pass before it gives up a poll, a session or a silent client (20 s and more), which must not stand in for what was to come.
pub const PATIENCE: Duration = Duration::from_secs(15);
