//! Sockets: accept, HTTP, upgrade, one task per connection, drain. It carries bytes and time to the dialects and back,
//! and knows none of them.

pub mod accept;
mod connection;
pub mod drain;
mod feed;
pub mod healthcheck;
mod heartbeat;
mod http;
mod pages;
mod probes;
mod upgrade;
pub mod wire;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use meetpoint_protocol::{ClientId, ConnId};

use self::drain::Drain;
use crate::{
    core::{chance::Chance, lobby::Lobby, outbox::Bounds, registry::Registry},
    dialects::Dialect,
    guard::origin::OriginPolicy,
    telemetry::metrics::Metrics,
};

/// What every connection shares.
pub struct Server {
    pub about: About,
    pub chance: Arc<Chance>,
    pub dialects: Vec<Box<dyn Dialect>>,
    pub drain: Drain,
    pub limits: Limits,
    pub lobby: Arc<Lobby>,
    pub metrics: Metrics,
    pub metrics_route: String,
    pub origins: OriginPolicy,
    pub registry: Registry,
    pub connections: AtomicU64,
}

/// Who this server says it is.
pub struct About {
    pub version: String,
    pub instance_id: String,
    pub started: Instant,
}

/// What one connection may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub heartbeat: Duration,
    /// Bytes read at once.
    pub read_buffer: usize,
    pub outbox: Bounds,
    /// 0 disables.
    pub messages_per_second: u32,
}

impl Server {
    /// Every value of the metric label `reason` of a connection's end.
    pub fn end_labels() -> Vec<&'static str> {
        connection::Ended::labels()
    }

    /// Ids for a new client on a new connection.
    fn new_ids(&self) -> (ClientId, ConnId) {
        let conn = self.connections.fetch_add(1, Ordering::Relaxed);
        (ClientId::from_random(self.chance.id()), ConnId(conn))
    }
}

/// The time, as the runtime has it: tests and simulations stop it.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
