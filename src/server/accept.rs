//! The accept loop and the life of one connection before it becomes a WebSocket: HTTP/1.1 with every limit set.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::Router;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};
use tower_service::Service;
use tracing::{debug, warn};

use super::{
    Server, connection, http,
    linger::Lingering,
    now, refusal,
    tcp::Succession,
    upgrade::{self, Slot},
    wire::Listener,
};
use crate::guard::{
    address::{Peer, is_internal},
    connections::{Full, Place},
};

/// A request's headers must be there within this time, counted from the first moment that the connection is idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// Headers, in bytes and in number (answered 431 beyond).
const MAX_HEADER_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 100;

/// How long not to accept after the system refused to: it has no descriptors left, and asking again at once changes nothing.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a listener is waited for that admits no more: who has begun a handshake needs a way there and back. Less than the
/// second after which those ask again whom it did not admit (RFC 6298 §2).
const LAST_ONES: Duration = Duration::from_millis(800);

/// Nobody waits who has not been accepted after this time.
const MOMENT: Duration = Duration::from_millis(10);

/// Accepts until the drain has ended, or until another process has the address.
pub async fn serve<L: Listener>(listener: L, server: Arc<Server>) {
    let succession = listener.succession();
    server.drain.is_followed.store(succession != Succession::None, Relaxed);
    let accepting = Accepting {
        listener,
        router: http::router(server.clone()),
        server: server.clone(),
        refusals: Arc::new(Semaphore::new(refusal::AT_ONCE)),
        has_advised: AtomicBool::new(false),
    };
    match succession {
        Succession::None => accepting.until(server.drain.ended()).await,
        Succession::Queue => accepting.until(server.drain.begun()).await,
        Succession::Port => {
            accepting.until(server.drain.begun()).await;
            if let Err(error) = accepting.listener.admit_no_more() {
                warn!(%error, "the next process may not get all who come now");
            }
            accepting.until(sleep(LAST_ONES)).await;
            accepting.rest().await;
        }
    }
    drop(accepting);
    server.drain.hand_over();
    server.drain.ended().await;
}

struct Accepting<L> {
    listener: L,
    router: Router,
    server: Arc<Server>,
    /// How many more may be told that there is no place.
    refusals: Arc<Semaphore>,
    has_advised: AtomicBool,
}

impl<L: Listener> Accepting<L> {
    async fn until(&self, over: impl Future<Output = ()>) {
        let mut over = pin!(over);
        let mut exhausted = false;
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut over => return,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((raw, peer)) => {
                    exhausted = false;
                    self.take(raw, peer);
                }
                Err(error) if gone(&error) => debug!(%error, "a connection ended before it was accepted"),
                Err(error) => {
                    self.server.metrics.accept_errors.inc();
                    // Once, however long it lasts.
                    if !std::mem::replace(&mut exhausted, true) {
                        warn!(%error, "cannot accept connections for the moment");
                    }
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Takes who waits already.
    async fn rest(&self) {
        loop {
            match timeout(MOMENT, self.listener.accept()).await {
                Ok(Ok((raw, peer))) => self.take(raw, peer),
                Ok(Err(error)) if gone(&error) => {}
                Ok(Err(_)) | Err(_) => return,
            }
        }
    }

    fn take(&self, raw: L::Raw, peer: SocketAddr) {
        let peer = peer.ip().to_canonical();
        let tasks = &self.server.drain.tasks;
        match self.enter(peer) {
            Ok(place) => {
                tasks.spawn(connection::<L>(raw, (peer, place), self.router.clone(), self.server.clone()));
            }
            Err(full) => {
                if let Ok(under_way) = self.refusals.clone().try_acquire_owned() {
                    tasks.spawn(async move {
                        L::refuse(raw, refusal::answer(full)).await;
                        drop(under_way);
                    });
                }
            }
        }
    }

    /// A place for a connection, before anything is read from it.
    fn enter(&self, peer: IpAddr) -> Result<Place, Full> {
        let client = (!self.server.proxies.trusts(peer)).then_some(peer);
        self.server.connections.enter(client, now()).inspect_err(|full| {
            let refused = &self.server.metrics.refused;
            match full {
                Full::Server => refused.full.inc(),
                Full::Client => refused.address.inc(),
                Full::Rate => refused.rate.inc(),
            }
            if *full == Full::Client && is_internal(peer) && !self.has_advised.swap(true, Relaxed) {
                warn!(
                    "MAX_CONNECTIONS_PER_IP is reached by an address of this machine or of a private network: if it is a \
                     proxy's, it belongs into TRUSTED_PROXIES"
                );
            }
        })
    }
}

/// Whether an error of accept is that of the one connection, and not of the listener (accept(2)).
fn gone(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

/// The place is held to its end.
async fn connection<L: Listener>(raw: L::Raw, (peer, _place): (IpAddr, Place), router: Router, server: Arc<Server>) {
    let shown = server.log_addresses.show(peer);
    let io = match L::secure(raw, server.drain.ended()).await {
        Ok(io) => io,
        Err(error) => return debug!(peer = %shown, %error, "handshake failed"),
    };
    let slot = Slot::default();
    // Boxed here and below: what HTTP needs is freed before the socket's long life begins.
    if let Err(error) = Box::pin(http(io, Peer(peer), router, slot.clone(), &server)).await {
        debug!(peer = %shown, %error, "HTTP connection failed");
    }
    let Some(mut pending) = slot.take() else { return };
    let _of_client = pending.place.take();
    let socket = server.drain.sockets.token();
    match upgrade::finish::<L>(pending).await {
        Ok((admitted, io, early)) => {
            let (reader, wire) = L::split(io);
            Box::pin(connection::serve(server, admitted, reader, wire, early)).await;
        }
        Err(error) => debug!(peer = %shown, %error, "upgrade failed"),
    }
    drop(socket);
}

/// Answers requests until the connection ends or becomes a WebSocket.
async fn http<I>(io: I, peer: Peer, router: Router, slot: Slot, server: &Server) -> hyper::Result<()>
where
    I: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(slot.clone());
        request.extensions_mut().insert(peer);
        let mut router = router.clone();
        async move { Ok::<_, Infallible>(router.call(request).await.unwrap_or_else(|never| match never {})) }
    });
    // Not hyper-util's builder: it reads the first bytes without any timer, and a client that sends none stays for ever.
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEADER_BYTES)
        // Answers are small: one copy costs less than a gathering write.
        .writev(false)
        .serve_connection(TokioIo::new(Lingering::new(io)), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = server.drain.ended() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}
