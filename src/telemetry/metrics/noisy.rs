//! What the A/B wire counts, under the names that dashboards of its original know. A family with labels appears when it is first used, as there.

use std::{sync::OnceLock, time::Duration};

use meetpoint_protocol::{
    FrameType,
    noisy::{Mode, SIGNAL_TYPES},
};
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, exponential_buckets,
};

use crate::core::sides::Attendance;

const FRAME_BYTES: &[f64] = &[64.0, 256.0, 1024.0, 4096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0];

const DIRECTIONS: [&str; 2] = ["in", "out"];

/// The label of whatever has none of its own.
const OTHER: &str = "other";

/// A direction, as an index.
#[derive(Clone, Copy)]
enum Direction {
    In,
    Out,
}

pub struct Noisy {
    connections: IntCounter,
    messages: Children<IntCounter>,
    rooms: IntGauge,
    peers: IntGauge,
    frame_bytes: Children<Histogram>,
    round_trip: Histogram,
    signals: Children<IntCounter>,
    signal_bytes: [Children<IntCounter>; 2],
    established: Children<IntCounter>,
    failed: Children<IntCounter>,
    first_flow: Histogram,
}

/// The members of a family, each made when it is first used.
struct Children<M> {
    make: Box<dyn Fn(usize) -> M + Send + Sync>,
    made: Vec<OnceLock<M>>,
}

impl<M> Children<M> {
    fn new(count: usize, make: impl Fn(usize) -> M + Send + Sync + 'static) -> Self {
        Self { make: Box::new(make), made: (0..count).map(|_| OnceLock::new()).collect() }
    }

    fn at(&self, index: usize) -> &M {
        self.made[index].get_or_init(|| (self.make)(index))
    }
}

impl Noisy {
    /// `registry` has no prefix.
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let counter = |name: &str, help: &str| {
            let counter = IntCounter::new(name, help)?;
            registry.register(Box::new(counter.clone())).map(|()| counter)
        };
        let counters = |name: &str, help: &str, labels: &[&str]| {
            let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(counters.clone())).map(|()| counters)
        };
        let gauge = |name: &str, help: &str| {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone())).map(|()| gauge)
        };
        let histogram = |name: &str, help: &str, buckets: Vec<f64>| {
            let histogram = Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets))?;
            registry.register(Box::new(histogram.clone())).map(|()| histogram)
        };
        let frame_bytes = HistogramVec::new(
            HistogramOpts::new("nt_ws_frame_bytes", "WebSocket frame sizes").buckets(FRAME_BYTES.to_vec()),
            &["dir"],
        )?;
        registry.register(Box::new(frame_bytes.clone()))?;
        let by_label = |family: IntCounterVec, labels: Vec<&'static str>| {
            Children::new(labels.len(), move |index| family.with_label_values(&[labels[index]]))
        };
        let types: Vec<_> = SIGNAL_TYPES.iter().map(|signal| signal.label()).chain([OTHER]).collect();
        let signal_bytes = counters("nt_signal_bytes_total", "Signaling payload bytes", &["dir", "type"])?;
        let bytes = |direction: Direction| {
            let (family, types) = (signal_bytes.clone(), types.clone());
            let label = DIRECTIONS[direction as usize];
            Children::new(types.len(), move |index| family.with_label_values(&[label, types[index]]))
        };
        let modes: Vec<_> = Mode::ALL.iter().map(|mode| mode.label()).collect();
        Ok(Self {
            connections: counter("nt_ws_connections_total", "Total WS connections")?,
            messages: by_label(counters("nt_ws_messages_total", "Total WS messages", &["type"])?, vec!["data", "pong"]),
            rooms: gauge("nt_rooms_active", "Active rooms")?,
            peers: gauge("nt_peers_active", "Active peers")?,
            frame_bytes: Children::new(2, move |index| frame_bytes.with_label_values(&[DIRECTIONS[index]])),
            round_trip: histogram(
                "nt_ws_rtt_seconds",
                "WebSocket RTT (derived from ping/pong timestamps)",
                exponential_buckets(0.001, 2.0, 12)?,
            )?,
            signals: by_label(
                counters("nt_signal_messages_total", "Signaling messages by type", &["type"])?,
                types.clone(),
            ),
            signal_bytes: [bytes(Direction::In), bytes(Direction::Out)],
            established: by_label(
                counters("nt_session_established_total", "Sessions established (ICE connected)", &["mode"])?,
                modes,
            ),
            failed: by_label(counters("nt_session_failed_total", "Sessions failed", &["reason"])?, vec!["ice-failed"]),
            first_flow: histogram(
                "nt_session_time_to_first_flow_seconds",
                "Time to first media/data flow from join to established",
                exponential_buckets(0.05, 1.6, 12)?,
            )?,
        })
    }

    /// A socket was opened, whatever becomes of it.
    pub fn connected(&self) {
        self.connections.inc();
    }

    /// A client has said something that long, in bytes, of that type.
    pub fn heard(&self, signal: FrameType, len: usize) {
        self.messages.at(0).inc();
        self.count(Direction::In, signal, len);
        self.signals.at(index(signal)).inc();
    }

    /// A client has said something that is no frame of this wire.
    pub fn heard_noise(&self, len: usize) {
        self.messages.at(0).inc();
        self.frame_bytes.at(Direction::In as usize).observe(len as f64);
    }

    /// A frame that long was handed to the other side.
    pub fn relayed(&self, signal: FrameType, len: usize) {
        self.count(Direction::Out, signal, len);
    }

    /// A pong has come, so long after its ping if there was one.
    pub fn pong(&self, round_trip: Option<Duration>) {
        self.messages.at(1).inc();
        if let Some(time) = round_trip {
            self.round_trip.observe(time.as_secs_f64());
        }
    }

    /// Two sides have a connection, so long after the first of them came.
    pub fn established(&self, mode: Mode, after: Duration) {
        self.established.at(mode as usize).inc();
        self.first_flow.observe(after.as_secs_f64());
    }

    /// Two sides got no connection.
    pub fn failed(&self) {
        self.failed.at(0).inc();
    }

    pub(super) fn set(&self, attendance: Attendance) {
        self.rooms.set(attendance.rooms as i64);
        self.peers.set(attendance.peers as i64);
    }

    fn count(&self, direction: Direction, signal: FrameType, len: usize) {
        self.frame_bytes.at(direction as usize).observe(len as f64);
        self.signal_bytes[direction as usize].at(index(signal)).inc_by(len as u64);
    }
}

/// Its place among the types, the last for those without one.
fn index(signal: FrameType) -> usize {
    SIGNAL_TYPES.iter().position(|known| *known == signal).unwrap_or(SIGNAL_TYPES.len())
}
