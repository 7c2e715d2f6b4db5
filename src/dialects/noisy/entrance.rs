//! What a socket was asked for, and what is answered where there will be none: texts of the original, in the order of its checks.

use axum::response::{IntoResponse, Response};
use http::{
    HeaderValue, StatusCode,
    header::{RETRY_AFTER, SEC_WEBSOCKET_VERSION},
};
use meetpoint_protocol::noisy::{AppId, Side};
use url::form_urlencoded;

use super::rendezvous::text;
use crate::dialects::Refused;

/// What a client wants.
pub(super) struct Wish {
    pub app: AppId,
    pub side: Side,
    /// Who it is, if it says so; only the published client package does.
    pub sid: Option<String>,
}

const APP: &str = "appID";
const SIDE: &str = "side";
const SID: &str = "sid";

/// Whether such a query is for this wire.
pub(super) fn claims(query: Option<&str>) -> bool {
    query.is_some_and(|query| parameter(query, APP).is_some() || parameter(query, SIDE).is_some())
}

/// Reads what is wanted.
pub(super) fn read(query: Option<&str>) -> Result<Wish, Box<Response>> {
    let query = query.unwrap_or_default();
    let value = |name| parameter(query, name);
    let app = value(APP).and_then(|app| AppId::parse(&app));
    let app = app.ok_or_else(|| Box::new(text(StatusCode::BAD_REQUEST, "invalid appID\n")))?;
    let side = value(SIDE).and_then(|side| Side::parse(&side));
    let side = side.ok_or_else(|| Box::new(text(StatusCode::BAD_REQUEST, "invalid side\n")))?;
    Ok(Wish { app, side, sid: value(SID) })
}

pub(super) fn refuse(why: &Refused) -> Option<Response> {
    Some(match why {
        Refused::Origin => text(StatusCode::FORBIDDEN, "forbidden origin\n"),
        Refused::Rate(retry) => {
            (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, retry.seconds().to_string())]).into_response()
        }
        Refused::Handshake => {
            let mut response = text(StatusCode::BAD_REQUEST, "Bad Request\n");
            response.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            response
        }
        Refused::Draining => return None,
    })
}

/// The first value of a parameter.
fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
