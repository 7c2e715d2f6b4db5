//! The routes, and what all of them have in common: errors as JSON, counts and durations by route.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json, Router,
    extract::{MatchedPath, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{
    StatusCode,
    header::{RETRY_AFTER, VARY},
};
use serde_json::json;

use super::{Server, now, pages, probes, upgrade};
use crate::{dialects::Busy, guard::cors::Cors};

/// The `route` of a request that matched none.
const NO_ROUTE: &str = "none";

/// What pages of other origins may do with what is for everybody: see that the server is there, and read an error.
static CORS: Cors = Cors {
    methods: "GET,POST,OPTIONS",
    headers: "Content-Type,Origin",
    more_headers: None,
    max_age: "600",
    credentials: true,
    exposed: "Content-Type",
};

pub(super) fn router(server: Arc<Server>) -> Router {
    let sockets: BTreeSet<_> = server.dialects.iter().map(|dialect| dialect.path()).collect();
    let own = sockets
        .into_iter()
        .fold(Router::new(), |router, path| router.route(path, get(upgrade::answer)))
        .route("/assets/{name}", get(pages::file))
        .route("/client.js", get(pages::client))
        .route("/client/{name}", get(pages::client))
        .route("/rooms", get(pages::file))
        .route("/send", get(pages::file))
        .route("/status", get(pages::status))
        .route("/healthz", get(probes::healthz))
        .route("/readyz", get(probes::readyz))
        .route(&server.metrics_route, get(probes::metrics))
        .with_state(server.clone());
    let for_pages = Router::new()
        .route("/", get(pages::front))
        .route("/health", get(probes::health))
        .route("/openapi.json", get(pages::openapi))
        .route("/asyncapi.json", get(pages::asyncapi))
        .fallback(not_found)
        .with_state(server.clone());
    let apis = server.apis.iter().map(|api| (api.routes.clone(), Some(api.cors), Some(api.busy)));
    apis.chain([(for_pages, Some(&CORS), None), (own, None, None)])
        .map(|(routes, cors, busy)| {
            let around = middleware::from_fn_with_state((server.clone(), cors, busy), around);
            routes.method_not_allowed_fallback(wrong_method).layer(around)
        })
        .fold(Router::new(), Router::merge)
}

async fn not_found() -> Response {
    problem(StatusCode::NOT_FOUND, "Not found")
}

/// axum adds `Allow`.
async fn wrong_method() -> Response {
    problem(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed")
}

/// What all answers have in common. One layer, because each costs allocations.
async fn around(
    State((server, cors, busy)): State<(Arc<Server>, Option<&'static Cors>, Option<Busy>)>,
    request: Request,
    next: Next,
) -> Response {
    let start = now();
    // The router would take an empty segment for a parameter's value. It is part of no path.
    let is_path = !request.uri().path().contains("//");
    let route = request.extensions().get::<MatchedPath>().filter(|_| is_path).cloned();
    let answer = async |request| match busy.filter(|_| is_path).and_then(|busy| over_rate(&server, busy, &request)) {
        Some(refusal) => refusal,
        None if is_path => next.run(request).await,
        None => not_found().await,
    };
    let response = match cors {
        Some(cors) => allow_pages(&server, cors, request, answer).await,
        None => answer(request).await,
    };
    let route = route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    server.metrics.http_request(route, response.status().as_str(), now() - start);
    response
}

/// Counts a request, and answers it when it is one too many of its client's.
fn over_rate(server: &Server, busy: Busy, request: &Request) -> Option<Response> {
    if !server.http_rate.limits() {
        return None;
    }
    let wait = server.http_rate.count(server.proxies.client_of(request), now()).err()?;
    server.metrics.rate_limited.http.inc();
    let mut response = busy(request.headers());
    response.headers_mut().insert(RETRY_AFTER, wait.seconds().into());
    Some(response)
}

/// Tells browsers which pages may read the answer, and answers their preflights.
async fn allow_pages(
    server: &Server,
    cors: &Cors,
    request: Request,
    answer: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let mut headers = cors.of_answer(&server.origins, request.headers());
    let mut response = if Cors::is_preflight(request.method()) {
        headers.extend(cors.of_preflight(request.headers()));
        StatusCode::NO_CONTENT.into_response()
    } else {
        answer(request).await
    };
    let varies = response.headers_mut().remove(VARY);
    for (name, value) in headers {
        response.headers_mut().insert(name, value);
    }
    if let Some(varies) = varies {
        response.headers_mut().append(VARY, varies);
    }
    response
}

/// An error as JSON: `{"error": sentence}`.
pub(super) fn problem(status: StatusCode, sentence: &str) -> Response {
    (status, Json(json!({ "error": sentence }))).into_response()
}
