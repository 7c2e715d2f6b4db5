//! Random video chat, topic rooms and sessions that outlive their socket: JSON text frames on `/ws`.
//!
//! ```text
//! client → server   auth {userId?}  available  offer {sdp}  answer {sdp}  ice {candidate}  next  leave  ping
//! server → client   ready  matched  offer/answer/ice {from, …}  partner-left  pong  error
//!
//! rooms →           join {topic, info?}  leave {topic}  publish {topic, data}  send {to, topic?, data}
//!                   offer/answer/ice {to, topic?, …}  peers {topic, limit?, after?}  topics {prefix?, limit?, after?}
//! rooms ←           joined  left  peer-joined  peer-updated  peer-left  message  peers  topics
//!
//! resume →          hello {resume?: {token, received}}  ack {received}  bye
//! resume ←          resumed  partner-away  partner-back  peer-away  peer-back
//! ```
//! A payload (`sdp`, `candidate`, `data`, `info`) is any JSON value: it is checked for being JSON and passed on byte for
//! byte, never parsed. Of a repeated field the last counts. In every other field `null` is the same as nothing.
//!
//! - [`Request`]: what clients say; [`Ask`]: the frames of topic rooms among it
//! - [`Ready`], [`Matched`], [`Relayed`], [`ErrorCode`]: what they are told; [`rooms`], [`resume`]: of these two

mod ask;
mod envelope;
mod reply;
mod request;
pub mod resume;
pub mod rooms;
mod text;

pub use ask::{Ask, MAX_PAGE};
pub use reply::{ErrorCode, LeftReason, Matched, PONG, Ready, Relayed, go_away};
pub use request::{Fault, Refused, Relay, Request, parse};
pub use resume::{NotResumed, Offered, PARTNER_BACK, Resume, Resumed, partner_away};
pub use rooms::{Directed, Joined, Message, PeerView};
pub use text::{Reference, Topic};

/// The version that `ready` announces.
pub const PROTOCOL: u32 = 1;
