//! Plays recorded requests against a server and compares the answers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;

use super::keys::Key;
use super::{Scope, now};
use crate::http::{self, Response};
use crate::matcher::Extras;

pub struct Player {
    server: SocketAddr,
    scope: Scope,
}

impl Player {
    /// `keys` as recorded: by name, each with the hex digits of its seed.
    pub fn new(server: SocketAddr, keys: &Value) -> Self {
        let keys = keys.as_object().into_iter().flatten();
        let keys = keys.map(|(name, key)| (name.clone(), Key::from_seed_hex(key["seedHex"].as_str().expect("a seed"))));
        Self { server, scope: Scope { variables: HashMap::new(), keys: keys.collect(), now: now() } }
    }

    /// Err tells the request, what was expected and what came.
    pub async fn play(&mut self, step: &Value, extras: Extras) -> Result<(), String> {
        if let Some(pause) = step["sleepMs"].as_u64() {
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        let (told, answer) = self.send(&step["request"]).await;
        let bound = self.bind(&step["bind"], &answer);
        let expected = &step["response"];
        bound.and_then(|()| self.compare(expected, &answer, extras)).map_err(|difference| {
            let answer = format!("{} {:?} {}", answer.status, answer.headers, shortened(&answer.body));
            let expected = shortened(&expected.to_string());
            format!("{difference}\n  request  {}\n  expected {expected}\n  got      {answer}", shortened(&told))
        })
    }

    /// Sends a recorded request, and gives what it was in the end and its answer.
    pub async fn send(&mut self, request: &Value) -> (String, Response) {
        self.scope.now = now();
        let text = |value: &Value| self.scope.text(value.as_str().expect("a string"));
        let (method, path) = (text(&request["method"]), text(&request["path"]));
        let headers = request["headers"].as_object().into_iter().flatten();
        let headers: Vec<_> = headers.map(|(name, value)| (name.as_str(), text(value))).collect();
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let body = match (request.get("body"), request.get("rawBody")) {
            (Some(body), _) => self.scope.fill(body).to_string(),
            (None, Some(raw)) => text(raw),
            (None, None) => String::new(),
        };
        let answer = http::request(self.server, &method, &path, &headers, &body).await;
        self.scope.now = now();
        (format!("{method} {path} {headers:?} {body}"), answer)
    }

    fn bind(&mut self, wanted: &Value, answer: &Response) -> Result<(), String> {
        for (name, pointer) in wanted.as_object().into_iter().flatten() {
            let pointer = pointer.as_str().expect("a JSON pointer");
            let body: Value = serde_json::from_str(&answer.body).map_err(|fault| fault.to_string())?;
            let value = body.pointer(pointer).ok_or_else(|| format!("nothing at {pointer} for {name}"))?;
            self.scope.variables.insert(name.clone(), value.clone());
        }
        Ok(())
    }

    fn compare(&self, expected: &Value, answer: &Response, extras: Extras) -> Result<(), String> {
        if expected["status"] != answer.status {
            return Err(format!("status {} instead of {}", answer.status, expected["status"]));
        }
        for (name, value) in expected["headers"].as_object().into_iter().flatten() {
            let heard = answer.all(name);
            if heard.as_deref() != value.as_str() {
                return Err(format!("{name}: expected {value}, got {heard:?}"));
            }
        }
        match (expected.get("body"), expected["text"].as_str()) {
            (Some(body), _) => {
                let heard = serde_json::from_str(&answer.body).map_err(|fault| format!("no JSON: {fault}"))?;
                self.scope.compare(body, &heard, extras)
            }
            (None, Some(text)) if text != answer.body => Err(format!("text: expected {text:?}")),
            (None, _) => Ok(()),
        }
    }
}

fn shortened(text: &str) -> String {
    const SHOWN: usize = 1_500;
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
