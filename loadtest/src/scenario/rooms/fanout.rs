//! One member publishes, all others hear it: how fast, and what each delivery costs the server.

use std::{
    cell::RefCell,
    collections::{HashSet, VecDeque},
    future::poll_fn,
    io,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

use super::{DATA_HEAD, Options, template};
use crate::{
    Error,
    chat::Client,
    pairs::{
        self, Bench, Measured, Noun, Outcome, Phase, SetUp, Talk,
        frames::{self, Expected, STAMP},
        sequence::{Arrival, Sequence},
    },
    population,
    progress::Progress,
    report::{Figure, Report, Section, Unit},
    rooms::{self, Topic},
    scenario::{Scenario, Site, pace},
    ws::{Detached, Fault, Socket},
};

/// How long everybody may take to join.
const JOIN_LIMIT: Duration = Duration::from_secs(60);
/// What the publisher says when nothing is under way any more: whatever a member still had to hear, a duplicate say, comes
/// before that.
const LAST_DATA: &str = r#""end""#;

static DELIVERIES: Noun = Noun {
    count: ("deliveries", "messages delivered"),
    rate: ("deliveriesPerSecond", "deliveries"),
    gathered: ("deliveriesPerRead", "messages gathered per read"),
    cost: "CPU per million deliveries",
    lost: "a message did not reach a member",
    duplicated: "a message reached a member twice",
    reordered: "a message reached a member after a later one",
};

const NOTES: &[&str] = &[
    "latency: from just before the publisher's write to just after a member's read, once for each member, on one clock. The loop is \
     closed (a message that has reached the last member lets the publisher send the next).",
    "lost, duplicated and reordered cover warm-up, measurement and drain; all else the measurement alone. MB/s counts the text as \
     sent, once for each member.",
];

pub(super) async fn measure(options: &Options, site: &mut Site, report: &mut Report) -> Result<(), Error> {
    let (members, sockets) = (options.members as usize, options.sockets());
    let topic = Topic::new(0);
    let begun = Instant::now();
    let clients = population::connect_clients(sockets, site).await?;
    let connecting = begun.elapsed();
    let clients = join(clients, &topic, &site.progress).await?;
    let joining = begun.elapsed() - connecting;
    site.watch.connected();

    let plan = options.plan(template(&topic, options.payload), options.under_way as usize, DELIVERIES.rate.1);
    let mut clients = clients.into_iter();
    let publisher = clients.next().ok_or_else(|| io::Error::other("nobody has joined"))?;
    let head = topic.message_from(publisher.id);
    let fanout = Fanout {
        expected: Expected::new(&format!("{head}{DATA_HEAD}"), STAMP, frames::tail(&plan.template)),
        last_heard: format!("{head}{LAST_DATA}}}").into(),
        last_word: format!("{}{LAST_DATA}}}", topic.publish),
        publisher: publisher.socket.detach()?,
        members: clients.map(|client| client.socket.detach()).collect::<io::Result<_>>()?,
    };
    let run = pairs::run(vec![fanout], &plan, site).await?;
    let published = run.done.tally.latency.len() / members as u64;
    let (seconds, cost) = (run.to.seconds_since(&run.from), run.to.cost_since(&run.from));
    let set_up = SetUp { sockets, connecting, matching: Duration::ZERO };
    Measured { noun: &DELIVERIES, payload: options.payload, notes: NOTES, set_up, run }.write(&site.watch, report);
    report.figures.push(Section::new(
        "room",
        [
            Figure::new("members", "members that hear", Unit::Count, members as f64),
            Figure::new("publishesPerSecond", "publishes", Unit::PerSecond, published as f64 / seconds),
            Figure::new("joinSeconds", "all joined within", Unit::Seconds, joining.as_secs_f64()),
        ],
    ));
    report.notes.extend(pace::note(published, 1, &cost, false));
    Ok(())
}

/// Has all clients join, and each hear of all others.
async fn join(clients: Vec<Client>, topic: &Topic, progress: &Progress) -> Result<Vec<Client>, Error> {
    let bar = progress.count("joining", clients.len() as u64);
    let all: Arc<HashSet<_>> = Arc::new(clients.iter().map(|client| client.id).collect());
    let mut joining = JoinSet::new();
    for client in clients {
        let (topic, all) = (topic.clone(), Arc::clone(&all));
        joining.spawn(async move { rooms::join(client, &topic, &all).await });
    }
    let limit = Instant::now() + JOIN_LIMIT;
    let mut joined = Vec::with_capacity(all.len());
    let late = |_| Error::SetupTimeout { doing: "having everybody join and hear of all others", limit: JOIN_LIMIT };
    while let Some(client) = timeout_at(limit, joining.join_next()).await.map_err(late)? {
        joined.push(client.map_err(io::Error::from)??);
        bar.advance(1);
    }
    Ok(joined)
}

/// A room on its way into a worker.
struct Fanout {
    publisher: Detached,
    members: Vec<Detached>,
    expected: Expected,
    last_word: String,
    last_heard: Arc<str>,
}

/// What publisher and members know of each other.
struct Room {
    /// What each member has heard.
    arrivals: Vec<Sequence>,
    /// How many members have yet to hear each message that is under way, and the number of the first of these.
    lacking: VecDeque<usize>,
    first: u64,
    /// Members that have heard the last word.
    finished: usize,
    fault: Option<Fault>,
    publisher: Option<Waker>,
}

impl Talk for Fanout {
    async fn run(self, bench: Rc<RefCell<Bench>>, deadline: Instant) -> Outcome {
        let Self { publisher, members, expected, last_word, last_heard } = self;
        let room = Rc::new(RefCell::new(Room {
            arrivals: members.iter().map(|_| Sequence::default()).collect(),
            lacking: VecDeque::new(),
            first: 0,
            finished: 0,
            fault: None,
            publisher: None,
        }));
        let mut listening = JoinSet::new();
        for (index, socket) in members.into_iter().enumerate() {
            let socket = match socket.attach() {
                Ok(socket) => socket,
                Err(error) => return Outcome::failed(error.into()),
            };
            let (room, bench) = (Rc::clone(&room), Rc::clone(&bench));
            let member =
                Member { index, socket, expected: expected.clone(), last_heard: Arc::clone(&last_heard), room };
            listening.spawn_local(member.listen(bench));
        }
        let mut publisher = match publisher.attach() {
            Ok(socket) => Publisher { socket, sent: 0, last_word, said_last_word: false },
            Err(error) => return Outcome::failed(error.into()),
        };
        let publishing = poll_fn(|cx| publisher.poll(cx, &mut room.borrow_mut(), &mut bench.borrow_mut()));
        let ended = timeout_at(deadline, publishing).await;
        // Together, after the last has heard the last word: it is told who leaves before it.
        while let Some(Ok(member)) = listening.try_join_next() {
            member.close();
        }
        let room = room.borrow();
        let outcome = Outcome {
            lost: room.arrivals.iter().map(|member| member.lost_of(publisher.sent)).sum(),
            duplicated: room.arrivals.iter().map(|member| member.duplicated).sum(),
            reordered: room.arrivals.iter().map(|member| member.reordered).sum(),
            fault: match ended {
                Ok(result) => result.err(),
                // What was lost is reported as such: only a silence without a loss needs a name of its own.
                Err(_) => room.lacking.is_empty().then_some(Fault::Silent("deliver the last word")),
            },
            ..Outcome::default()
        };
        publisher.socket.close();
        outcome
    }
}

struct Publisher {
    socket: Socket,
    sent: u64,
    last_word: String,
    said_last_word: bool,
}

impl Publisher {
    /// Publishes as much as there is room for. Ready when all members have heard the last word, or one of them never will.
    fn poll(&mut self, cx: &mut Context<'_>, room: &mut Room, bench: &mut Bench) -> Poll<Result<(), Fault>> {
        while let Poll::Ready(filled) = self.socket.poll_read(cx, &mut bench.buffer)? {
            self.socket.texts(&bench.buffer[..filled], |text| Err(Fault::unexpected(text)))?;
        }
        if let Some(fault) = room.fault.take() {
            return Poll::Ready(Err(fault));
        }
        if bench.stage.phase() != Phase::Drain {
            let count = bench.window - room.lacking.len();
            if count > 0 {
                let sent_ns = bench.clock.now_ns();
                self.socket.send(bench.batch.stamp(self.sent, count, sent_ns))?;
                self.sent += count as u64;
                let members = room.arrivals.len();
                room.lacking.extend(std::iter::repeat_n(members, count));
            }
        } else if room.lacking.is_empty() && !self.said_last_word {
            self.socket.send_text(&self.last_word)?;
            self.said_last_word = true;
        }
        if let Poll::Ready(flushed) = self.socket.poll_flush(cx) {
            flushed?;
        }
        room.publisher = Some(cx.waker().clone());
        if room.finished == room.arrivals.len() { Poll::Ready(Ok(())) } else { Poll::Pending }
    }
}

struct Member {
    index: usize,
    socket: Socket,
    expected: Expected,
    last_heard: Arc<str>,
    room: Rc<RefCell<Room>>,
}

impl Member {
    /// Listens up to the last word.
    async fn listen(mut self, bench: Rc<RefCell<Bench>>) -> Socket {
        let ended = poll_fn(|cx| self.poll(cx, &mut bench.borrow_mut())).await;
        let mut room = self.room.borrow_mut();
        match ended {
            Ok(()) => room.finished += 1,
            Err(fault) => room.fault = Some(fault),
        }
        room.wake_publisher();
        drop(room);
        self.socket
    }

    fn poll(&mut self, cx: &mut Context<'_>, bench: &mut Bench) -> Poll<Result<(), Fault>> {
        while let Poll::Ready(filled) = self.socket.poll_read(cx, &mut bench.buffer)? {
            if self.hear(filled, bench)? {
                return Poll::Ready(Ok(()));
            }
        }
        // It sends nothing but pongs.
        if let Poll::Ready(flushed) = self.socket.poll_flush(cx) {
            flushed?;
        }
        Poll::Pending
    }

    /// Checks the messages of one read: whether the last word was one of them.
    fn hear(&mut self, filled: usize, bench: &mut Bench) -> Result<bool, Fault> {
        let Bench { stage, clock, window, buffer, tally, .. } = bench;
        let arrived_ns = clock.now_ns();
        let measuring = stage.phase() == Phase::Measure;
        let Self { index, socket, expected, last_heard, room } = self;
        let room = &mut *room.borrow_mut();
        let (mut fresh, mut finished) = (0, false);
        socket.texts(&buffer[..filled], |text| {
            let Some(stamp) = expected.read(text) else {
                finished = text == last_heard.as_bytes();
                return if finished { Ok(()) } else { Err(Fault::unexpected(text)) };
            };
            match room.arrivals[*index].arrive(stamp.seq, *window as u64) {
                Arrival::First => fresh += 1,
                Arrival::Duplicate => return Ok(()),
                Arrival::Impossible => return Err(Fault::unexpected(text)),
            }
            room.reached(stamp.seq);
            if measuring {
                tally.record(arrived_ns.saturating_sub(stamp.sent_ns));
            }
            Ok(())
        })?;
        stage.relayed(fresh);
        tally.reads += u64::from(measuring && fresh > 0);
        Ok(finished)
    }
}

impl Room {
    /// One more member has heard this message. Whoever is the last makes room for others.
    fn reached(&mut self, seq: u64) {
        let place = seq.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        let Some(lacking) = place.and_then(|place| self.lacking.get_mut(place)) else { return };
        *lacking = lacking.saturating_sub(1);
        let done = self.lacking.iter().take_while(|lacking| **lacking == 0).count();
        if done > 0 {
            self.lacking.drain(..done);
            self.first += done as u64;
            self.wake_publisher();
        }
    }

    fn wake_publisher(&self) {
        if let Some(publisher) = &self.publisher {
            publisher.wake_by_ref();
        }
    }
}
