//! Many small rooms, each in rounds: all members join at once, all publish at once, all leave at once. What they hear of each
//! other meanwhile must be one story.

use std::{
    cell::RefCell,
    future::poll_fn,
    io, mem,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use meetpoint_protocol::{ClientId, chat::PONG};
use tokio::time::{Instant, timeout_at};

use super::{
    DATA_HEAD, Options,
    round::{self, View},
    template,
};
use crate::{
    Error,
    chat::PING,
    cost::{self, Per},
    pairs::{
        self, Bench, LOOK_NS, Outcome, Phase, Run, SetUp, Talk,
        frames::{self, Batch, Expected, STAMP},
        result,
    },
    population,
    report::{Figure, Report, Section, Unit},
    rooms::{Page, Peer, Told, Topic},
    scenario::{Scenario, Site},
    watch::Watch,
    ws::{Detached, Fault, Socket},
};

const NOTES: &[&str] = &[
    "operations: a join or leave until it is answered, a publish until it has reached the last of the others. latency is that of \
     operations, from just before the first of a room's simultaneous ones is written.",
    "compared: how often a member's account of a round (who was there, who spoke when, who left when) was held against the others'. \
     Any difference, and any frame that was not due, ends the room and is a fault.",
];

pub(super) async fn measure(options: &Options, site: &mut Site, report: &mut Report) -> Result<(), Error> {
    let (rooms, size) = (options.rooms as usize, options.size as usize);
    let sockets = options.sockets();
    let begun = Instant::now();
    let clients = population::connect_clients(sockets, site).await?;
    let set_up = SetUp { sockets, connecting: begun.elapsed(), matching: Duration::ZERO };
    site.watch.connected();

    let mut clients = clients.into_iter();
    let room = |number| {
        let members = clients.by_ref().take(size).map(|client| Ok((client.id, client.socket.detach()?)));
        let members = members.collect::<io::Result<_>>()?;
        Ok(Room { topic: Topic::new(number), payload: options.payload, members, every: None })
    };
    let rooms = (0..rooms).map(room).collect::<io::Result<Vec<_>>>()?;
    // Each room has a template of its own, in which its topic stands.
    let plan = options.plan(String::new(), 1, "operations");
    let run = pairs::run(rooms, &plan, site).await?;
    write(set_up, run, &site.watch, report);
    Ok(())
}

fn write(set_up: SetUp, run: Run, watch: &Watch, report: &mut Report) {
    let Run { from, to, done } = run;
    for fault in done.outcomes.iter().filter_map(|outcome| outcome.fault.as_ref()) {
        report.fault(fault.to_string(), 1);
    }
    let count = done.tally.latency.len();
    let compared: u64 = done.outcomes.iter().map(|outcome| outcome.compared).sum();
    let errors: u64 = report.faults.iter().map(|fault| fault.count).sum();
    let seconds = to.seconds_since(&from);
    report.figures.extend([
        Section::new(
            "traffic",
            [
                Figure::new("operations", "joins, publishes and leaves", Unit::Count, count as f64),
                Figure::new("seconds", "measured for", Unit::Seconds, seconds),
                Figure::new("operationsPerSecond", "operations", Unit::PerSecond, count as f64 / seconds),
            ],
        ),
        Section::new(
            "integrity",
            [
                Figure::new("errors", "errors", Unit::Count, errors as f64),
                Figure::new("compared", "accounts compared", Unit::Count, compared as f64),
            ],
        ),
        result::setup(&set_up),
    ]);
    if count == 0 {
        // Costs per nothing would only mislead.
        return report.fault("nothing was measured".into(), 1);
    }
    report.figures.push(result::latency("latency", &done.tally.latency));
    report.notes.extend(NOTES.iter().map(|note| (*note).into()));
    cost::write(&from, &to, Per { count, label: "CPU per million operations" }, watch, report);
}

/// A room on its way into a worker.
pub struct Room {
    pub topic: Topic,
    pub payload: usize,
    pub members: Vec<(ClientId, Detached)>,
    /// How long a room rests between two rounds when it only keeps others company: its operations do not count.
    pub every: Option<Duration>,
}

impl Talk for Room {
    async fn run(self, bench: Rc<RefCell<Bench>>, deadline: Instant) -> Outcome {
        let mut churning = match Churning::new(self) {
            Ok(churning) => churning,
            Err(error) => return Outcome::failed(error.into()),
        };
        let begun = churning.begin(Step::Join, &bench.borrow());
        let ended = match begun {
            Ok(()) => timeout_at(deadline, poll_fn(|cx| churning.poll(cx, &mut bench.borrow_mut()))).await,
            Err(fault) => Ok(Err(fault)),
        };
        let fault = ended.unwrap_or_else(|_| Err(Fault::Silent(churning.step.due()))).err();
        let compared = churning.compared;
        churning.sockets.into_iter().for_each(Socket::close);
        Outcome { fault, compared, ..Outcome::default() }
    }
}

/// What all members are at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Join,
    Publish,
    Leave,
    /// Nothing is done until it is time for the next round.
    Rest,
    /// Nothing more is done: whatever the server still had to say comes before the answer to this ping.
    Ping,
}

impl Step {
    /// What the server has to do.
    const fn due(self) -> &'static str {
        match self {
            Step::Join => "tell all members who has joined",
            Step::Publish => "deliver all messages",
            Step::Leave => "tell all members who has left",
            Step::Rest | Step::Ping => "answer the last ping",
        }
    }
}

#[derive(Default)]
struct Member {
    view: View,
    /// What it asked for has been answered.
    answered: bool,
    /// How many have heard its message.
    reached: usize,
}

struct Churning {
    topic: Topic,
    /// One for each member, in one order.
    ids: Vec<ClientId>,
    sockets: Vec<Socket>,
    members: Vec<Member>,
    /// What each publishes, with the number of the round and the time.
    batch: Batch,
    data: Expected,
    every: Option<Duration>,
    step: Step,
    round: u64,
    begun_ns: u64,
    /// When the next round is due, and when this task is woken, in a room that rests.
    due_ns: u64,
    wakes_ns: u64,
    /// Answers and arrivals that the step still lacks.
    lacking: usize,
    compared: u64,
}

impl Churning {
    fn new(room: Room) -> io::Result<Self> {
        let Room { topic, payload, members, every } = room;
        let template = template(&topic, payload);
        let ids = members.iter().map(|(id, _)| *id).collect();
        let sockets = members.into_iter().map(|(_, socket)| socket.attach()).collect::<io::Result<Vec<_>>>()?;
        // The data as it is handed on: without the brace that ends the frame.
        let tail = frames::tail(&template);
        let data = Expected::new(DATA_HEAD, STAMP, tail[..tail.len() - 1].into());
        let batch = Batch::new(&template, 1);
        Ok(Self {
            topic,
            ids,
            members: sockets.iter().map(|_| Member::default()).collect(),
            sockets,
            batch,
            data,
            every,
            step: Step::Join,
            round: 0,
            begun_ns: 0,
            due_ns: 0,
            wakes_ns: 0,
            lacking: 0,
            compared: 0,
        })
    }

    /// Has all members do the same.
    fn begin(&mut self, step: Step, bench: &Bench) -> Result<(), Fault> {
        let count = self.members.len();
        self.step = step;
        self.begun_ns = bench.clock.now_ns();
        // Everybody is answered, and hears of all others; of those that leave later it does not.
        self.lacking = match step {
            Step::Join => count * count,
            Step::Publish => count * (count - 1),
            Step::Leave => count + count * (count - 1) / 2,
            Step::Rest => return Ok(()),
            Step::Ping => count,
        };
        let publish = self.batch.stamp(self.round, 1, self.begun_ns);
        for (member, socket) in self.members.iter_mut().zip(&mut self.sockets) {
            (member.answered, member.reached) = (false, 0);
            match step {
                Step::Join => socket.send_text(&self.topic.join)?,
                Step::Publish => socket.send(publish)?,
                Step::Leave => socket.send_text(&self.topic.leave)?,
                Step::Rest => {}
                Step::Ping => socket.send_text(PING)?,
            }
        }
        Ok(())
    }

    /// Ready after the last round.
    fn poll(&mut self, cx: &mut Context<'_>, bench: &mut Bench) -> Poll<Result<(), Fault>> {
        loop {
            for hearer in 0..self.sockets.len() {
                while let Poll::Ready(filled) = self.sockets[hearer].poll_read(cx, &mut bench.buffer)? {
                    self.hear(hearer, filled, bench)?;
                }
                if let Poll::Ready(flushed) = self.sockets[hearer].poll_flush(cx) {
                    flushed?;
                }
            }
            if self.lacking > 0 {
                return Poll::Pending;
            }
            let step = self.step;
            let next = match step {
                Step::Join => Step::Publish,
                Step::Publish => Step::Leave,
                Step::Leave => {
                    self.compare(bench)?;
                    self.round += 1;
                    match self.every {
                        _ if bench.stage.phase() == Phase::Drain => Step::Ping,
                        None => Step::Join,
                        Some(every) => {
                            self.due_ns = self.begun_ns + every.as_nanos() as u64;
                            Step::Rest
                        }
                    }
                }
                Step::Rest if bench.stage.phase() == Phase::Drain => Step::Ping,
                Step::Rest if self.rests(cx, bench)? => return Poll::Pending,
                Step::Rest => Step::Join,
                Step::Ping => return Poll::Ready(Ok(())),
            };
            self.begin(next, bench)?;
        }
    }

    /// Whether it is not time yet for the next round; then this task is woken again.
    fn rests(&mut self, cx: &mut Context<'_>, bench: &mut Bench) -> io::Result<bool> {
        let now_ns = bench.clock.now_ns();
        if now_ns < self.due_ns && self.wakes_ns <= now_ns {
            self.wakes_ns = self.due_ns.min(now_ns + LOOK_NS);
            bench.alarm.wake_at(self.wakes_ns, cx.waker())?;
        }
        Ok(now_ns < self.due_ns)
    }

    /// Holds the accounts of a round against each other.
    fn compare(&mut self, bench: &Bench) -> Result<(), Fault> {
        let views: Vec<View> = self.members.iter_mut().map(|member| mem::take(&mut member.view)).collect();
        if bench.stage.phase() == Phase::Measure {
            self.compared += views.len() as u64;
        }
        round::contradiction(&views).map_or(Ok(()), |what| Err(Fault::Contradiction(what)))
    }

    /// Works off what one member has heard.
    fn hear(&mut self, hearer: usize, filled: usize, bench: &mut Bench) -> Result<(), Fault> {
        let Bench { stage, clock, buffer, tally, .. } = bench;
        let measuring = stage.phase() == Phase::Measure && self.every.is_none();
        let now_ns = clock.now_ns();
        let Self { topic, ids, sockets, members, data: expected, step, round, begun_ns, lacking, .. } = self;
        let mut done = 0;
        sockets[hearer].texts(&buffer[..filled], |text| {
            let unexpected = || Fault::unexpected(text);
            let place = |client: ClientId| {
                ids.iter().position(|id| *id == client).filter(|place| *place != hearer).ok_or_else(unexpected)
            };
            let Member { view, answered, .. } = &mut members[hearer];
            // How much of what the step lacks this is, and how many operations are done with it.
            let (heard, operations) = match (*step, topic.read(text)) {
                (Step::Join, Some(Told::Joined { client, page: Page { peers, total, next: None } }))
                    if client == ids[hearer] && !*answered && total == peers.len() =>
                {
                    *answered = true;
                    view.before = total;
                    for peer in peers {
                        view.came.push(place(peer.client)?);
                        if !peer.initiator {
                            return Err(unexpected());
                        }
                    }
                    (1 + total, 1)
                }
                (Step::Join, Some(Told::PeerJoined(Peer { client, initiator: false }))) if *answered => {
                    view.came.push(place(client)?);
                    (1, 0)
                }
                (Step::Publish, Some(Told::Message { from, data })) => {
                    expected.read(data).filter(|stamp| stamp.seq == *round).ok_or_else(unexpected)?;
                    let from = place(from)?;
                    view.spoke.push(from);
                    members[from].reached += 1;
                    (1, usize::from(members[from].reached + 1 == members.len()))
                }
                (Step::Leave, Some(Told::PeerLeft(client))) if !*answered => {
                    view.left.push(place(client)?);
                    (1, 0)
                }
                (Step::Leave, Some(Told::Left)) if !*answered => {
                    *answered = true;
                    (1, 1)
                }
                (Step::Ping, None) if text == PONG.as_bytes() && !*answered => {
                    *answered = true;
                    (1, 0)
                }
                _ => return Err(unexpected()),
            };
            *lacking = lacking.checked_sub(heard).ok_or_else(unexpected)?;
            done += operations;
            Ok(())
        })?;
        if self.every.is_none() {
            stage.relayed(done as u64);
        }
        for _ in 0..if measuring { done } else { 0 } {
            tally.record(now_ns.saturating_sub(*begun_ns));
        }
        Ok(())
    }
}
