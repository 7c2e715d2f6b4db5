//! The seam between sockets and the rest: a stream is written at once by whoever has something to say, and by its owner when it
//! takes no more.

use std::{
    future::ready,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use tokio::io::{AsyncRead, AsyncWrite, WriteHalf};

use super::tcp::Succession;
use crate::core::outbox::Wire;

/// Where connections come from.
pub trait Listener: Send + 'static {
    /// A connection on which nothing has been agreed yet.
    type Raw: Send + 'static;
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    type Reader: AsyncRead + Unpin + Send + 'static;

    /// The next connection. It never waits for what a client says: one that says nothing would keep out all others.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Raw, SocketAddr)>> + Send;

    /// Agrees with the client on what comes before HTTP, within a time and before the server has `ended`. Runs in the
    /// connection's own task.
    ///
    /// # Errors
    /// The client has gone, is too slow, or asks for what there is not. It has been told, and the connection is over.
    fn secure(
        raw: Self::Raw,
        ended: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = io::Result<Self::Io>> + Send;

    /// Ends a connection for which there is no place, and tells the client so where that can be done before anything is agreed on.
    /// Runs in a task of its own, for a second at most.
    fn refuse(raw: Self::Raw, _answer: &'static str) -> impl Future<Output = ()> + Send {
        drop(raw);
        ready(())
    }

    /// The two halves of an accepted stream, once it carries frames.
    fn split(io: Self::Io) -> (Self::Reader, Box<dyn Wire>);

    /// Who goes on when this process ends.
    fn succession(&self) -> Succession {
        Succession::None
    }

    /// Only connections that have begun come from now on.
    ///
    /// # Errors
    /// The system does not do that.
    fn admit_no_more(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Any other stream is asked without anybody to wake: what it does not take is the owner's, who asks again with its own waker.
impl<S: AsyncWrite + Send> Wire for WriteHalf<S> {
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        at_once(Pin::new(self).poll_write(&mut Context::from_waker(Waker::noop()), bytes))
    }

    fn try_flush(&mut self) -> io::Result<()> {
        at_once(Pin::new(self).poll_flush(&mut Context::from_waker(Waker::noop())))
    }
}

fn at_once<T>(done: Poll<io::Result<T>>) -> io::Result<T> {
    match done {
        Poll::Ready(done) => done,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, duplex, split};

    use super::*;

    #[tokio::test]
    async fn any_stream_is_written_at_once_as_far_as_it_takes_something() {
        let (ours, mut theirs) = duplex(8);
        let (_reader, mut writer) = split(ours);
        assert_eq!(writer.try_write(b"12345678 and more").expect("room"), 8);
        assert!(writer.try_write(b" and more").is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock));
        theirs.read_exact(&mut [0; 8]).await.expect("what was written");
        assert_eq!(writer.try_write(b" and more").expect("room again"), 8);
        writer.try_flush().expect("a pipe keeps nothing on its way");
    }
}
