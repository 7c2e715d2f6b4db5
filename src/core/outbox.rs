//! What a client is to be sent: bytes of the wire, encoded once, behind a short lock. Whoever has something to say appends
//! and, at the end of its turn, writes what the socket takes; the receiver's task is not woken. Only when the socket takes
//! no more is the owner, the task that reads this client's socket, told to write the rest.
//!
//! Bounded in bytes and frames. Over the bound the latch closes the connection as a slow consumer; nobody ever waits for it.
//!
//! An outbox is its client's, not its connection's: where the client's session outlives its sockets, the outbox keeps a
//! [`log`] and is handed from one [`Line`] to the next, and nobody who has something to say need know.

mod buffer;
mod frame;
mod line;
pub mod log;

use std::{io, sync::Arc, task::Waker, time::Duration};

use meetpoint_protocol::{ClientId, Close, ConnId, FrameType, ws::Opcode};
use tokio::io::AsyncWrite;

use self::{
    buffer::Buffer,
    log::{Gap, Log},
};
pub use self::{
    frame::{Encoded, Frame, PushError},
    line::{Line, Lost},
};
use super::{
    event::{Event, Words},
    turn::Turn,
};
use crate::sync::{AtomicU8, AtomicU32, Mutex, Ordering};

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
    /// Who the owner is: the number of the connection that serves the client. Changed under the lock.
    lease: AtomicU32,
    state: Mutex<State>,
}

const EVENT: u8 = 1;
const BLOCKED: u8 = 1 << 1;
const CLOSING: u8 = 1 << 2;

#[derive(Default)]
struct State {
    socket: Socket,
    /// Some turn has touched this outbox and will flush it.
    touched: bool,
    /// The latch: the first reason wins, and nothing more is taken.
    closing: Option<Close>,
    /// The latest change of the session's pairing that the session has not seen.
    event: Option<Event>,
    /// Of a session that outlives its sockets.
    log: Option<Box<Log>>,
}

/// What belongs to one connection.
#[derive(Default)]
struct Socket {
    /// `None` when there is none any more.
    wire: Option<Box<dyn Wire>>,
    buffer: Buffer,
    /// It took no more: the rest is the owner's.
    blocked: bool,
    /// What is appended waits for [`Line::release`].
    held: bool,
    /// The task to wake when there is something for the owner to do.
    owner: Option<Waker>,
}

impl State {
    /// Whether what is said is written or kept.
    fn is_open(&self) -> bool {
        self.closing.is_none() && (self.socket.wire.is_some() || self.keeps())
    }

    fn keeps(&self) -> bool {
        self.log.as_ref().is_some_and(|log| !log.is_over)
    }
}

impl Outbox {
    pub fn new(client: ClientId, conn: ConnId, words: &'static dyn Words, bounds: Bounds, wire: Box<dyn Wire>) -> Self {
        Self::with_socket(client, conn, words, bounds, Socket { wire: Some(wire), ..Socket::default() })
    }

    fn with_socket(client: ClientId, conn: ConnId, words: &'static dyn Words, bounds: Bounds, socket: Socket) -> Self {
        let attention = AtomicU8::new(if socket.blocked { BLOCKED } else { 0 });
        let state = Mutex::new(State { socket, ..State::default() });
        Self(Arc::new(Shared { client, conn, words, bounds, attention, lease: AtomicU32::new(0), state }))
    }

    pub fn client(&self) -> ClientId {
        self.0.client
    }

    /// The connection that it was made for.
    pub fn conn(&self) -> ConnId {
        self.0.conn
    }

    /// Appends a text frame.
    pub fn push(&self, frame: &Frame<'_>, turn: &mut Turn) -> Result<(), PushError> {
        self.append(&mut self.0.state.lock(), Opcode::Text, frame, turn)
    }

    /// Appends a frame that others get, too.
    pub fn push_shared(&self, frame: &Encoded, turn: &mut Turn) -> Result<(), PushError> {
        self.append_shared(&mut self.0.state.lock(), frame, turn)
    }

    /// Appends a frame that only clients understand whose sessions outlive their sockets.
    pub fn push_if_kept(&self, frame: &Encoded, turn: &mut Turn) {
        let mut state = self.0.state.lock();
        if state.keeps() {
            // Refused only where the session is ending.
            let _ = self.append_shared(&mut state, frame, turn);
        }
    }

    /// The client has got so many of the frames that are counted, if any are.
    ///
    /// # Errors
    /// So many have never been sent.
    pub fn acknowledge(&self, received: u64) -> Result<(), Gap> {
        self.0.state.lock().log.as_mut().map_or(Ok(()), |log| log.acknowledge(received))
    }

    /// Of a session that outlives its sockets, how many bytes may be said to it before it has acknowledged any.
    pub fn spare(&self) -> Option<usize> {
        self.0.state.lock().log.as_ref().map(|log| log.spare())
    }

    /// How many frames have been sent that are counted.
    pub fn sent(&self) -> u64 {
        self.0.state.lock().log.as_ref().map_or(0, |log| log.sent())
    }

    /// The session has ended: nothing is kept for it any more.
    pub fn finish(&self) {
        let mut state = self.0.state.lock();
        if let Some(log) = &mut state.log {
            log.finish();
        }
        // Whoever was to be woken for a session without a socket holds the session, and with it this.
        let alarm = if state.socket.wire.is_none() { state.socket.owner.take() } else { None };
        drop(state);
        drop(alarm);
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

    /// Says in the receiver's words that this server is about to end, and when to come back.
    pub fn go_away(&self, reconnect_after: Duration, turn: &mut Turn) {
        let mut text = Vec::new();
        if let Some(frame_type) = self.0.words.go_away(reconnect_after, &mut text) {
            // Refused only where the connection is closing anyway.
            let _ = self.push(&Frame { frame_type, parts: &[&text] }, turn);
        }
    }

    /// Wakes the owner: something has happened to its session.
    pub fn wake(&self) {
        wake(&mut self.0.state.lock().socket.owner);
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

    /// The latest change of the session's pairing, once.
    pub fn take_event(&self) -> Option<Event> {
        if self.0.attention.load(Ordering::Acquire) & EVENT == 0 {
            return None;
        }
        let mut state = self.0.state.lock();
        self.0.attention.fetch_and(!EVENT, Ordering::AcqRel);
        state.event.take()
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
        if opcode == Opcode::Text && state.keeps() {
            return self.append_shared(state, &Encoded::new(frame.frame_type, frame.parts), turn);
        }
        let len = frame.parts.iter().map(|part| part.len()).sum();
        self.room_for(state, len)?;
        if state.socket.blocked {
            // What waits long takes as much memory as it is long, which a buffer that doubles as it grows does not.
            state.socket.buffer.append_shared(&buffer::encode(opcode, len, frame.parts));
        } else {
            state.socket.buffer.append(opcode, len, frame.parts);
        }
        turn.tally.sent(frame.frame_type);
        self.touch(state, turn);
        Ok(())
    }

    fn append_shared(&self, state: &mut State, frame: &Encoded, turn: &mut Turn) -> Result<(), PushError> {
        if state.keeps() && state.is_open() && !state.log.as_mut().is_some_and(|log| log.keep(&frame.bytes)) {
            self.latch(state, Close::SlowConsumer);
            return Err(PushError::Full);
        }
        if state.socket.wire.is_none() && state.is_open() {
            return Ok(());
        }
        self.room_for(state, frame.bytes.len())?;
        if state.socket.blocked {
            state.socket.buffer.append_shared(&frame.bytes);
        } else {
            state.socket.buffer.append_encoded(&frame.bytes);
        }
        turn.tally.sent(frame.frame_type);
        if let Some(count) = state.log.as_mut().filter(|log| !log.is_over).and_then(|log| log.ask()) {
            self.append_ask(state, count, turn);
        }
        self.touch(state, turn);
        Ok(())
    }

    /// Asks for a sign that so many frames have arrived.
    fn append_ask(&self, state: &mut State, count: u64, turn: &mut Turn) {
        let payload = count.to_string();
        state.socket.buffer.append(Opcode::Ping, payload.len(), &[payload.as_bytes()]);
        turn.tally.sent(FrameType::ControlPing);
    }

    fn room_for(&self, state: &mut State, len: usize) -> Result<(), PushError> {
        if state.closing.is_some() || state.socket.wire.is_none() {
            return Err(PushError::Gone);
        }
        if !self.make_room(state, len) {
            self.latch(state, Close::SlowConsumer);
            return Err(PushError::Full);
        }
        Ok(())
    }

    /// Whether a frame with `len` bytes of payload fits, if need be when what waits has been written: a sender with much to say may fill the buffer
    /// within its turn, which is not the receiver's fault.
    fn make_room(&self, state: &mut State, len: usize) -> bool {
        let bounds = &self.0.bounds;
        if !state.socket.buffer.fits(len, bounds) {
            state.socket.held = false;
            self.write(state);
        }
        state.socket.buffer.fits(len, bounds)
    }

    /// Sees to it that somebody writes what was appended: the owner where the socket is full, else the first turn that came.
    fn touch(&self, state: &mut State, turn: &mut Turn) {
        if !state.touched && !state.socket.blocked && !state.socket.held {
            state.touched = true;
            turn.touch(self);
        }
    }

    fn write(&self, state: &mut State) {
        let Socket { wire: Some(wire), buffer, blocked, held: false, owner } = &mut state.socket else { return };
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
        if state.is_open() {
            state.closing = Some(why);
            self.raise(CLOSING);
            wake(&mut state.socket.owner);
        }
    }

    fn raise(&self, attention: u8) {
        self.0.attention.fetch_or(attention, Ordering::Release);
    }
}

fn wake(owner: &mut Option<Waker>) {
    if let Some(owner) = owner {
        owner.wake_by_ref();
    }
}

#[cfg(test)]
pub(in crate::core) mod tests;
