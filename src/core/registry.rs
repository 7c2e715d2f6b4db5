//! Every connection and whom it serves: for finding, not for talking. By connections, because a session passes from one to the
//! next while both are here: neither can take the other's place.

use dashmap::DashMap;
use meetpoint_protocol::ConnId;

use super::outbox::Outbox;

#[derive(Default)]
pub struct Registry(DashMap<ConnId, Served>);

/// Whom a connection serves.
#[derive(Clone)]
pub struct Served {
    pub outbox: Outbox,
    /// Whether the client understands when it is told that the server is about to end.
    pub hears_go_away: bool,
}

impl Registry {
    /// The connection serves that client from now on.
    pub fn enter(&self, conn: ConnId, served: Served) {
        self.0.insert(conn, served);
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

    /// Handles of all clients that are connected, as they are now, in the order in which they came.
    pub fn all(&self) -> Vec<Served> {
        let mut all: Vec<_> = self.0.iter().map(|entry| (*entry.key(), entry.value().clone())).collect();
        all.sort_unstable_by_key(|(conn, _)| conn.0);
        all.into_iter().map(|(_, client)| client).collect()
    }
}
