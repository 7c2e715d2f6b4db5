//! One WebSocket over one TCP stream. It owns no buffers beyond what one system call left over: readers lend theirs.

use std::{
    future::poll_fn,
    io, mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::{
    Fault,
    frame::{self, Frame, Opcode},
};

/// A client's socket after the upgrade.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    /// What was received and not yet worked off; in the hot loop the beginning of one frame, mostly nothing.
    received: Vec<u8>,
    /// What the kernel did not take at once, mostly nothing.
    unsent: Vec<u8>,
    /// The greatest number that came back with a pong.
    ponged: u64,
}

impl Socket {
    /// `received`: what came behind the answer to the upgrade.
    pub fn new(stream: TcpStream, received: Vec<u8>) -> Self {
        Self { stream, received, unsent: Vec::new(), ponged: 0 }
    }

    /// Hands the socket to the runtime of the thread that calls [`Detached::attach`].
    pub fn detach(self) -> io::Result<Detached> {
        Ok(Detached { stream: self.stream.into_std()?, received: self.received, unsent: self.unsent })
    }

    /// Sends bytes of whole frames: never waits, keeps what the kernel does not take for `poll_flush`.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let mut written = 0;
        while self.unsent.is_empty() && written < bytes.len() {
            match self.stream.try_write(&bytes[written..]) {
                Ok(more) => written += more,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        self.unsent.extend_from_slice(&bytes[written..]);
        Ok(())
    }

    /// Sends one text frame.
    pub fn send_text(&mut self, text: &str) -> Result<(), Fault> {
        self.send_frame(Opcode::Text, text.as_bytes())
    }

    /// Says that it lives, which a client may without being asked (RFC 6455 §5.5.3).
    pub fn send_pong(&mut self) -> Result<(), Fault> {
        self.send_frame(Opcode::Pong, &[])
    }

    /// Asks for a pong with this number: when it is back, the server has worked off all that was sent before.
    pub fn send_ping(&mut self, number: u64) -> Result<(), Fault> {
        self.send_frame(Opcode::Ping, &number.to_be_bytes())
    }

    /// The greatest number of [`Self::send_ping`] that is back.
    pub fn ponged(&self) -> u64 {
        self.ponged
    }

    fn send_frame(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), Fault> {
        let mut bytes = Vec::with_capacity(payload.len() + 14);
        frame::encode(opcode, payload, &mut bytes);
        self.send(&bytes)
    }

    /// Says good-bye, which the server answers with a close frame of its own.
    pub fn send_close(&mut self) -> Result<(), Fault> {
        const NORMAL: [u8; 2] = 1000_u16.to_be_bytes();
        self.send_frame(Opcode::Close, &NORMAL)
    }

    /// Says good-bye as far as the kernel takes it at once; the drop that follows resets the connection.
    pub fn close(mut self) {
        // A socket that is broken already needs no good-bye.
        let _ = self.send_close();
    }

    /// Ready when all that was sent is with the kernel.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        while !self.unsent.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.unsent))?;
            self.unsent.drain(..written);
        }
        Poll::Ready(Ok(()))
    }

    /// One read into `buffer`, behind what [`keep`](Self::keep) put aside. Ready with the number of bytes that are in it then.
    pub fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Result<usize, Fault>> {
        let kept = self.received.len();
        if kept >= buffer.len() {
            return Poll::Ready(Err(Fault::Malformed("a frame longer than any that was sent")));
        }
        let mut space = ReadBuf::new(&mut buffer[kept..]);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut space))?;
        let more = space.filled().len();
        if more == 0 {
            return Poll::Ready(Err(Fault::Ended(io::ErrorKind::UnexpectedEof)));
        }
        buffer[..kept].copy_from_slice(&self.received);
        self.received.clear();
        Poll::Ready(Ok(kept + more))
    }

    /// The same for a socket that nobody else polls: what could not be sent at once is sent here.
    fn poll_exchange(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Result<usize, Fault>> {
        if let Poll::Ready(Err(fault)) = self.poll_flush(cx) {
            return Poll::Ready(Err(fault));
        }
        self.poll_read(cx, buffer)
    }

    /// What came behind a text that was awaited alone: it would otherwise lie there until more comes.
    pub fn take_received(&mut self) -> Vec<u8> {
        mem::take(&mut self.received)
    }

    /// Puts the beginning of a frame aside until the next read.
    pub fn keep(&mut self, rest: &[u8]) {
        self.received.extend_from_slice(rest);
    }

    /// Hands each text that was read to `heard`, answers what is not text, and keeps the beginning of a frame that is not whole.
    pub fn texts(&mut self, bytes: &[u8], mut heard: impl FnMut(&[u8]) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut at = 0;
        while let Some(frame) = frame::decode(&bytes[at..])? {
            at += frame.len;
            if frame.opcode == Opcode::Text {
                heard(frame.payload)?;
            } else {
                self.control(&frame)?;
            }
        }
        self.keep(&bytes[at..]);
        Ok(())
    }

    /// Answers what is not text: a ping with a pong; a close frame is the end.
    pub fn control(&mut self, frame: &Frame<'_>) -> Result<(), Fault> {
        match frame.opcode {
            Opcode::Ping => self.send_frame(Opcode::Pong, frame.payload),
            Opcode::Pong => {
                if let Ok(number) = frame.payload.try_into() {
                    self.ponged = self.ponged.max(u64::from_be_bytes(number));
                }
                Ok(())
            }
            Opcode::Close => {
                let (code, reason) = match frame.payload.split_first_chunk() {
                    Some((code, reason)) => (u16::from_be_bytes(*code), reason),
                    // RFC 6455 §7.1.5: a close frame without a body counts as 1005.
                    None => (1005, &[][..]),
                };
                Err(Fault::Closed { code, reason: String::from_utf8_lossy(reason).into_owned() })
            }
            Opcode::Text | Opcode::Binary => Err(Fault::Malformed("a binary frame")),
        }
    }

    /// Waits for more and hands on the texts that came, as [`texts`](Self::texts) does. `buffer` grows with what is long.
    pub async fn recv_texts(
        &mut self,
        buffer: &mut Vec<u8>,
        heard: impl FnMut(&[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        buffer.resize(buffer.len().max(2 * self.received.len()), 0);
        let filled = poll_fn(|cx| self.poll_exchange(cx, buffer)).await?;
        self.texts(&buffer[..filled], heard)
    }

    /// The next text, for the phases of a run whose speed does not count.
    pub async fn recv_text(&mut self) -> Result<String, Fault> {
        let mut buffer = [0; 4096];
        loop {
            let received = mem::take(&mut self.received);
            if let Some(frame) = frame::decode(&received)? {
                self.keep(&received[frame.len..]);
                if frame.opcode == Opcode::Text {
                    let text = String::from_utf8(frame.payload.to_vec());
                    return text.map_err(|_| Fault::Malformed("a text that is not UTF-8"));
                }
                self.control(&frame)?;
                continue;
            }
            self.received = received;
            let filled = poll_fn(|cx| self.poll_exchange(cx, &mut buffer)).await?;
            self.keep(&buffer[..filled]);
        }
    }
}

/// A socket on its way from one thread's runtime to another's.
pub struct Detached {
    stream: std::net::TcpStream,
    received: Vec<u8>,
    unsent: Vec<u8>,
}

impl Detached {
    /// Binds the socket to the runtime of this thread.
    pub fn attach(self) -> io::Result<Socket> {
        let mut socket = Socket::new(TcpStream::from_std(self.stream)?, self.received);
        socket.unsent = self.unsent;
        Ok(socket)
    }
}
