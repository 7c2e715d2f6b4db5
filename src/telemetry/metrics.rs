//! Every metric, as a handle that is resolved once. No label's value is ever made by a client.

mod book;
mod noisy;
mod sessions;

use std::{sync::Arc, time::Duration};

use meetpoint_protocol::FrameType;
use prometheus::{
    Encoder, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Opts, Registry, TextEncoder,
};

pub use self::{
    noisy::Noisy,
    sessions::{EndedAway, Sessions},
};
use crate::core::{
    book::{Effort, Stock},
    lobby::Census,
    sides::Attendance,
    turn::Tally,
};

/// Half a millisecond to half a minute, in steps of about three.
const SECONDS: &[f64] = &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// People wait longer than machines.
const WAIT_SECONDS: &[f64] = &[0.01, 0.05, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0];

/// What a runtime is late by: a timer's own millisecond, and far beyond.
const STALL_SECONDS: &[f64] = &[0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// What Prometheus reads: its text format, in UTF-8.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The one queue there is.
const QUEUE: &str = "chat";

pub struct Metrics {
    registry: Registry,
    connections: IntGauge,
    pub opened: IntCounter,
    pub refused: Refused,
    pub accept_errors: IntCounter,
    open: IntGauge,
    most_open: IntGauge,
    closed: IntCounterVec,
    received: Vec<IntCounter>,
    sent: Vec<IntCounter>,
    relayed_bytes: IntCounter,
    draining: IntGauge,
    waiting: IntGauge,
    oldest_wait: Gauge,
    matches: IntCounter,
    match_wait: Histogram,
    pairs: IntGauge,
    not_paired: IntCounter,
    receiver_gone: IntCounter,
    receiver_full: IntCounter,
    target_gone: IntCounter,
    over_rate: IntCounter,
    pub rate_limited: RateLimited,
    pub slow_consumers: IntCounter,
    ping_round_trip: Histogram,
    /// How late the runtime comes round to a task, in seconds.
    pub stalls: Histogram,
    http_requests: IntCounterVec,
    http_duration: HistogramVec,
    book: book::Families,
    pub sessions: Arc<Sessions>,
    /// Of the A/B wire, whose names have no prefix.
    pub noisy: Arc<Noisy>,
    unprefixed: Registry,
}

/// Requests that were not served because their client comes too often.
pub struct RateLimited {
    pub http: IntCounter,
    /// Requests for a socket.
    pub ws: IntCounter,
    /// Redeems of clients that have guessed too many codes.
    pub guess: IntCounter,
    /// Requests for a resumable socket of clients that have named too many sessions that never were.
    pub resume: IntCounter,
    /// Requests of clients that have brought too many credentials of the offers API that are nobody's.
    pub credentials: IntCounter,
    /// Requests for what is guarded by `ADMIN_TOKEN` of clients that have tried too many others.
    pub admin: IntCounter,
}

/// Connections for which there was no place.
pub struct Refused {
    /// In the whole server.
    pub full: IntCounter,
    /// For one more of its address; behind a proxy, a request for a socket.
    pub address: IntCounter,
    /// At that time, because so many came.
    pub rate: IntCounter,
}

/// What is looked at only when somebody asks.
pub struct Scene {
    pub connections: usize,
    /// Whether everybody is told to go.
    pub draining: bool,
    /// TCP connections, and how many there may be.
    pub open: (usize, usize),
    pub census: Census,
    pub stock: Stock,
    /// What the storage has done, and whether it takes anything.
    pub storage: (Effort, bool),
    /// Parties for which polls are held open.
    pub held: usize,
    pub attendance: Attendance,
    /// What frames take that are kept for sides that are not there, in bytes.
    pub kept_frames: usize,
    /// Topics that have members.
    pub topics: usize,
    /// Members of all topics; who is in two counts twice.
    pub topic_members: usize,
    /// Sessions that wait for a new socket, and what is kept for them, in bytes.
    pub sessions_away: usize,
    pub sessions_away_bytes: usize,
}

impl Metrics {
    /// `ends` are all values that the label of [`Self::closed`] may have; `build` are the labels of `meetpoint_build_info`.
    pub fn new(ends: &[&str], build: &[(&str, &str)]) -> Result<Self, prometheus::Error> {
        let registry = Registry::new_custom(Some("meetpoint".to_owned()), None)?;
        let unprefixed = Registry::new();
        let new = Factory(&registry);
        let closed = new.counters("connections_closed_total", "Connections that ended, by reason", &["reason"])?;
        for end in ends {
            closed.with_label_values(&[end]);
        }
        let by_type = |name, help| {
            let family = new.counters(name, help, &["type"])?;
            Ok::<_, prometheus::Error>(
                FrameType::ALL.iter().map(|frame_type| family.with_label_values(&[frame_type.label()])).collect(),
            )
        };
        let drops =
            new.counters("relay_drops_total", "Frames for a partner that were not handed on, by reason", &["reason"])?;
        let drop = |reason| drops.with_label_values(&[reason]);
        let rate_limited =
            new.counters("rate_limited_total", "Requests of clients that come too often, by limit", &["what"])?;
        let limited = |what| rate_limited.with_label_values(&[what]);
        let refused = new.counters(
            "connections_refused_total",
            "Connections for which there was no place, by what was full: the server, an address, or the rate of arrivals",
            &["reason"],
        )?;
        let no_place = |reason| refused.with_label_values(&[reason]);
        let waiting = new.gauges("queue_waiting_clients", "Clients that look for a partner", &["queue"])?;
        let oldest = GaugeVec::new(
            Opts::new("queue_oldest_wait_seconds", "How long the client at the head of the queue has been waiting"),
            &["queue"],
        )?;
        registry.register(Box::new(oldest.clone()))?;
        let labels: Vec<_> = build.iter().map(|(label, _)| *label).collect();
        let values: Vec<_> = build.iter().map(|(_, value)| *value).collect();
        new.gauges("build_info", "What is running; always 1", &labels)?.with_label_values(&values).set(1);
        let http_duration = HistogramVec::new(
            HistogramOpts::new("http_request_duration_seconds", "Time to answer an HTTP request, by route")
                .buckets(SECONDS.to_vec()),
            &["route"],
        )?;
        registry.register(Box::new(http_duration.clone()))?;
        Ok(Self {
            connections: new.gauge("connections", "WebSocket connections now")?,
            draining: new.gauge("draining", "Whether the server is on its way down: 1 or 0")?,
            opened: new.counter("connections_opened_total", "WebSocket connections that were accepted")?,
            refused: Refused { full: no_place("full"), address: no_place("address"), rate: no_place("rate") },
            accept_errors: new.counter(
                "accept_errors_total",
                "Times that the system did not hand over a connection, as when the process has no descriptor left",
            )?,
            open: new.gauge("tcp_connections", "TCP connections now, HTTP and WebSocket")?,
            most_open: new.gauge("tcp_connections_limit", "TCP connections that there may be")?,
            closed,
            received: by_type("frames_received_total", "Frames from clients, by type")?,
            sent: by_type("frames_sent_total", "Frames to clients, by type")?,
            relayed_bytes: new.counter("relayed_bytes_total", "Payload bytes handed from partner to partner")?,
            waiting: waiting.with_label_values(&[QUEUE]),
            oldest_wait: oldest.with_label_values(&[QUEUE]),
            matches: new.counter("matches_total", "Pairs that were made")?,
            match_wait: new.histogram(
                "match_wait_seconds",
                "How long a client waited for its partner",
                WAIT_SECONDS,
            )?,
            pairs: new.gauge("pairs", "Pairs now")?,
            not_paired: drop("not_paired"),
            receiver_gone: drop("receiver_gone"),
            receiver_full: drop("receiver_full"),
            target_gone: drop("target_gone"),
            over_rate: drop("over_rate"),
            rate_limited: RateLimited {
                http: limited("http"),
                ws: limited("ws"),
                guess: limited("guess"),
                resume: limited("resume"),
                credentials: limited("credentials"),
                admin: limited("admin"),
            },
            slow_consumers: new
                .counter("slow_consumers_total", "Connections closed because the client did not read")?,
            ping_round_trip: new.histogram("ping_round_trip_seconds", "From a protocol ping to its pong", SECONDS)?,
            stalls: new.histogram(
                "runtime_stall_seconds",
                "How late a task was woken that asks for it every 100 ms",
                STALL_SECONDS,
            )?,
            http_requests: new.counters(
                "http_requests_total",
                "HTTP requests, by route and status",
                &["route", "status"],
            )?,
            http_duration,
            book: book::Families::new(&new)?,
            sessions: Arc::new(Sessions::new(&new)?),
            noisy: Arc::new(Noisy::new(&unprefixed)?),
            unprefixed,
            registry,
        })
    }

    /// A connection has ended.
    pub fn closed(&self, end: &str) {
        self.closed.with_label_values(&[end]).inc();
    }

    /// Adds what a turn has counted.
    pub fn absorb(&self, tally: &mut Tally) {
        let Tally { received, sent, relayed_bytes, waits, dropped } = tally;
        for (counters, counts) in [(&self.received, received), (&self.sent, sent)] {
            for (index, count) in counts.drain() {
                counters[index].inc_by(u64::from(count));
            }
        }
        add(&self.relayed_bytes, std::mem::take(relayed_bytes));
        add(&self.matches, waits.len() as u64 / 2);
        for wait in waits.drain(..) {
            self.match_wait.observe(wait.as_secs_f64());
        }
        let dropped = std::mem::take(dropped);
        add(&self.not_paired, u64::from(dropped.not_paired));
        add(&self.receiver_gone, u64::from(dropped.gone));
        add(&self.receiver_full, u64::from(dropped.full));
        add(&self.target_gone, u64::from(dropped.target_gone));
        add(&self.over_rate, u64::from(dropped.rate));
    }

    pub fn ping_round_trip(&self, time: Duration) {
        self.ping_round_trip.observe(time.as_secs_f64());
    }

    /// `route` is the pattern that matched, never the path that was asked for.
    pub fn http_request(&self, route: &str, status: &str, time: Duration) {
        self.http_requests.with_label_values(&[route, status]).inc();
        self.http_duration.with_label_values(&[route]).observe(time.as_secs_f64());
    }

    /// The text that Prometheus scrapes, and its content type.
    pub fn scrape(&self, scene: &Scene) -> Result<(Vec<u8>, &'static str), prometheus::Error> {
        self.connections.set(scene.connections as i64);
        self.draining.set(i64::from(scene.draining));
        self.open.set(scene.open.0 as i64);
        self.most_open.set(i64::try_from(scene.open.1).unwrap_or(i64::MAX));
        self.waiting.set(scene.census.waiting as i64);
        self.oldest_wait.set(scene.census.oldest_wait.as_secs_f64());
        self.pairs.set(scene.census.pairs as i64);
        self.book.set(scene);
        self.noisy.set(scene.attendance);
        self.sessions.set(scene);
        // The process's own figures keep their well-known names, without this server's prefix.
        let mut families = prometheus::gather();
        families.extend(self.registry.gather());
        families.extend(self.unprefixed.gather());
        let mut text = Vec::new();
        TextEncoder::new().encode(&families, &mut text)?;
        Ok((text, TEXT_FORMAT))
    }
}

/// Most counts of a turn are zero, and even adding nothing would take the cache line from other cores.
fn add(counter: &IntCounter, count: u64) {
    if count > 0 {
        counter.inc_by(count);
    }
}

/// Makes and registers at once.
struct Factory<'a>(&'a Registry);

impl Factory<'_> {
    fn counter(&self, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
        let counter = IntCounter::new(name, help)?;
        self.0.register(Box::new(counter.clone()))?;
        Ok(counter)
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntCounterVec, prometheus::Error> {
        let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(counters.clone()))?;
        Ok(counters)
    }

    fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
        let gauge = IntGauge::new(name, help)?;
        self.0.register(Box::new(gauge.clone()))?;
        Ok(gauge)
    }

    fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> Result<IntGaugeVec, prometheus::Error> {
        let gauges = IntGaugeVec::new(Opts::new(name, help), labels)?;
        self.0.register(Box::new(gauges.clone()))?;
        Ok(gauges)
    }

    fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Result<Histogram, prometheus::Error> {
        let histogram = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec()))?;
        self.0.register(Box::new(histogram.clone()))?;
        Ok(histogram)
    }
}
