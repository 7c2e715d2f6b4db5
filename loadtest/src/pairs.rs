//! Clients that talk to each other two by two, by the thousands, on worker threads: what they say is stamped and numbered, and every
//! arrival is checked.
//!
//! ```text
//! connect → [`run`]: warm up → measure → drain → [`Measured::write`]
//! ```
//! - [`frames`]: texts with their digits, written and checked · [`sequence`]: lost, doubled, out of order
//! - [`pair`]: two sockets that relay to each other; other talks stand with their scenarios · `worker`: a thread with many talks
//! - `crew`: the threads, from outside · [`result`]: the figures

mod crew;
pub mod frames;
pub mod pair;
pub mod result;
pub mod sequence;
mod worker;

pub use crew::{Phase, Plan, Run, run};
pub use result::{Measured, Noun, SetUp};
pub use worker::{Bench, Done, Outcome, StuckCount, Talk, Tally};
