//! Bodies: read to their end, within the limit, and taken for JSON whatever they are said to be.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{FromRequest, Request},
};
use bytes::Bytes;
use http::{StatusCode, header::CONTENT_LENGTH};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use meetpoint_protocol::rondevu::depth;
use serde_json::Value;
use tokio::time::timeout;

use super::{Rondevu, reply::Problem};

/// How long a body may take: nobody holds a connection by sending a byte now and then.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// The longest candidate, as compact JSON, in UTF-16 code units.
pub(super) const MAX_CANDIDATE: usize = 4096;

/// Candidates in one request.
pub(super) const MAX_CANDIDATES: usize = 100;

/// Why a body was not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unread {
    TooLarge,
    /// It did not come, or not in time.
    Cut,
}

impl Unread {
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Cut => StatusCode::REQUEST_TIMEOUT,
        }
    }

    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Self::TooLarge => "Request body too large",
            Self::Cut => "Request body incomplete",
        }
    }
}

/// Reads a body of at most `limit` bytes.
pub(super) async fn read(request: Request, limit: usize) -> Result<Bytes, Unread> {
    let declared = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > limit as u64) {
        return Err(Unread::TooLarge);
    }
    match timeout(READ_WITHIN, Limited::new(request.into_body(), limit).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Unread::TooLarge),
        Ok(Err(_)) | Err(_) => Err(Unread::Cut),
    }
}

/// JSON of a depth that nobody can abuse; `None` for anything else.
pub(super) fn json(text: &[u8]) -> Option<Value> {
    if depth::nests_deeper_than(text, depth::MAX) { None } else { serde_json::from_slice(text).ok() }
}

/// The JSON body of a REST request. Anything but JSON, and `null`, is 400 `Invalid JSON`. What is not an object has no fields.
pub(super) struct Fields(pub Value);

impl FromRequest<Arc<Rondevu>> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, rondevu: &Arc<Rondevu>) -> Result<Self, Problem> {
        let text = read(request, rondevu.max_body).await;
        let text = text.map_err(|unread| Problem::new(unread.status(), unread.sentence()))?;
        match json(&text) {
            None | Some(Value::Null) => Err(Problem::bad_request("Invalid JSON")),
            Some(value) => Ok(Self(value)),
        }
    }
}

impl Fields {
    /// The field's value; `None` where there is no such field.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A text that is not empty; `None` for anything else.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str().filter(|text| !text.is_empty())
    }
}
