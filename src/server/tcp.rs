//! The listening socket: bound, or given by whoever started the process, and left to the process that follows.
//!
//! Where another process goes on, nobody is refused:
//!
//! | [`Succession`] | the queue of connections that nobody has accepted yet | at the end of this process |
//! |---|---|---|
//! | `None` | dies with the socket | accepts until the end, and says that it goes |
//! | `Queue` | belongs to the system's socket, which other processes have, too | stops accepting: who waits is the next one's |
//! | `Port` | is this socket's alone, but others listen on the same port | lets no more in, empties its queue, closes the socket |

use std::{future::ready, io, net::SocketAddr, time::Duration};

use socket2::SockRef;
use tokio::{
    io::AsyncWriteExt,
    net::{
        TcpListener, TcpSocket, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

use super::{linger::Lingering, wire::Listener};
use crate::core::outbox::Wire;

/// How many handshakes the kernel holds for us: bursts of reconnects must not be refused.
const BACKLOG: u32 = 4096;

/// How long a client for which there is no place may take to hear it and hang up.
const REFUSED_WITHIN: Duration = Duration::from_secs(1);

/// Who has the address when this process has gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Succession {
    /// Nobody.
    None,
    /// Whoever has the same socket (systemd's socket activation).
    Queue,
    /// Whoever has a socket on the same port (SO_REUSEPORT).
    Port,
}

/// A listener for plain TCP.
pub struct Tcp {
    listener: TcpListener,
    succession: Succession,
}

/// Listens on `address`, which others may share if they do so, too. Port 0 takes a free one.
pub fn bind(address: SocketAddr, shared: bool) -> io::Result<Tcp> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    if shared {
        socket.set_reuseport(true)?;
    }
    socket.bind(address)?;
    let succession = if shared { Succession::Port } else { Succession::None };
    Ok(Tcp { listener: socket.listen(BACKLOG)?, succession })
}

impl Tcp {
    /// Goes on with a socket that listens already, and will when this process has gone.
    pub fn inherited(socket: std::net::TcpListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self { listener: TcpListener::from_std(socket)?, succession: Succession::Queue })
    }

    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Listener for Tcp {
    type Raw = TcpStream;
    type Io = TcpStream;
    type Reader = OwnedReadHalf;

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.listener.accept().await?;
        // Signaling is small frames that somebody waits for. Where this fails the connection is gone, as its task will see.
        let _ = stream.set_nodelay(true);
        Ok((stream, peer))
    }

    fn secure(
        raw: TcpStream,
        _: impl Future<Output = ()> + Send,
    ) -> impl Future<Output = io::Result<TcpStream>> + Send {
        ready(Ok(raw))
    }

    async fn refuse(raw: TcpStream, answer: &'static str) {
        let mut raw = Lingering::new(raw);
        let _ = timeout(REFUSED_WITHIN, async {
            raw.write_all(answer.as_bytes()).await?;
            raw.shutdown().await
        })
        .await;
    }

    fn split(io: TcpStream) -> (OwnedReadHalf, Box<dyn Wire>) {
        let (reader, writer) = io.into_split();
        (reader, Box::new(writer))
    }

    fn succession(&self) -> Succession {
        self.succession
    }

    fn admit_no_more(&self) -> io::Result<()> {
        drop_syns(&SockRef::from(&self.listener))
    }
}

impl Wire for OwnedWriteHalf {
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        OwnedWriteHalf::try_write(self, bytes)
    }
}

/// Has the kernel drop what asks this socket for a connection (SYN without ACK, RFC 9293 §3.5). Handshakes that are under way come
/// to their end. Whoever asks again, a second later, asks the other sockets of the port when this one is closed by then.
#[cfg(target_os = "linux")]
fn drop_syns(socket: &SockRef<'_>) -> io::Result<()> {
    use socket2::SockFilter;
    // Classic BPF; a listening TCP socket's filter sees packets from their TCP header on. The operations are those of
    // linux/bpf_common.h.
    const LOAD_BYTE: u16 = 0x30;
    const AND: u16 = 0x54;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    const FLAGS: u32 = 13;
    const SYN: u32 = 0x02;
    const ACK: u32 = 0x10;
    const NOTHING: u32 = 0;
    const ALL: u32 = u32::MAX;
    socket.attach_filter(&[
        SockFilter::new(LOAD_BYTE, 0, 0, FLAGS),
        SockFilter::new(AND, 0, 0, SYN | ACK),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, SYN),
        SockFilter::new(RETURN, 0, 0, NOTHING),
        SockFilter::new(RETURN, 0, 0, ALL),
    ])
}

/// Nowhere else is there such a filter: who asks in the moment of the end is refused.
#[cfg(not(target_os = "linux"))]
fn drop_syns(_: &SockRef<'_>) -> io::Result<()> {
    Ok(())
}
