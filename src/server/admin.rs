//! What only those may see who run the server, when they have set a token.

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{RETRY_AFTER, WWW_AUTHENTICATE},
};

use super::{Server, http::problem, now};
use crate::guard::admin::Denied;

/// How a client is asked for the token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Challenge {
    /// For programs, and for pages that ask by themselves.
    Bearer,
    /// Browsers ask for a user's name and a password.
    Basic,
}

impl From<Challenge> for HeaderValue {
    fn from(challenge: Challenge) -> Self {
        Self::from_static(match challenge {
            Challenge::Bearer => r#"Bearer realm="meetpoint""#,
            Challenge::Basic => r#"Basic realm="meetpoint", charset="UTF-8""#,
        })
    }
}

/// Whether the sender of a request may see it.
///
/// # Errors
/// The answer when it may not: 401, or 429 after too many wrong tokens.
pub(super) fn admit(server: &Server, request: &Request, challenge: Challenge) -> Result<(), Box<Response>> {
    let who = server.proxies.client_of(request);
    server.admin.admit(request.headers(), who, now()).map_err(|denied| {
        Box::new(match denied {
            Denied::Unauthorized => {
                let challenge = [(WWW_AUTHENTICATE, HeaderValue::from(challenge))];
                (challenge, problem(StatusCode::UNAUTHORIZED, "This needs the ADMIN_TOKEN")).into_response()
            }
            Denied::Blocked(wait) => {
                server.metrics.rate_limited.admin.inc();
                let wait = HeaderMap::from_iter([(RETRY_AFTER, wait.seconds().into())]);
                (wait, problem(StatusCode::TOO_MANY_REQUESTS, "Too many wrong tokens")).into_response()
            }
        })
    })
}
