//! NoisyTransfer, the pure part: two sides, A and B, find each other by a code and meet in a room that an appID names.
//!
//! ```text
//! POST /rendezvous/code, /rendezvous/redeem                                  rendezvous, code, app_id
//! /ws?appID=…&side=A|B[&sid=…]
//! client → server   offer  answer  ice  sender_ready   → the other side, byte for byte    frame
//!                   send {to, payload, id?}            → the mailbox of `to`
//!                   hello {deliveredUpTo?}  delivered {upTo?}                             from the mailbox's reader
//!                   telemetry {event, mode?}           → metrics                          telemetry
//! server → client   room_full  peer_left  send or deliver {seq, payload}  sent {id, seq}  error      reply
//! ```
//! What clients say is read as the original does, whose decoder is Go's `encoding/json`: names in any case, the last of
//! duplicates counts, `null` is no value, and one value of the wrong type spoils the frame.

mod app_id;
mod code;
mod compact;
mod frame;
mod members;
mod rendezvous;
mod reply;
mod side;
mod telemetry;

pub use app_id::AppId;
pub use code::Code;
pub use compact::compact;
pub use frame::{Frame, Relay, SIGNAL_TYPES, parse};
pub use rendezvous::{minted, read_code, redeemed, rfc3339};
pub use reply::{ErrorCode, PEER_LEFT, ROOM_FULL, deliver, error, item, sent};
pub use side::Side;
pub use telemetry::{Event, Mode};
