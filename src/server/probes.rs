//! What machines ask: is it alive, is it ready, what does it count.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{StatusCode, header::CONTENT_TYPE};
use serde_json::json;
use tokio::time::timeout;
use tracing::error;

use super::{
    Server,
    admin::{self, Challenge},
    http::problem,
    now,
    pages::prefers_html,
};
use crate::{core::book::Book, telemetry::metrics::Scene};

/// A storage that takes longer is no storage.
const STORAGE_ANSWERS_WITHIN: Duration = Duration::from_secs(1);

/// Alive: answers while the process does, and asks nobody else.
pub(super) async fn healthz(State(server): State<Arc<Server>>) -> Response {
    Json(json!({
        "ok": true,
        "uptime": (now() - server.about.started).as_secs_f64(),
        "clients": server.registry.len(),
        "instanceId": server.about.instance_id,
    }))
    .into_response()
}

/// Alive, in the words of the REST systems' clients. `timestamp` is in milliseconds since 1970.
pub(super) async fn health(State(server): State<Arc<Server>>) -> Response {
    Json(json!({ "status": "ok", "timestamp": server.clock.wall(), "version": server.about.version })).into_response()
}

/// Whether new clients should be sent here.
pub(super) async fn readyz(State(server): State<Arc<Server>>) -> Response {
    let reason = if server.drain.has_begun() {
        "shutting down"
    } else if !storage_answers(&server.book).await {
        "storage unavailable"
    } else {
        return Json(json!({ "ready": true })).into_response();
    };
    let unready = Json(json!({ "ready": false, "reason": reason }));
    (StatusCode::SERVICE_UNAVAILABLE, unready).into_response()
}

/// Whether the storage gets done what waits, and would take more.
async fn storage_answers(book: &Book) -> bool {
    let Ok(commit) = book.flush() else { return false };
    matches!(timeout(STORAGE_ANSWERS_WITHIN, commit.wait()).await, Ok(Ok(())))
}

/// What Prometheus scrapes.
pub(super) async fn metrics(State(server): State<Arc<Server>>, request: Request) -> Response {
    // Whoever opens the figures themselves in a browser is asked by it; the status page asks by itself.
    let challenge = if prefers_html(request.headers()) { Challenge::Basic } else { Challenge::Bearer };
    if let Err(refusal) = admin::admit(&server, &request, challenge) {
        return *refusal;
    }
    let (topics, topic_members) = server.topics.census();
    let (sessions_away, sessions_away_bytes) = (server.away)();
    let scene = Scene {
        connections: server.registry.len(),
        draining: server.drain.has_begun(),
        open: server.connections.census(),
        census: server.lobby.census(now()),
        stock: server.book.stock(server.clock.now()),
        storage: server.book.storage(),
        held: server.book.arrivals().len(),
        attendance: server.sides.attendance(),
        kept_frames: server.sides.kept(),
        topics,
        topic_members,
        sessions_away,
        sessions_away_bytes,
    };
    match server.metrics.scrape(&scene) {
        Ok((text, content_type)) => ([(CONTENT_TYPE, content_type)], text).into_response(),
        Err(error) => {
            error!(%error, "metrics cannot be encoded");
            problem(StatusCode::INTERNAL_SERVER_ERROR, "Metrics cannot be encoded")
        }
    }
}
