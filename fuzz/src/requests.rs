//! Requests over HTTP, without a socket, on a book that is made anew for each input. Each line is a request:
//!
//! ```text
//! 0 POST /offers {"…"}       by client 0 to 3, with its credentials or its page's Origin
//! 1 publishOffer {"…"}       an RPC method, signed by it with its parameters
//! - POST /rpc [{"…"}]        by nobody
//! * 60000                    milliseconds pass
//! ```
//! `$i` is the last id or code that an answer has named, `$s` the last secret.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use axum::{Router, body::Body};
use ed25519_dalek::{Signer, SigningKey};
use http::{
    HeaderName, Request,
    header::{AUTHORIZATION, ORIGIN},
};
use http_body_util::BodyExt;
use meetpoint::{
    config::{ByteSize, Settings},
    core::{chance::Chance, clock::Clock},
    dialects::rondevu::{self, Rondevu, offers::Strangers},
    guard::{address::TrustedProxies, credentials::Credentials},
};
use meetpoint_protocol::{
    Timestamp,
    rondevu::{PeerId, base64, hex, message},
};
use serde_json::{Value, json};
use tower_service::Service;

use super::{
    stage::{BEGIN, METRICS, book},
    wire::on_paused_time,
};

/// Requests of one input.
const LINES: usize = 24;
const MAX_BODY: ByteSize = ByteSize::new(16 * 1024);
const GLOBAL: HeaderName = HeaderName::from_static("x-rondevu-global");

/// Which generation answers, by its place in [`rondevu::routes`], and how its clients say who they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wire {
    Sessions = 0,
    Offers = 1,
    Services = 2,
    Tags,
}

/// REST of pages.
pub fn sessions(data: &[u8]) {
    ask(data, Wire::Sessions);
}

/// REST of peers.
pub fn offers(data: &[u8]) {
    ask(data, Wire::Offers);
}

/// RPC of users.
pub fn services(data: &[u8]) {
    ask(data, Wire::Services);
}

/// RPC of keys.
pub fn tags(data: &[u8]) {
    ask(data, Wire::Tags);
}

struct World {
    wire: Wire,
    router: Router,
    credentials: Credentials,
    /// Milliseconds since the beginning.
    passed: Arc<AtomicU64>,
    signed: u64,
    id: String,
    secret: String,
}

impl World {
    fn new(wire: Wire) -> Self {
        let (passed, chance) = (Arc::new(AtomicU64::new(0)), Arc::new(Chance::from_seed(1)));
        let reading = || {
            let passed = passed.clone();
            move || Timestamp::from_millis(BEGIN.millis() + passed.load(Relaxed))
        };
        let refused = METRICS.with(|metrics| metrics.rate_limited.credentials.clone());
        let rondevu = Arc::new(Rondevu {
            book: book(&chance),
            clock: Clock::new(std::time::Instant::now(), reading(), reading()),
            chance,
            credentials: Credentials::new(&[7; 32]),
            offers: Settings::default().offers,
            max_body: Arc::new(MAX_BODY.bytes().into()),
            strangers: Strangers::new(TrustedProxies::default(), refused),
        });
        let [sessions, offers, rpc] = rondevu::routes(&rondevu).map(|(router, ..)| router);
        let router = match wire {
            Wire::Sessions => sessions,
            Wire::Offers => offers,
            Wire::Services | Wire::Tags => rpc,
        };
        let credentials = Credentials::new(&[7; 32]);
        Self { wire, router, credentials, passed, signed: 0, id: String::new(), secret: String::new() }
    }

    fn now(&self) -> u64 {
        BEGIN.millis() + self.passed.load(Relaxed)
    }

    /// The body of an RPC call that `who` has signed.
    fn signed(&mut self, who: u8, method: &str, params: &str) -> String {
        let key = SigningKey::from_bytes(&[who + 1; 32]);
        let sign = |text: &str| base64::encode(&key.sign(text.as_bytes()).to_bytes());
        let public = key.verifying_key();
        let params: Value = serde_json::from_str(params).unwrap_or(Value::Null);
        if self.wire == Wire::Services {
            let message = format!("{method}:user-{who}:{}", self.now());
            return json!({
                "method": method, "message": message, "signature": sign(&message),
                "publicKey": base64::encode(public.as_bytes()), "params": params,
            })
            .to_string();
        }
        self.signed += 1;
        let (timestamp, nonce) = (self.now(), format!("00000000-0000-4000-8000-{:012x}", self.signed));
        let text = message::to_sign(timestamp as f64, &nonce, method, Some(&params));
        let auth = json!({
            "publicKey": hex::encode(public.as_bytes()), "timestamp": timestamp, "nonce": nonce, "signature": sign(&text),
        });
        json!([{"method": method, "params": params, "auth": auth}]).to_string()
    }

    fn request(&mut self, line: &str) -> Option<Request<Body>> {
        let (who, what) = line.split_once(' ')?;
        let (first, rest) = what.split_once(' ').unwrap_or((what, ""));
        let rest = rest.replace("$i", &self.id).replace("$s", &self.secret);
        let who = who.parse::<u8>().ok().filter(|who| *who < 4);
        let is_method = first.bytes().all(|byte| byte.is_ascii_uppercase());
        if let (false, Some(who), Wire::Services | Wire::Tags) = (is_method, who, self.wire) {
            let body = self.signed(who, first, &rest);
            return Request::post("/rpc").body(Body::from(body)).ok();
        }
        let (path, body) = rest.split_once(' ').unwrap_or((&rest, ""));
        let mut request = Request::builder().method(first).uri(path);
        if let Some(who) = who {
            request = match self.wire {
                Wire::Sessions if who == 3 => request.header(GLOBAL, "true"),
                Wire::Sessions => request.header(ORIGIN, format!("https://{who}.example")),
                _ => {
                    let peer = PeerId::from_random([who; 16]);
                    let secret = self.credentials.issue(&peer, [who; 12]);
                    request.header(AUTHORIZATION, format!("Bearer {peer}:{secret}"))
                }
            };
        }
        request.body(Body::from(body.to_owned())).ok()
    }

    fn learn(&mut self, answer: &Value) {
        match answer {
            Value::Array(items) => items.iter().for_each(|item| self.learn(item)),
            Value::Object(members) => {
                for (name, value) in members {
                    match (name.as_str(), value.as_str()) {
                        ("id" | "offerId" | "code" | "serviceId", Some(id)) => id.clone_into(&mut self.id),
                        ("secret", Some(secret)) => secret.clone_into(&mut self.secret),
                        _ => self.learn(value),
                    }
                }
            }
            _ => {}
        }
    }
}

fn ask(data: &[u8], wire: Wire) {
    let Ok(text) = str::from_utf8(data) else { return };
    let mut world = World::new(wire);
    for line in text.lines().take(LINES) {
        if let Some(millis) = line.strip_prefix("* ") {
            let millis = millis.parse::<u32>().unwrap_or(1000);
            world.passed.fetch_add(millis.into(), Relaxed);
            continue;
        }
        let Some(request) = world.request(line) else { continue };
        let answer = on_paused_time(async {
            let answer = world.router.clone().call(request).await.unwrap_or_else(|never| match never {});
            let status = answer.status();
            let is_json = answer.headers().get("content-type").is_some_and(|kind| kind == "application/json");
            let body = answer.into_body().collect().await.expect("a body").to_bytes();
            assert!(!status.is_server_error() || status == 503 || status == 507, "{status} to {line:?}");
            // The answer to HEAD is all but its body.
            (is_json && !body.is_empty()).then(|| serde_json::from_slice::<Value>(&body).expect("JSON"))
        });
        if let Some(answer) = answer {
            world.learn(&answer);
        }
    }
}
