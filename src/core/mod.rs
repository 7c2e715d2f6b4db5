//! The neutral state machines: outboxes, rooms, the queue. No clock, no chance, no JSON, no sockets: what they need of
//! those is handed to them. Dialects call them; nobody below a dialect does.
//!
//! Locks are taken in this order only, and none is held across a call into another floor:
//!
//! | lock | held by | may take |
//! |---|---|---|
//! | `sessions::Kept` (a session that outlives its sockets) | whoever speaks for it, takes it over or ends it | all below |
//! | `sessions::Table` (tokens, windows) | whoever finds, keeps or forgets a session | – |
//! | `sessions::Alarm` (sessions to be ended) | whoever says too much to one that is away, and who ends it | – |
//! | [`sides::Duo`] (a room of two sides) | whoever speaks, sits down, stands up or shows mail there | book, outbox |
//! | [`book::Book`] | whoever asks or changes what is kept | – |
//! | [`lobby::Lobby`] (queue) | whoever looks for, changes or leaves a partner | room, outbox |
//! | [`room::Room`] (seats) | whoever speaks, sits down or stands up | outbox |
//! | [`outbox::Outbox`] (bytes) | whoever says something to that client, and its owner | the alarm of a session |
//!
//! [`topics::Topics`] (its map), [`registry::Registry`] and the map of [`sides::Sides`] are for finding: their guards end inside their methods.

pub mod book;
pub mod chance;
pub mod clock;
pub mod event;
mod hash;
pub mod lobby;
pub mod matchmaker;
pub mod minute;
pub mod outbox;
pub mod registry;
pub mod room;
pub mod sessions;
pub mod sides;
pub mod topics;
pub mod turn;
