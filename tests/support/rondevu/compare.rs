//! Compares an answer with the recorded one: exact but for the recording's matchers and named extras.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use uuid::{Uuid, Version};

use super::Scope;
use crate::matcher::Extras;

/// How far the server's clock reading may be from this process's, in ms: a busy machine answers late.
const CLOCK_TOLERANCE: i64 = 8_000;

impl Scope {
    /// Err says where the two differ.
    pub fn compare(&self, recorded: &Value, heard: &Value, extras: Extras) -> Result<(), String> {
        match (recorded, heard) {
            (Value::Object(recorded), Value::Object(heard)) => self.compare_objects(recorded, heard, extras),
            (Value::Array(recorded), Value::Array(heard)) if recorded.len() == heard.len() => {
                let mut pairs = recorded.iter().zip(heard).enumerate();
                pairs.try_for_each(|(index, (recorded, heard))| {
                    self.compare(recorded, heard, extras).map_err(|difference| format!("{index}: {difference}"))
                })
            }
            (Value::String(recorded), heard) if self.matches(recorded, heard) => Ok(()),
            _ if recorded == heard => Ok(()),
            _ => Err(format!("expected {recorded}, got {heard}")),
        }
    }

    fn compare_objects(
        &self,
        recorded: &Map<String, Value>,
        heard: &Map<String, Value>,
        extras: Extras,
    ) -> Result<(), String> {
        let names: Vec<&str> = recorded.keys().map(|name| self.name(name)).collect();
        for (name, value) in names.iter().zip(recorded.values()) {
            let heard = heard.get(*name).ok_or_else(|| format!("{name} is missing"))?;
            self.compare(value, heard, extras).map_err(|difference| format!("{name}: {difference}"))?;
        }
        match heard.keys().find(|name| !names.contains(&name.as_str()) && !extras(recorded, name)) {
            Some(name) => Err(format!("{name} is unheard of")),
            None => Ok(()),
        }
    }

    /// A field's name, which may be a variable.
    fn name<'a>(&'a self, recorded: &'a str) -> &'a str {
        recorded.strip_prefix('$').map_or(recorded, |name| self.variable(name).as_str().unwrap_or(recorded))
    }

    fn matches(&self, recorded: &str, heard: &Value) -> bool {
        let Some(matcher) = recorded.strip_prefix('$') else { return *heard == *recorded };
        let text = heard.as_str();
        match matcher.split_once(':') {
            None if matcher == "any" => true,
            None if matcher == "uuid" => text.is_some_and(is_uuid4),
            None if matcher == "hex32" => text.is_some_and(|text| is_hex(text, 32)),
            None if matcher == "hexany" => text.is_some_and(|text| is_hex(text, 64)),
            None => heard == self.variable(matcher),
            Some(("time", when)) => {
                heard.as_i64().is_some_and(|time| (time - self.time(when)).abs() <= CLOCK_TOLERANCE)
            }
            Some(("base64", bytes)) => {
                let decoded = text.and_then(|text| STANDARD.decode(text).ok());
                decoded.is_some_and(|decoded| decoded.len().to_string() == bytes)
            }
            Some(("gt", name)) => heard.as_i64() > self.variable(name).as_i64(),
            Some(("oneof", choices)) => {
                choices.split('|').any(|choice| self.variables.get(choice).unwrap_or(&Value::from(choice)) == heard)
            }
            Some(("pub", key)) => text == Some(&self.key(key).public_base64()),
            Some(("pubhex", key)) => text == Some(&self.key(key).public_hex()),
            Some(_) => panic!("a matcher this player does not know: {recorded}"),
        }
    }

    fn time(&self, when: &str) -> i64 {
        let offset = when.strip_prefix("now").expect("a time counts from now");
        self.now + if offset.is_empty() { 0 } else { offset.parse::<i64>().expect("an offset in ms") }
    }
}

fn is_uuid4(text: &str) -> bool {
    Uuid::parse_str(text).is_ok_and(|uuid| uuid.get_version() == Some(Version::Random))
}

fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
