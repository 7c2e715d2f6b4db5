//! meetpoint: one small server that introduces WebRTC peers to each other.
//!
//! The house, floor by floor; a file imports its own module and floors below, never its neighbours:
//!
//! | floor | module | what is there |
//! |---|---|---|
//! | 6 | [`app`] | the only wiring: names the concrete dialects |
//! | 5 | [`server`] | sockets: accept, HTTP, upgrade, the connection's task, drain, probes |
//! | 4 | [`dialects`] | one file or folder per wire protocol |
//! | 3 | [`guard`] | who may come in: origin, CORS, addresses behind proxies, credentials, signatures, rates, guessing |
//! | 2 | [`telemetry`], [`store`] | metric handles, logs; storage backends |
//! | 1 | [`core`] | outbox, room, queue, topics, sessions, sides, registry; the book of offers, codes and mail: no clock, no chance, no JSON, no sockets |
//! | 0 | [`meetpoint_protocol`], [`config`], [`sync`] | wire formats; typed settings; locks |
//!
//! The way of one frame:
//!
//! ```text
//! kernel → A's task reads all there is (server::connection) → a slice of its read buffer
//!        → the session takes it apart, payload unread (dialects::chat) → stamped slices
//!        → the room knows who else sits there (core::room) → B's outbox (core::outbox): header and payload appended
//!        → after A's last frame of this turn (core::turn): one try_write → kernel
//! ```
//! One task, one lock, no queue, no look-up in a map, no await between read and write.

#![forbid(unsafe_code)]

pub mod app;
pub mod config;
pub mod core;
pub mod dialects;
pub mod guard;
pub mod server;
pub mod store;
pub mod sync;
pub mod telemetry;
