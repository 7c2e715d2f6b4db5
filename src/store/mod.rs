//! Storage backends. A book answers every question from memory; a backend is the journal behind it, which says when a change is durable.
//!
//! | storage | an answer was given, then | | |
//! |---|---|---|---|
//! | | the process crashes or is killed | the machine loses power | the disk is full |
//! | [`memory`] | all is lost | all is lost | – |
//! | [`sqlite`], sync `normal` | nothing is lost | the last second may be lost | 503, nothing is lost |
//! | [`sqlite`], sync `full` | nothing is lost | nothing is lost | 503, nothing is lost |
//!
//! Every backend runs the same suite of tests, `contract`.

#[cfg(test)]
mod contract;
pub mod memory;
pub mod sqlite;
