//! Every wire format of meetpoint, without I/O: what the server, the load generator and the tests agree on.
//!
//! - [`ids`]: who is meant: clients, connections, rooms
//! - [`close`]: why a socket is closed, as one table
//! - [`frame_type`]: the fixed list of frame types that metrics may name
//! - [`timestamp`]: moments, in milliseconds since 1970
//! - [`json`]: JSON that is checked and passed on as it was written
//! - [`ws`]: the headers of WebSocket frames (RFC 6455 §5.2)
//! - [`chat`]: random video chat: what clients say and what they are told
//! - [`noisy`]: two sides of a file transfer: rendezvous codes, relayed frames, mailboxes
//! - [`rondevu`]: sessions, offers, services and tags: grammars, hashes, texts

pub mod chat;
pub mod close;
pub mod frame_type;
pub mod ids;
pub mod json;
pub mod noisy;
pub mod rondevu;
pub mod timestamp;
pub mod ws;

pub use close::Close;
pub use frame_type::FrameType;
pub use ids::{ClientId, ConnId, RoomId, UserId};
pub use json::Json;
pub use timestamp::Timestamp;
