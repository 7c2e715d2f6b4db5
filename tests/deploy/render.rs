//! render.yaml, as far as Render's documentation says what may stand in one.

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::{text, yaml};

fn schema() -> Validator {
    let schema: Value = serde_json::from_str(&text("tests/deploy/render.schema.json")).expect("JSON");
    jsonschema::meta::validate(&schema).expect("a schema");
    jsonschema::validator_for(&schema).expect("a schema")
}

#[test]
fn the_blueprint_is_one() {
    let blueprint = yaml("render.yaml");
    let faults: Vec<_> =
        schema().iter_errors(&blueprint).map(|fault| format!("{} at {}", fault, fault.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_blueprint_with_a_fault_is_none() {
    let (schema, blueprint) = (schema(), yaml("render.yaml"));
    for (field, value) in [
        ("type", json!("site")),
        ("runtime", json!(null)),
        ("plan", json!("free")),
        ("plan", json!("large")),
        ("healthCheckPath", json!("healthz")),
        ("maxShutdownDelaySeconds", json!(301)),
        ("maxShutdownDelaySeconds", json!("30")),
        ("autoDeployTrigger", json!(true)),
        ("buildFilter", json!({"path": []})),
        ("envVars", json!([{"key": "A", "value": "b", "sync": false}])),
        ("envVars", json!([{"key": "A"}])),
        ("envVars", json!([{"key": "A", "sync": true}])),
        ("replicas", json!(1)),
    ] {
        let mut spoilt = blueprint.clone();
        spoilt["services"][0][field] = value.clone();
        assert!(!schema.is_valid(&spoilt), "{field}: {value}");
    }
}
