//! Sessions that outlive their sockets: who may come back, until when, and what becomes of those who do not.
//!
//! A session is present, away (its socket is gone and its outbox keeps what it is sent) or over. Whoever knows its token
//! takes it over, also from a socket that only seems to live; so coming back never waits for a timeout. Each token is
//! replaced as it is used, and void when the client has shown that it got the next one.
//!
//! Dialects say what being away means ([`Resumable`]); here is only who, when and where.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    mem,
    sync::Arc,
    task::{Wake, Waker},
    time::{Duration, Instant},
};

use meetpoint_protocol::{ClientId, Close};
use tokio::sync::Notify;

use super::{
    event::Departure,
    outbox::{
        Line, Lost, Outbox,
        log::{self, Budget},
    },
    turn::Turn,
};
use crate::sync::Mutex;

/// How many may be away at a time; and how many are remembered that ended early.
const MOST_AWAY: usize = 65_536;

/// What a token is known by.
pub type Key = [u8; 16];

/// A dialect's session as far as it outlives its sockets.
pub trait Resumable: Send + 'static {
    /// Nobody hears it until then, unless it comes back.
    fn away(&mut self, until: Instant, turn: &mut Turn);

    /// It is heard again.
    fn back(&mut self, turn: &mut Turn);

    /// It is over.
    fn over(&mut self, why: Departure, turn: &mut Turn);
}

/// What an operator may choose.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a session without a socket is kept.
    pub window: Duration,
    pub log: log::Bounds,
    /// What the logs of those that are away may hold together, in bytes.
    pub away_bytes: usize,
}

pub struct Sessions<S> {
    limits: Limits,
    budget: Arc<Budget>,
    table: Mutex<Table<S>>,
    alarm: Arc<Alarm<S>>,
}

struct Table<S> {
    tokens: HashMap<Key, Known<S>>,
    /// By the end of their windows.
    away: BTreeMap<(Instant, ClientId), Arc<Kept<S>>>,
    /// Tokens of sessions that ended before their windows, in order, and until when that is remembered.
    over: VecDeque<(Instant, Key)>,
}

enum Known<S> {
    Session(Arc<Kept<S>>),
    /// It ended, which is remembered until then.
    Over(Instant),
}

/// Sessions that were sent too much while they were away.
struct Alarm<S> {
    rung: Mutex<Vec<Arc<Kept<S>>>>,
    bell: Notify,
}

struct Kept<S> {
    outbox: Outbox,
    inner: Mutex<Inner<S>>,
    alarm: Arc<Alarm<S>>,
}

struct Inner<S> {
    /// `None` when it is over.
    session: Option<S>,
    /// How many of the client's frames have been worked through.
    received: u64,
    /// The end of its window, while it is away.
    away: Option<Instant>,
    token: Key,
    /// The token before, until the client is known to have the next one.
    before: Option<Key>,
}

/// A connection's share in a session: its own as long as its line is the session's.
pub struct Seat<S> {
    kept: Arc<Kept<S>>,
    line: Line,
}

/// Another connection speaks for the session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Displaced;

/// Why a client does not get its session back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// It was kept for as long as promised, if it was ever here.
    Expired,
    /// It ended otherwise.
    Over,
    /// The client has not got what the server no longer has; the session is over now.
    Gap,
}

/// How a connection came to its end, as far as its session is concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// The socket is lost, the client may come back.
    Cut,
    Over(Departure),
}

impl<S: Resumable> Sessions<S> {
    pub fn new(limits: Limits) -> Self {
        let table = Table { tokens: HashMap::new(), away: BTreeMap::new(), over: VecDeque::new() };
        Self {
            limits,
            budget: Arc::new(Budget::new(limits.away_bytes)),
            table: Mutex::new(table),
            alarm: Arc::new(Alarm { rung: Mutex::default(), bell: Notify::new() }),
        }
    }

    /// How long a session without a socket is kept; zero where none is.
    pub fn window(&self) -> Duration {
        self.limits.window
    }

    /// The session on this line outlives it from now on, for whoever knows the token; where none is kept, it only ends with a word.
    pub fn open(&self, line: Line, session: S, token: Key) -> Seat<S> {
        let inner = Inner { session: Some(session), received: 0, away: None, token, before: None };
        let kept =
            Arc::new(Kept { outbox: line.outbox().clone(), inner: Mutex::new(inner), alarm: self.alarm.clone() });
        if !self.limits.window.is_zero() {
            line.keep(self.limits.log, self.budget.clone());
            self.table.lock().tokens.insert(token, Known::Session(kept.clone()));
        }
        Seat { kept, line }
    }

    /// Gives the session of `token` to a new connection, behind the `received` frames that its client has. It is known by
    /// `next` from now on, and told what `greeting` makes of its id and of how many of its own frames were worked through.
    ///
    /// # Errors
    /// There is no such session, or it cannot go on.
    pub fn resume(
        &self,
        token: Key,
        line: &Line,
        received: u64,
        next: Key,
        greeting: impl FnOnce(ClientId, u64) -> Vec<u8>,
        turn: &mut Turn,
    ) -> Result<Seat<S>, Refusal> {
        let kept = match self.table.lock().tokens.get(&token) {
            Some(Known::Session(kept)) => kept.clone(),
            Some(Known::Over(until)) if turn.now < *until => return Err(Refusal::Over),
            Some(Known::Over(_)) | None => return Err(Refusal::Expired),
        };
        let mut inner = kept.inner.lock();
        if inner.session.is_none() {
            return Err(Refusal::Over);
        }
        if inner.token != token && inner.before != Some(token) {
            return Err(Refusal::Expired);
        }
        let greeting = greeting(kept.outbox.client(), inner.received);
        let line = match line.resume(&kept.outbox, received, &greeting, turn) {
            Ok(line) => line,
            Err(lost) => {
                self.end(&kept, &mut inner, Departure::Disconnected, turn);
                kept.outbox.close(Close::Replaced);
                return Err(if lost == Lost::Gap { Refusal::Gap } else { Refusal::Over });
            }
        };
        {
            let mut table = self.table.lock();
            if let Some(until) = inner.away {
                table.away.remove(&(until, kept.outbox.client()));
            }
            for void in [Some(inner.token), inner.before].into_iter().flatten().filter(|void| *void != token) {
                table.tokens.remove(&void);
            }
            table.tokens.insert(next, Known::Session(kept.clone()));
        }
        (inner.token, inner.before) = (next, Some(token));
        if inner.away.take().is_some()
            && let Some(session) = &mut inner.session
        {
            session.back(turn);
        }
        drop(inner);
        Ok(Seat { kept, line })
    }

    /// The client has shown that it got so many frames, and with them its latest token.
    ///
    /// # Errors
    /// So many were never sent.
    pub fn acknowledge(&self, seat: &Seat<S>, received: u64) -> Result<(), log::Gap> {
        let mut inner = seat.kept.inner.lock();
        if !seat.line.is_current() {
            return Ok(());
        }
        seat.kept.outbox.acknowledge(received)?;
        if let Some(void) = inner.before.take() {
            self.table.lock().tokens.remove(&void);
        }
        Ok(())
    }

    /// The connection has ended, and if it spoke for the session, the session is away or over.
    pub fn closed(&self, seat: &Seat<S>, ending: Ending, turn: &mut Turn) {
        let Seat { kept, line } = seat;
        let mut inner = kept.inner.lock();
        // What is over stays so, however its socket ends then.
        if !line.is_current() || inner.session.is_none() {
            return;
        }
        if let Ending::Over(why) = ending {
            return self.end(kept, &mut inner, why, turn);
        }
        let is_kept = self.has_room() && line.leave(Waker::from(kept.clone())).is_ok();
        if !is_kept {
            return self.end(kept, &mut inner, Departure::Disconnected, turn);
        }
        let until = turn.now + self.limits.window;
        inner.away = Some(until);
        self.table.lock().away.insert((until, kept.outbox.client()), kept.clone());
        self.alarm.bell.notify_one();
        if let Some(session) = &mut inner.session {
            session.away(until, turn);
        }
    }

    /// Ends the sessions whose windows are over, and those that were sent too much while they were away; when to come again.
    pub fn expire(&self, turn: &mut Turn) -> Option<Instant> {
        // Ending one may sound the alarm for another.
        let rung = mem::take(&mut *self.alarm.rung.lock());
        for kept in rung {
            let mut inner = kept.inner.lock();
            if inner.away.is_some() {
                self.end(&kept, &mut inner, Departure::Disconnected, turn);
            }
        }
        loop {
            let due = {
                let mut table = self.table.lock();
                table.forget(turn.now);
                match table.away.first_key_value() {
                    Some(((until, _), kept)) if *until <= turn.now => kept.clone(),
                    first => {
                        let ends = [first.map(|((until, _), _)| *until), table.over.front().map(|(until, _)| *until)];
                        return ends.into_iter().flatten().min();
                    }
                }
            };
            let mut inner = due.inner.lock();
            if inner.away.is_some_and(|until| until <= turn.now) {
                self.end(&due, &mut inner, Departure::Timeout, turn);
            }
        }
    }

    /// Waits until [`Self::expire`] may have to be called earlier than it said.
    pub async fn moved(&self) {
        self.alarm.bell.notified().await;
    }

    /// How many are away, and what is kept for them in bytes.
    pub fn census(&self) -> (usize, usize) {
        (self.table.lock().away.len(), self.budget.used())
    }

    fn has_room(&self) -> bool {
        !self.limits.window.is_zero() && self.table.lock().away.len() < MOST_AWAY
    }

    fn end(&self, kept: &Arc<Kept<S>>, inner: &mut Inner<S>, why: Departure, turn: &mut Turn) {
        let Some(mut session) = inner.session.take() else { return };
        let tokens = [Some(inner.token), inner.before.take()].into_iter().flatten();
        {
            let mut table = self.table.lock();
            if let Some(until) = inner.away.take() {
                table.away.remove(&(until, kept.outbox.client()));
            }
            let is_first = table.over.is_empty();
            tokens.for_each(|token| table.end(token, why, turn.now + self.limits.window));
            if is_first && !table.over.is_empty() {
                self.alarm.bell.notify_one();
            }
        }
        kept.outbox.finish();
        session.over(why, turn);
    }
}

impl<S> Table<S> {
    /// What is known of a token whose session is over: nothing after its window, else that it is, for a while.
    fn end(&mut self, token: Key, why: Departure, until: Instant) {
        let was_known = self.tokens.remove(&token).is_some();
        if was_known && why != Departure::Timeout && self.over.len() < MOST_AWAY {
            self.tokens.insert(token, Known::Over(until));
            self.over.push_back((until, token));
        }
    }

    fn forget(&mut self, now: Instant) {
        while let Some((_, token)) = self.over.pop_front_if(|(until, _)| *until <= now) {
            self.tokens.remove(&token);
        }
    }
}

impl<S> Seat<S> {
    /// Does something with the session, for a frame of the client's.
    ///
    /// # Errors
    /// Another connection speaks for it: the frame does not count.
    pub fn hear<R>(&self, act: impl FnOnce(&mut S) -> R) -> Result<R, Displaced> {
        let mut inner = self.kept.inner.lock();
        let session = inner.session.as_mut().filter(|_| self.line.is_current()).ok_or(Displaced)?;
        let done = act(session);
        inner.received += 1;
        Ok(done)
    }

    /// The line by which the connection reaches its client.
    pub fn line(&self) -> &Line {
        &self.line
    }
}

impl<S: Send + 'static> Wake for Kept<S> {
    fn wake(self: Arc<Self>) {
        let alarm = self.alarm.clone();
        alarm.rung.lock().push(self);
        alarm.bell.notify_one();
    }
}

#[cfg(test)]
mod tests;
