//! WebSocket frames as bytes (RFC 6455 section 5.2), well-formed or deliberately not.

use bytes::{Buf, Bytes, BytesMut};

pub const FIN: u8 = 0x80;
pub const CONTINUATION: u8 = 0x0;
pub const TEXT: u8 = 0x1;
pub const BINARY: u8 = 0x2;
pub const CLOSE: u8 = 0x8;
pub const PING: u8 = 0x9;
pub const PONG: u8 = 0xA;

const MASKED: u8 = 0x80;
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A client's frame; `first` is the byte of FIN, the reserved bits and the opcode.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(first, payload.len() as u64);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// The header alone of a client's frame: it may announce what never comes.
pub fn header(first: u8, announced: u64) -> Vec<u8> {
    let mut header = length(first, announced);
    header[1] |= MASKED;
    header.extend(MASK);
    header
}

/// What only a server may send.
pub fn unmasked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = length(first, payload.len() as u64);
    frame.extend(payload);
    frame
}

pub fn text(words: &str) -> Vec<u8> {
    masked(FIN | TEXT, words.as_bytes())
}

fn length(first: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first];
    match length {
        0..126 => bytes.push(length as u8),
        126..0x1_0000 => {
            bytes.push(126);
            bytes.extend((length as u16).to_be_bytes());
        }
        _ => {
            bytes.push(127);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes
}

pub struct Frame {
    pub opcode: u8,
    pub payload: Bytes,
}

/// Takes the next whole frame of a server off the buffer.
pub fn decode(buffer: &mut BytesMut) -> Option<Frame> {
    let mut rest = &buffer[..];
    let first = rest.try_get_u8().ok()?;
    let second = rest.try_get_u8().ok()?;
    assert_eq!(second & MASKED, 0, "a server never masks");
    let length = match second {
        126 => u64::from(rest.try_get_u16().ok()?),
        127 => rest.try_get_u64().ok()?,
        short => u64::from(short),
    };
    assert_eq!(first & 0xF0, FIN, "the server neither fragments nor uses reserved bits");
    let head = buffer.len() - rest.len();
    if (rest.len() as u64) < length {
        return None;
    }
    buffer.advance(head);
    Some(Frame { opcode: first & 0x0F, payload: buffer.split_to(length as usize).freeze() })
}
