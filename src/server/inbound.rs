//! What a client sends: from bytes to messages.
//!
//! A frame that is whole, final, masked data within the limit and stands between two messages is read where it lies, in the
//! buffer that the thread lends. Everything else (control frames, fragments, frames that come in pieces, whatever is wrong) is
//! tungstenite's, which gets it frame by frame and is there only as long as it has something. It can be made to read all.

use std::{
    collections::VecDeque,
    io, mem,
    task::{Context, Poll, ready},
};

use meetpoint_protocol::ws::ClientFrame;
use tokio::io::AsyncRead;
use tokio_tungstenite::tungstenite::{
    Error, Message, WebSocket,
    error::ProtocolError,
    protocol::{CloseFrame, Role, WebSocketConfig},
};

use super::lent::Lent;

/// What tungstenite begins with: a control frame fits.
const FIRST_BUFFER: usize = 256;

/// How clients are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    /// Bytes read at once, at least [`ClientFrame::MAX_HEADER`].
    pub portion: usize,
    /// The limit of a message and of a frame, in bytes.
    pub max_message: usize,
    /// Ordinary frames are read where they lie; otherwise tungstenite reads all.
    pub in_place: bool,
}

/// A message as it was read.
pub(super) enum Heard<'a> {
    /// Where it lay.
    Text(&'a str),
    Binary(&'a [u8]),
    /// By tungstenite.
    Message(Message),
}

impl Heard<'_> {
    /// How long it is.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
            Self::Message(message) => message.len(),
        }
    }
}

/// The receiving end of a socket.
pub(super) struct Inbound<R> {
    reader: R,
    reading: Reading,
    /// What was read and not worked off when the last turn ended.
    left: Vec<u8>,
    tungstenite: Option<Box<Tungstenite>>,
    replies: Vec<u8>,
}

/// More bytes than any message needs have come without completing one.
#[derive(Debug)]
pub(super) struct Endless;

/// Whose the next bytes are.
enum Next {
    /// A frame of so many bytes.
    InPlace(ClientFrame, usize),
    Plain(usize),
    /// More have to come before that can be said.
    Unknown,
}

impl<R: AsyncRead + Unpin> Inbound<R> {
    /// `early` is what was read behind the request.
    pub(super) fn new(reader: R, reading: Reading, early: Vec<u8>) -> Self {
        Self { reader, reading, left: early, tungstenite: None, replies: Vec::new() }
    }

    /// A turn of reading begins.
    pub(super) fn begin(&mut self) -> Lent {
        Lent::take(self.reading.portion, &mut self.left)
    }

    /// The turn is over: what has been read and not worked off is kept for the next.
    pub(super) fn end(&mut self, lent: &Lent) {
        self.left.extend_from_slice(lent.unread());
    }

    /// What tungstenite has answered by itself (pongs, the echo of a close frame) since the last call: to be sent before
    /// whatever the next message brings.
    pub(super) fn replies(&mut self) -> Option<Vec<u8>> {
        (!self.replies.is_empty()).then(|| mem::take(&mut self.replies))
    }

    /// The next message.
    ///
    /// # Errors
    /// There will be none: the socket has ended, or what came is against the protocol or a limit.
    pub(super) fn poll_next<'a>(&mut self, lent: &'a mut Lent, cx: &mut Context<'_>) -> Poll<Result<Heard<'a>, Error>> {
        let (frame, len) = loop {
            if let Some(message) = self.read_plainly()? {
                return Poll::Ready(Ok(Heard::Message(message)));
            }
            match self.look(lent.unread()) {
                Next::InPlace(frame, len) => break (frame, len),
                Next::Plain(count) => {
                    let reading = self.reading;
                    let tungstenite = self.tungstenite.get_or_insert_with(|| Box::new(Tungstenite::new(&reading)));
                    tungstenite.take(lent.next(count))?;
                }
                Next::Unknown => {
                    if ready!(lent.poll_fill(&mut self.reader, self.reading.portion, cx))? == 0 {
                        return Poll::Ready(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)));
                    }
                }
            }
        };
        let payload = frame.unmask(lent.next(len));
        Poll::Ready(if frame.is_text() {
            str::from_utf8(payload).map(Heard::Text).map_err(|error| Error::Utf8(error.to_string()))
        } else {
            Ok(Heard::Binary(payload))
        })
    }

    /// What tungstenite makes of what it has. Where that is nothing any more, it goes.
    fn read_plainly(&mut self) -> Result<Option<Message>, Error> {
        let Some(tungstenite) = &mut self.tungstenite else { return Ok(None) };
        let read = tungstenite.socket.read();
        self.replies.append(&mut tungstenite.socket.get_mut().replies);
        match read {
            Ok(message) => {
                tungstenite.unfinished = 0;
                Ok(Some(message))
            }
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                if self.reading.in_place && tungstenite.is_between_messages() {
                    self.tungstenite = None;
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn look(&self, bytes: &[u8]) -> Next {
        if bytes.is_empty() {
            return Next::Unknown;
        }
        if !self.reading.in_place {
            return Next::Plain(bytes.len());
        }
        if let Some(in_frame) = self.tungstenite.as_ref().map(|it| it.in_frame).filter(|in_frame| *in_frame > 0) {
            return Next::Plain(within(in_frame, bytes.len()));
        }
        let Some(frame) = ClientFrame::read(bytes) else { return Next::Unknown };
        let len = within(frame.total(), bytes.len());
        if self.tungstenite.is_none() && frame.is_ordinary(self.reading.max_message, bytes.len()) {
            Next::InPlace(frame, len)
        } else {
            Next::Plain(len)
        }
    }

    /// The close frame: the answer to the client's, or the first, which says `why`. `None` where none is due any more.
    pub(super) fn close_frame(&mut self, why: Option<CloseFrame>) -> Option<Vec<u8>> {
        let reading = self.reading;
        let socket = &mut self.tungstenite.get_or_insert_with(|| Box::new(Tungstenite::new(&reading))).socket;
        // It writes into memory, and what it did not write was not due.
        let _ = if why.is_some() { socket.close(why) } else { socket.flush() };
        self.replies.append(&mut socket.get_mut().replies);
        self.replies()
    }

    /// Reads whatever comes and forgets it, until nothing comes any more.
    pub(super) fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut lent = Lent::take(self.reading.portion, &mut Vec::new());
        while ready!(lent.poll_fill(&mut self.reader, self.reading.portion, cx)).is_ok_and(|count| count > 0) {
            let count = lent.unread().len();
            lent.next(count);
        }
        Poll::Ready(())
    }
}

fn within(count: u64, limit: usize) -> usize {
    usize::try_from(count).unwrap_or(limit).min(limit)
}

/// The reader of everything that is not ordinary.
struct Tungstenite {
    socket: WebSocket<Pipe>,
    /// Bytes of the present frame that are still to come, and whether fragments of the present message are.
    in_frame: u64,
    in_message: bool,
    tells_frames_apart: bool,
    /// Bytes that it was given since the last complete message, and how many there may be.
    unfinished: usize,
    max_unfinished: usize,
}

impl Tungstenite {
    fn new(reading: &Reading) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(FIRST_BUFFER)
            .write_buffer_size(0)
            .max_write_buffer_size(1024)
            .max_message_size(Some(reading.max_message))
            .max_frame_size(Some(reading.max_message));
        // A message may come in fragments, but not in as many headers as one likes (RFC 6455 §5.4 sets no limit).
        let max_unfinished = 4 * reading.max_message + 64 * 1024;
        let socket = WebSocket::from_raw_socket(Pipe::default(), Role::Server, Some(config));
        let tells_frames_apart = reading.in_place;
        Self { socket, in_frame: 0, in_message: false, tells_frames_apart, unfinished: 0, max_unfinished }
    }

    /// The next bytes: where frames are told apart, of one frame only.
    fn take(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.in_frame > 0 {
            self.in_frame -= bytes.len() as u64;
        } else if self.tells_frames_apart
            && let Some(frame) = ClientFrame::read(bytes)
        {
            self.in_frame = frame.total().saturating_sub(bytes.len() as u64);
            self.in_message = frame.leaves_open(self.in_message);
        }
        self.unfinished += bytes.len();
        if self.unfinished > self.max_unfinished {
            return Err(Error::Io(io::Error::other(Endless)));
        }
        self.socket.get_mut().bytes.extend(bytes);
        Ok(())
    }

    fn is_between_messages(&self) -> bool {
        self.in_frame == 0 && !self.in_message
    }
}

/// What tungstenite reads from and writes to.
#[derive(Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    replies: Vec<u8>,
}

impl io::Read for Pipe {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.bytes.is_empty() {
            self.bytes = VecDeque::new();
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.bytes.read(buf)
    }
}

impl io::Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.replies.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl std::fmt::Display for Endless {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a message without end")
    }
}

impl std::error::Error for Endless {}

#[cfg(test)]
mod tests;
