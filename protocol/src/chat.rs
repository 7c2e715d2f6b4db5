//! Random video chat: JSON text frames on `/ws`.
//!
//! ```text
//! client → server   auth {userId?}  available  offer {sdp}  answer {sdp}  ice {candidate}  next  leave  ping
//! server → client   ready  matched  offer/answer/ice {from, …}  partner-left  pong  error
//! ```
//! A payload (`sdp`, `candidate`) is any JSON value: it is checked for being JSON and passed on byte for byte, never parsed.

mod reply;
mod request;

pub use reply::{ErrorCode, LeftReason, Matched, PONG, Ready, Relayed};
pub use request::{Fault, Relay, Request, parse};

/// The version that `ready` announces.
pub const PROTOCOL: u32 = 1;
