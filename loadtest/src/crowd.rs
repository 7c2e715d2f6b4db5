//! Many clients in one thread, most of them silent: one wait for all of them, and what each hears is handed on.
//!
//! ```text
//! [`gather`]: connect → upgrade → whatever the wire says first → ready     (few at a time, or all at once)
//!             ready → texts … → cut (reset) or lost → connect again
//! ```
//! A client is a stream and what one system call left over: no task, no timer and no buffer of its own. So as many as the
//! descriptors allow cost next to nothing while they are silent.
//!
//! - `open`: a connection's beginning · `link`: its life · [`gather`]: all come · [`guests`]: clients of the chat wire
//! - [`roll`]: who is there · [`ledger`]: who is matched with whom, by what both are told · [`spent`]: what several measurements used together

pub mod gather;
pub mod guests;
pub mod ledger;
mod link;
mod open;
pub mod roll;
pub mod spent;

use std::{
    fmt, fs, io, mem,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token};
use tokio::task::spawn_blocking;

use crate::{
    Error,
    report::Report,
    scenario::Site,
    target::Target,
    watch::Watch,
    ws::{
        Fault,
        frame::{self, Opcode},
    },
};
use link::Link;

/// Bytes that one read may bring.
const READ_BUFFER: usize = 64 * 1024;
/// Clients that one turn serves at most.
const EVENTS: usize = 1024;
/// How often a loop looks up from its clients: for the bar, and for the server's memory.
pub const TICK: Duration = Duration::from_millis(20);

/// Clients by their numbers; each may be absent.
pub struct Crowd {
    poll: Poll,
    events: Events,
    links: Vec<Option<Link>>,
    buffer: Vec<u8>,
    out: Vec<u8>,
    target: Target,
    pings: u64,
}

/// What a client hears.
#[derive(Debug)]
pub enum Heard<'a> {
    /// The socket is open.
    Open,
    Text(&'a [u8]),
    /// The answer to a ping, with what that said.
    Pong(&'a [u8]),
    /// Nothing more: it is absent from now on.
    Lost(Loss),
}

/// Why a client is absent that should not be.
#[derive(Debug)]
pub enum Loss {
    /// It did not get as far as an open socket.
    Refused(Error),
    Broken(Fault),
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Loss::Refused(error) => error.fmt(f),
            Loss::Broken(fault) => fault.fmt(f),
        }
    }
}

impl From<Loss> for Error {
    fn from(loss: Loss) -> Self {
        match loss {
            Loss::Refused(error) => error,
            Loss::Broken(fault) => Error::Setup(fault),
        }
    }
}

impl From<Fault> for Loss {
    fn from(fault: Fault) -> Self {
        Loss::Broken(fault)
    }
}

impl Crowd {
    /// Room for `count` clients, all of them absent.
    pub fn new(target: Target, count: usize) -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS),
            links: (0..count).map(|_| None).collect(),
            buffer: vec![0; READ_BUFFER],
            out: Vec::new(),
            target,
            pings: 0,
        })
    }

    /// How many clients there is room for.
    pub fn size(&self) -> usize {
        self.links.len()
    }

    /// Whether this client is not absent.
    pub fn is_there(&self, index: usize) -> bool {
        self.links[index].is_some()
    }

    /// Pings of the server that were answered so far.
    pub fn pings(&self) -> u64 {
        self.pings
    }

    /// Begins to connect a client that is absent.
    pub fn connect(&mut self, index: usize) -> Result<(), Error> {
        let Self { poll, links, target, .. } = self;
        let source = target.source(index);
        let unreachable = |source| Error::Unreachable { address: target.address, source };
        let mut link = Link::new(open::connect(target.address, source).map_err(unreachable)?);
        // Readiness is announced once per change, so that being writable, which is the rule, costs nothing.
        poll.registry().register(&mut link.stream, Token(index), Interest::READABLE | Interest::WRITABLE)?;
        links[index] = Some(link);
        Ok(())
    }

    /// Sends bytes of whole frames; nothing where the client is absent.
    pub fn send(&mut self, index: usize, bytes: &[u8]) -> Result<(), Fault> {
        self.links[index].as_mut().map_or(Ok(()), |link| link.send(bytes))
    }

    /// Resets all connections, as a cable does that is cut: nobody says good-bye.
    pub fn cut_all(&mut self) {
        self.links.iter_mut().for_each(|link| *link = None);
    }

    /// Waits until `until` for anything to come, and hands it to `heard` with the client's number; when that has passed, it only
    /// looks. What `heard` appends to its last argument is sent by the same client; what it does not accept is the client's end.
    pub fn turn(
        &mut self,
        until: Instant,
        mut heard: impl FnMut(usize, Heard<'_>, &mut Vec<u8>) -> Result<(), Fault>,
    ) -> io::Result<()> {
        let Self { poll, events, links, buffer, out, target, pings, .. } = self;
        match poll.poll(events, Some(until.saturating_duration_since(Instant::now()))) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            polled => polled?,
        }
        for event in events.iter() {
            let index = event.token().0;
            let Some(entry) = links.get_mut(index) else { continue };
            let Some(link) = entry else { continue };
            let mut served = link::Served { event, target, buffer, out, pings };
            if let Err(loss) = link.serve(&mut served, |what, out| heard(index, what, out)) {
                *entry = None;
                out.clear();
                // It is the end already: there is nothing that could still be refused.
                let _ = heard(index, Heard::Lost(loss), out);
                out.clear();
            }
        }
        Ok(())
    }
}

/// Serves all, who are silent, until a watched server's memory stands still: then it has tidied up behind those that came or
/// went.
pub fn settle(
    crowd: &mut Crowd,
    watch: &mut Watch,
    mut heard: impl FnMut(usize, Heard<'_>, &mut Vec<u8>) -> Result<(), Fault>,
) -> io::Result<()> {
    /// What is released by a timer of a second is waited for.
    const LEAST: Duration = Duration::from_secs(1);
    const MOST: Duration = Duration::from_secs(10);
    const STILL: Duration = Duration::from_millis(500);
    let begun = Instant::now();
    let (mut resident, mut since) = (watch.resident(), begun);
    while resident.is_some() && begun.elapsed() < MOST && (begun.elapsed() < LEAST || since.elapsed() < STILL) {
        crowd.turn(Instant::now() + TICK, &mut heard)?;
        watch.sample(0);
        let now = watch.resident();
        if now != resident {
            (resident, since) = (now, Instant::now());
        }
    }
    Ok(())
}

/// A text as a client sends it.
pub fn text(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    put_text(text, &mut out);
    out
}

/// Appends a text as a client sends it.
pub fn put_text(text: &str, out: &mut Vec<u8>) {
    frame::encode(Opcode::Text, text.as_bytes(), out);
}

/// A ping that says `word`.
pub fn ping(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    frame::encode(Opcode::Ping, word, &mut out);
    out
}

/// What to say of so many clients that all come from one address: half of its ports are soon found, the others are not (the
/// kernel leaves those of one parity for last).
pub fn port_note(count: usize, spread: bool) -> Option<String> {
    /// A little below half of the ephemeral ports, 32768 to 60999.
    const SOON_FOUND: usize = 14_000;
    let note = "SLOW PORTS: so many connections from one address have the kernel search long for a free port. Connects, and \
                times to ready, are the generator's own: use --spread-addresses.";
    (count > SOON_FOUND && !spread).then(|| note.into())
}

/// How many connections this machine's listeners had no room for, since it began: their SYNs come again a second later.
pub fn overflows() -> Option<u64> {
    parse_overflows(&fs::read_to_string("/proc/net/netstat").ok()?)
}

/// A line of names, and below it one of values.
fn parse_overflows(netstat: &str) -> Option<u64> {
    let mut lines = netstat.lines().filter_map(|line| line.strip_prefix("TcpExt: ")).map(str::split_ascii_whitespace);
    let (mut names, mut values) = (lines.next()?, lines.next()?);
    values.nth(names.position(|name| name == "ListenOverflows")?)?.parse().ok()
}

/// Has `measure` drive a crowd in a thread of its own: the loop never awaits, and this one has nothing to do.
pub async fn apart(
    site: &mut Site,
    report: &mut Report,
    measure: impl FnOnce(&mut Site, &mut Report) -> Result<(), Error> + Send + 'static,
) -> Result<(), Error> {
    let Site { target, watch, progress } = site;
    let mut there = Site { target: target.clone(), watch: mem::take(watch), progress: *progress };
    let mut begun = mem::take(report);
    let measuring = spawn_blocking(move || measure(&mut there, &mut begun).map(|()| (there.watch, begun)));
    (*watch, *report) = measuring.await.map_err(io::Error::other)??;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
        thread,
    };

    use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

    use super::*;
    use crate::cli::TargetOptions;

    /// Two clients of a server that writes `pieces` one by one, each only when the client has said something, and hears a pong
    /// behind them.
    async fn against(pieces: &'static [&'static [u8]]) -> Crowd {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let url = format!("ws://{}/ws", listener.local_addr().expect("address"));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, mut buffer) = (stream.expect("accepted"), [0; 1024]);
                let len = stream.read(&mut buffer).expect("a request");
                let request = String::from_utf8_lossy(&buffer[..len]);
                let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).expect("a key");
                let accept = derive_accept_key(key.as_bytes());
                let head = format!("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: {accept}\r\n\r\n");
                let (early, late) = head.split_at(20);
                stream.write_all(early.as_bytes()).expect("written");
                stream.write_all(&[late.as_bytes(), pieces[0]].concat()).expect("written");
                for piece in &pieces[1..] {
                    assert!(stream.read(&mut buffer).expect("a word") > 0);
                    stream.write_all(piece).expect("written");
                }
                // Closing with words unread would reset the connection.
                let _ = stream.read_to_end(&mut Vec::new());
            }
        });
        let target = Target::resolve(&url, "ws", &TargetOptions::default()).await.expect("a target");
        let mut crowd = Crowd::new(target, 2).expect("a crowd");
        (0..2).for_each(|index| crowd.connect(index).expect("begun"));
        crowd
    }

    /// What the first of them hears until it is lost or `count` things were heard. To each it says a word.
    fn hear(crowd: &mut Crowd, count: usize) -> Vec<String> {
        let limit = Instant::now() + Duration::from_secs(5);
        let mut all = Vec::new();
        while all.len() < count && Instant::now() < limit {
            let hear = |index, heard: Heard<'_>, out: &mut Vec<u8>| {
                if index == 0 {
                    all.push(match &heard {
                        Heard::Text(text) => String::from_utf8_lossy(text).into_owned(),
                        Heard::Lost(loss) => loss.to_string(),
                        other => format!("{other:?}"),
                    });
                }
                put_text("a word", out);
                if matches!(heard, Heard::Text(b"stop")) { Err(Fault::Silent("stop")) } else { Ok(()) }
            };
            crowd.turn(limit, hear).expect("a turn");
        }
        all
    }

    #[tokio::test]
    async fn frames_are_heard_whole_however_they_come_and_pings_are_answered() {
        let mut crowd = against(&[b"\x81\x03one\x81\x03t", b"wo\x89\x01p\x8a\x01q\x81", b"\x05three"]).await;
        assert_eq!(hear(&mut crowd, 5), ["Open", "one", "two", "Pong([113])", "three"]);
        assert!(crowd.pings() >= 1 && crowd.is_there(0));
        crowd.cut_all();
        assert!(!crowd.is_there(0) && crowd.send(0, b"nobody says this").is_ok());
    }

    #[tokio::test]
    async fn a_client_is_absent_after_a_close_frame_a_fault_or_what_was_not_accepted() {
        for (bytes, told) in [
            (&b"\x88\x04\x03\xe9ok"[..], "the server closed the socket: 1001 ok"),
            (b"\x82\x00", "the server sent a binary frame"),
            (b"\x81\x04stop", "stop"),
        ] {
            let mut crowd = against(Box::leak(Box::new([bytes]))).await;
            let heard = hear(&mut crowd, if told == "stop" { 3 } else { 2 });
            assert_eq!((heard[0].as_str(), heard[1].as_str()), ("Open", told));
            assert!(!crowd.is_there(0), "{told}");
        }
    }

    #[test]
    fn what_listeners_had_no_room_for_is_read() {
        let netstat = "TcpExt: SyncookiesSent ListenOverflows ListenDrops\nTcpExt: 1 23 4\nIpExt: InOctets\nIpExt: 9\n";
        assert_eq!(parse_overflows(netstat), Some(23));
        assert_eq!(parse_overflows("TcpExt: SyncookiesSent\nTcpExt: 1\n"), None);
        assert_eq!(parse_overflows(""), None);
    }
}
