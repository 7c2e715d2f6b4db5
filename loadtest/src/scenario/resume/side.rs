//! One of two clients whose sockets are cut again and again: what it says, hears and counts, with a socket and without.

use std::{
    io,
    ops::Range,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use meetpoint_protocol::chat::PONG;
use tokio::time::{sleep, timeout};

use crate::{
    Error,
    chat::{PING, Told},
    pairs::{
        Bench, CutCount, Phase, Tally,
        frames::Expected,
        sequence::{Arrival, Sequence},
    },
    resume::{Session, greet},
    target::Target,
    ws::{Detached, Fault, Socket},
};

/// A client that has not got its session back within this time will not.
const BACK_LIMIT: Duration = Duration::from_secs(10);
/// Words that are kept before the client asks how far the server has read.
const ASK_AFTER: usize = 64;

/// What a client says.
#[derive(Clone, Copy, Debug)]
pub enum Word {
    Frame {
        seq: u64,
        due_ns: u64,
    },
    /// The answer to the ping with this number, from 1, confirms all that was said before.
    Ping(u64),
}

/// A client on its way into a worker.
pub struct Client {
    pub session: Session<Word>,
    pub socket: Detached,
    /// What it hears of its partner.
    pub expected: Expected,
    pub home: Home,
}

/// Where a client comes back to, and when.
#[derive(Clone, Debug)]
pub struct Home {
    pub target: Target,
    /// Chooses the source address.
    pub index: usize,
    /// How long it stays away after a cut.
    pub away: Duration,
}

pub struct Side {
    link: Link,
    home: Home,
    pub talk: Talk,
}

enum Link {
    Up(Socket),
    Coming(Pin<Box<dyn Future<Output = Result<Back, Error>>>>),
}

/// A client that is connected again.
struct Back {
    socket: Socket,
    /// What the server said to its hello.
    answer: String,
    /// When it began to connect.
    begun_ns: u64,
}

/// What a client has said and heard, on whichever socket.
pub struct Talk {
    session: Session<Word>,
    expected: Expected,
    pub arrivals: Sequence,
    pub sent: u64,
    /// The numbers of the frames that were due while measuring.
    pub measured: Range<u64>,
    pings: u64,
    pongs: u64,
    /// Words that were said while there was no socket.
    unsaid: usize,
    /// When it came back last.
    back_ns: u64,
    partner_is_away: bool,
    pub cuts: CutCount,
}

impl Side {
    pub fn new(client: Client) -> io::Result<Self> {
        let Client { session, socket, expected, home } = client;
        let talk = Talk {
            session,
            expected,
            arrivals: Sequence::default(),
            sent: 0,
            measured: 0..0,
            pings: 0,
            pongs: 0,
            unsaid: 0,
            back_ns: 0,
            partner_is_away: false,
            cuts: CutCount::default(),
        };
        Ok(Self { link: Link::Up(socket.attach()?), home, talk })
    }

    /// Says the next frame, now or when it is back.
    pub fn say_frame(&mut self, due_ns: u64, bench: &mut Bench) -> Result<(), Fault> {
        let Talk { sent, measured, .. } = &mut self.talk;
        let seq = *sent;
        *sent += 1;
        if bench.stage.phase() == Phase::Measure {
            *measured = if measured.is_empty() { seq } else { measured.start }..*sent;
        }
        self.say(Word::Frame { seq, due_ns }, bench)?;
        let Talk { session, pings, pongs, .. } = &self.talk;
        if session.kept().len() >= ASK_AFTER && pings == pongs { self.ping(bench) } else { Ok(()) }
    }

    /// Asks for a pong.
    pub fn ping(&mut self, bench: &mut Bench) -> Result<(), Fault> {
        self.talk.pings += 1;
        self.say(Word::Ping(self.talk.pings), bench)
    }

    fn say(&mut self, word: Word, bench: &mut Bench) -> Result<(), Fault> {
        self.talk.session.say(word);
        match &mut self.link {
            Link::Up(socket) => word.send(socket, bench),
            Link::Coming(_) => {
                self.talk.unsaid += 1;
                Ok(())
            }
        }
    }

    /// Whether it has a socket.
    pub fn is_up(&self) -> bool {
        matches!(self.link, Link::Up(_))
    }

    /// Whether all that it asked for is answered.
    pub fn is_answered(&self) -> bool {
        self.talk.pings == self.talk.pongs
    }

    /// Resets the connection as far as it has got, and has the client come back.
    pub fn cut(&mut self, bench: &Bench) {
        self.talk.cuts.cut += u64::from(bench.stage.phase() == Phase::Measure);
        let (clock, hello) = (bench.clock, self.talk.session.hello());
        let Home { target, index, away } = self.home.clone();
        self.link = Link::Coming(Box::pin(async move {
            if !away.is_zero() {
                sleep(away).await;
            }
            let begun_ns = clock.now_ns();
            let late = |_| Error::SetupTimeout { doing: "connecting and asking for a session", limit: BACK_LIMIT };
            let (socket, answer) = timeout(BACK_LIMIT, greet(target, index, hello)).await.map_err(late)??;
            Ok(Back { socket, answer, begun_ns })
        }));
    }

    /// Comes back when it can, and hears all there is. `measured`: the numbers of its partner's frames that count.
    pub fn poll(&mut self, cx: &mut Context<'_>, measured: &Range<u64>, bench: &mut Bench) -> Poll<Result<(), Fault>> {
        loop {
            let talk = &mut self.talk;
            match &mut self.link {
                Link::Up(socket) => {
                    if let Poll::Ready(flushed) = socket.poll_flush(cx) {
                        flushed?;
                    }
                    let filled = ready!(socket.poll_read(cx, &mut bench.buffer))?;
                    let Bench { buffer, tally, clock, stage, .. } = bench;
                    let mut hearing = Hearing { now_ns: clock.now_ns(), fresh: 0, measured, tally };
                    socket.texts(&buffer[..filled], |text| talk.hear(text, &mut hearing))?;
                    let fresh = hearing.fresh;
                    stage.relayed(fresh);
                    tally.reads += u64::from(fresh > 0 && stage.phase() == Phase::Measure);
                }
                Link::Coming(coming) => {
                    let back =
                        ready!(coming.as_mut().poll(cx)).map_err(|error| Fault::NotConnected(error.to_string()))?;
                    self.link = Link::Up(talk.resume(back, measured, bench)?);
                }
            }
        }
    }

    /// Says good-bye, which ends the session.
    pub fn close(self) {
        if let Link::Up(socket) = self.link {
            socket.close();
        }
    }
}

/// What one read brought, and to whom it counts.
struct Hearing<'a> {
    now_ns: u64,
    /// Frames that had not come before.
    fresh: u64,
    measured: &'a Range<u64>,
    tally: &'a mut Tally,
}

impl Talk {
    /// Goes on where it was cut: says again what was not read, and hears what it has missed.
    fn resume(&mut self, back: Back, measured: &Range<u64>, bench: &mut Bench) -> Result<Socket, Fault> {
        let Back { mut socket, answer, begun_ns } = back;
        self.session.resumed(&answer)?;
        let now_ns = bench.clock.now_ns();
        self.back_ns = now_ns;
        if bench.stage.phase() == Phase::Measure {
            bench.tally.record_back(now_ns - begun_ns);
            self.cuts.said_again += self.session.kept().len().saturating_sub(self.unsaid) as u64;
        }
        self.unsaid = 0;
        for word in self.session.kept() {
            word.send(&mut socket, bench)?;
        }
        // What came right behind the answer.
        let missed = socket.take_received();
        let mut hearing = Hearing { now_ns, fresh: 0, measured, tally: &mut bench.tally };
        socket.texts(&missed, |text| self.hear(text, &mut hearing))?;
        bench.stage.relayed(hearing.fresh);
        Ok(socket)
    }

    fn hear(&mut self, text: &[u8], hearing: &mut Hearing<'_>) -> Result<(), Fault> {
        /// Frames that may be under way beside those that the server keeps for somebody who is away.
        const AHEAD: u64 = 1 << 16;
        self.session.hear();
        let Some(stamp) = self.expected.read(text) else { return self.hear_server(text) };
        match self.arrivals.arrive(stamp.seq, AHEAD) {
            Arrival::First => hearing.fresh += 1,
            Arrival::Duplicate => return Ok(()),
            Arrival::Impossible => return Err(Fault::unexpected(text)),
        }
        if hearing.measured.contains(&stamp.seq) {
            hearing.tally.record(hearing.now_ns.saturating_sub(stamp.sent_ns));
            self.cuts.waited += u64::from(stamp.sent_ns < self.back_ns);
        }
        Ok(())
    }

    /// A frame of the server's own.
    fn hear_server(&mut self, text: &[u8]) -> Result<(), Fault> {
        if text == PONG.as_bytes() {
            self.pongs += 1;
            let answered = |word: &Word| matches!(word, Word::Ping(number) if *number == self.pongs);
            // One that the server has read before a cut is not kept any more.
            if let Some(place) = self.session.kept().iter().position(answered) {
                self.session.has_read(place + 1);
            }
            return if self.pongs <= self.pings { Ok(()) } else { Err(Fault::unexpected(text)) };
        }
        let away = match Told::read(text) {
            Some(Told::PartnerAway) => true,
            Some(Told::PartnerBack) => false,
            _ => return Err(Fault::unexpected(text)),
        };
        if away == self.partner_is_away {
            return Err(Fault::Contradiction("a partner went away twice, or came back without having been away"));
        }
        self.partner_is_away = away;
        Ok(())
    }
}

impl Word {
    fn send(self, socket: &mut Socket, bench: &mut Bench) -> Result<(), Fault> {
        match self {
            Word::Frame { seq, due_ns } => socket.send(bench.batch.stamp(seq, 1, due_ns)),
            Word::Ping(_) => socket.send_text(PING),
        }
    }
}
