//! What the server says over plain HTTP, and as a command.

use meetpoint_test_support as support;
use std::fs;
use std::path::Path;

use serde_json::json;
use support::chat::{Guest, pair, talk};
use support::handshake::{self, Handshake};
use support::http::{self, Response};
use support::server::{Server, run};

const HTML: (&str, &str) = ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");

fn assert_json(response: &Response, status: u16) {
    assert_eq!(response.status, status, "{response:?}");
    let content_type = response.header("content-type").unwrap_or_default();
    assert!(content_type.starts_with("application/json"), "{response:?}");
}

fn assert_not_found(response: &Response) {
    assert_json(response, 404);
    assert_eq!(response.json(), json!({"error": "Not found"}));
}

fn assert_only_get(response: &Response) {
    assert_json(response, 405);
    let allowed = response.header("allow").expect("405 tells what is allowed");
    assert!(allowed.split(',').any(|method| method.trim() == "GET"), "{response:?}");
    response.error();
}

#[tokio::test]
async fn healthz_tells_that_the_process_lives_and_how_many_are_there() {
    let server = Server::with(&[("INSTANCE_ID", "web-1")]).await;
    let _guests = (Guest::join(&server).await, Guest::join(&server).await);
    let health = http::get(server.address, "/healthz").await;
    assert_json(&health, 200);
    let mut body = health.json();
    let uptime = body["uptime"].take();
    assert!(uptime.as_f64().is_some_and(|seconds| (0.0..60.0).contains(&seconds)), "{uptime}");
    assert_eq!(body, json!({"ok": true, "uptime": null, "clients": 2, "instanceId": "web-1"}));
}

#[tokio::test]
async fn healthz_forgets_who_has_gone() {
    let server = Server::start().await;
    let (leaver, mut stays) = pair(&server).await;
    leaver.terminate().await;
    stays.parted("disconnected").await;
    assert_eq!(http::get(server.address, "/healthz").await.json()["clients"], 1);
}

#[tokio::test]
async fn an_instance_has_a_name_of_its_own_when_given_none() {
    let (one, other) = (Server::start().await, Server::start().await);
    let mut names = Vec::new();
    for server in [&one, &other] {
        let health = http::get(server.address, "/healthz").await.json();
        names.push(health["instanceId"].as_str().unwrap().to_owned());
    }
    assert!(!names[0].is_empty());
    assert_ne!(names[0], names[1]);
}

#[tokio::test]
async fn a_head_request_gets_the_head_alone() {
    let server = Server::start().await;
    let pages = ["/rooms", "/send", "/status", "/client.js", "/assets/style.css", "/openapi.json", "/asyncapi.json"];
    for path in ["/healthz", "/readyz", "/health", "/"].into_iter().chain(pages) {
        let answer = http::request(server.address, "HEAD", path, &[], "").await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{path}");
    }
}

#[tokio::test]
async fn readyz_and_health_answer() {
    let server = Server::with(&[("VERSION", "9.8.7")]).await;
    let ready = http::get(server.address, "/readyz").await;
    assert_json(&ready, 200);
    assert_eq!(ready.json(), json!({"ready": true}));
    let health = http::get(server.address, "/health").await;
    assert_json(&health, 200);
    let mut body = health.json();
    assert!(!body["timestamp"].take().is_null(), "{health:?}");
    assert_eq!(body, json!({"status": "ok", "timestamp": null, "version": "9.8.7"}));
}

#[tokio::test]
async fn the_front_door_shows_a_page_to_browsers_and_json_to_programs() {
    let server = Server::with(&[("VERSION", "9.8.7")]).await;
    let page = http::request(server.address, "GET", "/", &[HTML], "").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"), "{:?}", page.headers);
    assert!(page.body.contains("<html"), "{}", page.body);
    for headers in [&[][..], &[("Accept", "*/*")], &[("Accept", "application/json")]] {
        let answer = http::request(server.address, "GET", "/", headers, "").await;
        assert_json(&answer, 200);
        let body = answer.json();
        assert_eq!(body["version"], "9.8.7");
        assert!(body["name"].is_string() && body["description"].is_string(), "{body}");
    }
}

/// The files of a folder of `web/` that browsers are given: name and content.
fn web(folder: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("web").join(folder);
    let files = fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path());
    let served = files.filter(|file| {
        file.extension().is_some_and(|ending| ["css", "html", "js", "svg"].iter().any(|served| ending == *served))
    });
    let name = |file: &Path| file.file_name().expect("a name").to_str().expect("text").to_owned();
    served.map(|file| (name(&file), fs::read_to_string(&file).expect("text"))).collect()
}

#[tokio::test]
async fn every_file_of_the_pages_and_of_the_client_is_served_as_it_lies_there() {
    let server = Server::start().await;
    let mut files = vec![("/client.js".to_owned(), fs::read_to_string("web/client/client.js").expect("the client"))];
    files.extend(web("client/client").into_iter().map(|(name, text)| (format!("/client/{name}"), text)));
    files.extend(web("demo").into_iter().map(|(name, text)| match name.strip_suffix(".html") {
        Some("index") => ("/".to_owned(), text),
        Some(page) => (format!("/{page}"), text),
        None => (format!("/assets/{name}"), text),
    }));
    for (path, text) in files {
        let answer = http::request(server.address, "GET", &path, &[HTML], "").await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.body == text, "{path} is not what lies in the folder");
        let kind = match path.rsplit_once('.') {
            Some((_, "js")) => "text/javascript; charset=utf-8",
            Some((_, "css")) => "text/css; charset=utf-8",
            Some((_, "svg")) => "image/svg+xml",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!(answer.header("content-type"), Some(kind), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-cache"), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        for rule in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "worker-src 'self'"] {
            assert!(policy.split("; ").any(|own| own == rule), "{path}: {policy}");
        }
        // A worker and a page alike: nothing is ever evaluated from a text.
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
    }
    for path in ["/assets/nope.js", "/client/nope.js", "/client/", "/assets/index.html", "/client/package.json"] {
        assert_not_found(&http::get(server.address, path).await);
    }
}

#[tokio::test]
async fn any_page_may_import_the_client_and_only_that() {
    let server = Server::with(&[("ALLOWED_ORIGIN", "https://app.example"), ("DEV", "false")]).await;
    let elsewhere = [("Origin", "https://elsewhere.example")];
    let client = http::request(server.address, "GET", "/client.js", &elsewhere, "").await;
    assert_eq!(client.all("access-control-allow-origin").as_deref(), Some("*"));
    assert_eq!(client.header("cross-origin-resource-policy"), Some("cross-origin"));
    assert_eq!(client.header("access-control-allow-credentials"), None);
    for path in ["/send", "/status", "/assets/style.css"] {
        let page = http::request(server.address, "GET", path, &[elsewhere[0], HTML], "").await;
        assert_eq!((page.status, page.header("access-control-allow-origin")), (200, None), "{path}");
    }
}

#[tokio::test]
async fn a_file_that_the_browser_has_is_not_sent_again() {
    let server = Server::start().await;
    for path in ["/assets/style.css", "/client.js", "/send"] {
        let first = http::get(server.address, path).await;
        let tag = first.header("etag").unwrap_or_else(|| panic!("{path} has no tag")).to_owned();
        for known in [tag.clone(), format!("\"other\", W/{tag}")] {
            let again = http::request(server.address, "GET", path, &[("If-None-Match", &known)], "").await;
            assert_eq!((again.status, again.body.as_str()), (304, ""), "{path}");
            assert_eq!(again.header("etag"), Some(tag.as_str()), "{path}");
        }
        let other = http::request(server.address, "GET", path, &[("If-None-Match", "\"other\"")], "").await;
        assert_eq!((other.status, other.body == first.body), (200, true), "{path}");
    }
}

#[tokio::test]
async fn the_status_page_is_told_where_the_figures_are() {
    let server = Server::with(&[("METRICS_ROUTE", "/internal/figures")]).await;
    let page = http::get(server.address, "/status").await;
    assert!(page.body.contains(r#"<meta name="metrics" content="/internal/figures">"#), "{}", page.body);
}

#[tokio::test]
async fn the_wire_of_the_sockets_is_described_for_programs() {
    let server = Server::start().await;
    let served = http::get(server.address, "/asyncapi.json").await;
    assert_json(&served, 200);
    assert!(served.body == fs::read_to_string("docs/asyncapi.json").unwrap(), "it differs from docs/asyncapi.json");
    assert!(served.json()["asyncapi"].as_str().is_some_and(|version| version.starts_with("3.")));
}

#[tokio::test]
async fn metrics_are_prometheus_text_where_they_are_wanted() {
    let server = Server::with(&[("METRICS_ROUTE", "/internal/figures")]).await;
    let (mut one, mut other) = pair(&server).await;
    talk(&mut one, &mut other).await;
    let metrics = http::get(server.address, "/internal/figures").await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.header("content-type").unwrap().starts_with("text/plain; version=0.0.4"), "{:?}", metrics.headers);
    for line in metrics.body.lines().filter(|line| !line.starts_with('#')) {
        let (_, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    for words in [&one.id, &other.id] {
        assert!(!metrics.body.contains(words.as_str()), "no label is made by or of a client");
    }
    assert_not_found(&http::get(server.address, "/metrics").await);
    let usual = Server::start().await;
    assert_eq!(http::get(usual.address, "/metrics").await.status, 200);
}

#[tokio::test]
async fn unknown_paths_are_not_found_whatever_is_asked_of_them() {
    let server = Server::start().await;
    for path in ["/nope", "/ws/", "/healthz/", "//", "/WS", "/healthz%2f", "/../healthz", "/%00"] {
        assert_not_found(&http::get(server.address, path).await);
        let upgrade = Handshake { path, ..Handshake::default() }.open(server.address).await;
        assert_not_found(&upgrade.err().unwrap_or_else(|| panic!("{path} was upgraded")));
    }
    assert_not_found(&http::request(server.address, "DELETE", "/nope", &[], "").await);
}

#[tokio::test]
async fn a_known_path_tells_which_methods_it_takes() {
    let server = Server::start().await;
    let pages = ["/rooms", "/send", "/status", "/client.js", "/assets/style.css", "/openapi.json", "/asyncapi.json"];
    for path in ["/", "/healthz", "/readyz", "/health", "/metrics", "/ws"].into_iter().chain(pages) {
        for method in ["POST", "PUT", "DELETE"] {
            assert_only_get(&http::request(server.address, method, path, &[], "").await);
        }
    }
}

#[tokio::test]
async fn what_the_original_said_over_http_is_said_better() {
    let server = Server::start().await;
    assert_json(&http::get(server.address, "/").await, 200);
    assert_only_get(&http::request(server.address, "POST", "/healthz", &[], "").await);
    assert_not_found(&http::get(server.address, "/nope").await);
    assert_eq!(http::get(server.address, "/ws").await.status, 426);
    let json = [("Content-Type", "application/json")];
    assert_only_get(&http::request(server.address, "POST", "/", &json, "{bad").await);
    for path in ["/other", "/ws/"] {
        let refused = http::exchange(server.address, &handshake::request(path, &[])).await;
        assert_not_found(&refused.unwrap());
    }
    let mut peer = Handshake { path: "/ws?x=1", ..Handshake::default() }.open(server.address).await.unwrap();
    assert_eq!(peer.hear().await["type"], "ready");
}

#[tokio::test]
async fn a_probe_s_own_headers_and_queries_change_nothing() {
    let server = Server::start().await;
    let headers = [("Accept", "text/html"), ("Origin", "null"), ("Cookie", "a=b"), ("X-Forwarded-For", "1.2.3.4")];
    for path in ["/healthz?x=1", "/readyz?", "/health?a=b&c=%zz"] {
        assert_json(&http::request(server.address, "GET", path, &headers, "").await, 200);
    }
}

#[tokio::test]
async fn healthcheck_asks_a_running_server() {
    let server = Server::start().await;
    let port = server.address.port().to_string();
    assert_eq!(run(&["healthcheck"], &[("PORT", &port)]).await.status.code(), Some(0));
    assert_eq!(run(&["healthcheck"], &[("HOST", "0.0.0.0"), ("PORT", &port)]).await.status.code(), Some(0));
    drop(server);
    let output = run(&["healthcheck"], &[("PORT", &port)]).await;
    assert!(output.status.code().is_some_and(|code| code != 0), "{output:?}");
}

#[tokio::test]
async fn help_tells_every_setting() {
    let output = run(&["--help"], &[]).await;
    assert_eq!(output.status.code(), Some(0));
    let help = String::from_utf8(output.stdout).unwrap();
    let settings = [
        "HOST",
        "PORT",
        "ALLOWED_ORIGIN",
        "CORS_ORIGINS",
        "ALLOW_MISSING_ORIGIN",
        "DEV",
        "REQUEUE_ON_PARTNER_LEAVE",
        "REQUEUE_ON_NEXT",
        "REMATCH_COOLDOWN",
        "REMATCH_MEMORY",
        "HEARTBEAT",
        "WS_HEARTBEAT",
        "WS_MAX_MSG",
        "WS_READ_BUF",
        "WS_WRITE_BUF",
        "OUTBOX_MAX_BYTES",
        "OUTBOX_MAX_FRAMES",
        "MAX_MSG_PER_SECOND",
        "MAX_BYTES_PER_SECOND",
        "MAX_CONNECTIONS",
        "SHUTDOWN_GRACE",
        "METRICS_ROUTE",
        "LOG_LEVEL",
        "LOG_FORMAT",
        "VERSION",
        "INSTANCE_ID",
    ];
    let words: Vec<&str> = help.split(|c: char| !c.is_ascii_alphanumeric() && !"_-".contains(c)).collect();
    for setting in settings {
        assert!(words.contains(&setting), "{setting} is missing in:\n{help}");
    }
    assert!(words.contains(&"--rematch-cooldown"), "{help}");
}

#[tokio::test]
async fn all_bad_settings_are_told_at_once() {
    let bad = [("PORT", "abc"), ("HEARTBEAT", "never"), ("MAX_MSG_PER_SECOND", "x")];
    let output = run(&[], &bad).await;
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told.lines().count(), bad.len(), "{told}");
    for (name, _) in bad {
        assert_eq!(told.lines().filter(|line| line.contains(name)).count(), 1, "{name} in:\n{told}");
    }
}

#[tokio::test]
async fn a_flag_wins_over_its_variable_and_an_empty_variable_is_unset() {
    let bad = run(&["--heartbeat", "never"], &[("HEARTBEAT", "20s")]).await;
    assert_eq!(bad.status.code(), Some(2));
    let server = Server::with(&[("HEARTBEAT", ""), ("MAX_MSG_PER_SECOND", ""), ("METRICS_ROUTE", "")]).await;
    let mut peer = Handshake::default().open(server.address).await.unwrap();
    assert_eq!(peer.hear().await["pingInterval"], 20_000);
}
