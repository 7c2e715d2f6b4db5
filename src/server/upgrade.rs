//! From a request to a socket (RFC 6455 §4.2): the answer is given while it is still HTTP, the rest when the bytes are free.

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{
        CONNECTION, CONTENT_LENGTH, ORIGIN, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
        SEC_WEBSOCKET_VERSION, TRANSFER_ENCODING, UPGRADE,
    },
};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use meetpoint_protocol::ConnId;
use parking_lot::Mutex;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{Server, http::problem, linger::Lingering, now, wire::Listener};
use crate::{
    dialects::{Dialect, Entry, Opening, Refused},
    guard::{address::Peer, connections::Place, window::RetryAfter},
};

/// Where the answer to an upgrade request leaves what the connection needs when HTTP is done.
#[derive(Clone, Default)]
pub(super) struct Slot(Arc<Mutex<Option<Pending>>>);

pub(super) struct Pending {
    admitted: Admitted,
    upgrade: OnUpgrade,
    /// Of a client that came through a proxy; to be held for as long as its socket.
    pub place: Option<Place>,
}

/// A client that has been promised a socket.
pub(super) struct Admitted {
    /// Its dialect's number.
    pub dialect: usize,
    pub entry: Entry,
    /// Whether it understands when it is told that the server is about to end.
    pub hears_go_away: bool,
    /// Given with the promise: whoever has been promised a socket before another one is asked for is the earlier of both.
    pub conn: ConnId,
}

impl Slot {
    pub(super) fn take(&self) -> Option<Pending> {
        self.0.lock().take()
    }
}

/// Who it is for, the stream, and what was read behind the request.
pub(super) async fn finish<L: Listener>(pending: Pending) -> Result<(Admitted, L::Io, Vec<u8>), hyper::Error> {
    let upgraded = pending.upgrade.await?;
    let parts = upgraded.downcast::<TokioIo<Lingering<L::Io>>>().expect("the stream that this listener accepted");
    // A copy, because the leftover keeps hyper's whole read buffer alive.
    Ok((pending.admitted, parts.io.into_inner().into_inner(), parts.read_buf.to_vec()))
}

/// Answers a request for a socket.
pub(super) async fn answer(State(server): State<Arc<Server>>, request: Request) -> Response {
    let mut response = decide(&server, request);
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        // What stands behind the request may have been meant for the socket: nobody is to take it for a request.
        response.headers_mut().append(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn decide(server: &Server, mut request: Request) -> Response {
    let (path, query) = (request.uri().path(), request.uri().query());
    let mut dialects = server.dialects.iter().enumerate();
    let Some((number, dialect)) = dialects.find(|(_, dialect)| dialect.path() == path && dialect.claims(query)) else {
        return problem(StatusCode::NOT_FOUND, "Not found");
    };
    let client = server.proxies.client_of(&request);
    let opening = Opening { query, headers: request.headers(), client, now: now() };
    let entry = match dialect.admit(&opening) {
        Ok(entry) => entry,
        Err(refusal) => return *refusal,
    };
    let promised = checked(server, dialect.as_ref(), &request, client)
        .and_then(|accept| Ok((accept, place(server, &request, client)?)));
    let (accept, place) = match promised {
        Ok(promised) => promised,
        Err(refused) => {
            let (why, response) = *refused;
            return dialect.refuse(&why).unwrap_or(response);
        }
    };
    let (Some(slot), Some(upgrade)) =
        (request.extensions().get::<Slot>().cloned(), request.extensions_mut().remove::<OnUpgrade>())
    else {
        return problem(StatusCode::BAD_REQUEST, "This connection cannot be upgraded");
    };
    let hears_go_away = dialect.hears_go_away(request.uri().query());
    let admitted = Admitted { dialect: number, entry, hears_go_away, conn: server.next_conn() };
    *slot.0.lock() = Some(Pending { admitted, upgrade, place });
    // Neither extensions nor subprotocols are ever negotiated: no compression, no compression bombs.
    let headers = [(UPGRADE, "websocket"), (CONNECTION, "Upgrade"), (SEC_WEBSOCKET_ACCEPT, &accept)];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

/// Why there is no socket, with the server's own answer.
type Refusal = Box<(Refused, Response)>;

/// Who may have a socket, and whether this is a request for one: the key's answer.
fn checked(server: &Server, dialect: &dyn Dialect, request: &Request, client: IpAddr) -> Result<String, Refusal> {
    let origins = request.headers().get_all(ORIGIN).iter().map(HeaderValue::as_bytes);
    if !server.origins.allows(origins, dialect.missing_origin()) {
        return Err(Box::new((Refused::Origin, problem(StatusCode::FORBIDDEN, "Origin not allowed"))));
    }
    if server.ws_rate.limits()
        && let Err(retry) = server.ws_rate.count(client, now())
    {
        server.metrics.rate_limited.ws.inc();
        return Err(too_many(retry));
    }
    let accept = handshake(request).map_err(|refusal| Box::new((Refused::Handshake, refusal.into_response())))?;
    if server.drain.refuses() {
        let response = problem(StatusCode::SERVICE_UNAVAILABLE, "The server is shutting down");
        return Err(Box::new((Refused::Draining, response)));
    }
    Ok(accept)
}

/// A place for a client that came through a proxy. Any other has had one since its connection was accepted.
fn place(server: &Server, request: &Request, client: IpAddr) -> Result<Option<Place>, Refusal> {
    let Some(Peer(peer)) = request.extensions().get() else { return Ok(None) };
    if !server.proxies.trusts(*peer) {
        return Ok(None);
    }
    server.connections.claim(client).map(Some).map_err(|full| {
        server.metrics.refused.address.inc();
        too_many(full.retry_after())
    })
}

fn too_many(retry: RetryAfter) -> Refusal {
    let mut response = problem(StatusCode::TOO_MANY_REQUESTS, "Too many connections");
    response.headers_mut().insert(RETRY_AFTER, retry.seconds().into());
    Box::new((Refused::Rate(retry), response))
}

/// Why there is no WebSocket, in a sentence that names what is wrong.
struct Fault(StatusCode, &'static str);

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let Self(status, sentence) = self;
        if status == StatusCode::UPGRADE_REQUIRED {
            // What would have been right (RFC 9110 §15.5.22, RFC 6455 §4.4).
            let headers = [(UPGRADE, "websocket"), (CONNECTION, "Upgrade"), (SEC_WEBSOCKET_VERSION, "13")];
            (headers, problem(status, sentence)).into_response()
        } else {
            problem(status, sentence)
        }
    }
}

/// Checks the client's opening handshake (RFC 6455 §4.2.1) and makes the key's answer.
fn handshake(request: &Request) -> Result<String, Fault> {
    let headers = request.headers();
    let upgrade_required = |sentence| Err(Fault(StatusCode::UPGRADE_REQUIRED, sentence));
    if request.method() != Method::GET || request.version() < http::Version::HTTP_11 {
        return upgrade_required("A WebSocket is opened by GET over HTTP/1.1");
    }
    if !lists(headers, &UPGRADE, "websocket") {
        return upgrade_required("The Upgrade header is missing or does not say websocket");
    }
    if !lists(headers, &CONNECTION, "upgrade") {
        return Err(Fault(StatusCode::BAD_REQUEST, "The Connection header is missing or does not say Upgrade"));
    }
    if headers.contains_key(TRANSFER_ENCODING) || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0") {
        // Whose bytes would follow, the body's or the socket's? Nobody along the way should have to guess.
        return Err(Fault(StatusCode::BAD_REQUEST, "Content-Length and Transfer-Encoding have no place in an upgrade"));
    }
    if only(headers, &SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return upgrade_required("The Sec-WebSocket-Version header is missing or is not 13");
    }
    match only(headers, &SEC_WEBSOCKET_KEY) {
        Some(key) if is_key(key.as_bytes()) => Ok(derive_accept_key(key.as_bytes())),
        Some(_) => Err(Fault(StatusCode::BAD_REQUEST, "The Sec-WebSocket-Key header is not 16 bytes in base64")),
        None => Err(Fault(StatusCode::BAD_REQUEST, "The Sec-WebSocket-Key header is missing or repeated")),
    }
}

/// The value of a header that may come once (RFC 6455 §11.3); `None` where it does not, or comes again.
fn only<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// Whether one of the comma-separated tokens of the header is `token`, in any case.
fn lists(headers: &HeaderMap, name: &http::HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|listed| listed.trim().eq_ignore_ascii_case(token)))
}

/// Sixteen bytes in base64: twenty-two characters and two of padding.
fn is_key(key: &[u8]) -> bool {
    matches!(key, [text @ .., b'=', b'='] if text.len() == 22
        && text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')))
}
