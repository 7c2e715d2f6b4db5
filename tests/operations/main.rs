//! What an operator does with the program.

mod check;
mod reload;
mod supervised;
#[path = "../support/mod.rs"]
mod support;
