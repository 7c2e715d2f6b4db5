//! One call of a request to `/rpc`: what its method may use, and what becomes of it.
//!
//! Both generations have a `call(call: &mut Call<'_>, request: &Value) -> Outcome`: its result is JSON text already, so
//! that candidates go out as they are kept.

use std::time::Duration;

use http::HeaderMap;
use meetpoint_protocol::Timestamp;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::{
    core::book::{Commit, Heard, Written},
    dialects::rondevu::{Rondevu, hold::hold, reply::UNAVAILABLE},
};

/// What a method has at hand.
pub(super) struct Call<'a> {
    pub rondevu: &'a Rondevu,
    /// Of the HTTP request.
    pub headers: &'a HeaderMap,
    pub now: Timestamp,
    /// How long the calls of one request may still be held, together.
    patience: Duration,
    commits: Vec<Commit>,
}

/// The result of a call, as JSON ([`result`] makes it), or why there is none.
pub(super) type Outcome = Result<Box<RawValue>, Failure>;

/// Why a call failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Failure {
    pub error: String,
    /// Where the generation has codes.
    pub code: Option<&'static str>,
}

/// The result of a call that succeeded.
pub(super) fn result(value: &impl Serialize) -> Outcome {
    Ok(to_raw_value(value).expect("what is answered has nothing but texts for keys"))
}

/// JSON that is kept as text, to be written as it is.
pub(super) fn raw(json: &str) -> &RawValue {
    serde_json::from_str(json).unwrap_or(RawValue::NULL)
}

impl Failure {
    /// Of a generation without codes.
    pub(super) fn new(error: impl Into<String>) -> Self {
        Self { error: error.into(), code: None }
    }

    pub(super) fn coded(code: &'static str, error: impl Into<String>) -> Self {
        Self { error: error.into(), code: Some(code) }
    }

    /// Whether it is the storage's fault: the HTTP status tells it.
    pub(super) fn is_unavailable(&self) -> bool {
        self.error == UNAVAILABLE
    }
}

impl<'a> Call<'a> {
    pub(super) fn new(rondevu: &'a Rondevu, headers: &'a HeaderMap, patience: Duration) -> Self {
        Self { rondevu, headers, now: rondevu.clock.now(), patience, commits: Vec::new() }
    }

    /// The result of a change, which reaches the client when it is durable.
    pub(super) fn keep<T>(&mut self, written: Written<T>) -> T {
        let (value, commit) = written.split();
        self.commits.push(commit);
        value
    }

    /// What must be durable before the answer is given.
    pub(super) fn into_commits(self) -> Vec<Commit> {
        self.commits
    }

    /// Looks until there is something, as [`hold`] does. `look` gets the time, which goes on.
    pub(super) async fn hold<T>(
        &self,
        whom: Heard,
        wait: Option<Duration>,
        mut look: impl FnMut(Timestamp) -> (T, bool),
    ) -> T {
        let wait = wait.map(|wait| wait.min(self.patience));
        hold(&self.rondevu.book, whom, wait, || look(self.rondevu.clock.now())).await
    }
}
