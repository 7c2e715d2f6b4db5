//! Clients of the chat wire in a crowd: they are matched, part and talk to their partners, and whatever they are told must fit
//! together. The first thing that does not is the end of the run.
//!
//! ```text
//! come → ready → available → matched → offer, answer → next → … → quiet: all pings are answered, twice
//! ```

use std::{
    io, mem,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use meetpoint_protocol::ClientId;

use super::{
    Crowd, Heard, TICK,
    gather::{Arrivals, Coming, MAX_TIME, gather},
    ledger::Ledger,
    put_text,
    roll::{Kind, Roll},
    text,
};
use crate::{
    Error,
    chat::{AVAILABLE, NEXT, PING, Told},
    progress::Bar,
    scenario::Site,
    watch::Watch,
    ws::Fault,
};

/// Clients that speak before one looks whether anything has come.
const CHUNK: usize = 64;
/// How long the server has for what all clients wait for: it grows with them, because even one short of CPU must be able to serve
/// them all once more.
const LEAST: Duration = Duration::from_secs(10);
const PER_CLIENT: Duration = Duration::from_millis(2);

/// Why a run ends early.
#[derive(Debug)]
pub enum Halt {
    /// The server broke a promise.
    Fault(String),
    /// It cannot go on.
    Error(Error),
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Halt::Fault(fault.to_string())
    }
}

impl From<io::Error> for Halt {
    fn from(error: io::Error) -> Self {
        Halt::Error(error.into())
    }
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Halt::Error(error)
    }
}

/// What a client waits for, besides a partner.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Due {
    Nothing,
    Pong,
    /// From this one.
    Offer(ClientId),
    Answer(ClientId),
}

/// All clients of a run.
pub struct Guests {
    crowd: Crowd,
    pub roll: Roll,
    pub ledger: Ledger,
    due: Vec<Due>,
    /// How many of them wait for something.
    lacking: usize,
    /// When each asked for the partner that it waits for.
    asked: Vec<Option<Instant>>,
    /// How many of them wait.
    asking: usize,
    /// Nanoseconds from asking for a partner to being told of one.
    pub times: Histogram<u64>,
    /// The session description that is offered and given as an answer: another each time.
    sdp: String,
    talks: u64,
    lost: Option<String>,
}

impl Guests {
    /// Nobody is there yet.
    pub fn new(crowd: Crowd, roll: Roll) -> Result<Self, Error> {
        let count = crowd.size();
        Ok(Self {
            crowd,
            roll,
            ledger: Ledger::default(),
            due: vec![Due::Nothing; count],
            lacking: 0,
            asked: vec![None; count],
            asking: 0,
            times: Histogram::new_with_bounds(1, MAX_TIME, 3).map_err(io::Error::other)?,
            sdp: String::new(),
            talks: 0,
            lost: None,
        })
    }

    pub fn size(&self) -> usize {
        self.crowd.size()
    }

    /// Cuts whoever is there, and has all come. Those that are not resumed know nobody; `one_user`: so many, the first of them,
    /// are the same user.
    pub fn come(&mut self, coming: Coming, one_user: usize, watch: &mut Watch, bar: &Bar) -> Result<Arrivals, Error> {
        self.forget();
        let arrivals = gather(&mut self.crowd, coming, &mut self.roll, watch, bar)?;
        let are_new = self.roll.kind() == Kind::Passing || self.ledger.is_empty();
        if are_new && arrivals.faults.total() == 0 {
            self.ledger = Ledger::new(&self.roll.ids(), one_user)?;
        }
        Ok(arrivals)
    }

    /// Cuts all connections at once.
    pub fn leave(&mut self) {
        self.crowd.cut_all();
        self.forget();
    }

    fn forget(&mut self) {
        self.roll.cut();
        self.due.fill(Due::Nothing);
        self.asked.fill(None);
        (self.lacking, self.asking) = (0, 0);
    }

    /// Cuts all, and lets a watched server tidy up.
    pub fn go(&mut self, watch: &mut Watch) -> io::Result<()> {
        self.leave();
        super::settle(&mut self.crowd, watch, |_, _, _| Ok(()))
    }

    /// How long all of them may wait.
    pub fn patience(&self) -> Duration {
        LEAST + PER_CLIENT * self.size() as u32
    }

    /// How many have asked for a partner and wait.
    pub fn asking(&self) -> usize {
        self.asking
    }

    /// Says which user the clients of these numbers are, and has them wait.
    pub fn queue_as_one_user(&mut self, numbers: std::ops::Range<usize>) -> Result<(), Halt> {
        let frames = [text(r#"{"type":"auth","userId":"one and the same"}"#), text(AVAILABLE)].concat();
        self.each(numbers, |guests, number| {
            guests.ledger.available(number);
            guests.say(number, &frames, 2)
        })
    }

    /// Has the clients of these numbers look for a partner.
    pub fn look(&mut self, numbers: std::ops::Range<usize>) -> Result<(), Halt> {
        let frame = text(AVAILABLE);
        self.each(numbers, |guests, number| {
            guests.ledger.available(number);
            guests.ask(number);
            guests.say(number, &frame, 1)
        })
    }

    /// Has one of a pair look for another partner; `false` when there is no pair.
    pub fn next(&mut self, frame: &Next, chance: impl FnMut(usize) -> usize) -> Result<bool, Halt> {
        let Some(who) = self.ledger.part(chance) else { return Ok(false) };
        self.ask(who);
        self.say(who, &frame.bytes, frame.count)?;
        Ok(true)
    }

    /// Has one of each pair offer and the other answer, and waits until all have.
    pub fn talk(&mut self, site: &mut Site) -> Result<(), Halt> {
        let pairs = self.ledger.pairs().to_vec();
        self.talks += 1;
        self.sdp = format!(r#""v=0 {}""#, self.talks);
        let offer = text(&format!(r#"{{"type":"offer","sdp":{}}}"#, self.sdp));
        self.each(0..pairs.len(), |guests, number| {
            let [a, b] = pairs[number].map(|number| number as usize);
            guests.due[a] = Due::Answer(guests.ledger.id(b));
            guests.due[b] = Due::Offer(guests.ledger.id(a));
            guests.lacking += 2;
            guests.say(a, &offer, 1)
        })?;
        self.wait("relay all offers and answers", site, |guests| guests.lacking == 0)
    }

    /// Waits until the server has said all that it had to say, and looks whether it is complete.
    pub fn quiet(&mut self, site: &mut Site) -> Result<(), Halt> {
        // The first pong is behind what the client itself has caused, the second behind what all others have.
        self.ping_all(site)?;
        self.ping_all(site)?;
        self.asked.fill(None);
        self.asking = 0;
        self.roll.check_quiet()?;
        Ok(self.ledger.check_quiet()?)
    }

    /// Has all say `ping`, and waits for the answers.
    pub fn ping_all(&mut self, site: &mut Site) -> Result<(), Halt> {
        let frame = text(PING);
        self.each(0..self.size(), |guests, number| {
            guests.due[number] = Due::Pong;
            guests.lacking += 1;
            guests.say(number, &frame, 1)
        })?;
        self.wait("answer the last ping", site, |guests| guests.lacking == 0)
    }

    /// Serves all until `done`; a fault when that takes too long.
    pub fn wait(&mut self, what: &'static str, site: &mut Site, done: impl Fn(&Self) -> bool) -> Result<(), Halt> {
        let before = self.ledger.matches();
        let limit = Instant::now() + self.patience();
        while !done(self) {
            let now = Instant::now();
            if now >= limit {
                return Err(Fault::Silent(what).into());
            }
            self.turn(now + TICK)?;
            site.watch.sample(self.ledger.matches() - before);
        }
        Ok(())
    }

    /// Serves whoever has heard something until then.
    pub fn turn(&mut self, until: Instant) -> Result<(), Halt> {
        let Self { crowd, roll, ledger, due, lacking, asked, asking, times, sdp, lost, .. } = self;
        crowd.turn(until, |who, heard, out| {
            let text = match heard {
                Heard::Text(text) => text,
                Heard::Lost(loss) => {
                    lost.get_or_insert(loss.to_string());
                    return Ok(());
                }
                Heard::Open | Heard::Pong(_) => return Ok(()),
            };
            let unexpected = || Err(Fault::unexpected(text));
            let Some(told) = Told::read(text) else { return unexpected() };
            roll.heard(who);
            let done = match (told, due[who]) {
                (Told::Matched { room, partner, initiator }, _) => {
                    ledger.matched(who, partner, initiator, room)?;
                    if let Some(asked) = asked[who].take() {
                        *asking -= 1;
                        times.saturating_record(asked.elapsed().as_nanos() as u64);
                    }
                    return Ok(());
                }
                (Told::PartnerLeft, _) => return ledger.partner_left(who),
                (Told::PartnerAway, _) => return roll.partner_away(who),
                (Told::PartnerBack, _) => return roll.partner_back(who),
                (Told::Pong, Due::Pong) => true,
                (Told::Answer { from, sdp: said }, Due::Answer(partner)) => from == partner && said == *sdp,
                (Told::Offer { from, sdp: said }, Due::Offer(partner)) => {
                    roll.said(who, 1);
                    put_text(&format!(r#"{{"type":"answer","sdp":{sdp}}}"#), out);
                    from == partner && said == *sdp
                }
                _ => false,
            };
            if !done {
                return unexpected();
            }
            due[who] = Due::Nothing;
            *lacking -= 1;
            Ok(())
        })?;
        lost.take().map_or(Ok(()), |what| Err(Halt::Fault(what)))
    }

    fn ask(&mut self, number: usize) {
        self.asked[number] = Some(Instant::now());
        self.asking += 1;
    }

    fn say(&mut self, number: usize, frames: &[u8], count: u64) -> Result<(), Halt> {
        self.roll.said(number, count);
        Ok(self.crowd.send(number, frames)?)
    }

    /// Has many do the same, and hears between them what has come.
    fn each(
        &mut self,
        numbers: std::ops::Range<usize>,
        mut does: impl FnMut(&mut Self, usize) -> Result<(), Halt>,
    ) -> Result<(), Halt> {
        for (count, number) in numbers.enumerate() {
            does(self, number)?;
            if count % CHUNK == CHUNK - 1 {
                self.turn(Instant::now())?;
            }
        }
        Ok(())
    }

    /// The times so far; they begin anew.
    pub fn take_times(&mut self) -> Histogram<u64> {
        let fresh = Histogram::new_from(&self.times);
        mem::replace(&mut self.times, fresh)
    }
}

/// What a client says that wants another partner.
pub struct Next {
    bytes: Vec<u8>,
    count: u64,
}

impl Next {
    /// `asks_again`: the server does not queue it by itself.
    pub fn new(asks_again: bool) -> Self {
        let (next, again) = (text(NEXT), text(AVAILABLE));
        if asks_again { Self { bytes: [next, again].concat(), count: 2 } } else { Self { bytes: next, count: 1 } }
    }
}
