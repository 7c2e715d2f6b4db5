//! What machines ask: is it alive, is it ready, what does it count.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header::CONTENT_TYPE};
use serde_json::json;
use tracing::error;

use super::{Server, http::problem, now};

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
    let timestamp = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
    Json(json!({ "status": "ok", "timestamp": timestamp, "version": server.about.version })).into_response()
}

/// Whether new clients should be sent here.
pub(super) async fn readyz(State(server): State<Arc<Server>>) -> Response {
    if server.drain.has_begun() {
        let unready = Json(json!({ "ready": false, "reason": "shutting down" }));
        return (StatusCode::SERVICE_UNAVAILABLE, unready).into_response();
    }
    Json(json!({ "ready": true })).into_response()
}

/// What Prometheus scrapes.
pub(super) async fn metrics(State(server): State<Arc<Server>>) -> Response {
    match server.metrics.scrape(server.registry.len(), server.lobby.census(now())) {
        Ok((text, content_type)) => ([(CONTENT_TYPE, content_type)], text).into_response(),
        Err(error) => {
            error!(%error, "metrics cannot be encoded");
            problem(StatusCode::INTERNAL_SERVER_ERROR, "Metrics cannot be encoded")
        }
    }
}
