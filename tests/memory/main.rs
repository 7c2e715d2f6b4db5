//! The whole server over pipes in memory, on paused time.

mod arrivals;
mod drain;
mod heartbeat;
mod metrics;
mod noisy;
mod pipes;
mod rate;
mod resume;
mod unread;
