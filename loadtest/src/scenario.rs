//! What is done to the server. A scenario takes its options and a progress bar and makes a [`Report`](crate::report::Report).

pub mod http;
pub mod noisy;
mod pace;
pub mod relay;
pub mod rooms;
