//! Who may come in, and how much they may say. Pure decisions: the server and the dialects ask, and act on the answer.

pub mod address;
pub mod admin;
mod bucket;
pub mod connections;
pub mod cors;
pub mod credentials;
pub mod guess;
pub mod origin;
pub mod rate;
pub mod signature;
pub mod token;
pub mod window;
