//! One connection. It owns no buffers beyond what one system call left over: the wheel lends its own.

use std::io::{self, Read, Write};

use mio::net::TcpStream;

use super::Fault;

/// A client's connection, never waiting.
#[derive(Debug)]
pub struct Connection {
    pub stream: TcpStream,
    /// The beginning of an answer, mostly nothing.
    received: Vec<u8>,
    /// What the kernel did not take at once, mostly nothing.
    unsent: Vec<u8>,
}

impl Connection {
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, received: Vec::new(), unsent: Vec::new() }
    }

    /// Sends bytes of whole requests; keeps what the kernel does not take for [`flush`](Self::flush).
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(bytes);
            return Ok(());
        }
        let written = write(&mut self.stream, bytes)?;
        self.unsent.extend_from_slice(&bytes[written..]);
        Ok(())
    }

    /// Sends what was kept, as far as the kernel takes it now.
    pub fn flush(&mut self) -> Result<(), Fault> {
        if !self.unsent.is_empty() {
            let written = write(&mut self.stream, &self.unsent)?;
            self.unsent.drain(..written);
        }
        Ok(())
    }

    /// One read into `buffer`, behind what was [kept](Self::keep). Gives the bytes that are in it then and whether more may be
    /// waiting; `None` when nothing has come.
    pub fn read(&mut self, buffer: &mut Vec<u8>) -> Result<Option<(usize, bool)>, Fault> {
        let kept = self.received.len();
        if buffer.len() < 2 * kept {
            buffer.resize(2 * kept, 0);
        }
        let space = &mut buffer[kept..];
        let more = loop {
            match self.stream.read(space) {
                Ok(0) => return Err(Fault::Ended(io::ErrorKind::UnexpectedEof)),
                Ok(more) => break more,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        };
        // A read that did not fill the space has emptied the socket: the next readiness is announced anew (epoll(7), Q9).
        let full = more == space.len();
        buffer[..kept].copy_from_slice(&self.received);
        self.received.clear();
        Ok(Some((kept + more, full)))
    }

    /// Puts the beginning of an answer aside until the next read.
    pub fn keep(&mut self, rest: &[u8]) {
        self.received.extend_from_slice(rest);
    }
}

fn write(stream: &mut TcpStream, bytes: &[u8]) -> Result<usize, Fault> {
    let mut written = 0;
    while written < bytes.len() {
        match stream.write(&bytes[written..]) {
            Ok(0) => return Err(Fault::Ended(io::ErrorKind::WriteZero)),
            Ok(more) => written += more,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(written)
}
