//! The document as a document: valid, complete, and with examples that fit their schemas.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{Document, Operation, TEXT, escaped, faults};

/// The OpenAPI Initiative's schema of OpenAPI 3.1 documents, of 2022-10-07, under the Apache License 2.0. It leaves schemas
/// inside the document unread.
const OAS: &str = include_str!("oas-3.1.schema.json");

/// Every node with its pointer.
fn walk<'a>(value: &'a Value, pointer: String, visit: &mut dyn FnMut(&str, &'a Value)) {
    visit(&pointer, value);
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| walk(value, format!("{pointer}/{}", escaped(name)), visit));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| walk(value, format!("{pointer}/{index}"), visit));
        }
        _ => {}
    }
}

#[test]
fn the_document_is_valid_openapi_3_1() {
    let oas = serde_json::from_str(OAS).expect("the vendored schema is JSON");
    let validator = jsonschema::draft202012::options().build(&oas).expect("the vendored schema is one");
    assert_eq!(faults(&validator, Document::read().root()), None);
}

#[test]
fn the_document_has_the_version_of_the_server() {
    assert_eq!(Document::read().root()["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn every_reference_leads_somewhere() {
    let document = Document::read();
    walk(document.root(), String::new(), &mut |pointer, value| {
        if let Some(target) = value.get("$ref").and_then(Value::as_str) {
            let found = target.strip_prefix('#').and_then(|target| document.root().pointer(target));
            assert!(found.is_some(), "{pointer} leads to {target}");
        }
    });
}

#[test]
fn everything_that_can_be_shared_is_used() {
    let components = Document::read().root()["components"].clone();
    for kind in ["schemas", "responses", "parameters"] {
        for name in components[kind].as_object().expect("an object").keys() {
            let reference = format!("\"#/components/{kind}/{name}\"");
            assert!(TEXT.contains(&reference), "nothing refers to {kind}/{name}");
        }
    }
}

#[test]
fn every_schema_is_one() {
    let document = Document::read();
    let schemas = document.root()["components"]["schemas"].as_object().expect("an object");
    for name in schemas.keys() {
        document.validator(&format!("/components/schemas/{name}"));
    }
}

#[test]
fn every_operation_has_a_name_of_its_own_words_and_answers() {
    let document = Document::read();
    let mut ids = BTreeSet::new();
    for Operation { path, method, id, value, pointer } in document.operations() {
        assert!(ids.insert(id.to_owned()) && !id.is_empty(), "{method} {path} has the name {id}");
        for words in ["summary", "description"] {
            assert!(value[words].as_str().is_some_and(|words| !words.is_empty()), "{method} {path} has no {words}");
        }
        let responses = value["responses"].as_object().expect("responses");
        assert!(responses.contains_key("200") && responses.contains_key("405"), "{method} {path}");
        for status in responses.keys() {
            let (response, _) = document.at(&format!("{pointer}/responses/{status}")).expect("a response");
            // What hyper refuses by itself comes without words.
            assert!(response["content"].is_object() || status == "431", "{method} {path} {status} has no content");
        }
        let writes = ["POST", "DELETE"].contains(&method.as_str()) && !["register", "pollSession"].contains(&id);
        assert!(!writes || responses.contains_key("503"), "{method} {path} may meet a full disk");
        let is_limited = value["tags"][0] != "Service";
        assert!(!is_limited || responses.contains_key("429"), "{method} {path} may be asked too often");
        assert_eq!(value.get("security").is_some(), responses.contains_key("401"), "{method} {path}");
    }
}

#[test]
fn every_path_parameter_is_described() {
    let document = Document::read();
    for operation in document.operations() {
        let named: BTreeSet<_> = operation.path.split(['{', '}']).skip(1).step_by(2).collect();
        let count = operation.value["parameters"].as_array().map_or(0, Vec::len);
        let described =
            (0..count).filter_map(|index| document.at(&format!("{}/parameters/{index}", operation.pointer)));
        let described: BTreeSet<_> = described
            .filter(|(parameter, _)| parameter["in"] == "path" && parameter["required"] == true)
            .filter_map(|(parameter, _)| parameter["name"].as_str())
            .collect();
        assert_eq!(named, described, "{} {}", operation.method, operation.path);
    }
}

#[test]
fn every_example_fits_its_schema() {
    let document = Document::read();
    let mut examples = 0;
    walk(document.root(), String::new(), &mut |pointer, value| {
        // A media type or a parameter; what a schema itself gives are `examples` in a list.
        let schema = format!("{pointer}/schema");
        let named = value.get("examples").and_then(Value::as_object).into_iter().flatten();
        let all = value.get("example").into_iter().chain(named.map(|(_, example)| &example["value"]));
        for example in all.filter(|_| value.get("schema").is_some()) {
            assert_eq!(faults(&document.validator(&schema), example), None, "{pointer}: {example}");
            examples += 1;
        }
        let listed = value.get("examples").and_then(Value::as_array).into_iter().flatten();
        for example in listed {
            assert_eq!(faults(&document.validator(pointer), example), None, "{pointer}: {example}");
            examples += 1;
        }
    });
    assert!(examples > 50, "{examples} examples");
}

#[test]
fn what_the_server_answers_is_closed_against_members_that_nobody_described() {
    let document = Document::read();
    let open = |pointer: &str| -> Vec<String> {
        let mut open = Vec::new();
        let (schema, pointer) = document.at(pointer).expect("a schema");
        walk(schema, pointer, &mut |pointer, value| {
            if value.get("properties").is_some() && value["additionalProperties"] != false {
                open.push(pointer.to_owned());
            }
        });
        open
    };
    for operation in document.operations().filter(|operation| !["openapi", "asyncapi"].contains(&operation.id)) {
        for status in operation.value["responses"].as_object().expect("responses").keys() {
            let (_, response) = document.at(&format!("{}/responses/{status}", operation.pointer)).expect("a response");
            let left: Vec<_> = open(&response);
            assert!(left.is_empty(), "{left:?}");
        }
    }
}
