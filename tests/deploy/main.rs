//! What those who run the server are given: deploy/, render.yaml, docs/operations.md, against the server and the tools they are for.

mod backup;
mod compose;
mod monitoring;
#[path = "../docs/page.rs"]
mod page;
mod render;
mod units;

use meetpoint_test_support as support;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

const OPERATIONS: &str = "docs/operations.md";

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A file of the repository.
fn text(name: &str) -> String {
    fs::read_to_string(path(name)).expect(name)
}

/// The same, read as YAML.
fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&text(name)).unwrap_or_else(|fault| panic!("{name}: {fault}"))
}
