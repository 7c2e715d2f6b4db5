use std::{
    pin::Pin,
    sync::atomic::AtomicUsize,
    task::{Context, Poll, Wake},
    time::Instant,
};

use super::*;
use crate::core::event::Departure;

/// A socket that takes so many bytes and then no more, until it is emptied.
#[derive(Clone, Default)]
pub(in crate::core) struct Pipe(Arc<Mutex<(Vec<u8>, usize)>>);

impl Pipe {
    pub(in crate::core) fn with_room(room: usize) -> Self {
        Self(Arc::new(Mutex::new((Vec::new(), room))))
    }

    pub(in crate::core) fn empty(&self, room: usize) -> Vec<u8> {
        let mut pipe = self.0.lock();
        pipe.1 = room;
        std::mem::take(&mut pipe.0)
    }
}

impl Wire for Pipe {
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut pipe = self.0.lock();
        let taken = bytes.len().min(pipe.1);
        pipe.1 -= taken;
        pipe.0.extend_from_slice(&bytes[..taken]);
        if taken == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(taken) }
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.try_write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            written => Poll::Ready(written),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Says how somebody left, in one word.
pub(in crate::core) struct Laconic;

impl Words for Laconic {
    fn write(&self, event: &Event, out: &mut Vec<u8>) -> Option<FrameType> {
        let Event::PartnerLeft(Departure::Next) = event else { return None };
        out.extend_from_slice(b"next");
        Some(FrameType::PartnerLeft)
    }
}

fn outbox(bounds: Bounds, pipe: &Pipe) -> Outbox {
    Outbox::new(ClientId::from_random([1; 16]), ConnId(1), &Laconic, bounds, Box::new(pipe.clone()))
}

fn turn() -> Turn {
    Turn::new(Instant::now())
}

const BOUNDS: Bounds = Bounds { bytes: 1000, frames: 10, kept: 64 };

#[test]
fn a_turn_writes_each_outbox_once_at_its_end() {
    let pipe = Pipe::with_room(1000);
    let outbox = outbox(BOUNDS, &pipe);
    let mut turn = turn();
    for text in ["a", "bc"] {
        outbox.say(FrameType::Pong, text, &mut turn).expect("room");
    }
    assert!(pipe.empty(1000).is_empty());
    drop(turn);
    assert_eq!(pipe.empty(0), [0x81, 1, b'a', 0x81, 2, b'b', b'c']);
}

#[test]
fn a_sender_with_much_to_say_does_not_make_a_reader_slow() {
    let pipe = Pipe::with_room(usize::MAX);
    let outbox = outbox(BOUNDS, &pipe);
    let mut turn = turn();
    for _ in 0..1000 {
        outbox.say(FrameType::Pong, "a frame that is short", &mut turn).expect("the socket takes it");
    }
}

#[test]
fn over_either_bound_the_latch_closes_and_the_owner_is_woken() {
    for (bounds, fits) in [(BOUNDS, 10), (Bounds { frames: 1000, ..BOUNDS }, 16)] {
        let outbox = outbox(bounds, &Pipe::with_room(0));
        let wakes = Arc::new(Wakes::default());
        Line::new(outbox.clone()).owned_by(&Waker::from(wakes.clone()));
        let mut turn = turn();
        let text = "x".repeat(60);
        let pushed = (0..100).take_while(|_| outbox.say(FrameType::Pong, &text, &mut turn).is_ok()).count();
        assert_eq!(pushed, fits);
        assert_eq!(outbox.closing(), Some(Close::SlowConsumer));
        assert_eq!(outbox.say(FrameType::Pong, "a", &mut turn), Err(PushError::Gone));
        assert!(wakes.0.load(Ordering::SeqCst) >= 2, "once for the rest, once for the latch");
    }
}

#[test]
fn what_waits_for_who_does_not_read_takes_no_more_memory_than_may_wait() {
    let bounds = Bounds { bytes: 100_000, frames: 1000, kept: 64 };
    let outbox = outbox(bounds, &Pipe::with_room(500));
    let text = "x".repeat(1000);
    let pushed = (0..1000).take_while(|_| outbox.say(FrameType::Pong, &text, &mut turn()).is_ok()).count();
    assert_eq!(pushed, 100);
    let memory = outbox.0.state.lock().socket.buffer.memory();
    assert!((99_000..=bounds.bytes).contains(&memory), "{memory} bytes");
}

#[test]
fn the_first_reason_to_close_wins() {
    let outbox = outbox(BOUNDS, &Pipe::default());
    outbox.close(Close::ShuttingDown);
    outbox.close(Close::SlowConsumer);
    assert_eq!(outbox.closing(), Some(Close::ShuttingDown));
}

#[test]
fn the_owner_writes_the_rest_in_order() {
    let pipe = Pipe::with_room(3);
    let outbox = outbox(BOUNDS, &pipe);
    let mut cx = Context::from_waker(Waker::noop());
    let mut turn = turn();
    outbox.say(FrameType::Pong, "abcdef", &mut turn).expect("room");
    turn.flush();
    outbox.say(FrameType::Pong, "gh", &mut turn).expect("room");
    turn.flush();
    assert!(Line::new(outbox.clone()).poll_rest(&mut cx).is_pending());
    let mut written = pipe.empty(1000);
    assert!(Line::new(outbox.clone()).poll_rest(&mut cx).is_ready());
    written.extend(pipe.empty(1000));
    assert_eq!(written, b"\x81\x06abcdef\x81\x02gh");
    outbox.say(FrameType::Pong, "i", &mut turn).expect("room");
    turn.flush();
    assert_eq!(pipe.empty(0), b"\x81\x01i", "written by the sender again");
}

#[test]
fn an_event_is_said_at_once_and_left_for_the_session_once() {
    let pipe = Pipe::with_room(1000);
    let outbox = outbox(BOUNDS, &pipe);
    let mut turn = turn();
    outbox.tell(Event::PartnerLeft(Departure::Timeout), &mut turn);
    outbox.tell(Event::PartnerLeft(Departure::Next), &mut turn);
    turn.flush();
    assert_eq!(pipe.empty(0), b"\x81\x04next");
    assert!(matches!(outbox.take_event(), Some(Event::PartnerLeft(Departure::Next))), "the latest counts");
    assert!(outbox.take_event().is_none());
}

#[test]
fn an_ended_outbox_takes_nothing_and_holds_no_socket() {
    let pipe = Pipe::with_room(1000);
    let outbox = outbox(BOUNDS, &pipe);
    Line::new(outbox.clone()).end();
    assert_eq!(Arc::strong_count(&pipe.0), 1);
    assert_eq!(outbox.say(FrameType::Pong, "a", &mut turn()), Err(PushError::Gone));
    outbox.close(Close::ShuttingDown);
    assert_eq!(outbox.closing(), None);
}

/// Takes everything, and sends it only when its owner asks.
#[derive(Clone, Default)]
struct Lazy {
    taken: Pipe,
    sent: Arc<AtomicUsize>,
}

impl Wire for Lazy {
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.taken.0.lock().0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn try_flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl AsyncWrite for Lazy {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.try_write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.sent.store(self.taken.0.lock().0.len(), Ordering::SeqCst);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn what_a_stream_has_taken_and_not_sent_is_the_owner_s_to_send() {
    let lazy = Lazy::default();
    let outbox = Outbox::new(ClientId::from_random([1; 16]), ConnId(1), &Laconic, BOUNDS, Box::new(lazy.clone()));
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    Line::new(outbox.clone()).owned_by(&waker);
    outbox.say(FrameType::Pong, "hello", &mut turn()).expect("room");
    assert_eq!((wakes.0.load(Ordering::SeqCst), lazy.sent.load(Ordering::SeqCst)), (1, 0));
    assert!(Line::new(outbox.clone()).poll_rest(&mut Context::from_waker(&waker)).is_ready());
    assert_eq!(lazy.sent.load(Ordering::SeqCst), 2 + "hello".len());
}
