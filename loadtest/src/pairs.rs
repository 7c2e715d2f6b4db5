//! Clients that talk to each other two by two, by the thousands, on worker threads: what they say is stamped and numbered, and every
//! arrival is checked.
//!
//! ```text
//! connect → [`run`]: warm up → measure → drain → [`Measured::write`]
//! ```
//! - [`frames`]: texts with their digits, written and checked · [`sequence`]: lost, doubled, out of order
//! - [`pair`]: two sockets that relay to each other; other talks stand with their scenarios · `worker`: a thread with many talks
//! - [`timetable`]: when frames are due that do not wait for others · [`alarm`]: whoever has to send them is woken in time
//! - `crew`: the threads, from outside · [`result`]: the figures

pub mod alarm;
mod crew;
pub mod frames;
pub mod pair;
pub mod result;
pub mod sequence;
pub mod timetable;
mod worker;

pub use crew::{Phase, Plan, Run, drain_limit, run};
pub use result::{Measured, Noun, SetUp};
pub use worker::{Bench, CutCount, Done, Outcome, StuckCount, Talk, Tally};

/// How often a talk with nothing else to do looks what phase it is, in nanoseconds.
pub const LOOK_NS: u64 = 1_000_000_000;
