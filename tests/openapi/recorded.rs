//! The document against the conversations recorded from the originals, with meetpoint's answers where it deviates.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::deviating::{offers, rpc, sessions, tags};
use crate::deviation::Deviation;
use crate::document::{Document, Operation, faults};
use crate::sample::{MOMENT, Samples};
use crate::support::rondevu::Scope;
use crate::support::rondevu::keys::Key;

const RECORDINGS: [(&str, &[Deviation]); 4] = [
    (include_str!("../vectors/rondevu-a.json"), sessions::DEVIATIONS),
    (include_str!("../vectors/rondevu-b.json"), offers::DEVIATIONS),
    (include_str!("../vectors/rondevu-d.json"), rpc::DEVIATIONS),
    (include_str!("../vectors/rondevu-head.json"), tags::DEVIATIONS),
];

/// What meetpoint adds members to, so that recorded answers lack some.
const ENRICHED: [&str; 4] = ["front", "health", "listTopics", "listSessions"];

/// How many recorded answers say enough to be compared.
const ANSWERS: usize = 530;

struct Reader {
    exact: Document,
    lenient: Document,
    /// Of the current recording and profile.
    samples: Samples,
    faults: Vec<String>,
    answers: usize,
    reached: BTreeSet<(String, u64)>,
}

impl Reader {
    fn read(&mut self, content: &Value, step: &Value) {
        let (request, response) = (&step["request"], &step["response"]);
        let body = response.get("body").and_then(|body| self.samples.of(body));
        self.samples.bind(&step["bind"], body.as_ref());
        let path = request["path"].as_str().expect("a path").split('?').next().unwrap_or_default();
        let method = request["method"].as_str().expect("a method");
        let status = response["status"].as_u64().expect("a status");
        let documents = (&self.exact, &self.lenient);
        let Some(operation) = documents.0.find(method, path) else {
            // A preflight, a path that is not there, or a method that the path does not take.
            let other = method == "OPTIONS" || [404, 405].contains(&status);
            return if other { self.answers += 1 } else { self.faults.push(format!("{method} {path} is unknown")) };
        };
        let Some(body) = body else { return };
        let document = if ENRICHED.contains(&operation.id) { documents.1 } else { documents.0 };
        let told = format!("{}: {method} {path} {status}", step["name"]);
        match document.response(&operation, status) {
            None => self.faults.push(format!("{told} is not described")),
            Some(validator) => {
                self.faults.extend(faults(&validator, &body).map(|fault| format!("{told}: {fault}: {body}")));
            }
        }
        let raw = request["rawBody"].as_str().and_then(|raw| serde_json::from_str(raw).ok());
        let asked = request.get("body").map(|asked| self.scope(content).fill(asked)).or(raw).unwrap_or_default();
        let about = if operation.id == "rpc" { rpc_faults(document, &asked, &body) } else { None };
        let about = about.or_else(|| request_faults(document, &operation, status, &asked));
        self.faults.extend(about.map(|fault| format!("{told}: {fault}")));
        self.answers += 1;
        self.reached.insert((operation.id.to_owned(), status));
    }

    fn scope(&self, content: &Value) -> Scope {
        let keys = content["keys"].as_object().into_iter().flatten();
        let keys = keys.map(|(name, key)| (name.clone(), Key::from_seed_hex(key["seedHex"].as_str().expect("a seed"))));
        Scope { variables: self.samples.bound(), keys: keys.collect(), now: MOMENT }
    }
}

/// What was accepted must be described as acceptable.
fn request_faults(document: &Document, operation: &Operation, status: u64, asked: &Value) -> Option<String> {
    if status != 200 || asked.is_null() || operation.id == "rpc" {
        return None;
    }
    let validator = document.request(operation)?;
    faults(&validator, asked).map(|fault| format!("the accepted request: {fault}: {asked}"))
}

/// Each call that succeeded, against its own schema and its method's result.
fn rpc_faults(document: &Document, asked: &Value, body: &Value) -> Option<String> {
    let calls = asked.as_array().map_or_else(|| vec![asked], |calls| calls.iter().collect());
    let replies = body.as_array().map_or_else(|| vec![body], |replies| replies.iter().collect());
    for (call, reply) in calls.iter().zip(replies).filter(|(_, reply)| reply["success"] == true) {
        let kind = if call["message"].is_string() { "Services" } else { "Tags" };
        let method = call["method"].as_str().expect("who succeeds has named a method");
        let mapping = &document.root()["components"]["schemas"][format!("{kind}Call")]["discriminator"]["mapping"];
        let schema = mapping[method].as_str().and_then(|schema| schema.strip_prefix('#'));
        let Some(schema) = schema else { return Some(format!("{kind} do not describe {method}")) };
        if let Some(fault) = faults(&document.validator(schema), call) {
            return Some(format!("the accepted call: {fault}: {call}"));
        }
        let result = document.validator(&format!("{schema}/x-result"));
        if let Some(fault) = faults(&result, &reply["result"]) {
            return Some(format!("the result of {method}: {fault}: {reply}"));
        }
    }
    None
}

#[test]
fn what_the_originals_said_is_described_and_so_is_what_is_said_better() {
    let (exact, lenient) = (Document::read(), Document::lenient());
    let samples = Samples::default();
    let mut reader = Reader { exact, lenient, samples, faults: Vec::new(), answers: 0, reached: BTreeSet::new() };
    for (text, deviations) in RECORDINGS {
        let content: Value = serde_json::from_str(text).expect("the recording is JSON");
        for profile in content["profiles"].as_object().expect("profiles").keys() {
            reader.samples = Samples::default();
            let steps = content["steps"].as_array().into_iter().flatten();
            for step in
                steps.filter(|step| step.get("profile").unwrap_or(&content["defaultProfile"]) == profile.as_str())
            {
                let mut step = step.clone();
                if let Some(deviation) = deviations.iter().find(|deviation| step["name"] == deviation.step) {
                    deviation.apply(&mut step);
                }
                reader.read(&content, &step);
            }
        }
    }
    assert!(reader.faults.is_empty(), "{} faults:\n{}", reader.faults.len(), reader.faults.join("\n"));
    assert!(reader.answers >= ANSWERS, "{} answers were compared", reader.answers);
    let elsewhere = |operation: &Operation| ["Service", "Codes"].iter().any(|tag| operation.value["tags"][0] == *tag);
    for operation in reader.exact.operations().filter(|operation| !elsewhere(operation)) {
        let reached = reader.reached.iter().any(|(id, status)| id == operation.id && *status == 200);
        assert!(reached, "no recording succeeds at {}", operation.id);
    }
}

#[test]
fn a_recorded_answer_with_a_member_too_many_is_found() {
    let document = Document::read();
    let operation = document.find("POST", "/poll").expect("documented");
    let validator = document.response(&operation, 200).expect("described");
    assert_eq!(faults(&validator, &json!({"answer": null, "answerCandidates": []})), None);
    assert!(faults(&validator, &json!({"answer": null, "answerCandidates": [], "offer": "x"})).is_some());
    assert!(faults(&validator, &json!({"answer": 5, "answerCandidates": []})).is_some());
}
