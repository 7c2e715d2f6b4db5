//! The accept loop and the life of one connection before it becomes a WebSocket: HTTP/1.1 with every limit set.

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::time::sleep;
use tower_service::Service;
use tracing::{debug, warn};

use super::{
    Server, connection, http,
    upgrade::{self, Slot},
    wire::Listener,
};
use crate::guard::address::Peer;

/// A request's headers must be there within this time, counted from the first moment that the connection is idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// Headers, in bytes and in number (answered 431 beyond).
const MAX_HEADER_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 100;

/// How long not to accept after the system refused to: it has no descriptors left, and asking again at once changes nothing.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts until the drain has ended.
pub async fn serve<L: Listener>(listener: L, server: Arc<Server>) {
    let router = http::router(server.clone());
    let mut ended = pin!(server.drain.ended());
    let mut exhausted = false;
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut ended => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((raw, peer)) => {
                exhausted = false;
                server.drain.tasks.spawn(connection::<L>(raw, peer, router.clone(), server.clone()));
            }
            Err(error) if gone(&error) => debug!(%error, "a connection ended before it was accepted"),
            Err(error) => {
                // Once, however long it lasts.
                if !std::mem::replace(&mut exhausted, true) {
                    warn!(%error, "cannot accept connections for the moment");
                }
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Whether an error of accept is that of the one connection, and not of the listener (accept(2)).
fn gone(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

async fn connection<L: Listener>(raw: L::Raw, peer: SocketAddr, router: Router, server: Arc<Server>) {
    let io = match L::secure(raw, server.drain.ended()).await {
        Ok(io) => io,
        Err(error) => return debug!(%peer, %error, "handshake failed"),
    };
    let slot = Slot::default();
    // Boxed here and below: what HTTP needs is freed before the socket's long life begins.
    if let Err(error) = Box::pin(http(io, Peer(peer.ip().to_canonical()), router, slot.clone(), &server)).await {
        debug!(%peer, %error, "HTTP connection failed");
    }
    let Some(pending) = slot.take() else { return };
    let socket = server.drain.sockets.token();
    match upgrade::finish::<L>(pending).await {
        Ok((admitted, io, early)) => {
            let (reader, wire) = L::split(io);
            Box::pin(connection::serve(server, admitted, reader, wire, early)).await;
        }
        Err(error) => debug!(%peer, %error, "upgrade failed"),
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
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => ended,
        () = server.drain.ended() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}
