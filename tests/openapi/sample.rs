//! Recorded answers with values in the place of the recording's matchers.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

/// Some moment, in milliseconds since 1970.
pub const MOMENT: i64 = 1_733_404_800_000;

/// What has been bound to the recording's variables.
#[derive(Default)]
pub struct Samples {
    bound: HashMap<String, Value>,
}

impl Samples {
    /// Takes what a step binds out of its sampled answer.
    pub fn bind(&mut self, wanted: &Value, body: Option<&Value>) {
        for (name, pointer) in wanted.as_object().into_iter().flatten() {
            let value = body.and_then(|body| body.pointer(pointer.as_str()?));
            self.bound.insert(name.clone(), value.cloned().unwrap_or_else(|| digits(64)));
        }
    }

    pub fn bound(&self) -> HashMap<String, Value> {
        self.bound.clone()
    }

    /// None where the recording does not tell what it was.
    pub fn of(&self, recorded: &Value) -> Option<Value> {
        match recorded {
            Value::String(text) => self.text(text),
            Value::Array(items) => items.iter().map(|item| self.of(item)).collect(),
            Value::Object(fields) => self.object(fields),
            plain => Some(plain.clone()),
        }
    }

    fn object(&self, fields: &Map<String, Value>) -> Option<Value> {
        let sampled = fields.iter().map(|(name, value)| {
            let value = if value == "$any" { anything(name, fields) } else { self.of(value) };
            let variable = name.strip_prefix('$').map(|name| self.variable(name));
            let name = variable.as_ref().and_then(Value::as_str).unwrap_or(name);
            Some((name.to_owned(), value?))
        });
        sampled.collect::<Option<Map<_, _>>>().map(Value::Object)
    }

    fn text(&self, recorded: &str) -> Option<Value> {
        let Some(matcher) = recorded.strip_prefix('$') else { return Some(recorded.into()) };
        Some(match matcher.split_once(':') {
            None if matcher == "any" => return None,
            None if matcher == "uuid" => json!("0c2d4bb4-6b8e-4f0e-9a2d-5d3b6c0f7a11"),
            None if matcher == "hex32" => digits(32),
            None if matcher == "hexany" => digits(64),
            None => self.variable(matcher),
            Some(("time", _) | ("gt", _)) => MOMENT.into(),
            Some(("base64", _)) => "A".repeat(80).into(),
            Some(("oneof", choices)) => {
                let first = choices.split('|').next().unwrap_or_default();
                self.bound.get(first).cloned().unwrap_or_else(|| first.into())
            }
            Some(("pub", _)) => json!("iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w="),
            Some(("pubhex", _)) => digits(64),
            Some(_) => panic!("a matcher without a sample: {recorded}"),
        })
    }

    fn variable(&self, name: &str) -> Value {
        self.bound.get(name).cloned().unwrap_or_else(|| digits(64))
    }
}

/// A value for a field of which the recording says nothing.
fn anything(field: &str, beside: &Map<String, Value>) -> Option<Value> {
    match field {
        "offers" | "services" => Some(json!([])),
        // A list's topics, or an offer's own.
        "topics" if beside.contains_key("id") => Some(json!(["any"])),
        "topics" => Some(json!([])),
        "expiresAt" => Some(MOMENT.into()),
        "name" | "description" | "version" | "secret" => Some(json!("any")),
        _ => None,
    }
}

fn digits(number: usize) -> Value {
    "0123456789abcdef".repeat(number / 16).into()
}
