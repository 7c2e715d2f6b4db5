//! The owner's end of an outbox: what only the task may do that reads the client's socket.
//!
//! A session that outlives its sockets takes its outbox along to the next connection. The one that it leaves behind finds
//! out when it looks ([`Line::follow`]): from then on it has an outbox of its own, with its old socket and what had not been
//! written, to say goodbye.

use std::{
    io, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use meetpoint_protocol::{Close, ws};
use tokio::io::AsyncWrite;

use super::{
    BLOCKED, Outbox, Socket, State,
    log::{self, Budget, Gap, Log},
};
use crate::{core::turn::Turn, sync::Ordering};

/// A clone is the same connection's.
#[derive(Clone)]
pub struct Line {
    outbox: Outbox,
    lease: u32,
}

/// Why a session cannot go on with a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lost {
    /// It is ending already, or its outbox is another connection's.
    Ended,
    /// The client has not got what the server no longer has.
    Gap,
}

impl From<Gap> for Lost {
    fn from(_: Gap) -> Self {
        Self::Gap
    }
}

impl Line {
    /// The end of an outbox for whom it was made.
    pub fn new(outbox: Outbox) -> Self {
        Self { outbox, lease: 0 }
    }

    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Whether the outbox is this connection's still.
    pub fn is_current(&self) -> bool {
        self.outbox.0.lease.load(Ordering::Acquire) == self.lease
    }

    /// Whether the session goes on without this connection: then this is the line of the connection alone from now on.
    pub fn follow(&mut self) -> bool {
        if self.is_current() {
            return false;
        }
        let own = self.outbox.0.state.lock().log.as_mut().and_then(|log| {
            let at = log.left_behind.iter().position(|(lease, _)| *lease == self.lease)?;
            Some(log.left_behind.swap_remove(at).1)
        });
        match own {
            Some(own) => {
                *self = Self::new(own);
                true
            }
            None => false,
        }
    }

    /// The task to wake when the rest must be written or the latch is closed.
    pub fn owned_by(&self, waker: &Waker) {
        self.with(|state| state.socket.owner = Some(waker.clone()));
    }

    /// Keeps back what is appended until [`Self::release`], or until the buffer is full.
    pub fn hold(&self) {
        self.with(|state| state.socket.held = true);
    }

    /// Lets go of what was kept back.
    pub fn release(&self, turn: &mut Turn) {
        self.with(|state| {
            if mem::take(&mut state.socket.held) && !state.socket.buffer.is_empty() {
                self.outbox.touch(state, turn);
            }
        });
    }

    /// Appends frames that are encoded already, whatever the bounds: the replies of the protocol itself.
    pub fn append_encoded(&self, bytes: &[u8], turn: &mut Turn) {
        self.with(|state| {
            let mut rest = bytes;
            while !rest.is_empty() {
                let (frame, behind) = rest.split_at(ws::frame_len(rest));
                state.socket.buffer.append_encoded(frame);
                rest = behind;
            }
            if state.closing.is_none() && !state.socket.buffer.fits(0, &self.outbox.0.bounds) {
                self.outbox.latch(state, Close::SlowConsumer);
            }
            self.outbox.touch(state, turn);
        });
    }

    /// Writes what others left to the owner; ready when nothing waits any more.
    pub fn poll_rest(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.outbox.is_full() {
            return Poll::Ready(Ok(()));
        }
        let polled = self.with(|state| {
            let Socket { wire: Some(wire), buffer, .. } = &mut state.socket else { return Poll::Ready(Ok(())) };
            while !buffer.is_empty() {
                match Pin::new(&mut *wire).poll_write(cx, buffer.bytes()) {
                    Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    Poll::Ready(Ok(written)) => buffer.written(written, self.outbox.0.bounds.kept),
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => return Poll::Pending,
                }
            }
            let flushed = Pin::new(wire).poll_flush(cx);
            if flushed.is_ready() {
                state.socket.blocked = false;
                self.outbox.0.attention.fetch_and(!BLOCKED, Ordering::AcqRel);
            }
            flushed
        });
        polled.unwrap_or(Poll::Ready(Ok(())))
    }

    /// Says that nothing more will come.
    pub fn poll_shutdown(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = self.with(|state| match &mut state.socket.wire {
            Some(wire) => Pin::new(wire).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        });
        polled.unwrap_or(Poll::Ready(Ok(())))
    }

    /// The connection has ended: lets go of the socket and of all that waited, whoever else still holds a handle.
    pub fn end(&self) {
        self.with(|state| {
            state.socket = Socket::default();
            state.event = None;
        });
    }

    /// The session of this line outlives it: what it is sent is kept until the client has it.
    pub fn keep(&self, bounds: log::Bounds, budget: Arc<Budget>) {
        self.with(|state| state.log = Some(Box::new(Log::new(bounds, budget))));
    }

    /// Asks the client for a sign that it has what it was sent.
    pub fn ask(&self, turn: &mut Turn) {
        self.with(|state| {
            if let Some(count) = state.log.as_mut().map(|log| log.ask_now()) {
                self.outbox.append_ask(state, count, turn);
                self.outbox.touch(state, turn);
            }
        });
    }

    /// Makes of a line that has not been kept the line of a session that has: the session goes on here behind the `received`
    /// frames that its client has. First of all it is told `greeting`, then what it has missed, then asked for a sign.
    ///
    /// # Errors
    /// The session cannot go on here. Nothing has changed.
    pub fn resume(&self, session: &Outbox, received: u64, greeting: &[u8], turn: &mut Turn) -> Result<Self, Lost> {
        let shared = &session.0;
        let mut state = shared.state.lock();
        if !state.is_open() {
            return Err(Lost::Ended);
        }
        let Some(log) = state.log.as_mut() else { return Err(Lost::Ended) };
        let missed: Vec<_> = log.come_back(received)?.cloned().collect();
        let count = log.ask_now();
        // The newcomer's own outbox is nobody else's yet, and gets the old socket in exchange.
        let (fresh, closing) = self.outbox.give_up();
        let left = mem::replace(&mut state.socket, fresh);
        let (old, lease) = session.pass(&state);
        let buffer = &mut state.socket.buffer;
        buffer.append(ws::Opcode::Text, greeting.len(), &[greeting]);
        missed.iter().for_each(|frame| buffer.append_shared(frame));
        session.append_ask(&mut state, count, turn);
        session.touch(&mut state, turn);
        if let Some(why) = closing {
            session.latch(&mut state, why);
        }
        let is_occupied = left.wire.is_some();
        if is_occupied && let Some(log) = &mut state.log {
            log.left_behind.push((old, self.outbox.clone()));
        }
        drop(state);
        if is_occupied {
            self.outbox.say_goodbye_on(left);
        }
        Ok(Self { outbox: session.clone(), lease })
    }

    /// The connection is lost, its session is not: what it is sent is kept for another connection. `alarm` is woken when that is too much.
    ///
    /// # Errors
    /// It cannot be kept, or this is not its connection any more.
    pub fn leave(&self, alarm: Waker) -> Result<(), Lost> {
        let outbox = &self.outbox;
        let kept = self.with(|state| {
            if !state.is_open() || !state.log.as_mut().is_some_and(|log| log.go_away()) {
                return Err(Lost::Ended);
            }
            let left = mem::replace(&mut state.socket, Socket { owner: Some(alarm), ..Socket::default() });
            let (old, _) = outbox.pass(state);
            let shared = &outbox.0;
            let own = Outbox::with_socket(shared.client, shared.conn, shared.words, shared.bounds, left);
            if let Some(log) = &mut state.log {
                log.left_behind.push((old, own));
            }
            Ok(())
        });
        kept.unwrap_or(Err(Lost::Ended))
    }

    /// Does something to what is this connection's, if it still is.
    fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> Option<R> {
        let mut state = self.outbox.0.state.lock();
        self.is_current().then(|| act(&mut state))
    }
}

impl Outbox {
    /// Has another owner from now on, with what `state` says: the lease of the last, and the next.
    fn pass(&self, state: &State) -> (u32, u32) {
        let old = self.0.lease.fetch_add(1, Ordering::AcqRel);
        self.mark_blocked(state.socket.blocked);
        (old, old.wrapping_add(1))
    }

    /// Gives its socket to another, with the reason why it is about to be closed, if it is.
    fn give_up(&self) -> (Socket, Option<Close>) {
        let mut state = self.0.state.lock();
        (mem::take(&mut state.socket), state.closing)
    }

    /// Has the socket of a session that goes on elsewhere, to close it.
    fn say_goodbye_on(&self, socket: Socket) {
        let mut state = self.0.state.lock();
        self.mark_blocked(socket.blocked);
        (state.socket, state.closing) = (socket, None);
        self.latch(&mut state, Close::Replaced);
    }

    fn mark_blocked(&self, blocked: bool) {
        if blocked {
            self.raise(BLOCKED);
        } else {
            self.0.attention.fetch_and(!BLOCKED, Ordering::AcqRel);
        }
    }
}
