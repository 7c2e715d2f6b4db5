//! Every client that is connected: for finding, not for talking.

use dashmap::DashMap;
use meetpoint_protocol::{ClientId, ConnId};

use super::outbox::Outbox;

#[derive(Default)]
pub struct Registry(DashMap<ClientId, Outbox>);

impl Registry {
    pub fn enter(&self, outbox: Outbox) {
        self.0.insert(outbox.client(), outbox);
    }

    /// Forgets the client, unless another connection has taken its place.
    pub fn leave(&self, client: ClientId, conn: ConnId) {
        self.0.remove_if(&client, |_, outbox| outbox.conn() == conn);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Handles of all clients, as they are now.
    pub fn all(&self) -> Vec<Outbox> {
        self.0.iter().map(|entry| entry.value().clone()).collect()
    }
}
