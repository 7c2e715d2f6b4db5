//! Every connection and whom it serves: for finding, not for talking. By connections, because a session passes from one to the
//! next while both are here: neither can take the other's place.

use dashmap::DashMap;
use meetpoint_protocol::ConnId;

use super::outbox::Outbox;

#[derive(Default)]
pub struct Registry(DashMap<ConnId, Outbox>);

impl Registry {
    /// The connection serves that client from now on.
    pub fn enter(&self, conn: ConnId, outbox: Outbox) {
        self.0.insert(conn, outbox);
    }

    /// The connection has ended.
    pub fn leave(&self, conn: ConnId) {
        self.0.remove(&conn);
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Handles of all clients that are connected, as they are now.
    pub fn all(&self) -> Vec<Outbox> {
        self.0.iter().map(|entry| entry.value().clone()).collect()
    }
}
