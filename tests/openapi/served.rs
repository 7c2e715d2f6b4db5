//! The document and a server beside each other.

use std::collections::BTreeSet;

use crate::document::{Document, TEXT, faults};
use crate::support::http::{self, Response};
use crate::support::server::Server;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "DELETE", "PATCH"];

async fn server() -> Server {
    Server::with(&[("STORAGE_TYPE", "memory")]).await
}

/// A path in which every parameter has a value.
fn filled(template: &str) -> String {
    let value = |part: &str| if part.starts_with('{') { "x".to_owned() } else { part.to_owned() };
    template.split('/').map(value).collect::<Vec<_>>().join("/")
}

fn allowed(response: &Response) -> BTreeSet<String> {
    let allow = response.header("allow").unwrap_or_else(|| panic!("405 tells what is allowed: {response:?}"));
    allow.split(',').map(|method| method.trim().to_owned()).collect()
}

#[tokio::test]
async fn the_server_serves_the_document_byte_for_byte() {
    let server = server().await;
    let served = http::get(server.address, "/openapi.json").await;
    assert_eq!((served.status, served.header("content-type")), (200, Some("application/json")));
    assert!(served.body == TEXT, "/openapi.json differs from docs/openapi.json");
}

#[tokio::test]
async fn every_path_is_there_and_says_which_methods_it_takes() {
    let server = server().await;
    let document = Document::read();
    for template in document.paths() {
        let path = filled(template);
        // An offer may be called `mine`: what is written out and what takes anything may both be meant.
        let documented: BTreeSet<_> = document.methods(&path).collect();
        let operation = document.operations().find(|operation| operation.path == template).expect("an operation");
        for method in METHODS {
            let answer = http::request(server.address, method, &path, &[], "{}").await;
            if documented.contains(method) {
                assert_ne!(answer.status, 405, "{method} {template}: {answer:?}");
                assert!(answer.status != 404 || answer.error() != "Not found", "{method} {template}: {answer:?}");
                continue;
            }
            assert_eq!(answer.status, 405, "{method} {template}: {answer:?}");
            let fault = match document.response(&operation, 405) {
                Some(described) => faults(&described, &answer.json()),
                None => {
                    let described = document.text(&operation, 405).expect("every operation describes 405");
                    faults(&described, &answer.body.as_str().into())
                }
            };
            assert_eq!(fault, None, "{method} {template}");
            let allowed = allowed(&answer);
            let named: BTreeSet<_> =
                allowed.iter().filter(|method| METHODS.contains(&method.as_str())).cloned().collect();
            assert_eq!(named, documented, "{method} {template}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn every_path_answers_a_preflight() {
    let server = server().await;
    let headers = [("Origin", "https://app.example"), ("Access-Control-Request-Method", "POST")];
    for template in Document::read().paths() {
        if ["Sessions", "Offers", "RPC", "Codes"].iter().all(|tag| !is_tagged(template, tag)) {
            continue;
        }
        let answer = http::request(server.address, "OPTIONS", &filled(template), &headers, "").await;
        assert_eq!(answer.status, 204, "{template}: {answer:?}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example"), "{template}");
    }
}

fn is_tagged(path: &str, tag: &str) -> bool {
    Document::read().operations().any(|operation| operation.path == path && operation.value["tags"][0] == tag)
}
