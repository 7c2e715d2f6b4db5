//! The buffer that a thread lends to whichever of its connections is reading: bytes stay in it for a turn at most, so that
//! connections that say nothing hold none.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, ReadBuf};

thread_local! {
    static BUFFER: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// What one connection has read in this turn. Dropping it gives the buffer back.
pub(super) struct Lent {
    buffer: Box<[u8]>,
    /// Read and not worked off.
    from: usize,
    to: usize,
}

impl Lent {
    /// Takes the thread's buffer, of `size` bytes at least, and begins with what was `left` of an earlier turn.
    pub(super) fn take(size: usize, left: &mut Vec<u8>) -> Self {
        let size = size.max(2 * left.len());
        let buffer = BUFFER.take().filter(|buffer| buffer.len() >= size);
        let mut buffer = buffer.unwrap_or_else(|| vec![0; size].into_boxed_slice());
        let to = left.len();
        if to > 0 {
            buffer[..to].copy_from_slice(left);
            *left = Vec::new();
        }
        Self { buffer, from: 0, to }
    }

    pub(super) fn unread(&self) -> &[u8] {
        &self.buffer[self.from..self.to]
    }

    /// The next `count` bytes, which are worked off herewith.
    pub(super) fn next(&mut self, count: usize) -> &mut [u8] {
        let at = self.from;
        self.from += count;
        &mut self.buffer[at..at + count]
    }

    /// Reads at most `most` bytes behind what is unread: how many came, 0 at the end.
    pub(super) fn poll_fill<R: AsyncRead + Unpin>(
        &mut self,
        reader: &mut R,
        most: usize,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.buffer.copy_within(self.from..self.to, 0);
        (self.from, self.to) = (0, self.to - self.from);
        let end = self.buffer.len().min(self.to + most);
        let mut space = ReadBuf::new(&mut self.buffer[self.to..end]);
        ready!(Pin::new(reader).poll_read(cx, &mut space))?;
        let count = space.filled().len();
        self.to += count;
        Poll::Ready(Ok(count))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        BUFFER.set(Some(std::mem::take(&mut self.buffer)));
    }
}
