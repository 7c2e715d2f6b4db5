//! The whole server and its clients in one thread: simulated time, a simulated network that delays, holds, loses and splits, and one
//! seed that decides everything.
//!
//! [`simulate`] runs a seed for sixty simulated seconds. Clients speak the real wires ([`client`]); each knows what it may expect, and the
//! [`ledger`] knows what all of them heard. What must never be is told with the seed, and the seed replays it exactly.

#![forbid(unsafe_code)]

pub mod client;
pub mod host;
pub mod ledger;
pub mod network;
mod panics;
mod plan;
mod run;
pub mod timetable;

pub use self::run::{Outcome, TICK, simulate, world};
