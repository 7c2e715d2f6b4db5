//! The document against what the original of the codes said.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{Document, faults};

const RECORDING: &str = include_str!("../vectors/nt-http.json");

/// What the recording has in the place of a value that differs from time to time.
fn sampled(recorded: &Value) -> Value {
    let text = recorded.as_object().map(|fields| {
        let sample = |name: &str| match name {
            "appID" => "3f2c8a44-7f0b-4e0e-9d8e-0d8f7c1a2b3c",
            "code" => "0417",
            _ => "2026-01-02T03:04:05.678901234Z",
        };
        fields.keys().map(|name| (name.clone(), sample(name).into())).collect()
    });
    Value::Object(text.unwrap_or_default())
}

#[test]
fn what_the_original_said_is_described() {
    let document = Document::read();
    let recording: Value = serde_json::from_str(RECORDING).expect("the recording is JSON");
    let groups = recording["groups"].as_array().expect("groups");
    let mut reached = BTreeSet::new();
    for step in groups.iter().flat_map(|group| group["steps"].as_array().expect("steps")) {
        let request = ["http", "httpParallel", "httpRepeat"].iter().find_map(|kind| step.get(kind)).unwrap_or_default();
        let path = request["path"].as_str().unwrap_or_default().split('?').next().unwrap_or_default();
        let method = request["method"].as_str().unwrap_or("GET");
        let (expected, status) = (&step["expect"], step["expect"]["status"].as_u64());
        // How a wrong method is answered, the server shows by itself.
        let (Some(operation), Some(status)) = (document.find(method, path), status) else { continue };
        if operation.value["tags"][0] != "Codes" {
            continue;
        }
        if let Some(body) = expected.get("json") {
            let described = document.response(&operation, status).unwrap_or_else(|| panic!("{path} {status}"));
            assert_eq!(faults(&described, &sampled(body)), None, "{path} {status}");
        } else if let Some(body) = expected.get("body") {
            let described = document.text(&operation, status).unwrap_or_else(|| panic!("{path} {status}"));
            assert_eq!(faults(&described, body), None, "{path} {status}");
        } else {
            assert!(document.at(&format!("{}/responses/{status}", operation.pointer)).is_some(), "{path} {status}");
        }
        reached.insert((operation.id.to_owned(), status));
    }
    for (id, status) in [("mintCode", 200), ("redeemCode", 200), ("redeemCode", 400), ("redeemCode", 410)] {
        assert!(reached.contains(&(id.to_owned(), status)), "{id} {status} is not recorded: {reached:?}");
    }
    assert!(reached.contains(&("redeemCode".to_owned(), 415)) && reached.len() >= 6, "{reached:?}");
}
