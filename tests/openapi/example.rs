//! The document's examples, sent to a server one after the other as a reader would, are accepted and answered as described.

use serde_json::{Value, json};

use crate::document::{Document, Operation, faults};
use crate::support::http;
use crate::support::server::Server;

/// The key under which the examples' credentials are valid.
const AUTH_SECRET: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const CREDENTIALS: &str = "Bearer 0123456789abcdef0123456789abcdef:\
    AAECAwQFBgcICQoLJimHBXR8+4HxAg6eUrEBSV4ElU3PMU2oARsgrkeGT1EV410nZ3MVpFzibe3661eG";

/// Every operation, in an order in which each finds what it needs.
const TOUR: &[&str] = &[
    "front",
    "health",
    "healthz",
    "readyz",
    "metrics",
    "openapi",
    "asyncapi",
    "announce",
    "listTopics",
    "listSessions",
    "answerSession",
    "pollSession",
    "register",
    "createOffers",
    "offersByTopic",
    "offersByPeer",
    "myOffers",
    "answerOffer",
    "myAnswers",
    "addCandidates",
    "candidates",
    "deleteOffer",
    "rpc",
    "mintCode",
    "redeemCode",
];

/// The operation's path with the examples of its parameters, and its headers.
fn target(document: &Document, operation: &Operation) -> (String, Vec<(String, String)>) {
    let mut path = operation.path.to_owned();
    let mut query = Vec::new();
    let mut headers = Vec::new();
    let count = operation.value["parameters"].as_array().map_or(0, Vec::len);
    for index in 0..count {
        let pointer = format!("{}/parameters/{index}", operation.pointer);
        let (parameter, _) = document.at(&pointer).expect("a parameter");
        let name = parameter["name"].as_str().expect("a name");
        let example = match &parameter["example"] {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        match parameter["in"].as_str() {
            Some("path") => path = path.replace(&format!("{{{name}}}"), &example),
            Some("query") => query.push(format!("{name}={example}")),
            _ => headers.push((name.to_owned(), example)),
        }
    }
    if operation.value.get("requestBody").is_some() {
        headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
    }
    if operation.value.get("security").is_some() {
        headers.push(("Authorization".to_owned(), CREDENTIALS.to_owned()));
    }
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    (path + &query, headers)
}

#[test]
fn the_tour_visits_every_operation_once() {
    let document = Document::read();
    let mut operations: Vec<_> = document.operations().map(|operation| operation.id).collect();
    let mut tour = TOUR.to_vec();
    operations.sort_unstable();
    tour.sort_unstable();
    assert_eq!(tour, operations);
}

#[tokio::test]
async fn the_examples_work_and_are_answered_as_described() {
    let server = Server::with(&[("STORAGE_TYPE", "memory"), ("AUTH_SECRET", AUTH_SECRET)]).await;
    let document = Document::read();
    let mut code = String::new();
    for id in TOUR {
        let operation = document.operations().find(|operation| operation.id == *id).expect("documented");
        let (path, headers) = target(&document, &operation);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let examples = operation.value["requestBody"]["content"]["application/json"]["examples"].as_object();
        let bodies: Vec<_> = examples.into_iter().flatten().map(|(_, example)| example["value"].to_string()).collect();
        for mut body in if bodies.is_empty() { vec![String::new()] } else { bodies } {
            if *id == "redeemCode" {
                // Which one there is, only chance knows.
                body = json!({ "code": code }).to_string();
            }
            let answer = http::request(server.address, &operation.method, &path, &headers, &body).await;
            let told = format!("{} {path} {body}", operation.method);
            assert_eq!(answer.status, 200, "{told}: {answer:?}");
            if *id == "mintCode" {
                code = answer.json()["code"].as_str().unwrap_or_default().to_owned();
            }
            if let Some(validator) = document.response(&operation, 200) {
                assert_eq!(faults(&validator, &answer.json()), None, "{told}: {}", answer.body);
            }
        }
    }
    server.assert_no_panic();
}
