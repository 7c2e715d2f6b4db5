//! Bodies of requests, read to their end, within a limit and a time.

use std::time::Duration;

use axum::extract::Request;
use bytes::Bytes;
use http::{StatusCode, header::CONTENT_LENGTH};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

/// How long a body may take: nobody holds a connection by sending a byte now and then.
const READ_WITHIN: Duration = Duration::from_secs(10);

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
