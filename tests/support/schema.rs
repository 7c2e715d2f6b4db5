//! What the server says, against `docs/asyncapi.json`: whoever hears a frame that is not described there fails.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use jsonschema::Validator;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Value, json};

pub const TEXT: &str = include_str!("../../docs/asyncapi.json");

/// Deeper than anything that is described, and shallow enough for any stack.
const DEPTH: usize = 8;

/// Made when it is first needed: most tests hear a few types of frames.
static MESSAGES: LazyLock<HashMap<String, Message>> = LazyLock::new(messages);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Chat,
    Sides,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    Client,
    Server,
}

struct Message {
    schema: Value,
    validator: OnceLock<Validator>,
}

impl Dialect {
    /// The one that an upgrade with this path and query opens.
    pub fn of(path: &str) -> Self {
        let query = path.split_once('?').map_or("", |(_, query)| query);
        let mut names = query.split('&').map(|parameter| parameter.split('=').next());
        if names.any(|name| matches!(name, Some("appID" | "side"))) { Self::Sides } else { Self::Chat }
    }

    pub const fn channel(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Sides => "sides",
        }
    }

    /// The type of a frame, as its receiver understands it.
    fn kind(self, frame: &Value) -> Option<String> {
        match self {
            Self::Chat => frame["type"].as_str().map(str::to_owned),
            // What a side passes on is spelt by the other side: in any case, and the last counts.
            Self::Sides => {
                let mut fields = frame.as_object()?.iter().rev();
                let (_, kind) = fields.find(|(name, _)| name.eq_ignore_ascii_case("type"))?;
                kind.as_str().map(str::to_ascii_lowercase)
            }
        }
    }
}

impl Speaker {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// Fails where a text frame of the server is not as described.
pub fn judge(dialect: Dialect, words: &str) {
    let fault = fault(dialect, Speaker::Server, words);
    assert_eq!(fault, None, "docs/asyncapi.json describes no such frame: {words}");
}

/// Where a text frame differs from its description, or nothing.
pub fn fault(dialect: Dialect, speaker: Speaker, words: &str) -> Option<String> {
    let Some(frame) = parse(words, DEPTH) else { return Some("no JSON".into()) };
    let Some(kind) = dialect.kind(&frame) else { return Some("no type".into()) };
    let Some(validator) = validator(dialect, speaker, &kind) else { return Some(format!("unknown type {kind}")) };
    if validator.is_valid(&frame) {
        return None;
    }
    let faults = validator.iter_errors(&frame).map(|fault| format!("{fault} at {:?}", fault.instance_path().as_str()));
    Some(faults.collect::<Vec<_>>().join("; "))
}

/// What frames of a type must fit, where there are any.
pub fn validator(dialect: Dialect, speaker: Speaker, kind: &str) -> Option<&'static Validator> {
    let Message { schema, validator } = MESSAGES.get(&format!("{}.{}.{kind}", dialect.channel(), speaker.name()))?;
    let options = jsonschema::draft7::options();
    Some(validator.get_or_init(|| options.build(schema).unwrap_or_else(|fault| panic!("{kind} is no schema: {fault}"))))
}

fn messages() -> HashMap<String, Message> {
    let document: Value = serde_json::from_str(TEXT).expect("the document is JSON");
    let shared = json!({ "schemas": document["components"]["schemas"] });
    let messages = document["components"]["messages"].as_object().expect("messages");
    let message = |(name, message): (&String, &Value)| {
        let mut schema = message["payload"].clone();
        schema["components"] = shared.clone();
        (name.clone(), Message { schema, validator: OnceLock::new() })
    };
    messages.iter().map(message).collect()
}

/// Any JSON. What no `Value` holds (half a surrogate pair, a number beyond all doubles, nesting that would cost a stack) is
/// replaced by something of its kind: it can only stand where anything may.
fn parse(words: &str, depth: usize) -> Option<Value> {
    if let Ok(value) = serde_json::from_str(words) {
        return Some(value);
    }
    serde_json::from_str::<IgnoredAny>(words).ok()?;
    let inner = |raw: &RawValue| parse(raw.get(), depth - 1);
    Some(match words.trim_ascii_start().as_bytes().first()? {
        b'"' => json!("\u{fffd}"),
        b'{' => {
            let fields: HashMap<String, &RawValue> = shallow(words, depth);
            fields.into_iter().map(|(name, raw)| Some((name, inner(raw)?))).collect::<Option<_>>().map(Value::Object)?
        }
        b'[' => {
            let items: Vec<&RawValue> = shallow(words, depth);
            items.into_iter().map(inner).collect::<Option<_>>().map(Value::Array)?
        }
        _ => json!(0),
    })
}

/// The members of an object or an array; none of one that lies too deep, or whose names are no text.
fn shallow<'a, T: Default + serde::Deserialize<'a>>(words: &'a str, depth: usize) -> T {
    if depth == 0 { T::default() } else { serde_json::from_str(words).unwrap_or_default() }
}
