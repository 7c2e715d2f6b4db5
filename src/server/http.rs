//! The routes, and what all of them have in common: errors as JSON, counts and durations by route.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json, Router,
    extract::{MatchedPath, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use http::StatusCode;
use serde_json::json;

use super::{Server, now, pages, probes, upgrade};

/// The `route` of a request that matched none.
const NO_ROUTE: &str = "none";

pub(super) fn router(server: Arc<Server>) -> Router {
    let sockets: BTreeSet<_> = server.dialects.iter().map(|dialect| dialect.path()).collect();
    sockets
        .into_iter()
        .fold(Router::new(), |router, path| router.route(path, get(upgrade::answer)))
        .route("/", get(pages::front))
        .route("/assets/{name}", get(pages::asset))
        .route("/health", get(probes::health))
        .route("/healthz", get(probes::healthz))
        .route("/readyz", get(probes::readyz))
        .route(&server.metrics_route, get(probes::metrics))
        .fallback(async || problem(StatusCode::NOT_FOUND, "Not found"))
        .method_not_allowed_fallback(async || problem(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"))
        .layer(middleware::from_fn_with_state(server.clone(), measure))
        .with_state(server)
}

/// An error as JSON: `{"error": sentence}`.
pub(super) fn problem(status: StatusCode, sentence: &str) -> Response {
    (status, Json(json!({ "error": sentence }))).into_response()
}

async fn measure(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let start = now();
    let response = next.run(request).await;
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    server.metrics.http_request(route, response.status().as_u16(), now() - start);
    response
}
