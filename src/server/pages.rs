//! The pages for people, embedded into the binary. `GET /` is the demo page for browsers and a short JSON for programs.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{
        ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
    },
};
use serde_json::json;

use super::{Server, http::problem};

/// Everything from this server, nothing inline, no frame around it.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    media-src 'self' blob: mediastream:; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

const CHAT_PAGE: &str = include_str!("../../web/demo/index.html");

macro_rules! assets {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../web/demo/", $name)))),*]
    };
}

const ASSETS: &[(&str, &str)] = assets![
    "call.js",
    "controls.css",
    "favicon.svg",
    "main.js",
    "media.js",
    "picture.js",
    "session.js",
    "signaling.js",
    "stage.css",
    "style.css",
    "tone.js",
    "view.js",
    "words.js",
];

/// What the APIs are, for programs (OpenAPI 3.1).
const OPENAPI: &str = include_str!("../../docs/openapi.json");

pub(super) async fn front(
    State(server): State<Arc<Server>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let mut response = if prefers_html(&headers) {
        page(CHAT_PAGE, "text/html; charset=utf-8")
    } else {
        let about = &server.about;
        let mut index = json!({
            "version": about.version,
            "name": "meetpoint",
            "description": env!("CARGO_PKG_DESCRIPTION"),
        });
        if let Some(index) = index.as_object_mut() {
            for api in &server.apis {
                index.extend((api.index)(&headers, query.as_deref()));
            }
        }
        Json(index).into_response()
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept"));
    response
}

pub(super) async fn asset(Path(name): Path<String>) -> Response {
    match ASSETS.iter().find(|(known, _)| *known == name) {
        Some((name, content)) => page(content, content_type(name)),
        None => problem(StatusCode::NOT_FOUND, "Not found"),
    }
}

pub(super) async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")], OPENAPI).into_response()
}

fn page(content: &'static str, content_type: &'static str) -> Response {
    let headers: [(HeaderName, &'static str); 5] = [
        (CONTENT_TYPE, content_type),
        (CONTENT_SECURITY_POLICY, CSP),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        // A new version of the server brings new pages at once.
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, content).into_response()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

/// Whether `Accept` names `text/html`: every browser's navigation does, and no program's default.
fn prefers_html(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|range| range.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("text/html")))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::*;

    #[test]
    fn everything_in_the_folder_is_served() {
        let folder = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/web/demo")).expect("a folder");
        let files: BTreeSet<_> =
            folder.map(|file| file.expect("a file").file_name().into_string().expect("text")).collect();
        let served: BTreeSet<_> =
            ASSETS.iter().map(|(name, _)| (*name).to_owned()).chain(["index.html".to_owned()]).collect();
        assert_eq!(files, served);
    }

    #[test]
    fn browsers_get_the_page_and_programs_the_facts() {
        let accept = |value: &'static str| HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(value))]);
        assert!(prefers_html(&accept("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")));
        for value in ["*/*", "application/json", "application/json, text/plain, */*"] {
            assert!(!prefers_html(&accept(value)), "{value}");
        }
        assert!(!prefers_html(&HeaderMap::new()));
    }
}
