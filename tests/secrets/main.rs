//! Secrets open what they guard, show themselves nowhere, and cost whoever guesses.

mod admin;
mod credentials;
mod kinds;
#[path = "../support/mod.rs"]
mod support;
mod timing;
mod welcome;
