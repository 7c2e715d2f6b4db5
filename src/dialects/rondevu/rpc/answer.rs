//! What `/rpc` answers: one reply for each call, or why no call was made.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{
    call::{Failure, Outcome},
    generation::Generation,
    tags,
};
use crate::dialects::rondevu::{
    body::Unread,
    reply::{RETRY_AFTER_SECONDS, TOO_OFTEN},
};

/// What becomes of a call, as it stands on the wire.
#[derive(Serialize)]
pub(super) struct Reply {
    #[serde(skip_serializing_if = "Option::is_none")]
    success: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(rename = "errorCode", skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip)]
    is_unavailable: bool,
}

impl Reply {
    pub(super) fn new(outcome: Outcome) -> Self {
        match outcome {
            Ok(result) => {
                Self { success: Some(true), result: Some(result), error: None, code: None, is_unavailable: false }
            }
            Err(failure) => Self {
                success: Some(false),
                result: None,
                is_unavailable: failure.is_unavailable(),
                error: Some(failure.error),
                code: failure.code,
            },
        }
    }
}

/// The replies to all calls.
pub(super) enum Answer {
    /// To a request that came by itself.
    One(Reply),
    Array(Vec<Reply>),
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let replies = match &self {
            Self::One(reply) => std::slice::from_ref(reply),
            Self::Array(replies) => replies,
        };
        let is_unavailable = replies.iter().any(|reply| reply.is_unavailable);
        let mut response = match self {
            Self::One(reply) => Json(reply).into_response(),
            Self::Array(replies) => Json(replies).into_response(),
        };
        if is_unavailable {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_SECONDS));
        }
        response
    }
}

/// Why no call was made. Each generation has words and a shape of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fault {
    Unread(Unread),
    NotJson(Generation),
    /// An array without a request.
    Empty(Generation),
    /// More than that many requests.
    TooMany(Generation, usize),
    /// A request of tags that came by itself.
    NoArray,
    /// It was not read, because its client comes too often.
    TooOften(Generation),
}

impl Fault {
    fn status(self) -> StatusCode {
        match self {
            Self::Unread(unread) => unread.status(),
            Self::TooMany(Generation::Tags, _) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn error(self) -> String {
        match self {
            Self::Unread(unread) => unread.sentence().into(),
            Self::NotJson(Generation::Services) => "Invalid request format".into(),
            Self::NotJson(Generation::Tags) => "Invalid JSON in request body".into(),
            Self::Empty(_) => "Empty request array".into(),
            Self::TooMany(_, max) => format!("Too many requests in batch (max {max})"),
            Self::NoArray => "Request must be an array of RPC calls".into(),
            Self::TooOften(_) => TOO_OFTEN.into(),
        }
    }

    /// The code of a fault that tags have words for.
    fn code(self) -> Option<&'static str> {
        match self {
            Self::TooMany(Generation::Tags, _) => Some(tags::code::BATCH_TOO_LARGE),
            Self::NotJson(Generation::Tags) | Self::Empty(Generation::Tags) | Self::NoArray => {
                Some(tags::code::INVALID_PARAMS)
            }
            Self::TooOften(Generation::Tags) => Some(tags::code::RATE_LIMIT_EXCEEDED),
            _ => None,
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let code = self.code();
        let mut reply = Reply::new(Err(Failure { error: self.error(), code }));
        if matches!(self, Self::Empty(Generation::Services) | Self::TooMany(Generation::Services, _)) {
            reply.success = None;
        }
        match code {
            Some(_) => (self.status(), Json([reply])).into_response(),
            None => (self.status(), Json(reply)).into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Generation::{Services, Tags};
    use http_body_util::BodyExt;

    async fn written(answer: impl IntoResponse) -> (u16, Option<String>, String) {
        let (parts, body) = answer.into_response().into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        let retry = parts.headers.get(RETRY_AFTER).map(|value| value.to_str().expect("text").to_owned());
        assert_eq!(parts.headers["content-type"], "application/json");
        (parts.status.as_u16(), retry, String::from_utf8(body.into()).expect("text"))
    }

    #[tokio::test]
    async fn a_fault_has_the_shape_of_its_generation() {
        for (fault, status, text) in [
            (Fault::NotJson(Services), 400, r#"{"success":false,"error":"Invalid request format"}"#),
            (Fault::Empty(Services), 400, r#"{"error":"Empty request array"}"#),
            (Fault::TooMany(Services, 100), 400, r#"{"error":"Too many requests in batch (max 100)"}"#),
            (Fault::Unread(Unread::TooLarge), 413, r#"{"success":false,"error":"Request body too large"}"#),
            (Fault::TooOften(Services), 429, r#"{"success":false,"error":"Too many requests"}"#),
            (
                Fault::TooOften(Tags),
                429,
                r#"[{"success":false,"error":"Too many requests","errorCode":"RATE_LIMIT_EXCEEDED"}]"#,
            ),
            (Fault::Unread(Unread::Cut), 408, r#"{"success":false,"error":"Request body incomplete"}"#),
            (
                Fault::NotJson(Tags),
                400,
                r#"[{"success":false,"error":"Invalid JSON in request body","errorCode":"INVALID_PARAMS"}]"#,
            ),
            (
                Fault::Empty(Tags),
                400,
                r#"[{"success":false,"error":"Empty request array","errorCode":"INVALID_PARAMS"}]"#,
            ),
            (
                Fault::TooMany(Tags, 7),
                413,
                r#"[{"success":false,"error":"Too many requests in batch (max 7)","errorCode":"BATCH_TOO_LARGE"}]"#,
            ),
            (
                Fault::NoArray,
                400,
                r#"[{"success":false,"error":"Request must be an array of RPC calls","errorCode":"INVALID_PARAMS"}]"#,
            ),
        ] {
            assert_eq!(written(fault).await, (status, None, text.to_owned()));
        }
    }

    #[tokio::test]
    async fn a_storage_that_takes_nothing_shows_in_the_status() {
        let reply = |error: &str| Reply::new(Err(Failure::new(error)));
        let unavailable = crate::dialects::rondevu::reply::UNAVAILABLE;
        let (status, retry, text) = written(Answer::Array(vec![reply("Offer not found"), reply(unavailable)])).await;
        assert_eq!((status, retry.as_deref()), (503, Some("1")));
        let second = format!(r#"{{"success":false,"error":"{unavailable}"}}"#);
        assert_eq!(text, format!(r#"[{{"success":false,"error":"Offer not found"}},{second}]"#));
        let (status, retry, _) = written(Answer::One(reply("Offer not found"))).await;
        assert_eq!((status, retry), (200, None));
    }
}
