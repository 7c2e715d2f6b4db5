//! What a client is to be sent: bytes of the wire, encoded once, behind a short lock. Whoever has something to say appends
//! and, at the end of its turn, writes what the socket takes; the receiver's task is not woken. Only when the socket takes
//! no more is the owner, the task that reads this client's socket, told to write the rest.
//!
//! Bounded in bytes and frames. Over the bound the latch closes the connection as a slow consumer; nobody ever waits for it.

mod buffer;

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, Waker},
};

use meetpoint_protocol::{ClientId, Close, ConnId, FrameType, ws::Opcode};
use parking_lot::Mutex;
use tokio::io::AsyncWrite;

use self::buffer::Buffer;
use super::{
    event::{Event, Words},
    turn::Turn,
};

/// The writing half of a socket. As [`AsyncWrite`] it is its owner's alone: the task that reads the same socket.
pub trait Wire: AsyncWrite + Unpin + Send {
    /// Writes what the socket takes at once. From any task; [`io::ErrorKind::WouldBlock`] leaves the rest to the owner.
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Sends at once what was taken and is still on its way, where a stream keeps such. From any task, as above.
    fn try_flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How much an outbox holds.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes that may wait.
    pub bytes: usize,
    /// Frames that may wait.
    pub frames: usize,
    /// Bytes of memory kept while nothing waits.
    pub kept: usize,
}

/// Why a frame was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PushError {
    /// Over the bound: this push has closed the connection.
    Full,
    /// The connection is being closed.
    Gone,
}

/// A frame: its type for the metrics and its text in slices, to be written one after another.
pub struct Frame<'a> {
    pub frame_type: FrameType,
    pub parts: &'a [&'a [u8]],
}

/// The one thing that another task may do to a client. A clone is another handle of the same outbox.
#[derive(Clone)]
pub struct Outbox(Arc<Shared>);

struct Shared {
    client: ClientId,
    conn: ConnId,
    words: &'static dyn Words,
    bounds: Bounds,
    /// What the owner has to look at, readable without the lock.
    attention: AtomicU8,
    state: Mutex<State>,
}

const EVENT: u8 = 1;
const BLOCKED: u8 = 1 << 1;
const CLOSING: u8 = 1 << 2;

struct State {
    /// `None` once the connection has ended.
    wire: Option<Box<dyn Wire>>,
    buffer: Buffer,
    /// Some turn has touched this outbox and will flush it.
    touched: bool,
    /// The socket took no more: the rest is the owner's.
    blocked: bool,
    /// What is appended waits for [`Outbox::release`].
    held: bool,
    /// The latch: the first reason wins, and nothing more is taken.
    closing: Option<Close>,
    /// The latest change of the session's pairing that the session has not seen.
    event: Option<Event>,
    owner: Option<Waker>,
}

impl Outbox {
    pub fn new(client: ClientId, conn: ConnId, words: &'static dyn Words, bounds: Bounds, wire: Box<dyn Wire>) -> Self {
        Self(Arc::new(Shared {
            client,
            conn,
            words,
            bounds,
            attention: AtomicU8::new(0),
            state: Mutex::new(State {
                wire: Some(wire),
                buffer: Buffer::default(),
                touched: false,
                blocked: false,
                held: false,
                closing: None,
                event: None,
                owner: None,
            }),
        }))
    }

    pub fn client(&self) -> ClientId {
        self.0.client
    }

    pub fn conn(&self) -> ConnId {
        self.0.conn
    }

    /// Appends a text frame.
    pub fn push(&self, frame: &Frame<'_>, turn: &mut Turn) -> Result<(), PushError> {
        self.append(&mut self.0.state.lock(), Opcode::Text, frame, turn)
    }

    /// Appends a text frame given as one string.
    pub fn say(&self, frame_type: FrameType, text: &str, turn: &mut Turn) -> Result<(), PushError> {
        self.push(&Frame { frame_type, parts: &[text.as_bytes()] }, turn)
    }

    /// Appends a text frame where there is room for it: what does not fit is no reason to close.
    pub fn offer(&self, frame: &Frame<'_>, turn: &mut Turn) -> Result<(), PushError> {
        let mut state = self.0.state.lock();
        let len = frame.parts.iter().map(|part| part.len()).sum();
        if state.closing.is_none() && !self.make_room(&mut state, len) {
            return Err(PushError::Full);
        }
        self.append(&mut state, Opcode::Text, frame, turn)
    }

    /// Appends a protocol ping with a payload of at most 125 bytes (RFC 6455 §5.5).
    pub fn ping(&self, payload: &[u8], turn: &mut Turn) -> Result<(), PushError> {
        let frame = Frame { frame_type: FrameType::ControlPing, parts: &[payload] };
        self.append(&mut self.0.state.lock(), Opcode::Ping, &frame, turn)
    }

    /// Says an event in the receiver's words, and leaves it for the receiver's session, which looks before its next frame.
    /// Both under one lock: no answer to the words can come before the session may know what they said.
    pub fn tell(&self, event: Event, turn: &mut Turn) {
        let mut text = Vec::new();
        let frame_type = self.0.words.write(&event, &mut text);
        let mut state = self.0.state.lock();
        if let Some(frame_type) = frame_type {
            // Refused only where the connection is closing, and then its session will not act on the event either.
            let _ = self.append(&mut state, Opcode::Text, &Frame { frame_type, parts: &[&text] }, turn);
        }
        state.event = Some(event);
        self.raise(EVENT);
    }

    /// Wakes the owner: something has happened to its session.
    pub fn wake(&self) {
        wake(&mut self.0.state.lock().owner);
    }

    /// Closes the latch: the owner says goodbye. The first reason wins.
    pub fn close(&self, why: Close) {
        let mut state = self.0.state.lock();
        self.latch(&mut state, why);
    }

    /// Writes what the socket takes now.
    pub fn flush(&self) {
        let mut state = self.0.state.lock();
        state.touched = false;
        self.write(&mut state);
    }

    fn append(&self, state: &mut State, opcode: Opcode, frame: &Frame<'_>, turn: &mut Turn) -> Result<(), PushError> {
        let len = frame.parts.iter().map(|part| part.len()).sum();
        if state.closing.is_some() || state.wire.is_none() {
            return Err(PushError::Gone);
        }
        if !self.make_room(state, len) {
            self.latch(state, Close::SlowConsumer);
            return Err(PushError::Full);
        }
        state.buffer.append(opcode, len, frame.parts);
        turn.tally.sent(frame.frame_type);
        self.touch(state, turn);
        Ok(())
    }

    /// Whether a frame with `len` bytes of payload fits, if need be when what waits has been written: a sender with much to say may fill the buffer
    /// within its turn, which is not the receiver's fault.
    fn make_room(&self, state: &mut State, len: usize) -> bool {
        let bounds = &self.0.bounds;
        if !state.buffer.fits(len, bounds) {
            state.held = false;
            self.write(state);
        }
        state.buffer.fits(len, bounds)
    }

    /// Sees to it that somebody writes what was appended: the owner where the socket is full, else the first turn that came.
    fn touch(&self, state: &mut State, turn: &mut Turn) {
        if !state.touched && !state.blocked && !state.held {
            state.touched = true;
            turn.touch(self);
        }
    }

    fn write(&self, state: &mut State) {
        let State { wire: Some(wire), buffer, blocked, held: false, owner, .. } = state else { return };
        while !buffer.is_empty() && !*blocked {
            let is_left = match wire.try_write(buffer.bytes()) {
                Ok(written) if written > 0 => {
                    buffer.written(written, self.0.bounds.kept);
                    buffer.is_empty() && wire.try_flush().is_err()
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => false,
                // Full, or broken: the owner, who reads the same socket, will find out which.
                Ok(_) | Err(_) => true,
            };
            if is_left {
                *blocked = true;
                self.raise(BLOCKED);
                wake(owner);
            }
        }
    }

    fn latch(&self, state: &mut State, why: Close) {
        if state.closing.is_none() && state.wire.is_some() {
            state.closing = Some(why);
            self.raise(CLOSING);
            wake(&mut state.owner);
        }
    }

    fn raise(&self, attention: u8) {
        self.0.attention.fetch_or(attention, Ordering::Release);
    }
}

/// What only the owner may do: the task that reads the client's socket.
impl Outbox {
    /// The task to wake when the rest must be written or the latch is closed.
    pub fn owned_by(&self, waker: &Waker) {
        self.0.state.lock().owner = Some(waker.clone());
    }

    /// Keeps back what is appended until [`Self::release`], or until the buffer is full.
    pub fn hold(&self) {
        self.0.state.lock().held = true;
    }

    /// Lets go of what was kept back.
    pub fn release(&self, turn: &mut Turn) {
        let mut state = self.0.state.lock();
        if std::mem::take(&mut state.held) && !state.buffer.is_empty() {
            self.touch(&mut state, turn);
        }
    }

    /// The latest change of the session's pairing, once.
    pub fn take_event(&self) -> Option<Event> {
        if self.0.attention.load(Ordering::Acquire) & EVENT == 0 {
            return None;
        }
        let mut state = self.0.state.lock();
        self.0.attention.fetch_and(!EVENT, Ordering::AcqRel);
        state.event.take()
    }

    /// Whether and why the latch is closed.
    pub fn closing(&self) -> Option<Close> {
        if self.0.attention.load(Ordering::Acquire) & CLOSING == 0 {
            return None;
        }
        self.0.state.lock().closing
    }

    /// Whether the socket took no more when it was last written to.
    pub fn is_full(&self) -> bool {
        self.0.attention.load(Ordering::Acquire) & BLOCKED != 0
    }

    /// Appends frames that are encoded already, whatever the bounds: the replies of the protocol itself.
    pub fn append_encoded(&self, bytes: &[u8], turn: &mut Turn) {
        let mut state = self.0.state.lock();
        state.buffer.append_encoded(bytes);
        if state.closing.is_none() && !state.buffer.fits(0, &self.0.bounds) {
            self.latch(&mut state, Close::SlowConsumer);
        }
        self.touch(&mut state, turn);
    }

    /// Writes what others left to the owner; ready when nothing waits any more.
    pub fn poll_rest(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.0.attention.load(Ordering::Acquire) & BLOCKED == 0 {
            return Poll::Ready(Ok(()));
        }
        let mut state = self.0.state.lock();
        let State { wire: Some(wire), buffer, .. } = &mut *state else { return Poll::Ready(Ok(())) };
        while !buffer.is_empty() {
            match Pin::new(&mut *wire).poll_write(cx, buffer.bytes()) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => buffer.written(written, self.0.bounds.kept),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        let flushed = Pin::new(wire).poll_flush(cx);
        if flushed.is_ready() {
            state.blocked = false;
            self.0.attention.fetch_and(!BLOCKED, Ordering::AcqRel);
        }
        flushed
    }

    /// Says that nothing more will come.
    pub fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0.state.lock().wire {
            Some(wire) => Pin::new(wire).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    /// The connection has ended: lets go of the socket and of all that waited, whoever else still holds a handle.
    pub fn end(&self) {
        let mut state = self.0.state.lock();
        state.buffer = Buffer::default();
        (state.wire, state.event, state.owner) = (None, None, None);
    }
}

fn wake(owner: &mut Option<Waker>) {
    if let Some(owner) = owner {
        owner.wake_by_ref();
    }
}

#[cfg(test)]
pub(in crate::core) mod tests;
