//! The server's core, compiled once more against locks and atomic numbers that a model checker (shuttle) schedules: the sources are the
//! server's own, only [`sync`] is another. The models in `tests/` let a few threads do what sessions do, in a thousand orders, and look at what
//! came of it.
//!
//! A failing order is printed; `MODEL_SCHEDULE=… cargo test --package meetpoint-models --test NAME TEST` repeats it.

#![forbid(unsafe_code)]

pub mod config;
#[path = "../../src/core/mod.rs"]
pub mod core;
pub mod sync;
