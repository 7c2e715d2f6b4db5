//! One client's connection, from its first byte to its end. It owns no buffers beyond what one system call left over.

use std::io::{self, Read, Write};

use mio::{event::Event, net::TcpStream};

use super::{
    Heard, Loss,
    open::{self, accepted},
};
use crate::{
    Error,
    target::Target,
    ws::{
        Fault,
        frame::{self, Frame, Opcode},
    },
};

/// A client's connection, never waiting.
pub struct Link {
    pub stream: TcpStream,
    state: State,
    /// The beginning of a frame, mostly nothing.
    received: Vec<u8>,
    /// What the kernel did not take at once, mostly nothing.
    unsent: Vec<u8>,
}

enum State {
    Connecting,
    /// The request is sent; the answer must have this key.
    Upgrading(String),
    Open,
}

/// What a link is served with: lent by the crowd.
pub struct Served<'a> {
    pub event: &'a Event,
    pub target: &'a Target,
    pub buffer: &'a mut Vec<u8>,
    pub out: &'a mut Vec<u8>,
    pub pings: &'a mut u64,
}

impl Link {
    pub fn new(stream: TcpStream) -> Self {
        Self { stream, state: State::Connecting, received: Vec::new(), unsent: Vec::new() }
    }

    /// Sends bytes of whole frames; keeps what the kernel does not take.
    pub fn send(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let mut written = 0;
        if self.unsent.is_empty() {
            written = write(&mut self.stream, bytes)?;
        }
        self.unsent.extend_from_slice(&bytes[written..]);
        Ok(())
    }

    /// Does what can be done after an event. What was heard is handed on, and what `heard` appends is sent.
    pub fn serve(
        &mut self,
        with: &mut Served<'_>,
        mut heard: impl FnMut(Heard<'_>, &mut Vec<u8>) -> Result<(), Fault>,
    ) -> Result<(), Loss> {
        if matches!(self.state, State::Connecting) && !self.connected(with.target)? {
            return Ok(());
        }
        if !self.unsent.is_empty() {
            let written = write(&mut self.stream, &self.unsent)?;
            self.unsent.drain(..written);
        }
        let ended = with.event.is_read_closed() || with.event.is_error();
        if !with.event.is_readable() && !ended {
            return Ok(());
        }
        loop {
            let Some((filled, full)) = self.read(with.buffer)? else { return Ok(()) };
            let worked_off = self.work_off(&with.buffer[..filled], with.out, with.pings, &mut heard);
            // What is said before an error was meant: a close frame is answered by nothing, but a ping before it is.
            let sent = if with.out.is_empty() { Ok(()) } else { self.send(with.out) };
            with.out.clear();
            worked_off?;
            sent?;
            if !full && !ended {
                return Ok(());
            }
        }
    }

    /// Whether the connection is there; then the upgrade is asked for.
    fn connected(&mut self, target: &Target) -> Result<bool, Loss> {
        let unreachable = |source| Loss::Refused(Error::Unreachable { address: target.address, source });
        if let Some(error) = self.stream.take_error().map_err(unreachable)? {
            return Err(unreachable(error));
        }
        match self.stream.peer_addr() {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotConnected => return Ok(false),
            Err(error) => return Err(unreachable(error)),
        }
        let (request, accept) = open::request(target);
        self.send(request.as_bytes())?;
        self.state = State::Upgrading(accept);
        Ok(true)
    }

    /// One read, behind what was kept. The bytes that are there then, and whether more may be waiting; `None` when nothing came.
    fn read(&mut self, buffer: &mut Vec<u8>) -> Result<Option<(usize, bool)>, Loss> {
        let kept = self.received.len();
        if buffer.len() < 2 * kept {
            buffer.resize(2 * kept, 0);
        }
        let space = &mut buffer[kept..];
        let more = loop {
            match self.stream.read(space) {
                Ok(0) => return Err(self.ended(io::ErrorKind::UnexpectedEof)),
                Ok(more) => break more,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.ended(error.kind())),
            }
        };
        // A read that did not fill the space has emptied the socket: the next readiness is announced anew (epoll(7), Q9).
        let full = more == space.len();
        buffer[..kept].copy_from_slice(&self.received);
        self.received = Vec::new();
        Ok(Some((kept + more, full)))
    }

    fn ended(&self, kind: io::ErrorKind) -> Loss {
        match self.state {
            State::Open => Fault::Ended(kind).into(),
            _ => Loss::Refused(Error::Refused(format!("the connection ended before an answer: {kind}"))),
        }
    }

    /// Hands on what is whole, and keeps the rest.
    fn work_off(
        &mut self,
        bytes: &[u8],
        out: &mut Vec<u8>,
        pings: &mut u64,
        heard: &mut impl FnMut(Heard<'_>, &mut Vec<u8>) -> Result<(), Fault>,
    ) -> Result<(), Loss> {
        let mut at = 0;
        if let State::Upgrading(accept) = &self.state {
            match accepted(bytes, accept).map_err(Loss::Refused)? {
                Some(head) => at = head,
                None => {
                    self.received.extend_from_slice(bytes);
                    return Ok(());
                }
            }
            self.state = State::Open;
            heard(Heard::Open, out)?;
        }
        while let Some(Frame { opcode, payload, len }) = frame::decode(&bytes[at..])? {
            at += len;
            match opcode {
                Opcode::Text => heard(Heard::Text(payload), out)?,
                Opcode::Pong => heard(Heard::Pong(payload), out)?,
                Opcode::Ping => {
                    *pings += 1;
                    frame::encode(Opcode::Pong, payload, out);
                }
                Opcode::Close => return Err(closed(payload).into()),
                Opcode::Binary => return Err(Fault::Malformed("a binary frame").into()),
            }
        }
        self.received.extend_from_slice(&bytes[at..]);
        Ok(())
    }
}

fn closed(payload: &[u8]) -> Fault {
    let (code, reason) = match payload.split_first_chunk() {
        Some((code, reason)) => (u16::from_be_bytes(*code), reason),
        // RFC 6455 §7.1.5: a close frame without a body counts as 1005.
        None => (1005, &[][..]),
    };
    Fault::Closed { code, reason: String::from_utf8_lossy(reason).into_owned() }
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
