//! The pages for people and the client for their programs, embedded into the binary. `GET /` is the demo page for browsers
//! and a short JSON for programs.

use std::sync::Arc;

use axum::{
    Json,
    extract::{RawQuery, Request, State},
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode, Uri,
    header::{
        ACCEPT, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
        REFERRER_POLICY, VARY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
    },
};
use serde_json::json;

use super::{
    Server,
    admin::{self, Challenge},
    http::problem,
};

/// Everything from this server, nothing inline, no frame around it.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    media-src 'self' blob: mediastream:; connect-src 'self' ws: wss:; worker-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A file of `web/`.
struct File {
    /// Where it is served.
    path: &'static str,
    /// Its entity tag, in quotes.
    tag: &'static str,
    text: &'static str,
}

const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/web.rs"));

/// What the APIs are, for programs (OpenAPI 3.1), and what is said over the chat's sockets (AsyncAPI 3.0).
const OPENAPI: &str = include_str!("../../docs/openapi.json");
const ASYNCAPI: &str = include_str!("../../docs/asyncapi.json");

/// What the status page says of where the figures are, and what [`status`] puts in its place.
const USUAL_METRICS: &str = r#"name="metrics" content="/metrics""#;

pub(super) async fn front(
    State(server): State<Arc<Server>>,
    RawQuery(query): RawQuery,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let mut response = if prefers_html(&headers) {
        file(uri, headers).await
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

/// A page or a part of one, as it lies in `web/`.
pub(super) async fn file(uri: Uri, headers: HeaderMap) -> Response {
    let Some(file) = find(uri.path()) else { return problem(StatusCode::NOT_FOUND, "Not found") };
    let mut response = if knows(&headers, file.tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        page(file.text, content_type(file.path))
    };
    response.headers_mut().insert(ETAG, HeaderValue::from_static(file.tag));
    response
}

/// A part of the client, which any page may import.
pub(super) async fn client(uri: Uri, headers: HeaderMap) -> Response {
    let mut response = file(uri, headers).await;
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response.headers_mut().insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    response
}

/// The page of the figures, which is told where they are. It comes also to those who have no token, with 401, and asks them.
pub(super) async fn status(State(server): State<Arc<Server>>, request: Request) -> Response {
    let asked = match admin::admit(&server, &request, Challenge::Bearer) {
        Ok(()) => None,
        Err(refusal) if refusal.status() == StatusCode::UNAUTHORIZED => Some(refusal),
        Err(refusal) => return *refusal,
    };
    let Some(file) = find(request.uri().path()) else { return problem(StatusCode::NOT_FOUND, "Not found") };
    // A route has no character that means anything in HTML.
    let told = format!(r#"name="metrics" content="{}""#, server.metrics_route);
    let mut response = page(file.text.replacen(USUAL_METRICS, &told, 1), content_type(file.path));
    if let Some(mut asked) = asked {
        *response.status_mut() = asked.status();
        response
            .headers_mut()
            .extend(asked.headers_mut().remove(WWW_AUTHENTICATE).map(|asks| (WWW_AUTHENTICATE, asks)));
    }
    response
}

pub(super) async fn openapi() -> Response {
    document(OPENAPI)
}

pub(super) async fn asyncapi() -> Response {
    document(ASYNCAPI)
}

fn document(text: &'static str) -> Response {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")], text).into_response()
}

fn find(path: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.path == path)
}

fn page(content: impl IntoResponse, content_type: &'static str) -> Response {
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

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.') {
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "text/html; charset=utf-8",
    }
}

/// Whether the client has a copy with that tag (RFC 9110, section 13.1.2: compared weakly, as proxies that compress make it).
fn knows(headers: &HeaderMap, tag: &str) -> bool {
    list(headers, IF_NONE_MATCH).any(|known| known.trim_start_matches("W/") == tag)
}

/// Whether `Accept` names `text/html`: every browser's navigation does, and no program's default.
pub(super) fn prefers_html(headers: &HeaderMap) -> bool {
    list(headers, ACCEPT)
        .any(|range| range.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("text/html")))
}

/// The members of a header that is a list, without the spaces around them.
fn list(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_names_of_this_server_is_there() {
        let mut named = 0;
        for File { path, text, .. } in FILES {
            let words =
                text.split(['"', '\'']).filter(|word| word.starts_with("/assets/") || word.starts_with("/client"));
            for word in words {
                assert!(find(word).is_some(), "{path} names {word}");
                named += 1;
            }
            for module in
                text.split(['"', '\'']).filter_map(|word| word.strip_prefix("./")).filter(|word| word.ends_with(".js"))
            {
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                assert!(find(&format!("{folder}/{module}")).is_some(), "{path} imports {module}");
                named += 1;
            }
        }
        assert!(named > 10, "{named} names");
    }

    #[test]
    fn the_status_page_has_a_place_for_the_route_of_the_figures() {
        assert!(find("/status").is_some_and(|page| page.text.contains(USUAL_METRICS)));
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

    #[test]
    fn a_tag_is_known_however_it_is_listed() {
        let told = |value: &'static str| HeaderMap::from_iter([(IF_NONE_MATCH, HeaderValue::from_static(value))]);
        for value in ["\"a\"", "\"b\", \"a\"", "W/\"a\""] {
            assert!(knows(&told(value), "\"a\""), "{value}");
        }
        for value in ["\"b\"", "a", ""] {
            assert!(!knows(&told(value), "\"a\""), "{value}");
        }
    }
}
