//! The header of a frame from server to client: final, unmasked, no extension (RFC 6455 §5.2).

/// The longest header this module writes, in bytes.
pub const MAX_HEADER: usize = 10;

/// What a frame is (RFC 6455 §5.2, `%x1`, `%x9`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opcode {
    Text = 0x1,
    Ping = 0x9,
}

/// The header of a frame with `len` bytes of payload: the bytes and how many of them count.
pub fn header(opcode: Opcode, len: usize) -> ([u8; MAX_HEADER], usize) {
    const FIN: u8 = 0x80;
    let mut header = [0; MAX_HEADER];
    header[0] = FIN | opcode as u8;
    let used = match len {
        0..=125 => {
            header[1] = len as u8;
            2
        }
        126..=0xffff => {
            header[1] = 126;
            header[2..4].copy_from_slice(&(len as u16).to_be_bytes());
            4
        }
        _ => {
            header[1] = 127;
            header[2..10].copy_from_slice(&(len as u64).to_be_bytes());
            10
        }
    };
    (header, used)
}

/// The whole length, header and payload, of the unmasked frame that begins `bytes`.
/// `bytes` holds at least the frame's header: it is the server's own output.
pub fn frame_len(bytes: &[u8]) -> usize {
    match bytes[1] & 0x7f {
        126 => 4 + u16::from_be_bytes([bytes[2], bytes[3]]) as usize,
        127 => {
            let mut len = [0; 8];
            len.copy_from_slice(&bytes[2..10]);
            10 + u64::from_be_bytes(len) as usize
        }
        len => 2 + len as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_class_is_read_back_as_written() {
        for len in [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 20] {
            let (header, used) = header(Opcode::Text, len);
            assert_eq!(frame_len(&header[..used]), used + len, "{len}");
            assert_eq!(header[0], 0x81);
        }
    }
}
