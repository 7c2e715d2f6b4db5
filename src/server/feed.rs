//! What tungstenite reads from and writes to: it takes what the socket has without waiting, and its own replies (pong, the
//! echo of a close frame) are kept for the outbox, so that everything a client is sent stands in one order.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use tokio::io::{AsyncRead, ReadBuf};

pub(super) struct Feed<R> {
    reader: R,
    waker: Waker,
    replies: Vec<u8>,
    /// Bytes read since the last complete message, and how many there may be.
    unfinished: usize,
    max_unfinished: usize,
}

/// More bytes than any message needs have come without completing one.
#[derive(Debug)]
pub(super) struct Endless;

impl<R> Feed<R> {
    /// `max_message` is the limit of a message in bytes.
    pub(super) fn new(reader: R, max_message: usize) -> Self {
        // A message may come in fragments, but not in as many headers as one likes (RFC 6455 §5.4 sets no limit).
        let max_unfinished = 4 * max_message + 64 * 1024;
        Self { reader, waker: Waker::noop().clone(), replies: Vec::new(), unfinished: 0, max_unfinished }
    }

    /// The task to wake when there is more to read. Whether it is another one than before.
    pub(super) fn wake(&mut self, waker: &Waker) -> bool {
        let other = !self.waker.will_wake(waker);
        if other {
            self.waker.clone_from(waker);
        }
        other
    }

    /// A complete message has been read.
    pub(super) fn finished(&mut self) {
        self.unfinished = 0;
    }

    /// What tungstenite wrote since the last call.
    pub(super) fn replies(&mut self) -> Option<Vec<u8>> {
        (!self.replies.is_empty()).then(|| std::mem::take(&mut self.replies))
    }
}

impl<R: AsyncRead + Unpin> Feed<R> {
    /// Reads into `buf`, past tungstenite.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        Pin::new(&mut self.reader).poll_read(cx, &mut buf).map_ok(|()| buf.filled().len())
    }
}

impl<R: AsyncRead + Unpin> io::Read for Feed<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut buf = ReadBuf::new(buf);
        let mut cx = Context::from_waker(&self.waker);
        match Pin::new(&mut self.reader).poll_read(&mut cx, &mut buf) {
            Poll::Ready(Ok(())) => {
                let read = buf.filled().len();
                self.unfinished += read;
                if self.unfinished > self.max_unfinished {
                    return Err(io::Error::other(Endless));
                }
                Ok(read)
            }
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

impl<R> io::Write for Feed<R> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.replies.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl std::fmt::Display for Endless {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a message without end")
    }
}

impl std::error::Error for Endless {}
