//! One task per connection: it reads frames, hands them to the session, and writes what others could not write at once.
//!
//! Enter, serve, leave: whatever ends the serving, the session leaves its room and the registry first, and says goodbye after.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use meetpoint_protocol::{Close, FrameType};
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
    feed::{Endless, Feed},
    heartbeat::{Beat, Heartbeat},
    now,
};
use crate::{
    core::{
        event::Departure,
        outbox::{Outbox, Wire},
        turn::Turn,
    },
    dialects::{Dialect, Flow, Session},
    guard::rate::{MessageRate, Verdict},
};

/// Frames worked through before other tasks get their turn.
const FRAMES_PER_TURN: usize = 64;

/// How long a client may take to read the close frame and hang up.
const GOODBYE: Duration = Duration::from_secs(3);

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    /// The client said goodbye.
    ByClient,
    /// The socket broke off without a close frame.
    Cut,
    ByServer(Close),
}

impl Ended {
    /// Every value that [`Self::label`] has.
    pub(super) fn labels() -> Vec<&'static str> {
        [Self::ByClient.label(), Self::Cut.label()]
            .into_iter()
            .chain(Close::ALL.iter().map(|close| close.label()))
            .collect()
    }

    /// The value of the metric label `reason`.
    fn label(self) -> &'static str {
        match self {
            Self::ByClient => "client",
            Self::Cut => "cut",
            Self::ByServer(close) => close.label(),
        }
    }

    fn departure(self) -> Departure {
        match self {
            Self::ByServer(Close::PingTimeout) => Departure::Timeout,
            Self::ByServer(Close::ShuttingDown) => Departure::Shutdown,
            Self::ByClient | Self::Cut | Self::ByServer(_) => Departure::Disconnected,
        }
    }
}

/// Serves a socket that has been upgraded, until it ends. `early` is what was read behind the request.
pub(super) async fn serve<R: AsyncRead + Unpin>(
    server: Arc<Server>,
    dialect: usize,
    reader: R,
    wire: Box<dyn Wire>,
    early: Vec<u8>,
) {
    let mut connection = Connection::enter(server, dialect, reader, wire, early);
    let ended = poll_fn(|cx| connection.poll_serve(cx)).await;
    connection.leave(ended);
    // A client that does not take its goodbye is dropped without one.
    let _ = timeout(GOODBYE, connection.goodbye(ended)).await;
}

struct Connection<R> {
    server: Arc<Server>,
    socket: WebSocket<Feed<R>>,
    outbox: Outbox,
    /// `None` once it has left.
    session: Option<Box<dyn Session>>,
    heartbeat: Heartbeat,
    timer: Pin<Box<Sleep>>,
    rate: MessageRate,
}

impl<R: AsyncRead + Unpin> Connection<R> {
    fn enter(server: Arc<Server>, dialect: usize, reader: R, wire: Box<dyn Wire>, early: Vec<u8>) -> Self {
        let now = now();
        let limits = server.limits;
        let dialect: &dyn Dialect = server.dialects[dialect].as_ref();
        let (client, conn) = server.new_ids();
        let outbox = Outbox::new(client, conn, dialect.words(), limits.outbox, wire);
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
        let timer = Box::pin(sleep_until(heartbeat.first(server.chance.fraction()).into()));
        server.registry.enter(outbox.clone());
        server.metrics.opened.inc();
        if server.drain.has_begun() {
            outbox.close(Close::ShuttingDown);
        }
        let mut turn = Turn::new(now);
        let session = Some(dialect.open(outbox.clone(), &mut turn));
        server.metrics.absorb(&mut turn.tally);
        debug!(%client, %conn, "connected");
        let rate = MessageRate::new(limits.messages_per_second, now);
        Self { server, socket, outbox, session, heartbeat, timer, rate }
    }

    fn poll_serve(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        let moved = self.socket.get_mut().wake(cx.waker());
        if moved {
            self.outbox.owned_by(cx.waker());
        }
        if let Some(close) = self.outbox.closing() {
            return Poll::Ready(Ended::ByServer(close));
        }
        if let Poll::Ready(Err(_)) = self.outbox.poll_rest(cx) {
            return Poll::Ready(Ended::Cut);
        }
        let mut turn = Turn::new(now());
        let mut ended = self.poll_read(cx, &mut turn);
        // A timer that knows this task's waker need not be asked before its time.
        if ended.is_pending() && (moved || turn.now >= self.timer.deadline().into_std()) {
            ended = self.poll_beat(cx, &mut turn);
        }
        self.server.metrics.absorb(&mut turn.tally);
        ended
    }

    /// Works through what the socket has.
    fn poll_read(&mut self, cx: &mut Context<'_>, turn: &mut Turn) -> Poll<Ended> {
        for _ in 0..FRAMES_PER_TURN {
            let message = self.socket.read();
            if let Some(replies) = self.socket.get_mut().replies() {
                self.outbox.append_encoded(&replies, turn);
            }
            let message = match message {
                Ok(message) => message,
                Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Poll::Pending;
                }
                Err(error) => return Poll::Ready(ended(&error)),
            };
            self.socket.get_mut().finished();
            self.heartbeat.heard(turn.now);
            match self.hear(&message, turn) {
                Flow::Continue => {}
                Flow::Close(close) => return Poll::Ready(Ended::ByServer(close)),
            }
            if matches!(message, Message::Close(_)) {
                return Poll::Ready(Ended::ByClient);
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn hear(&mut self, message: &Message, turn: &mut Turn) -> Flow {
        let (Some(session), verdict) = (&mut self.session, self.rate.count(turn.now)) else { return Flow::Continue };
        match (message, verdict) {
            (_, Verdict::Close) => Flow::Close(Close::TooManyMessages),
            (Message::Text(_) | Message::Binary(_), Verdict::Drop) => {
                turn.tally.dropped.rate += 1;
                if self.rate.tell(turn.now) {
                    session.over_rate(turn);
                }
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
            (Message::Pong(_), _) => {
                turn.tally.received(FrameType::ControlPong);
                if let Some(time) = self.heartbeat.pong(turn.now) {
                    self.server.metrics.ping_round_trip(time);
                }
                Flow::Continue
            }
            (Message::Close(_), _) => {
                turn.tally.received(FrameType::Close);
                Flow::Continue
            }
            (Message::Frame(_), _) => Flow::Continue,
        }
    }

    /// Pings when it is time to, and notices when nothing has come for two intervals.
    fn poll_beat(&mut self, cx: &mut Context<'_>, turn: &mut Turn) -> Poll<Ended> {
        while self.timer.as_mut().poll(cx).is_ready() {
            match self.heartbeat.beat(turn.now, self.server.chance.fraction()) {
                Beat::Dead => return Poll::Ready(Ended::ByServer(Close::PingTimeout)),
                Beat::Ping(next) => {
                    // Refused only where the connection is closing.
                    let _ = self.outbox.ping(turn);
                    self.timer.as_mut().reset(next.into());
                }
            }
        }
        Poll::Pending
    }

    /// Sends the close frame behind all that was accepted before it, and hears the client out.
    async fn goodbye(&mut self, ended: Ended) {
        let said = match ended {
            Ended::Cut => return,
            Ended::ByClient => self.socket.flush(),
            Ended::ByServer(close) => {
                self.socket.close(Some(CloseFrame { code: close.code().into(), reason: close.reason().into() }))
            }
        };
        let Some(frame) = self.socket.get_mut().replies() else {
            debug!(?said, "no goodbye");
            return;
        };
        let mut turn = Turn::new(now());
        self.outbox.append_encoded(&frame, &mut turn);
        turn.tally.sent(FrameType::Close);
        self.server.metrics.absorb(&mut turn.tally);
        turn.flush();
        if poll_fn(|cx| self.poll_last_words(cx)).await.is_ok() {
            // Bytes left unread would make the kernel reset the connection, and the reset overtake the close frame.
            poll_fn(|cx| self.poll_discard(cx)).await;
        }
    }

    fn poll_last_words(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outbox.owned_by(cx.waker());
        ready!(self.outbox.poll_rest(cx))?;
        self.outbox.poll_shutdown(cx)
    }

    fn poll_discard(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut buf = [0; 1024];
        while ready!(self.socket.get_mut().poll_read(cx, &mut buf)).is_ok_and(|read| read > 0) {}
        Poll::Ready(())
    }
}

impl<R> Connection<R> {
    /// Out of the room and the registry, once; the partner hears of it now and not after a dead socket's timeout.
    fn leave(&mut self, ended: Ended) {
        let Some(mut session) = self.session.take() else { return };
        let (client, conn) = (self.outbox.client(), self.outbox.conn());
        let metrics = &self.server.metrics;
        self.server.registry.leave(client, conn);
        metrics.closed(ended.label());
        if ended == Ended::ByServer(Close::SlowConsumer) {
            metrics.slow_consumers.inc();
        }
        let mut turn = Turn::new(now());
        session.closed(ended.departure(), &mut turn);
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
        self.outbox.end();
    }
}

fn ended(error: &tungstenite::Error) -> Ended {
    use tungstenite::{Error, error::ProtocolError};
    Ended::ByServer(match error {
        Error::Capacity(_) => Close::TooLarge,
        Error::Utf8(_) => Close::InvalidUtf8,
        Error::Io(error) if error.get_ref().is_some_and(|inner| inner.is::<Endless>()) => Close::TooLarge,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return Ended::Cut,
        Error::Protocol(_) => Close::ProtocolError,
        Error::ConnectionClosed | Error::AlreadyClosed => return Ended::ByClient,
        _ => return Ended::Cut,
    })
}
