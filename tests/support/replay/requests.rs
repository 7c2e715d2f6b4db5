//! The steps of a recorded conversation that are plain requests.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Player;
use crate::http::{self, Response};
use crate::line;

/// Over how many connections a repeated request is sent: its answers are counted, their order is not looked at.
const CONNECTIONS: usize = 16;

/// A recorded request with what was captured before in its place.
struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Request {
    fn headers(&self) -> Vec<(&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

impl Player<'_> {
    pub(super) async fn request(&mut self, step: &Value) {
        if let Some(recorded) = step.get("http") {
            let request = self.read(recorded);
            let headers = request.headers();
            let answer =
                http::request(self.server.address, &request.method, &request.path, &headers, &request.body).await;
            return self.compare_response(&step["expect"], &answer);
        }
        let recorded = step.get("httpParallel").or(step.get("httpRepeat")).expect("a request that is repeated");
        let count = recorded["count"].as_u64().expect("a count") as usize;
        let connections = if step.get("httpParallel").is_some() { count } else { CONNECTIONS.min(count) };
        let request = self.read(recorded);
        let bytes = line::request(&request.method, &request.path, &request.headers(), &request.body);
        let answers = line::many(self.server.address, connections, count, &bytes).await;
        let expected: BTreeMap<u16, usize> =
            serde_json::from_value(step["expectStatusCounts"].clone()).expect("counts by status");
        assert_eq!(line::statuses(&answers), expected);
    }

    fn read(&self, recorded: &Value) -> Request {
        let text = |value: &Value| self.matcher.fill(value.as_str().expect("a string"));
        let named = recorded["headers"].as_object().into_iter().flatten();
        let mut headers: Vec<_> = named.map(|(name, value)| (name.clone(), text(value))).collect();
        let body = match (recorded.get("json"), recorded.get("body")) {
            (Some(json), _) => {
                headers.push(("content-type".to_owned(), "application/json".to_owned()));
                self.matcher.fill(&json.to_string())
            }
            (None, Some(body)) => text(body),
            (None, None) => String::new(),
        };
        let method = recorded.get("method").map_or("GET".to_owned(), text);
        Request { method, path: text(&recorded["path"]), headers, body }
    }

    /// Compares all that is recorded of an answer.
    pub(super) fn compare_response(&mut self, expected: &Value, answer: &Response) {
        assert_eq!(expected["status"], answer.status, "{answer:?}");
        for (name, value) in expected["headers"].as_object().into_iter().flatten() {
            let heard = answer.all(name).map_or(Value::Null, Value::from);
            let compared = self.matcher.compare(value, &heard);
            compared.unwrap_or_else(|difference| panic!("{name}: {difference} in {answer:?}"));
        }
        if let Some(body) = expected["body"].as_str() {
            assert_eq!(answer.body, body);
        }
        if let Some(json) = expected.get("json") {
            let compared = self.matcher.compare(json, &answer.json());
            compared.unwrap_or_else(|difference| panic!("{difference} in {}", answer.body));
        }
        let lists = |name: &str| expected[name].as_array().cloned().unwrap_or_default();
        let has = |words: &Value| answer.body.contains(words.as_str().expect("a string"));
        let missing: Vec<_> = lists("contains").into_iter().filter(|words| !has(words)).collect();
        let surplus: Vec<_> = lists("lacks").into_iter().filter(has).collect();
        assert!(missing.is_empty() && surplus.is_empty(), "without {missing:?}, with {surplus:?}");
    }
}
