//! The document, to be asked about.

use serde_json::Value;

use crate::support::schema::{Dialect, Speaker, TEXT};

pub struct Document {
    root: Value,
}

/// One type of frame in one direction.
pub struct Message<'a> {
    pub dialect: Dialect,
    pub speaker: Speaker,
    pub kind: &'a str,
    pub value: &'a Value,
}

impl Document {
    pub fn read() -> Self {
        Self { root: serde_json::from_str(TEXT).expect("the document is JSON") }
    }

    pub fn root(&self) -> &Value {
        &self.root
    }

    pub fn messages(&self) -> impl Iterator<Item = Message<'_>> {
        self.root["components"]["messages"].as_object().expect("messages").iter().map(|(name, value)| {
            let mut parts = name.splitn(3, '.');
            let dialect = match parts.next() {
                Some("chat") => Dialect::Chat,
                Some("sides") => Dialect::Sides,
                _ => panic!("{name} is of no channel"),
            };
            let speaker = match parts.next() {
                Some("client") => Speaker::Client,
                Some("server") => Speaker::Server,
                _ => panic!("{name} is said by nobody"),
            };
            Message { dialect, speaker, kind: parts.next().unwrap_or_default(), value }
        })
    }

    /// What stands at a reference.
    pub fn target(&self, reference: &Value) -> Option<&Value> {
        self.root.pointer(reference["$ref"].as_str()?.strip_prefix('#')?)
    }

    /// The rows of the table with this head in a description, cell by cell, without marks of code.
    pub fn rows<'a>(described: &'a Value, head: &str) -> Vec<Vec<&'a str>> {
        let text = described["description"].as_str().expect("a description");
        let table = text.split_once(head).unwrap_or_else(|| panic!("no table {head} in {text}")).1;
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect()).collect()
    }
}

/// Every node with its pointer.
pub fn walk<'a>(value: &'a Value, pointer: &str, visit: &mut dyn FnMut(&str, &'a Value)) {
    visit(pointer, value);
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| walk(value, &format!("{pointer}/{name}"), visit));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| walk(value, &format!("{pointer}/{index}"), visit));
        }
        _ => {}
    }
}
