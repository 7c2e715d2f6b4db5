//! What the steps of the hot path take, each by itself, and one frame's whole way from its text to its partner's wire.
//! Sockets, the kernel and tungstenite are not in it: for those there are the budget (`src/`) and the load generator.
//!
//! `cargo bench -p meetpoint-bench` runs all, `cargo bench -p meetpoint-bench -- parse` those with `parse` in their names.

#![forbid(unsafe_code)]

mod matching;
mod parse;
mod publish;
mod push;
mod relay;
mod stage;
mod stamp;
mod texts;

fn main() {
    divan::main();
}
