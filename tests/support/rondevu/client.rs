//! Clients of the Rondevu wires, in the words a test uses.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::keys::{Key, fresh_nonce, signed_text};
use super::now;
use crate::http::{self, Response};

/// A page of one Origin that speaks the sessions wire.
pub struct Page {
    pub server: SocketAddr,
    pub origin: &'static str,
}

impl Page {
    pub async fn get(&self, path: &str) -> Response {
        http::request(self.server, "GET", path, &[("Origin", self.origin)], "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        http::request(self.server, "POST", path, &[("Origin", self.origin)], &body.to_string()).await
    }

    /// A new session's code.
    pub async fn announce(&self, topic: &str) -> String {
        let announced = self.post(&format!("/{topic}/offer"), &json!({"info": "somebody", "offer": "sdp"})).await;
        assert_eq!(announced.status, 200, "{announced:?}");
        text(&announced.json()["code"])
    }

    pub async fn say(&self, code: &str, side: &str, field: &str, value: impl Into<Value>) -> Response {
        self.post("/answer", &json!({"code": code, "side": side, field: value.into()})).await
    }

    /// What a poll with these further fields answers.
    pub async fn poll(&self, code: &str, side: &str, further: Value) -> Response {
        let mut body = json!({"code": code, "side": side});
        body.as_object_mut().expect("an object").extend(further.as_object().expect("fields").clone());
        self.post("/poll", &body).await
    }
}

/// A registered peer of the offers wire.
pub struct OfferPeer {
    pub server: SocketAddr,
    pub id: String,
    pub secret: String,
}

impl OfferPeer {
    pub async fn register(server: SocketAddr) -> Self {
        let registered = http::request(server, "POST", "/register", &[], "").await;
        assert_eq!(registered.status, 200, "{registered:?}");
        let body = registered.json();
        Self { server, id: text(&body["peerId"]), secret: text(&body["secret"]) }
    }

    pub async fn send(&self, method: &str, path: &str, body: &str) -> Response {
        let authorization = format!("Bearer {}:{}", self.id, self.secret);
        http::request(self.server, method, path, &[("Authorization", &authorization)], body).await
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send("GET", path, "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Response {
        self.send("POST", path, &body.to_string()).await
    }

    pub async fn offer(&self, offers: Value) -> Response {
        self.post("/offers", &json!({"offers": offers})).await
    }

    /// The id of a new offer.
    pub async fn offered(&self, offer: Value) -> String {
        let offered = self.offer(json!([offer])).await;
        assert_eq!(offered.status, 200, "{offered:?}");
        text(&offered.json()["offers"][0]["id"])
    }
}

/// A username and its key on the RPC wire.
pub struct User {
    pub server: SocketAddr,
    pub name: String,
    pub key: Key,
}

impl User {
    pub fn new(server: SocketAddr, name: &str, seed: u8) -> Self {
        Self { server, name: name.to_owned(), key: Key::of(seed) }
    }

    pub fn request(&self, method: &str, params: Value) -> Value {
        self.request_with(&format!("{method}:{}:{}", self.name, now()), method, params)
    }

    pub fn request_with(&self, message: &str, method: &str, params: Value) -> Value {
        let (signature, key) = (self.key.sign(message), self.key.public_base64());
        json!({"method": method, "message": message, "signature": signature, "publicKey": key, "params": params})
    }

    pub async fn call(&self, method: &str, params: Value) -> Value {
        rpc(self.server, &self.request(method, params)).await.json()
    }

    /// What a call that must succeed results in.
    pub async fn done(&self, method: &str, params: Value) -> Value {
        result(self.call(method, params).await)
    }

    pub async fn refused(&self, method: &str, params: Value) -> String {
        refusal(&self.call(method, params).await)
    }

    /// Publishes one offer under this service and version, and gives what was published.
    pub async fn publish(&self, service: &str, sdp: &str) -> Value {
        let fqn = format!("{service}@{}", self.name);
        self.done("publishService", json!({"serviceFqn": fqn, "offers": [{"sdp": sdp}], "ttl": 300_000})).await
    }
}

/// A key on the RPC wire with tags, where a key is all that somebody is.
pub struct Tagger {
    pub server: SocketAddr,
    pub key: Key,
}

impl Tagger {
    pub fn new(server: SocketAddr, seed: u8) -> Self {
        Self { server, key: Key::of(seed) }
    }

    pub fn request(&self, method: &str, params: Value) -> Value {
        let (timestamp, nonce) = (now(), fresh_nonce());
        let signature = self.key.sign(&signed_text(timestamp, &nonce, method, &params));
        let key = self.key.public_hex();
        let auth = json!({"publicKey": key, "timestamp": timestamp, "nonce": nonce, "signature": signature});
        json!({"method": method, "params": params, "auth": auth})
    }

    pub async fn call(&self, method: &str, params: Value) -> Value {
        rpc(self.server, &json!([self.request(method, params)])).await.json()[0].take()
    }

    pub async fn done(&self, method: &str, params: Value) -> Value {
        result(self.call(method, params).await)
    }

    /// Text and code of a refusal.
    pub async fn refused(&self, method: &str, params: Value) -> (String, String) {
        let answer = self.call(method, params).await;
        (refusal(&answer), text(&answer["errorCode"]))
    }

    /// The id of a new offer.
    pub async fn publish(&self, tags: &[&str], sdp: &str) -> String {
        let published =
            self.done("publishOffer", json!({"tags": tags, "offers": [{"sdp": sdp}], "ttl": 300_000})).await;
        text(&published["offers"][0]["offerId"])
    }
}

pub async fn rpc(server: SocketAddr, body: &Value) -> Response {
    http::request(server, "POST", "/rpc", &[], &body.to_string()).await
}

/// The result of an RPC answer that must be a success.
pub fn result(mut answer: Value) -> Value {
    assert_eq!(answer["success"], true, "{answer}");
    answer["result"].take()
}

/// The text of an RPC answer that must be a refusal.
pub fn refusal(answer: &Value) -> String {
    assert_eq!(answer["success"], false, "{answer}");
    text(&answer["error"])
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// What an observer can tell two answers apart by: all but the clock.
pub fn observable(answer: &Response) -> (u16, Vec<(String, String)>, &str) {
    let headers = answer.headers.iter().filter(|(name, _)| name != "date").cloned().collect();
    (answer.status, headers, &answer.body)
}
