//! Bodies, taken for JSON whatever they are said to be.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use axum::{
    body::Body,
    extract::{FromRequest, Request},
};
use meetpoint_protocol::rondevu::depth;
use serde_json::Value;

use super::{Rondevu, reply::Problem};
pub(super) use crate::dialects::body::{Unread, read};

/// The longest candidate, as compact JSON, in UTF-16 code units.
pub(super) const MAX_CANDIDATE: usize = 4096;

/// Candidates in one request.
pub(super) const MAX_CANDIDATES: usize = 100;

/// JSON of a depth that nobody can abuse; `None` for anything else.
pub(super) fn json(text: &[u8]) -> Option<Value> {
    if depth::nests_deeper_than(text, depth::MAX) { None } else { serde_json::from_slice(text).ok() }
}

/// The JSON body of a REST request. Anything but JSON, and `null`, is 400 `Invalid JSON`. What is not an object has no fields.
pub(super) struct Fields(pub Value);

impl FromRequest<Arc<Rondevu>> for Fields {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, rondevu: &Arc<Rondevu>) -> Result<Self, Problem> {
        let text = read(request, rondevu.max_body.load(Relaxed)).await;
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
