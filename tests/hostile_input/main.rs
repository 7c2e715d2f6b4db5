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
mod text;
mod theft;

use meetpoint_test_support as support;
