//! The document, and schemas of it as validators.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// What the server embeds.
pub const TEXT: &str = include_str!("../../docs/openapi.json");

/// The fields of a path that are operations, of those that OpenAPI knows.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

pub struct Document {
    root: Value,
    /// By pointer: making one costs more than using it a hundred times.
    validators: RefCell<HashMap<String, Rc<Validator>>>,
}

/// One method of one path.
#[derive(Clone)]
pub struct Operation<'a> {
    pub path: &'a str,
    /// In capitals.
    pub method: String,
    pub id: &'a str,
    pub value: &'a Value,
    /// Where it stands, as a JSON pointer.
    pub pointer: String,
}

impl Document {
    pub fn read() -> Self {
        Self::of(serde_json::from_str(TEXT).expect("the document is JSON"))
    }

    /// The same with objects that need none of their members: for recorded answers that lack what meetpoint adds.
    pub fn lenient() -> Self {
        Self::of(lenient(&Self::read().root))
    }

    fn of(root: Value) -> Self {
        Self { root, validators: RefCell::default() }
    }

    pub fn root(&self) -> &Value {
        &self.root
    }

    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.root["paths"].as_object().into_iter().flatten().map(|(path, _)| path.as_str())
    }

    pub fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        let paths = self.root["paths"].as_object().into_iter().flatten();
        paths.flat_map(|(path, item)| {
            methods(item).map(move |method| {
                let key = method.to_ascii_lowercase();
                let value = &item[&key];
                let pointer = format!("/paths/{}/{key}", escaped(path));
                Operation { path, method, id: value["operationId"].as_str().unwrap_or_default(), value, pointer }
            })
        })
    }

    /// The operation that a request is for; `path` is without its query.
    pub fn find(&self, method: &str, path: &str) -> Option<Operation<'_>> {
        let mut fitting: Vec<_> = self.operations().filter(|operation| fits(operation.path, path)).collect();
        // What is written out goes before what takes anything.
        fitting.sort_by_key(|operation| operation.path.matches('{').count());
        let path = fitting.first()?.path;
        fitting.into_iter().find(|operation| operation.path == path && operation.method == method)
    }

    /// All methods that are described for a path.
    pub fn methods(&self, path: &str) -> impl Iterator<Item = String> {
        self.operations().filter(move |operation| fits(operation.path, path)).map(|operation| operation.method)
    }

    /// What stands at a pointer, references followed.
    pub fn at(&self, pointer: &str) -> Option<(&Value, String)> {
        let found = self.root.pointer(pointer)?;
        match found["$ref"].as_str() {
            Some(target) => self.at(target.strip_prefix('#')?),
            None => Some((found, pointer.to_owned())),
        }
    }

    /// The schema at a pointer.
    pub fn validator(&self, pointer: &str) -> Rc<Validator> {
        let mut known = self.validators.borrow_mut();
        known.entry(pointer.to_owned()).or_insert_with(|| Rc::new(self.compile(pointer))).clone()
    }

    fn compile(&self, pointer: &str) -> Validator {
        let mut schema = self.root.clone();
        schema["$ref"] = format!("#{}", fragment(pointer)).into();
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        options.build(&schema).unwrap_or_else(|fault| panic!("{pointer} is no schema: {fault}"))
    }

    /// The schema of an operation's answers with this status, where it describes any.
    pub fn response(&self, operation: &Operation, status: u64) -> Option<Rc<Validator>> {
        self.media(operation, status, "application/json")
    }

    /// The same for answers of plain text, as JSON strings.
    pub fn text(&self, operation: &Operation, status: u64) -> Option<Rc<Validator>> {
        self.media(operation, status, "text/plain")
    }

    fn media(&self, operation: &Operation, status: u64, media: &str) -> Option<Rc<Validator>> {
        let (response, pointer) = self.at(&format!("{}/responses/{status}", operation.pointer))?;
        response["content"].get(media)?;
        Some(self.validator(&format!("{pointer}/content/{}/schema", escaped(media))))
    }

    /// The schema of an operation's requests, where it has one.
    pub fn request(&self, operation: &Operation) -> Option<Rc<Validator>> {
        let pointer = format!("{}/requestBody/content/application~1json/schema", operation.pointer);
        self.root.pointer(&pointer).map(|_| self.validator(&pointer))
    }
}

/// Where an instance breaks a schema, or nothing.
pub fn faults(validator: &Validator, instance: &Value) -> Option<String> {
    let faults: Vec<_> = validator
        .iter_errors(instance)
        .map(|fault| format!("{} at {:?}", fault, fault.instance_path().as_str()))
        .collect();
    (!faults.is_empty()).then(|| faults.join("; "))
}

/// A key as a part of a JSON pointer.
pub fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// A JSON pointer as a URI's fragment.
fn fragment(pointer: &str) -> String {
    pointer.replace('{', "%7B").replace('}', "%7D")
}

fn methods(item: &Value) -> impl Iterator<Item = String> {
    METHODS.iter().filter(|method| item.get(**method).is_some()).map(|method| method.to_ascii_uppercase())
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let same = |(part, own): (&&str, &&str)| part == own || (part.starts_with('{') && !own.is_empty());
    template.len() == path.len() && template.iter().zip(&path).all(same)
}

fn lenient(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, value)| *name != "required" || !value.is_array());
            // Without required members more than one alternative may fit.
            let name = |name: &String| if name == "oneOf" { "anyOf".to_owned() } else { name.clone() };
            fields.map(|(key, value)| (name(key), lenient(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => items.iter().map(lenient).collect(),
        scalar => scalar.clone(),
    }
}

#[test]
fn a_request_is_found_by_its_path_written_out_before_what_takes_anything() {
    let document = Document::read();
    let id = |method, path| document.find(method, path).map(|operation| operation.id.to_owned());
    assert_eq!(id("GET", "/offers/mine").as_deref(), Some("myOffers"));
    assert_eq!(id("DELETE", "/offers/abc").as_deref(), Some("deleteOffer"));
    assert_eq!(id("GET", "/a%2Fb/sessions").as_deref(), Some("listSessions"));
    assert_eq!((id("DELETE", "/offers/mine"), id("GET", "//sessions"), id("GET", "/nope")), (None, None, None));
}

#[test]
fn a_schema_says_where_an_instance_breaks_it() {
    let document = Document::read();
    let poll = document.find("POST", "/poll").expect("documented");
    let validator = document.request(&poll).expect("has a body");
    assert_eq!(faults(&validator, &json!({"code": "x", "side": "offerer"})), None);
    assert!(faults(&validator, &json!({"code": "x", "side": "both"})).is_some_and(|fault| fault.contains("/side")));
}
