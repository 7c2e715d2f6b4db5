//! Makes a request of a recorded one: `${…}` inside strings, `$repeatItem`, `$number` and `$auth` objects.

use serde_json::{Map, Value, json};

use super::keys::{fresh_nonce, signed_text};
use super::{Scope, bloom};

impl Scope {
    pub fn fill(&self, template: &Value) -> Value {
        match template {
            Value::String(text) => Value::from(self.text(text)),
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(fields) => self.object(fields),
            plain => plain.clone(),
        }
    }

    pub fn text(&self, template: &str) -> String {
        self.signed(template, None)
    }

    fn object(&self, fields: &Map<String, Value>) -> Value {
        if let Some(item) = fields.get("$repeatItem") {
            let count = fields["count"].as_u64().expect("a count");
            return (0..count).map(|index| self.fill(&numbered(item, index))).collect();
        }
        if let Some(text) = fields.get("$number") {
            let number = self.text(text.as_str().expect("a template"));
            return number.parse::<i64>().expect("an integer").into();
        }
        let (last, first): (Vec<_>, Vec<_>) = fields.iter().partition(|(_, value)| needs_siblings(value));
        let mut filled: Map<_, _> = first.into_iter().map(|(name, value)| (name.clone(), self.fill(value))).collect();
        for (name, value) in last {
            let value = match value.as_str() {
                Some(text) => Value::from(self.signed(text, filled["message"].as_str())),
                None => self.auth(value, &filled),
            };
            filled.insert(name.clone(), value);
        }
        Value::Object(filled)
    }

    fn signed(&self, template: &str, message: Option<&str>) -> String {
        let mut text = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').expect("a closed template");
            text.push_str(before);
            text.push_str(&self.expand(name, message));
            rest = after;
        }
        text + rest
    }

    fn expand(&self, name: &str, message: Option<&str>) -> String {
        if let Some(offset) = name.strip_prefix("now") {
            let offset = if offset.is_empty() { 0 } else { offset.parse::<i64>().expect("an offset in ms") };
            return (self.now + offset).to_string();
        }
        match name.split_once(':') {
            None => plain(self.variable(name)),
            Some(("pub", key)) => self.key(key).public_base64(),
            Some(("pubhex", key)) => self.key(key).public_hex(),
            Some(("sign", key)) => self.key(key).sign(message.expect("a signature stands beside its message")),
            Some(("repeat", what)) => {
                let (text, times) = what.split_once(':').expect("a text and a number");
                text.repeat(times.parse().expect("a number"))
            }
            Some(("bloom", what)) => {
                let (bits, members) = what.split_once(':').expect("bits and members");
                let members: Vec<String> = members.split(',').map(|name| plain(self.variable(name))).collect();
                let filter = bloom::filter(bits.parse().expect("bits"), members.iter().map(String::as_str));
                bloom::percent_encoded(&filter)
            }
            Some(_) => panic!("a template this player does not know: {name}"),
        }
    }

    /// A fresh signature over the sibling method and params, or the wrong one that is asked for.
    fn auth(&self, wanted: &Value, siblings: &Map<String, Value>) -> Value {
        let key = self.key(wanted["$auth"].as_str().expect("a key's name"));
        let signer = wanted["signer"].as_str().map_or(key, |name| self.key(name));
        let timestamp = self.now + wanted["offset"].as_i64().unwrap_or_default();
        let nonce = wanted["nonce"].as_str().map_or_else(fresh_nonce, str::to_owned);
        let method = wanted["signMethod"].as_str().or_else(|| siblings["method"].as_str()).expect("a method");
        let empty = json!({});
        let params = wanted.get("signParams").or_else(|| siblings.get("params")).unwrap_or(&empty);
        let signature = signer.sign(&signed_text(timestamp, &nonce, method, params));
        json!({"publicKey": key.public_hex(), "timestamp": timestamp, "nonce": nonce, "signature": signature})
    }
}

fn needs_siblings(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("${sign:")) || value.get("$auth").is_some()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A copy in which `$i` is the index.
fn numbered(item: &Value, index: u64) -> Value {
    match item {
        Value::String(text) => Value::from(text.replace("$i", &index.to_string())),
        Value::Array(items) => items.iter().map(|item| numbered(item, index)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), numbered(value, index))).collect::<Map<_, _>>().into()
        }
        plain => plain.clone(),
    }
}
