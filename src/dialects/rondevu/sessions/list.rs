//! `GET /{topic}/sessions`: who waits for an answer.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, Uri, header::CONTENT_TYPE};
use meetpoint_protocol::Timestamp;
use serde::Serialize;

use super::{announce::topic, exchange::Candidates, realm::Realm};
use crate::{
    core::book::{Offer, Role, Space},
    dialects::rondevu::{Rondevu, reply::Problem},
};

/// The newest sessions of a topic: the older ones are not listed while there are so many.
const MOST: usize = 1000;

/// The longest list, in bytes of JSON: it ends before the session that does not fit. A session by itself always does.
const LONGEST: usize = 8 * 1024 * 1024;

/// What most sessions take, in bytes of JSON, and more.
const USUAL: usize = 4 * 1024;

pub(super) async fn list(
    State(rondevu): State<Arc<Rondevu>>,
    Realm(realm): Realm,
    uri: Uri,
) -> Result<Response, Problem> {
    let topic = topic(&uri)?;
    let sessions = rondevu.book.newest(rondevu.clock.now(), Space::Sessions, &realm, &topic, MOST);
    // What is kept was JSON when it came.
    let body =
        written(&sessions).map_err(|_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"))?;
    Ok(([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response())
}

/// A session as others find it, under the names of both ages.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed<'a> {
    code: &'a str,
    info: &'a str,
    peer_id: &'a str,
    offer: &'a str,
    offer_candidates: Candidates<'a>,
    created_at: Timestamp,
    expires_at: Timestamp,
}

fn written(sessions: &[Arc<Offer>]) -> serde_json::Result<Vec<u8>> {
    let mut body = Vec::with_capacity((sessions.len() * USUAL).min(LONGEST));
    body.extend_from_slice(br#"{"sessions":["#);
    for (index, session) in sessions.iter().enumerate() {
        let before = body.len();
        if index > 0 {
            body.push(b',');
        }
        let listed = Listed {
            code: &session.id,
            info: &session.owner,
            peer_id: &session.owner,
            offer: &session.sdp,
            offer_candidates: Candidates { of: session, role: Role::Offerer },
            created_at: session.created,
            expires_at: session.expires,
        };
        serde_json::to_writer(&mut body, &listed)?;
        if index > 0 && body.len() > LONGEST {
            body.truncate(before);
            break;
        }
    }
    body.extend_from_slice(b"]}");
    Ok(body)
}
