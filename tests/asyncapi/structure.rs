//! The document as a document: valid, complete, and with examples that fit their schemas.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{Document, walk};
use crate::support::schema::{Speaker, TEXT, fault, validator};

/// The AsyncAPI Initiative's schema of AsyncAPI 3.0 documents, from its package of specifications 6.11.1, under the Apache
/// License 2.0.
const ASYNCAPI: &str = include_str!("asyncapi-3.0.0.schema.json");

#[test]
fn the_document_is_valid_asyncapi_3_0() {
    let schema = serde_json::from_str(ASYNCAPI).expect("the vendored schema is JSON");
    let validator = jsonschema::draft7::options().build(&schema).expect("the vendored schema is one");
    let document = Document::read();
    let faults: Vec<_> = validator.iter_errors(document.root()).map(|fault| fault.to_string()).collect();
    assert!(faults.is_empty(), "{faults:#?}");

    let mut spoilt = document.root().clone();
    spoilt["channels"]["chat"]["adress"] = "/ws".into();
    assert!(!validator.is_valid(&spoilt), "the schema lets anything pass");
}

#[test]
fn the_document_has_the_version_of_the_server() {
    assert_eq!(Document::read().root()["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn every_reference_leads_somewhere() {
    let document = Document::read();
    walk(document.root(), "", &mut |pointer, value| {
        if value.get("$ref").is_some_and(Value::is_string) {
            assert!(document.target(value).is_some(), "{pointer} leads to {value}");
        }
    });
}

#[test]
fn everything_that_can_be_shared_is_used() {
    let components = Document::read().root()["components"].clone();
    for (kind, shared) in components.as_object().expect("an object") {
        for name in shared.as_object().expect("an object").keys() {
            let reference = format!("\"#/components/{kind}/{name}\"");
            assert!(TEXT.contains(&reference), "nothing refers to {kind}/{name}");
        }
    }
}

#[test]
fn every_message_is_of_its_channel_and_of_an_operation_in_its_direction() {
    let document = Document::read();
    let operations = document.root()["operations"].as_object().expect("operations");
    for message in document.messages() {
        let channel = message.dialect.channel();
        let key = format!("{}.{}", message.speaker.name(), message.kind);
        let listed = &document.root()["channels"][channel]["messages"][&key];
        assert_eq!(document.target(listed), Some(message.value), "{channel} {key}");
        assert_eq!(message.value["name"], message.kind, "{channel} {key}");

        let reference = format!("#/channels/{channel}/messages/{key}");
        let names = |list: &Value| list.as_array().is_some_and(|all| all.iter().any(|one| one["$ref"] == *reference));
        let (action, other) = match message.speaker {
            Speaker::Client => ("receive", "send"),
            Speaker::Server => ("send", "receive"),
        };
        let by = |action: &str| {
            operations.values().any(|operation| operation["action"] == action && names(&operation["messages"]))
        };
        let answers = operations.values().any(|operation| names(&operation["reply"]["messages"]));
        assert!(by(action) || (answers && message.speaker == Speaker::Server), "{reference} is of no operation");
        assert!(!by(other), "{reference} goes the other way");
    }
}

#[test]
fn every_operation_is_of_one_channel() {
    let document = Document::read();
    for (name, operation) in document.root()["operations"].as_object().expect("operations") {
        let channel = operation["channel"]["$ref"].as_str().expect("a channel");
        let mut references = Vec::new();
        walk(operation, "", &mut |_, value| references.extend(value.get("$ref").and_then(Value::as_str)));
        for reference in references.iter().filter(|reference| reference.contains("/messages/")) {
            assert!(reference.starts_with(&format!("{channel}/")), "{name}: {reference}");
        }
    }
}

#[test]
fn every_message_has_words_and_examples_that_fit() {
    for message in Document::read().messages() {
        let (dialect, speaker, kind) = (message.dialect, message.speaker, message.kind);
        for words in ["title", "summary"] {
            assert!(message.value[words].as_str().is_some_and(|words| !words.is_empty()), "{kind} has no {words}");
        }
        let examples = message.value["examples"].as_array().expect("examples");
        assert!(!examples.is_empty(), "{dialect:?} {speaker:?} {kind}");
        for example in examples {
            assert_eq!(
                fault(dialect, speaker, &example["payload"].to_string()),
                None,
                "{dialect:?} {speaker:?} {kind}"
            );
        }
    }
}

#[test]
fn every_example_of_a_schema_fits_it() {
    let document = Document::read();
    let mut examples = 0;
    walk(document.root(), "", &mut |pointer, value| {
        let is_schema = pointer.contains("/schemas/") || pointer.contains("/bindings/");
        for example in value.get("examples").and_then(Value::as_array).into_iter().flatten().filter(|_| is_schema) {
            let mut schema = value.clone();
            schema["components"] = document.root()["components"].clone();
            let validator = jsonschema::draft7::options().build(&schema).expect("a schema");
            assert!(validator.is_valid(example), "{pointer}: {example}");
            examples += 1;
        }
    });
    assert!(examples >= 10, "{examples} examples");
}

#[test]
fn what_the_server_says_is_closed_against_members_that_nobody_described() {
    let document = Document::read();
    let schemas = document.root()["components"]["schemas"].as_object().expect("schemas").iter();
    let said = document.messages().filter(|message| message.speaker == Speaker::Server);
    let payloads = said.map(|message| (message.kind, &message.value["payload"]));
    for (name, schema) in payloads.chain(schemas.map(|(name, schema)| (name.as_str(), schema))) {
        walk(schema, "", &mut |pointer, value| {
            let is_open = value.get("properties").is_some() && value["additionalProperties"] != false;
            assert!(!is_open, "{name}{pointer} takes any member");
        });
    }
}

#[test]
fn what_a_client_says_may_have_members_that_nobody_knows() {
    for message in Document::read().messages().filter(|message| message.speaker == Speaker::Client) {
        let mut frame = message.value["examples"][0]["payload"].clone();
        frame["unheard-of"] = true.into();
        let validator = validator(message.dialect, Speaker::Client, message.kind).expect("a schema");
        assert!(validator.is_valid(&frame), "{frame}");
    }
}

#[test]
fn every_tag_is_listed_once() {
    let document = Document::read();
    let listed: Vec<_> = document.root()["info"]["tags"].as_array().expect("tags").iter().collect();
    let distinct: BTreeSet<_> = listed.iter().filter_map(|tag| tag["$ref"].as_str()).collect();
    let shared = document.root()["components"]["tags"].as_object().expect("tags");
    assert_eq!((listed.len(), distinct.len()), (shared.len(), shared.len()));
}
