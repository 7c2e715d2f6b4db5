//! Headers of frames (RFC 6455 §5.2): the server's own, which are final, unmasked and of no extension; and what a client's says.

use std::array;

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

/// A client's frame, as its header tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClientFrame {
    first: u8,
    mask: Option<[u8; 4]>,
    header: usize,
    payload: u64,
}

impl ClientFrame {
    /// The longest header of a client's, in bytes.
    pub const MAX_HEADER: usize = 14;

    const FIN: u8 = 0x80;
    const TEXT: u8 = 0x1;
    const BINARY: u8 = 0x2;
    const MASKED: u8 = 0x80;

    /// Reads the header that begins `bytes`; `None` where more of it has to come.
    #[inline]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (&[first, second], rest) = bytes.split_first_chunk()?;
        let (payload, rest) = match second & !Self::MASKED {
            126 => rest.split_first_chunk().map(|(len, rest)| (u16::from_be_bytes(*len).into(), rest))?,
            127 => rest.split_first_chunk().map(|(len, rest)| (u64::from_be_bytes(*len), rest))?,
            len => (len.into(), rest),
        };
        let (mask, rest) = if second & Self::MASKED == 0 {
            (None, rest)
        } else {
            rest.split_first_chunk().map(|(mask, rest)| (Some(*mask), rest))?
        };
        Some(Self { first, mask, header: bytes.len() - rest.len(), payload })
    }

    /// Whether it is a whole message of data within `limit`, masked as it has to be, that is all among the first `have` bytes.
    #[inline]
    pub fn is_ordinary(&self, limit: usize, have: usize) -> bool {
        matches!(self.first ^ Self::FIN, Self::TEXT | Self::BINARY)
            && self.mask.is_some()
            && self.payload <= limit as u64
            && self.total() <= have as u64
    }

    pub fn is_text(&self) -> bool {
        self.first == Self::FIN | Self::TEXT
    }

    /// The length of header and payload.
    #[inline]
    pub fn total(&self) -> u64 {
        self.payload.saturating_add(self.header as u64)
    }

    /// Whether fragments of a message have to follow, where they had to before or not: control frames may come between them (§5.4).
    pub fn leaves_open(&self, is_open: bool) -> bool {
        const CONTROL: u8 = 0x8;
        if self.first & CONTROL == 0 { self.first & Self::FIN == 0 } else { is_open }
    }

    /// The payload of the whole `frame`, unmasked where it lies (§5.3).
    #[inline]
    pub fn unmask<'a>(&self, frame: &'a mut [u8]) -> &'a mut [u8] {
        const STEP: usize = 16;
        let payload = &mut frame[self.header..];
        if let Some(mask) = self.mask {
            let wide: [u8; STEP] = array::from_fn(|at| mask[at % mask.len()]);
            let (steps, rest) = payload.as_chunks_mut::<STEP>();
            for step in steps {
                *step = (u128::from_ne_bytes(*step) ^ u128::from_ne_bytes(wide)).to_ne_bytes();
            }
            rest.iter_mut().zip(wide).for_each(|(byte, mask)| *byte ^= mask);
        }
        payload
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

    fn client_frame(first: u8, len: usize, mask: [u8; 4]) -> Vec<u8> {
        let (mut header, used) = header(Opcode::Text, len);
        (header[0], header[1]) = (first, header[1] | 0x80);
        let payload = (0..len).map(|at| b'a' ^ mask[at % 4]);
        header[..used].iter().copied().chain(mask).chain(payload).collect()
    }

    #[test]
    fn a_client_s_frame_of_every_length_class_is_read_and_unmasked() {
        for len in [0, 1, 15, 16, 17, 125, 126, 65_535, 65_536] {
            let mut bytes = client_frame(0x81, len, [1, 2, 0x83, 4]);
            let frame = ClientFrame::read(&bytes).expect("a header");
            assert_eq!(frame.total(), bytes.len() as u64, "{len}");
            assert!(frame.is_text() && frame.is_ordinary(len, bytes.len()));
            assert!(!frame.is_ordinary(len, bytes.len() - 1), "it is not all there");
            assert!(len == 0 || !frame.is_ordinary(len - 1, bytes.len()), "it is too long");
            assert!(frame.unmask(&mut bytes).iter().all(|byte| *byte == b'a') && bytes.ends_with(&b"a"[..len.min(1)]));
        }
    }

    #[test]
    fn a_header_is_read_when_all_of_it_is_there() {
        for len in [5, 200, 70_000] {
            let bytes = client_frame(0x82, len, [9; 4]);
            let header = bytes.len() - len;
            assert!((0..header).all(|cut| ClientFrame::read(&bytes[..cut]).is_none()), "{len}");
            assert!(ClientFrame::read(&bytes[..header]).is_some_and(|frame| !frame.is_text()), "{len}");
        }
        let endless = [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4];
        assert_eq!(ClientFrame::read(&endless).map(|frame| frame.total()), Some(u64::MAX));
    }

    #[test]
    fn only_whole_masked_messages_of_data_are_ordinary() {
        let ordinary = |bytes: &[u8]| ClientFrame::read(bytes).is_some_and(|frame| frame.is_ordinary(100, bytes.len()));
        for first in 0..=u8::MAX {
            assert_eq!(ordinary(&client_frame(first, 3, [7; 4])), matches!(first, 0x81 | 0x82), "{first:#x}");
        }
        assert!(!ordinary(&[0x81, 3, b'a', b'b', b'c']), "without a mask");
    }

    #[test]
    fn a_message_is_open_until_its_last_fragment_whatever_stands_between() {
        let after =
            |first, is_open| ClientFrame::read(&client_frame(first, 1, [0; 4])).map(|frame| frame.leaves_open(is_open));
        assert_eq!([after(0x01, false), after(0x00, true), after(0x89, true)], [Some(true); 3]);
        assert_eq!([after(0x80, true), after(0x81, false), after(0x89, false)], [Some(false); 3]);
    }
}
