//! One task per connection: it reads frames, hands them to the session, and writes what others could not write at once.
//!
//! Enter, serve, leave: whatever ends the serving, the session leaves its room and the registry first, and says goodbye after.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use meetpoint_protocol::{ClientId, Close, ConnId, FrameType};
use tokio::{
    io::AsyncRead,
    time::{Sleep, sleep_until, timeout},
};
use tokio_tungstenite::tungstenite::{
    self, Message, WebSocket,
    protocol::{CloseFrame, Role, WebSocketConfig},
};
use tracing::debug;

use super::{
    Server,
    ended::Ended,
    feed::Feed,
    heartbeat::{Beat, Heartbeat},
    now,
    upgrade::Admitted,
};
use crate::{
    core::{
        outbox::{Line, Outbox, Wire},
        turn::Turn,
    },
    dialects::{Dialect, Flow, Session, Successor},
    guard::rate::{MessageRate, Verdict},
};

/// Frames worked through before other tasks get their turn.
const FRAMES_PER_TURN: usize = 64;

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
    socket: WebSocket<Feed<R>>,
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
    rate: MessageRate,
    conn: ConnId,
    /// Its number.
    dialect: usize,
}

impl<R: AsyncRead + Unpin> Connection<R> {
    fn enter(server: Arc<Server>, admitted: Admitted, reader: R, wire: Box<dyn Wire>, early: Vec<u8>) -> Self {
        let Admitted { dialect: number, entry, conn } = admitted;
        let now = now();
        let limits = server.limits;
        let dialect: &dyn Dialect = server.dialects[number].as_ref();
        let client = ClientId::from_random(server.chance.id());
        let outbox = Outbox::new(client, conn, dialect.words(), dialect.outbox(limits.outbox), wire);
        let feed = Feed::new(reader, dialect.max_message());
        let config = WebSocketConfig::default()
            .read_buffer_size(limits.read_buffer)
            .write_buffer_size(0)
            .max_write_buffer_size(1024)
            .max_message_size(Some(dialect.max_message()))
            .max_frame_size(Some(dialect.max_message()));
        let socket = if early.is_empty() {
            WebSocket::from_raw_socket(feed, Role::Server, Some(config))
        } else {
            WebSocket::from_partially_read(feed, early, Role::Server, Some(config))
        };
        let heartbeat = Heartbeat::new(limits.heartbeat, now);
        let beat = heartbeat.first(server.chance.fraction());
        let timer = Box::pin(sleep_until(beat.into()));
        let held = (!dialect.patience().is_zero()).then(|| now + dialect.patience());
        let line = Line::new(outbox.clone());
        if held.is_some() {
            line.hold();
        }
        server.registry.enter(conn, outbox.clone());
        server.metrics.opened.inc();
        if server.drain.has_begun() {
            outbox.close(Close::ShuttingDown);
        }
        let mut turn = Turn::new(now);
        let session = Some(entry(outbox, &mut turn));
        server.metrics.absorb(&mut turn.tally);
        debug!(%client, %conn, "connected");
        let rate = MessageRate::new(limits.messages_per_second, now);
        let paused = None;
        Self { server, socket, line, session, heartbeat, beat, paused, held, timer, rate, conn, dialect: number }
    }

    fn poll_serve(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        let moved = self.socket.get_mut().wake(cx.waker());
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
                    self.server.registry.enter(self.conn, line.outbox().clone());
                    if self.server.drain.has_begun() {
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
        for _ in 0..FRAMES_PER_TURN {
            let message = self.socket.read();
            if let Some(replies) = self.socket.get_mut().replies() {
                self.line.append_encoded(&replies, turn);
            }
            let message = match message {
                Ok(message) => message,
                Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Poll::Pending;
                }
                Err(error) => return Poll::Ready(Ended::of(&error)),
            };
            self.socket.get_mut().finished();
            self.heartbeat.heard(turn.now);
            self.release(turn);
            let flow = self.hear(&message, turn);
            if let Some(ended) = self.go_on(flow, cx) {
                return Poll::Ready(ended);
            }
            if let Message::Close(frame) = &message {
                return Poll::Ready(Ended::by_client(frame.as_ref()));
            }
            if self.paused.is_some() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn hear(&mut self, message: &Message, turn: &mut Turn) -> Flow {
        let Some(session) = &mut self.session else { return Flow::Continue };
        let verdict = if self.server.dialects[self.dialect].paces() {
            self.paused = self.rate.pace(turn.now);
            Verdict::Pass
        } else {
            self.rate.count(turn.now)
        };
        match (message, verdict) {
            (_, Verdict::Close) => Flow::Close(Close::TooManyMessages),
            (Message::Text(_) | Message::Binary(_), Verdict::Drop) => {
                turn.tally.dropped.rate += 1;
                session.over_rate(self.rate.tell(turn.now), turn);
                Flow::Continue
            }
            (Message::Text(text), Verdict::Pass) => session.text(text.as_str(), turn),
            (Message::Binary(bytes), Verdict::Pass) => match std::str::from_utf8(bytes) {
                Ok(text) => session.text(text, turn),
                Err(_) => session.garbage(turn),
            },
            (Message::Ping(_), _) => {
                turn.tally.received(FrameType::ControlPing);
                turn.tally.sent(FrameType::ControlPong);
                Flow::Continue
            }
            (Message::Pong(payload), _) => {
                turn.tally.received(FrameType::ControlPong);
                let round_trip = self.heartbeat.pong(turn.now);
                if let Some(time) = round_trip {
                    self.server.metrics.ping_round_trip(time);
                }
                session.pong(payload, round_trip);
                Flow::Continue
            }
            (Message::Close(_), _) => {
                turn.tally.received(FrameType::Close);
                Flow::Continue
            }
            (Message::Frame(_), _) => Flow::Continue,
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
        let said = match ended {
            Ended::Cut => return,
            Ended::ByClient { .. } => self.socket.flush(),
            Ended::ByServer(close) => {
                self.socket.close(Some(CloseFrame { code: close.code().into(), reason: close.reason().into() }))
            }
        };
        let Some(frame) = self.socket.get_mut().replies() else {
            debug!(?said, "no goodbye");
            return;
        };
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
            poll_fn(|cx| self.poll_discard(cx)).await;
        }
    }

    fn poll_last_words(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.line.owned_by(cx.waker());
        ready!(self.line.poll_rest(cx))?;
        self.line.poll_shutdown(cx)
    }

    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut buf = [0; 1024];
        while ready!(self.socket.get_mut().poll_read(cx, &mut buf)).is_ok_and(|read| read > 0) {}
        Poll::Ready(())
    }
}

/// A close frame with its code alone: two bytes of header, because it is short and the server's, and two of code (RFC 6455 §5.5.1).
fn without_reason(mut frame: Vec<u8>) -> Vec<u8> {
    if frame.len() > 4 {
        frame.truncate(4);
        frame[1] = 2;
    }
    frame
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
