//! One task per connection: it reads frames, hands them to the session, and writes what others could not write at once.
//!
//! Enter, serve, leave: whatever ends the serving, the session leaves its room and the registry first, and says goodbye after.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::{Duration, Instant},
};

use meetpoint_protocol::{ClientId, Close, ConnId, FrameType};
use tokio::{
    io::AsyncRead,
    time::{Sleep, sleep_until, timeout},
};
use tokio_tungstenite::tungstenite::{Message, protocol::CloseFrame};
use tracing::debug;

use super::{
    Server,
    ended::{Ended, without_reason},
    heartbeat::{Beat, Heartbeat},
    inbound::{Heard, Inbound, Reading},
    lent::Lent,
    now,
    upgrade::Admitted,
};
use crate::{
    core::{
        outbox::{Line, Outbox, Wire},
        registry::Served,
        turn::Turn,
    },
    dialects::{Dialect, Flow, Session, Successor},
    guard::rate::{Allowance, Verdict},
};

/// Frames worked through before other tasks get their turn.
const FRAMES_PER_TURN: usize = 64;

/// Bytes read at once from clients that are made to wait: what has been read waits in memory.
const PACED_PORTION: usize = 16 * 1024;

/// How long a client may take to read the close frame and hang up.
const GOODBYE: Duration = Duration::from_secs(3);

/// Serves a socket that has been upgraded, until it ends. `early` is what was read behind the request.
pub(super) async fn serve<R: AsyncRead + Unpin>(
    server: Arc<Server>,
    admitted: Admitted,
    reader: R,
    wire: Box<dyn Wire>,
    early: Vec<u8>,
) {
    let mut connection = Connection::enter(server, admitted, reader, wire, early);
    let ended = poll_fn(|cx| connection.poll_serve(cx)).await;
    connection.leave(ended);
    // A client that does not take its goodbye is dropped without one.
    let _ = timeout(GOODBYE, connection.goodbye(ended)).await;
}

struct Connection<R> {
    server: Arc<Server>,
    inbound: Inbound<R>,
    /// This task's, as the outbox and the timer know it.
    waker: Waker,
    line: Line,
    /// `None` once it has left.
    session: Option<Box<dyn Session>>,
    heartbeat: Heartbeat,
    /// When the heart beats next.
    beat: Instant,
    /// Until when nothing is read, because the client is ahead of its rate.
    paused: Option<Instant>,
    /// Until when the client is told nothing, unless it speaks.
    held: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    allowance: Allowance,
    conn: ConnId,
    hears_go_away: bool,
    /// Its number.
    dialect: usize,
}

impl<R: AsyncRead + Unpin> Connection<R> {
    fn enter(server: Arc<Server>, admitted: Admitted, reader: R, wire: Box<dyn Wire>, early: Vec<u8>) -> Self {
        let Admitted { dialect: number, entry, hears_go_away, conn } = admitted;
        let now = now();
        let limits = **server.limits.load();
        let dialect: &dyn Dialect = server.dialects[number].as_ref();
        let client = ClientId::from_random(server.chance.id());
        let outbox = Outbox::new(client, conn, dialect.words(), dialect.outbox(limits.outbox), wire);
        let reading = Reading {
            portion: if dialect.paces() { limits.read_buffer.min(PACED_PORTION) } else { limits.read_buffer },
            max_message: dialect.max_message(),
            in_place: limits.reads_in_place,
        };
        let inbound = Inbound::new(reader, reading, early);
        let heartbeat = Heartbeat::new(limits.heartbeat, now);
        let beat = heartbeat.first(server.chance.fraction());
        let timer = Box::pin(sleep_until(beat.into()));
        let held = (!dialect.patience().is_zero()).then(|| now + dialect.patience());
        let line = Line::new(outbox.clone());
        if held.is_some() {
            line.hold();
        }
        server.registry.enter(conn, Served { outbox: outbox.clone(), hears_go_away });
        server.metrics.opened.inc();
        if server.drain.is_parting() {
            outbox.close(Close::ShuttingDown);
        }
        let mut turn = Turn::new(now);
        let session = Some(entry(outbox, &mut turn));
        server.metrics.absorb(&mut turn.tally);
        debug!(%client, %conn, "connected");
        let allowance = Allowance::new(limits.rates, dialect.max_message(), now);
        let (paused, waker) = (None, Waker::noop().clone());
        Self {
            server,
            inbound,
            waker,
            line,
            session,
            heartbeat,
            beat,
            paused,
            held,
            timer,
            allowance,
            conn,
            hears_go_away,
            dialect: number,
        }
    }

    fn poll_serve(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        let moved = !self.waker.will_wake(cx.waker());
        if moved {
            self.waker.clone_from(cx.waker());
        }
        if self.line.follow() || moved {
            self.line.owned_by(cx.waker());
        }
        if let Some(close) = self.line.outbox().closing() {
            return Poll::Ready(Ended::ByServer(close));
        }
        let was_full = self.line.outbox().is_full();
        let rest = self.line.poll_rest(cx);
        if let Poll::Ready(Err(_)) = rest {
            return Poll::Ready(Ended::Cut);
        }
        let mut turn = Turn::new(now());
        if was_full
            && rest.is_ready()
            && let Some(session) = &mut self.session
        {
            session.drained(&mut turn);
        }
        self.paused.take_if(|until| *until <= turn.now);
        let mut ended = if self.paused.is_none() { self.poll_read(cx, &mut turn) } else { Poll::Pending };
        if ended.is_pending() {
            ended = self.poll_deadlines(cx, moved, &mut turn);
        }
        self.server.metrics.absorb(&mut turn.tally);
        ended
    }

    /// Does what is due, and sees to it that it is called when something will be.
    fn poll_deadlines(&mut self, cx: &mut Context<'_>, moved: bool, turn: &mut Turn) -> Poll<Ended> {
        let mut known = !moved;
        loop {
            let session = self.session.as_ref().and_then(|session| session.deadline());
            let next = [self.paused, self.held, session].into_iter().flatten().fold(self.beat, Instant::min);
            if next != self.timer.deadline().into_std() {
                self.timer.as_mut().reset(next.into());
                known = false;
            }
            // A timer that knows this task's waker need not be asked before its time.
            if (known && turn.now < next) || self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if self.held.is_some_and(|held| held <= turn.now) {
                self.release(turn);
            }
            if self.paused.is_some_and(|paused| paused <= turn.now) {
                // Whoever waits to be read is read first of all.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if let (Some(due), Some(session)) = (session, &mut self.session)
                && due <= turn.now
            {
                let flow = session.due(turn);
                if let Some(ended) = self.go_on(flow, cx) {
                    return Poll::Ready(ended);
                }
            }
            if self.beat <= turn.now
                && let Some(dead) = self.beat(turn)
            {
                return Poll::Ready(dead);
            }
        }
    }

    /// Lets the client hear what has been said to it.
    fn release(&mut self, turn: &mut Turn) {
        if self.held.take().is_some() {
            self.line.release(turn);
        }
    }

    /// What a session wants after a frame. How the connection has ended, if it has.
    fn go_on(&mut self, flow: Flow, cx: &Context<'_>) -> Option<Ended> {
        match flow {
            Flow::Continue => None,
            Flow::Close(close) => Some(Ended::ByServer(close)),
            Flow::Become(successor) => {
                let Successor { line, session } = *successor;
                self.session = Some(session);
                if let Some(line) = line {
                    let (outbox, hears_go_away) = (line.outbox().clone(), self.hears_go_away);
                    self.server.registry.enter(self.conn, Served { outbox, hears_go_away });
                    if self.server.drain.is_parting() {
                        line.outbox().close(Close::ShuttingDown);
                    }
                    self.line = line;
                    self.line.owned_by(cx.waker());
                    // The outbox is not empty, and its socket perhaps full.
                    cx.waker().wake_by_ref();
                }
                None
            }
        }
    }

    /// Works through what the socket has.
    fn poll_read(&mut self, cx: &mut Context<'_>, turn: &mut Turn) -> Poll<Ended> {
        let mut lent = self.inbound.begin();
        let ended = self.poll_messages(&mut lent, cx, turn);
        self.inbound.end(&lent);
        ended
    }

    fn poll_messages(&mut self, lent: &mut Lent, cx: &mut Context<'_>, turn: &mut Turn) -> Poll<Ended> {
        for _ in 0..FRAMES_PER_TURN {
            let next = self.inbound.poll_next(lent, cx);
            if let Some(replies) = self.inbound.replies() {
                self.line.append_encoded(&replies, turn);
            }
            let heard = match ready!(next) {
                Ok(heard) => heard,
                Err(error) => return Poll::Ready(Ended::of(&error)),
            };
            self.heartbeat.heard(turn.now);
            self.release(turn);
            let flow = self.hear(&heard, turn);
            if let Some(ended) = self.go_on(flow, cx) {
                return Poll::Ready(ended);
            }
            if let Heard::Message(Message::Close(frame)) = &heard {
                return Poll::Ready(Ended::by_client(frame.as_ref()));
            }
            if self.paused.is_some() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn hear(&mut self, heard: &Heard<'_>, turn: &mut Turn) -> Flow {
        let Some(session) = &mut self.session else { return Flow::Continue };
        let verdict = if self.server.dialects[self.dialect].paces() {
            self.paused = self.allowance.pace(heard.bytes(), turn.now);
            Verdict::Pass
        } else {
            self.allowance.count(heard.bytes(), turn.now)
        };
        let said = match heard {
            _ if verdict == Verdict::Close => return Flow::Close(Close::TooManyMessages),
            Heard::Text(text) => Ok(*text),
            Heard::Binary(bytes) => Err(*bytes),
            Heard::Message(Message::Text(text)) => Ok(text.as_str()),
            Heard::Message(Message::Binary(bytes)) => Err(bytes.as_ref()),
            Heard::Message(Message::Ping(_)) => {
                turn.tally.received(FrameType::ControlPing);
                turn.tally.sent(FrameType::ControlPong);
                return Flow::Continue;
            }
            Heard::Message(Message::Pong(payload)) => {
                turn.tally.received(FrameType::ControlPong);
                let round_trip = self.heartbeat.pong(turn.now);
                if let Some(time) = round_trip {
                    self.server.metrics.ping_round_trip(time);
                }
                session.pong(payload, round_trip);
                return Flow::Continue;
            }
            Heard::Message(Message::Close(_)) => {
                turn.tally.received(FrameType::Close);
                return Flow::Continue;
            }
            Heard::Message(Message::Frame(_)) => return Flow::Continue,
        };
        match said {
            _ if verdict == Verdict::Drop => {
                turn.tally.dropped.rate += 1;
                session.over_rate(self.allowance.tell(turn.now), turn);
                Flow::Continue
            }
            Ok(text) => session.text(text, turn),
            Err(bytes) => session.binary(bytes, turn),
        }
    }

    /// Pings, or notices that nothing has come for two intervals: the client is dead.
    fn beat(&mut self, turn: &mut Turn) -> Option<Ended> {
        match self.heartbeat.beat(turn.now, self.server.chance.fraction()) {
            Beat::Dead => Some(Ended::ByServer(Close::PingTimeout)),
            Beat::Ping(next) => {
                let payload = self.session.as_ref().map(|session| session.ping()).unwrap_or_default();
                // Refused only where the connection is closing.
                let _ = self.line.outbox().ping(payload.as_bytes(), turn);
                self.beat = next;
                None
            }
        }
    }

    /// Sends the close frame behind all that was accepted before it, and hears the client out.
    async fn goodbye(&mut self, ended: Ended) {
        let why = match ended {
            Ended::Cut => return,
            Ended::ByClient { .. } => None,
            Ended::ByServer(close) => Some(CloseFrame { code: close.code().into(), reason: close.reason().into() }),
        };
        let Some(frame) = self.inbound.close_frame(why) else { return };
        let mut turn = Turn::new(now());
        let echoes_reasons = self.server.dialects[self.dialect].echoes_reasons();
        let frame =
            if matches!(ended, Ended::ByClient { .. }) && !echoes_reasons { without_reason(frame) } else { frame };
        self.line.append_encoded(&frame, &mut turn);
        self.line.release(&mut turn);
        turn.tally.sent(FrameType::Close);
        self.server.metrics.absorb(&mut turn.tally);
        // Also what somebody else has said in a turn that is not over: nothing can follow the close frame.
        self.line.outbox().flush();
        if poll_fn(|cx| self.poll_last_words(cx)).await.is_ok() {
            // Bytes left unread would make the kernel reset the connection, and the reset overtake the close frame.
            poll_fn(|cx| self.inbound.poll_discard(cx)).await;
        }
    }

    fn poll_last_words(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.line.owned_by(cx.waker());
        ready!(self.line.poll_rest(cx))?;
        self.line.poll_shutdown(cx)
    }
}

impl<R> Connection<R> {
    /// Out of the registry, once; and the session away or over: the partner hears of it now and not after a dead socket's timeout.
    fn leave(&mut self, ended: Ended) {
        let Some(mut session) = self.session.take() else { return };
        let (client, conn) = (self.line.outbox().client(), self.conn);
        let metrics = &self.server.metrics;
        self.server.registry.leave(conn);
        metrics.closed(ended.label());
        if ended == Ended::ByServer(Close::SlowConsumer) {
            metrics.slow_consumers.inc();
        }
        let mut turn = Turn::new(now());
        session.closed(ended.ending(), &mut turn);
        self.line.follow();
        metrics.absorb(&mut turn.tally);
        // Last: whoever hears of it finds it so.
        turn.flush();
        debug!(%client, %conn, reason = ended.label(), "closed");
    }
}

impl<R> Drop for Connection<R> {
    /// The one way out, also for a task that was aborted or panicked.
    fn drop(&mut self) {
        self.leave(Ended::Cut);
        self.line.follow();
        self.line.end();
    }
}
