//! Compares what was heard with what was recorded: exact but for the recording's placeholders and named extras.

use std::collections::HashMap;

use regex::Regex;
use serde_json::{Map, Value};
use uuid::{Uuid, Version};

/// Whether a recorded object may carry a field beyond the recorded ones.
pub type Extras = fn(recorded: &Map<String, Value>, field: &str) -> bool;

pub struct Matcher {
    captured: HashMap<String, String>,
    extras: Extras,
}

impl Matcher {
    pub fn new(extras: Extras) -> Self {
        Self { captured: HashMap::new(), extras }
    }

    /// Fills the placeholders of the recording that capture; Err says where the two differ.
    pub fn compare(&mut self, recorded: &Value, heard: &Value) -> Result<(), String> {
        match (recorded, heard) {
            (Value::Object(recorded), Value::Object(heard)) => self.compare_objects(recorded, heard),
            (Value::Array(recorded), Value::Array(heard)) if recorded.len() == heard.len() => {
                recorded.iter().zip(heard).try_for_each(|(recorded, heard)| self.compare(recorded, heard))
            }
            (Value::String(recorded), heard) => self.compare_text(recorded, heard),
            _ if recorded == heard => Ok(()),
            _ => Err(format!("expected {recorded}, got {heard}")),
        }
    }

    fn compare_objects(&mut self, recorded: &Map<String, Value>, heard: &Map<String, Value>) -> Result<(), String> {
        for (field, value) in recorded {
            let heard = heard.get(field).ok_or_else(|| format!("{field} is missing"))?;
            self.compare(value, heard).map_err(|difference| format!("{field}: {difference}"))?;
        }
        match heard.keys().find(|field| !recorded.contains_key(*field) && !(self.extras)(recorded, field)) {
            Some(field) => Err(format!("{field} is unheard of")),
            None => Ok(()),
        }
    }

    fn compare_text(&mut self, recorded: &str, heard: &Value) -> Result<(), String> {
        let equal = match recorded {
            "$any" => true,
            "$number" => heard.is_number(),
            "$uuid4" => is_uuid4(heard),
            _ => {
                if let (Some(name), Some(text)) = (recorded.strip_prefix("$capture:"), heard.as_str()) {
                    self.captured.insert(name.to_owned(), text.to_owned());
                    return Ok(());
                }
                match recorded.strip_prefix("$re:") {
                    Some(pattern) => heard.as_str().is_some_and(|text| is_match(pattern, text)),
                    None => *heard == self.fill(recorded),
                }
            }
        };
        if equal { Ok(()) } else { Err(format!("expected {recorded}, got {heard}")) }
    }

    /// The text with what was captured in the place of each `${NAME}`.
    pub fn fill(&self, recorded: &str) -> String {
        let mut parts = recorded.split("${");
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').expect("a name ends");
            filled.push_str(self.captured.get(name).unwrap_or_else(|| panic!("{name} was never captured")));
            filled.push_str(rest);
        }
        filled
    }
}

fn is_match(pattern: &str, text: &str) -> bool {
    Regex::new(pattern).unwrap_or_else(|fault| panic!("{fault}")).is_match(text)
}

fn is_uuid4(heard: &Value) -> bool {
    let uuid = heard.as_str().and_then(|text| Uuid::parse_str(text).ok());
    uuid.is_some_and(|uuid| uuid.get_version() == Some(Version::Random))
}
