//! Frames of a WebSocket client (RFC 6455 §5.2): unmasked in, masked out, neither fragmented nor compressed.

use super::Fault;

/// What a frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opcode {
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xa,
}

/// A frame of the server's, borrowed from the bytes it came in.
#[derive(PartialEq, Eq, Debug)]
pub struct Frame<'a> {
    pub opcode: Opcode,
    pub payload: &'a [u8],
    /// Bytes of the whole frame: its header and its payload.
    pub len: usize,
}

/// The frame that begins `bytes`; `None` while a part of it is missing.
pub fn decode(bytes: &[u8]) -> Result<Option<Frame<'_>>, Fault> {
    let &[first, second, ref rest @ ..] = bytes else { return Ok(None) };
    let opcode = match first {
        0x81 => Opcode::Text,
        0x82 => Opcode::Binary,
        0x88 => Opcode::Close,
        0x89 => Opcode::Ping,
        0x8a => Opcode::Pong,
        _ => return Err(Fault::Malformed("a frame that is fragmented, compressed or of no known kind")),
    };
    let (header, payload_len) = match second {
        0..=125 => (2, u64::from(second)),
        126 => match rest.first_chunk() {
            Some(len) => (4, u64::from(u16::from_be_bytes(*len))),
            None => return Ok(None),
        },
        127 => match rest.first_chunk() {
            Some(len) => (10, u64::from_be_bytes(*len)),
            None => return Ok(None),
        },
        _ => return Err(Fault::Malformed("a masked frame")),
    };
    let Some(len) = usize::try_from(payload_len).ok().and_then(|len| len.checked_add(header)) else {
        return Err(Fault::Malformed("a frame without end"));
    };
    Ok(bytes.get(header..len).map(|payload| Frame { opcode, payload, len }))
}

/// Appends a frame of the client's to `out`.
///
/// The mask key is zero, which leaves the payload as it is: legal on the wire, free here, and no less work for the server, which
/// unmasks whatever the key is.
pub fn encode(opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
    const FIN: u8 = 0x80;
    const MASKED: u8 = 0x80;
    const KEY: [u8; 4] = [0; 4];
    out.push(FIN | opcode as u8);
    match payload.len() {
        len @ 0..=125 => out.push(MASKED | len as u8),
        len @ 126..=0xffff => {
            out.push(MASKED | 126);
            out.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            out.push(MASKED | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&KEY);
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same frame as a server would send it: the mask bit and the key taken out.
    fn unmasked(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(opcode, payload, &mut bytes);
        assert_eq!(bytes[1] & 0x80, 0x80);
        bytes[1] &= 0x7f;
        let key_at = bytes.len() - payload.len() - 4;
        bytes.drain(key_at..key_at + 4);
        bytes
    }

    #[test]
    fn every_length_class_is_read_back_and_only_when_complete() {
        for len in [0, 1, 125, 126, 127, 65_535, 65_536] {
            let payload = vec![b'x'; len];
            let bytes = unmasked(Opcode::Text, &payload);
            let frame = Frame { opcode: Opcode::Text, payload: &payload, len: bytes.len() };
            assert_eq!(decode(&bytes), Ok(Some(frame)), "{len}");
            for cut in [0, 1, 2, 3, 9, bytes.len() - 1] {
                assert_eq!(decode(&bytes[..cut.min(bytes.len() - 1)]), Ok(None), "{len} cut at {cut}");
            }
        }
    }

    #[test]
    fn frames_stand_one_after_another() {
        let mut bytes = unmasked(Opcode::Ping, b"p");
        bytes.extend(unmasked(Opcode::Close, b""));
        let first = decode(&bytes).expect("well-formed").expect("complete");
        assert_eq!((first.opcode, first.payload, first.len), (Opcode::Ping, &b"p"[..], 3));
        assert!(decode(&bytes[first.len..]).is_ok_and(|next| next.is_some_and(|next| next.opcode == Opcode::Close)));
    }

    #[test]
    fn what_a_server_must_not_send_is_refused() {
        let masked = [0x81, 0x81, 0, 0, 0, 0, b'x'];
        let fragment = [0x01, 0x00];
        let compressed = [0xc1, 0x00];
        let endless = [0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        for bytes in [&masked[..], &fragment, &compressed, &endless] {
            assert!(matches!(decode(bytes), Err(Fault::Malformed(_))), "{bytes:x?}");
        }
    }
}
