//! A client of the chat wire that never waits: what it says is with the kernel at once, and it hears what is there.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
};

use meetpoint_protocol::ws;
use serde_json::Value;

use crate::{Result, house::House};

const REQUEST: &[u8] = b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

pub struct Client {
    stream: TcpStream,
    received: Vec<u8>,
    pub id: String,
}

impl Client {
    /// A client that the server has greeted.
    pub fn enter(house: &House) -> Result<Self> {
        let mut stream = TcpStream::connect(house.address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        stream.write_all(REQUEST)?;
        let mut client = Self { stream, received: Vec::new(), id: String::new() };
        house.work(false, || client.is_upgraded())?;
        let mut ready = String::new();
        house.work(false, || Ok(client.hear(|text| ready.push_str(text))? > 0))?;
        let ready: Value = serde_json::from_str(&ready)?;
        client.id = ready["clientId"].as_str().ok_or("a greeting without an id")?.to_owned();
        Ok(client)
    }

    fn is_upgraded(&mut self) -> Result<bool> {
        const END: &[u8] = b"\r\n\r\n";
        self.read()?;
        let head = self.received.windows(END.len()).position(|bytes| bytes == END).map(|at| at + END.len());
        if head.is_some() && !self.received.starts_with(b"HTTP/1.1 101 ") {
            return Err("no WebSocket".into());
        }
        self.received.drain(..head.unwrap_or_default());
        Ok(head.is_some())
    }

    /// Says frames in one piece.
    pub fn say(&mut self, frames: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(frames)?)
    }

    /// Hands on every text that has come: how many they were. Nothing is allocated that the server's heap would notice.
    pub fn hear(&mut self, mut heard: impl FnMut(&str)) -> Result<usize> {
        self.read()?;
        let (mut at, mut texts) = (0, 0);
        while let Some((header, len)) = whole(&self.received[at..]) {
            let frame = &self.received[at..at + len];
            if frame[0] != 0x81 {
                return Err("a frame that is no text".into());
            }
            heard(std::str::from_utf8(&frame[header..])?);
            texts += 1;
            at += len;
        }
        self.received.drain(..at);
        Ok(texts)
    }

    /// How many of the texts that have come are `expected`.
    pub fn count(&mut self, expected: &str) -> Result<usize> {
        let mut found = 0;
        self.hear(|text| found += usize::from(text == expected))?;
        Ok(found)
    }

    /// Whether a text has come.
    pub fn hears_something(&mut self) -> Result<bool> {
        Ok(self.hear(|_| {})? > 0)
    }

    fn read(&mut self) -> Result<()> {
        let mut bytes = [0; 64 * 1024];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err("the server has hung up".into()),
                Ok(read) => self.received.extend_from_slice(&bytes[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The lengths of header and frame, where a whole one begins `bytes`.
fn whole(bytes: &[u8]) -> Option<(usize, usize)> {
    let header = match bytes.get(1)? {
        126 => 4,
        127 => ws::MAX_HEADER,
        _ => 2,
    };
    let len = if bytes.len() < header { usize::MAX } else { ws::frame_len(bytes) };
    (len <= bytes.len()).then_some((header, len))
}

/// A text frame of a client's (RFC 6455 §5.2).
pub fn frame(text: &str) -> Vec<u8> {
    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let (mut header, used) = ws::header(ws::Opcode::Text, text.len());
    header[1] |= 0x80;
    let masked = text.bytes().zip(KEY.into_iter().cycle()).map(|(byte, key)| byte ^ key);
    header[..used].iter().copied().chain(KEY).chain(masked).collect()
}
