//! How long an HTTP connection waits for its client: not too short at its end, and not for ever before it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// How long what still comes is read and thrown away.
const PATIENCE: Duration = Duration::from_secs(2);

/// How much of it at once.
const CHUNK: usize = 4096;

/// How long a client may take nothing of what it is answered.
const STALLED: Duration = Duration::from_secs(10);

/// A stream whose shutdown ends the writing half first, and then waits until the other side has ended its own, or for two seconds.
///
/// A refusal is often said before all of a request's body has come. Bytes that nobody reads would make the kernel reset the
/// connection, and a reset takes the answer with it on its way through a proxy (RFC 9112 §9.6).
///
/// A client that takes nothing for ten seconds while something is to be written is given up: it would hold its place for nothing.
pub(super) struct Lingering<I> {
    io: I,
    /// Once the writing half has been ended.
    deadline: Option<Pin<Box<Sleep>>>,
    /// While the client takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<I> Lingering<I> {
    pub(super) fn new(io: I) -> Self {
        Self { io, deadline: None, stalled: None }
    }

    pub(super) fn into_inner(self) -> I {
        self.io
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Lingering<I> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        unless_stalled(&mut self.stalled, cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        unless_stalled(&mut self.stalled, cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { io, deadline, stalled } = &mut *self;
        let deadline = match deadline {
            Some(deadline) => deadline,
            None => {
                let ended = Pin::new(&mut *io).poll_shutdown(cx);
                ready!(unless_stalled(stalled, cx, ended))?;
                deadline.insert(Box::pin(sleep(PATIENCE)))
            }
        };
        let mut chunk = [0; CHUNK];
        while deadline.as_mut().poll(cx).is_pending() {
            let mut rest = ReadBuf::new(&mut chunk);
            let read = ready!(Pin::new(&mut *io).poll_read(cx, &mut rest));
            if read.is_err() || rest.filled().is_empty() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// What was done, or an error where nothing has been for too long.
fn unless_stalled<T>(
    stalled: &mut Option<Pin<Box<Sleep>>>,
    cx: &mut Context<'_>,
    done: Poll<io::Result<T>>,
) -> Poll<io::Result<T>> {
    if done.is_ready() {
        *stalled = None;
        return done;
    }
    ready!(stalled.get_or_insert_with(|| Box::pin(sleep(STALLED))).as_mut().poll(cx));
    Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
}
