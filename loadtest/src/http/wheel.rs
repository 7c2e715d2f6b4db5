//! Many connections in one thread: a turn waits for answers and hands each to the caller, who may say what to send next.

use std::{
    io,
    net::TcpStream,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token};

use super::{Answer, Fault, answer::decode, connection::Connection};

/// Bytes that one read may bring at first; it grows with the answers.
const READ_BUFFER: usize = 256 * 1024;
/// Connections that one turn serves at most.
const EVENTS: usize = 1024;

/// Connections by their index, each of them lost when it has a fault.
pub struct Wheel {
    poll: Poll,
    events: Events,
    connections: Vec<Option<Connection>>,
    buffer: Vec<u8>,
    /// What the caller wants to be sent, all of it by one write.
    out: Vec<u8>,
}

impl Wheel {
    pub fn new() -> io::Result<Self> {
        let (poll, events) = (Poll::new()?, Events::with_capacity(EVENTS));
        Ok(Self { poll, events, connections: Vec::new(), buffer: vec![0; READ_BUFFER], out: Vec::new() })
    }

    /// Takes a stream, connected and non-blocking, and gives its index: they count from 0.
    pub fn push(&mut self, stream: TcpStream) -> io::Result<usize> {
        let index = self.connections.len();
        let mut connection = Connection::new(mio::net::TcpStream::from_std(stream));
        // Readiness is announced once per change, so that being writable, which is the rule, costs nothing.
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut connection.stream, Token(index), interest)?;
        self.connections.push(Some(connection));
        Ok(index)
    }

    /// Sends bytes of whole requests on one connection; nothing on one that is lost.
    pub fn send(&mut self, index: usize, bytes: &[u8]) -> Result<(), Fault> {
        let Some(connection) = self.connections.get_mut(index).and_then(Option::as_mut) else { return Ok(()) };
        connection.send(bytes)
    }

    /// Waits until `until` for anything to come, and hands it to `heard` with the connection's index. What `heard` appends to
    /// its last argument is sent on the same connection. After a fault nothing more is heard of a connection.
    pub fn turn(
        &mut self,
        until: Instant,
        mut heard: impl FnMut(usize, Result<&Answer<'_>, Fault>, &mut Vec<u8>),
    ) -> io::Result<()> {
        let Self { poll, events, connections, buffer, out } = self;
        match poll.poll(events, Some(until.saturating_duration_since(Instant::now()).max(LEAST_WAIT))) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            polled => polled?,
        }
        for event in events.iter() {
            let index = event.token().0;
            let Some(entry) = connections.get_mut(index) else { continue };
            let Some(connection) = entry else { continue };
            let ended = event.is_read_closed();
            let readable = event.is_readable() || ended;
            if let Err(fault) =
                serve(connection, readable, ended, buffer, out, |answer, out| heard(index, Ok(answer), out))
            {
                *entry = None;
                heard(index, Err(fault), out);
                out.clear();
            }
        }
        Ok(())
    }
}

/// A timeout of nothing would be a busy loop.
const LEAST_WAIT: Duration = Duration::from_micros(100);

fn serve(
    connection: &mut Connection,
    readable: bool,
    ended: bool,
    buffer: &mut Vec<u8>,
    out: &mut Vec<u8>,
    mut heard: impl FnMut(&Answer<'_>, &mut Vec<u8>),
) -> Result<(), Fault> {
    connection.flush()?;
    while readable && let Some((filled, full)) = connection.read(buffer)? {
        let mut at = 0;
        while let Some(answer) = decode(&buffer[at..filled])? {
            at += answer.len;
            heard(&answer, out);
            if answer.last {
                return Err(Fault::Closing);
            }
        }
        connection.keep(&buffer[at..filled]);
        if !out.is_empty() {
            connection.send(out)?;
            out.clear();
        }
        if !full && !ended {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::{Shutdown, TcpListener},
        thread,
    };

    use super::*;

    /// A server that writes `pieces` one by one, each only when the client has said a byte, and then ends.
    fn against(pieces: Vec<Vec<u8>>) -> Wheel {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let client = TcpStream::connect(listener.local_addr().expect("address")).expect("connect");
        client.set_nonblocking(true).expect("non-blocking");
        let (mut server, _) = listener.accept().expect("accept");
        thread::spawn(move || {
            for piece in pieces {
                server.read_exact(&mut [0]).expect("a word");
                server.write_all(&piece).expect("written");
            }
            server.shutdown(Shutdown::Write).expect("shut");
            // Closing with words unread would reset the connection.
            let _ = server.read_to_end(&mut Vec::new());
        });
        let mut wheel = Wheel::new().expect("a wheel");
        assert_eq!(wheel.push(client).expect("registered"), 0);
        wheel
    }

    type Heard = Result<(u16, usize), Fault>;

    /// Turns until the connection has a fault. Answers are answered with one byte each.
    fn all(mut wheel: Wheel) -> Vec<Heard> {
        let limit = Instant::now() + Duration::from_secs(5);
        let mut all: Vec<Heard> = Vec::new();
        wheel.send(0, b".").expect("sent");
        while Instant::now() < limit && all.last().is_none_or(Result::is_ok) {
            wheel
                .turn(limit, |_, heard, out| {
                    all.push(heard.map(|answer| (answer.status, answer.body.len())));
                    out.push(b'.');
                })
                .expect("a turn");
        }
        all
    }

    fn answer(status: u16, body: usize) -> Vec<u8> {
        format!("HTTP/1.1 {status} X\r\nContent-Length: {body}\r\n\r\n{}", "b".repeat(body)).into_bytes()
    }

    const GONE: Heard = Err(Fault::Ended(io::ErrorKind::UnexpectedEof));

    #[test]
    fn answers_that_come_together_are_heard_one_by_one() {
        let together = [answer(200, 3), answer(404, 0), answer(200, 9)].concat();
        assert_eq!(all(against(vec![together])), [Ok((200, 3)), Ok((404, 0)), Ok((200, 9)), GONE]);
    }

    #[test]
    fn what_follows_an_answer_is_kept_for_the_next() {
        let (first, mut rest) = (answer(200, 5), answer(201, 7));
        let tail = rest.split_off(20);
        assert_eq!(all(against(vec![[first, rest].concat(), tail])), [Ok((200, 5)), Ok((201, 7)), GONE]);
    }

    #[test]
    fn an_answer_larger_than_the_buffer_is_read() {
        let body = 5 * READ_BUFFER;
        assert_eq!(all(against(vec![answer(200, body), answer(200, 1)])), [Ok((200, body)), Ok((200, 1)), GONE]);
    }

    #[test]
    fn the_last_answer_of_a_connection_is_heard_before_its_end() {
        let last = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec();
        assert_eq!(all(against(vec![last])), [Ok((200, 0)), Err(Fault::Closing)]);
    }

    #[test]
    fn an_answer_that_breaks_off_is_a_fault() {
        let mut cut = answer(200, 9);
        cut.pop();
        assert_eq!(all(against(vec![cut])), [GONE]);
    }

    #[test]
    fn nothing_is_sent_on_a_lost_connection() {
        let mut wheel = against(Vec::new());
        while wheel.connections[0].is_some() {
            wheel.turn(Instant::now() + Duration::from_secs(5), |_, _, _| {}).expect("a turn");
        }
        assert_eq!(wheel.send(0, b"."), Ok(()));
    }
}
