//! The neutral state machines: outboxes, rooms, the queue. No clock, no chance, no JSON, no sockets: what they need of
//! those is handed to them. Dialects call them; nobody below a dialect does.
//!
//! Locks are taken in this order only, and none is held across a call into another floor:
//!
//! | lock | held by | may take |
//! |---|---|---|
//! | [`lobby::Lobby`] (queue) | whoever looks for, changes or leaves a partner | room, outbox |
//! | [`room::Room`] (seats) | whoever speaks, sits down or stands up | outbox |
//! | [`outbox::Outbox`] (bytes) | whoever says something to that client, and its owner | – |
//!
//! [`registry::Registry`] is a map for finding: its guards end inside its methods.

pub mod book;
pub mod chance;
pub mod clock;
pub mod event;
pub mod lobby;
pub mod matchmaker;
pub mod outbox;
pub mod registry;
pub mod room;
pub mod turn;
