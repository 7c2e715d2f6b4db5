//! Sockets: accept, HTTP, upgrade, one task per connection, drain. It carries bytes and time to the dialects and back,
//! and knows none of them.

pub mod accept;
mod admin;
mod connection;
pub mod descriptors;
pub mod drain;
mod ended;
pub mod healthcheck;
mod heartbeat;
mod http;
mod inbound;
mod lent;
mod linger;
mod pages;
mod probes;
mod refusal;
pub mod supervisor;
pub mod tcp;
pub mod tls;
mod upgrade;
pub mod wire;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use ::http::HeaderMap;
use arc_swap::ArcSwap;
use axum::Router;
use meetpoint_protocol::ConnId;
use serde_json::{Map, Value};

use self::drain::Drain;
use crate::{
    core::{
        book::Book, chance::Chance, clock::Clock, lobby::Lobby, outbox::Bounds, registry::Registry, sides::Sides,
        topics::Topics,
    },
    dialects::{Busy, Dialect},
    guard::{
        address::TrustedProxies, admin::Admin, connections::Connections, cors::Cors, origin::OriginPolicy, rate::Rates,
        window::Window,
    },
    telemetry::{logs::Addresses, metrics::Metrics},
};

/// What every connection shares.
pub struct Server {
    pub about: About,
    /// Who may see the metrics and the status page.
    pub admin: Admin,
    /// How many sessions have no socket, and what is kept for them in bytes.
    pub away: Box<dyn Fn() -> (usize, usize) + Send + Sync>,
    pub book: Arc<Book>,
    pub chance: Arc<Chance>,
    pub clock: Clock,
    /// The protocols over WebSockets.
    pub dialects: Vec<Box<dyn Dialect>>,
    /// The protocols over plain requests.
    pub apis: Vec<Api>,
    pub drain: Drain,
    /// Requests of the APIs.
    pub http_rate: Window,
    /// Those of new connections.
    pub limits: ArcSwap<Limits>,
    /// The limit of an HTTP request's body, in bytes.
    pub max_body: Arc<AtomicUsize>,
    pub lobby: Arc<Lobby>,
    pub log_addresses: Addresses,
    pub metrics: Metrics,
    pub metrics_route: String,
    pub origins: OriginPolicy,
    pub proxies: TrustedProxies,
    pub registry: Registry,
    pub sides: Arc<Sides>,
    pub topics: Arc<Topics>,
    /// Who is in.
    pub connections: Arc<Connections>,
    pub next_conn: AtomicU64,
    /// Requests for a socket.
    pub ws_rate: Window,
}

/// A protocol over plain requests.
pub struct Api {
    pub routes: Router,
    /// What pages of other origins may do there.
    pub cors: &'static Cors,
    /// What it answers to a client that comes too often, which is not listened to.
    pub busy: Busy,
    /// What it adds to the answer to `GET /`, for that request's headers and query.
    pub index: Box<Index>,
}

pub type Index = dyn Fn(&HeaderMap, Option<&str>) -> Map<String, Value> + Send + Sync;

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
    /// Ordinary frames are read where they lie.
    pub reads_in_place: bool,
    pub outbox: Bounds,
    pub rates: Rates,
}

impl Server {
    /// Every value of the metric label `reason` of a connection's end.
    pub fn end_labels() -> Vec<&'static str> {
        ended::Ended::labels()
    }

    /// The id of a new connection, greater than all before.
    fn next_conn(&self) -> ConnId {
        ConnId(self.next_conn.fetch_add(1, Ordering::Relaxed))
    }
}

/// The time, as the runtime has it: tests and simulations stop it.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
