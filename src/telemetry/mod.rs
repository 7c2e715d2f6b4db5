//! What the server tells those who run it.

pub mod logs;
pub mod metrics;
pub mod stalls;
