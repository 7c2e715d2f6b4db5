//! Who sends a request: the peer whose credentials it carries.
//!
//! Nobody guesses credentials of 256 bits, so right ones are always heard, however many wrong ones have come from the same address: clients of
//! a server that has forgotten its key go on with theirs, and must not shut out their neighbours. They are told to come less often.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{AUTHORIZATION, RETRY_AFTER},
    request::Parts,
};
use meetpoint_protocol::rondevu::PeerId;
use prometheus::IntCounter;

use crate::{
    dialects::rondevu::{
        Rondevu,
        reply::{Problem, TOO_OFTEN},
    },
    guard::{
        address::TrustedProxies,
        credentials::Unauthorized,
        guess::{Attempt, Guesses},
        window::RetryAfter,
    },
};

/// Those who bring credentials that are nobody's.
pub struct Strangers {
    pub guesses: Guesses,
    pub proxies: TrustedProxies,
    /// Counts who was told to come less often.
    pub refused: IntCounter,
}

impl Strangers {
    pub fn new(proxies: TrustedProxies, refused: IntCounter) -> Self {
        Self { guesses: Guesses::of_secrets(), proxies, refused }
    }

    #[cfg(test)]
    pub fn uncounted() -> Self {
        Self::new(TrustedProxies::default(), IntCounter::new("refused", "of a test").expect("a counter"))
    }
}

/// The peer whose credentials a request carries. Without them it is answered 401, and nobody reads its body.
pub(super) struct Peer(pub PeerId);

/// Why a request has no peer.
pub(super) enum NoPeer {
    Unauthorized(Unauthorized),
    TooOften(RetryAfter),
}

impl IntoResponse for NoPeer {
    fn into_response(self) -> Response {
        match self {
            Self::Unauthorized(why) => Problem::new(StatusCode::UNAUTHORIZED, why.to_string()).into_response(),
            Self::TooOften(wait) => {
                let mut response = Problem::new(StatusCode::TOO_MANY_REQUESTS, TOO_OFTEN).into_response();
                response.headers_mut().insert(RETRY_AFTER, wait.seconds().into());
                response
            }
        }
    }
}

impl FromRequestParts<Arc<Rondevu>> for Peer {
    type Rejection = NoPeer;

    async fn from_request_parts(parts: &mut Parts, rondevu: &Arc<Rondevu>) -> Result<Self, NoPeer> {
        let header = parts.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let refused = match rondevu.credentials.authorize(header) {
            Ok(peer) => return Ok(Self(peer)),
            Err(refused @ Unauthorized::Credentials) => refused,
            Err(other) => return Err(NoPeer::Unauthorized(other)),
        };
        let Strangers { guesses, proxies, refused: counter } = &rondevu.strangers;
        let who = proxies.client_behind(&parts.extensions, &parts.headers);
        Err(match guesses.attempt(who, rondevu.clock.instant(), || (Attempt::Guessed, refused)) {
            Ok(refused) => NoPeer::Unauthorized(refused),
            Err(wait) => {
                counter.inc();
                NoPeer::TooOften(wait)
            }
        })
    }
}
