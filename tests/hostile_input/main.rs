//! Input that no honest client sends: each gets its answer, costs bounded memory and disturbs nobody.

mod flood;
mod frames;
mod handshake;
mod rate;
mod stalled;
#[path = "../support/mod.rs"]
mod support;
mod text;
