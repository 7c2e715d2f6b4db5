//! Input that no honest client sends: each gets its answer, costs bounded memory and disturbs nobody.

mod corpus;
mod crowds;
mod flood;
mod frames;
mod handshake;
mod origins;
mod quotas;
mod rate;
mod refused;
mod smuggling;
mod stalled;
mod strings;
#[path = "../support/mod.rs"]
mod support;
mod text;
mod theft;
