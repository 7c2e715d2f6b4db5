//! Every client that is connected: for finding, not for talking.

use dashmap::DashMap;
use meetpoint_protocol::{ClientId, ConnId};

use super::outbox::Outbox;

#[derive(Default)]
pub struct Registry(DashMap<ClientId, (ConnId, Outbox)>);

impl Registry {
    /// The client is reached by that connection from now on.
    pub fn enter(&self, conn: ConnId, outbox: Outbox) {
        self.0.insert(outbox.client(), (conn, outbox));
    }

    /// Forgets the client, unless another connection has taken its place.
    pub fn leave(&self, client: ClientId, conn: ConnId) {
        self.0.remove_if(&client, |_, (of, _)| *of == conn);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Handles of all clients, as they are now.
    pub fn all(&self) -> Vec<Outbox> {
        self.0.iter().map(|entry| entry.value().1.clone()).collect()
    }
}
