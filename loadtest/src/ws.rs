//! A WebSocket client of few parts, because the load generator must cost less than the server: no message queue, no
//! buffer per connection, many frames per system call.
//!
//! - `handshake`: the upgrade · [`frame`]: bytes to frames and back · [`Socket`]: both over one TCP stream

mod fault;
pub mod frame;
pub(crate) mod handshake;
mod socket;

pub use fault::Fault;
pub use handshake::upgrade;
pub use socket::{Detached, Socket};
