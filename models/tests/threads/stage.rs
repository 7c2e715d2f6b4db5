//! Many orders of a model's threads, and clients whose sockets keep what they are sent.

use std::{
    env, io,
    pin::Pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll},
    time::Instant,
};

use meetpoint_models::core::{
    event::{Event, Words},
    outbox::{Bounds, Frame, Line, Outbox, Wire},
    turn::Turn,
};
use meetpoint_protocol::{ClientId, ConnId, FrameType, ws};
use meetpoint_scorecard::{Goal, figure, scale};
use shuttle::{
    Config, Runner,
    scheduler::{PctScheduler, RandomScheduler, ReplayScheduler, Scheduler},
};
use tokio::io::AsyncWrite;

/// Changes of priority within one order, where orders are drawn by priority (PCT): faults that need no more are likely to be found.
const DEPTH: usize = 3;

/// Runs the model in many orders of its threads: half of them drawn step by step, half by priorities.
pub fn explore(model: impl Fn() + Send + Sync + 'static) {
    let model = Arc::new(model);
    let run = |scheduler: Box<dyn Scheduler + Send>| {
        let mut config = Config::new();
        // Debug builds of the core need more than shuttle's own 32 KiB.
        config.stack_size = 0x4_0000;
        config.silence_warnings = true;
        let model = model.clone();
        Runner::new(scheduler, config).run(move || model());
    };
    if let Ok(schedule) = env::var("MODEL_SCHEDULE") {
        return run(Box::new(ReplayScheduler::new_from_encoded(&schedule)));
    }
    let orders = scale(1_000_u32, 100_000);
    let half = (orders / 2) as usize;
    run(Box::new(RandomScheduler::new(half)));
    run(Box::new(PctScheduler::new(DEPTH, half)));
    figure("SHUTTLE", "orders in which each model holds", f64::from(orders), "", Goal::AtLeast(f64::from(orders)));
}

/// The moment at which every model begins.
pub fn start() -> Instant {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    *START
}

pub fn turn() -> Turn {
    Turn::new(start())
}

/// One of the first `count` numbers; the order of threads says which.
pub fn any(count: u64) -> u64 {
    use shuttle::rand::Rng;
    shuttle::rand::thread_rng().gen_range(0..count)
}

/// A client and what its socket was sent. A clone is the same one's.
#[derive(Clone)]
pub struct Client {
    pub outbox: Outbox,
    tape: Tape,
}

impl Client {
    pub fn new(number: u8) -> Self {
        let (bounds, tape) = (Bounds { bytes: 1 << 16, frames: 1000, kept: 64 }, Tape::default());
        let wire = Box::new(tape.clone());
        let outbox = Outbox::new(ClientId::from_random([number; 16]), ConnId(number.into()), &Plain, bounds, wire);
        Self { outbox, tape }
    }

    pub fn id(&self) -> ClientId {
        self.outbox.client()
    }

    pub fn line(&self) -> Line {
        Line::new(self.outbox.clone())
    }

    /// All texts that the socket was sent so far, word by word. Protocol pings are left out.
    pub fn heard(&self) -> Vec<Vec<String>> {
        let bytes = self.tape.0.lock().expect("no model panics there").clone();
        let (mut rest, mut heard) = (&bytes[..], Vec::new());
        while !rest.is_empty() {
            let (frame, behind) = rest.split_at(ws::frame_len(rest));
            if frame[0] & 0x0f == ws::Opcode::Text as u8 {
                let header = if frame[1] < 126 { 2 } else { 4 };
                let text = String::from_utf8_lossy(&frame[header..]);
                heard.push(text.split(' ').map(str::to_owned).collect());
            }
            rest = behind;
        }
        heard
    }
}

/// A text as a frame.
pub fn say<R>(text: &str, to: impl FnOnce(&Frame<'_>) -> R) -> R {
    to(&Frame { frame_type: FrameType::Pong, parts: &[text.as_bytes()] })
}

/// A socket that takes everything. Its lock is not one of the core's: no other thread goes on meanwhile.
#[derive(Clone, Default)]
struct Tape(Arc<std::sync::Mutex<Vec<u8>>>);

impl Wire for Tape {
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no model panics there").extend_from_slice(bytes);
        Ok(bytes.len())
    }
}

impl AsyncWrite for Tape {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.try_write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Says what has happened and nothing else.
struct Plain;

impl Words for Plain {
    fn write(&self, event: &Event, out: &mut Vec<u8>) -> Option<FrameType> {
        let (text, frame_type) = match event {
            Event::Matched(it) => {
                (format!("matched {} {} {}", it.room.id, it.partner, it.initiator), FrameType::Matched)
            }
            Event::PartnerLeft(_) => ("left".to_owned(), FrameType::PartnerLeft),
        };
        out.extend_from_slice(text.as_bytes());
        Some(frame_type)
    }
}
