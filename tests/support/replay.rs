//! Plays one recorded conversation against a server, step by step.

mod requests;

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::PATIENCE;
use super::frame::{self, BINARY, FIN, TEXT};
use super::handshake::Handshake;
use super::matcher::{Extras, Matcher};
use super::peer::{Closed, Incoming, Manners, Peer};
use super::server::Server;

pub struct Player<'a> {
    server: &'a Server,
    peers: HashMap<String, Peer>,
    matcher: Matcher,
    /// Who sent last: a silence is proven only when the server has worked through that.
    speaker: Option<String>,
    time_limit: fn(Duration) -> Duration,
}

impl<'a> Player<'a> {
    /// `time_limit` turns a recorded limit into the one that holds here.
    pub fn new(server: &'a Server, extras: Extras, time_limit: fn(Duration) -> Duration) -> Self {
        Self { server, peers: HashMap::new(), matcher: Matcher::new(extras), speaker: None, time_limit }
    }

    pub async fn play(&mut self, step: &Value) {
        if step.get("note").is_some() {
            return;
        }
        if let Some(pause) = step["wait"].as_u64() {
            return sleep(Duration::from_millis(pause)).await;
        }
        if ["http", "httpParallel", "httpRepeat"].iter().any(|request| step.get(*request).is_some()) {
            return self.request(step).await;
        }
        let conn = step["conn"].as_str().expect("a step names its connection").to_owned();
        let fields = step.as_object().expect("a step is an object");
        let besides = ["conn", "binary", "within", "expectHttp"];
        let mut actions = fields.iter().filter(|(field, _)| !besides.contains(&field.as_str()));
        let (action, value) = actions.next().expect("a step does something");
        assert_eq!(actions.next(), None, "a step does one thing");
        match action.as_str() {
            "open" => self.open(conn, value, step.get("expectHttp")).await,
            "terminate" => self.peers.remove(&conn).expect("an open connection").terminate().await,
            "expectNone" => self.silence(&conn).await,
            say if !say.starts_with("expect") => {
                self.peer(&conn).write(&spoken(say, value)).await.expect("the server keeps the connection");
                // Who hangs up answers no more.
                self.speaker = (say != "close").then_some(conn);
            }
            expectation => self.hear(&conn, expectation, value).await,
        }
    }

    async fn open(&mut self, conn: String, how: &Value, refused: Option<&Value>) {
        let manners = Manners { answers_pings: how["autoPong"] != false, ..Manners::default() };
        let path = how["path"].as_str().expect("an opening has a path");
        let named = how["headers"].as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value));
        let origin = how.get("origin").map(|origin| ("Origin", origin));
        let deflate = (how["deflate"] == true).then_some(("Sec-WebSocket-Extensions", "permessage-deflate"));
        let headers = named.chain(origin).map(|(name, value)| (name, value.as_str().expect("a header is text")));
        let headers = headers.chain(deflate).collect();
        let opened = Handshake { path, headers, manners, ..Handshake::default() }.open(self.server.address).await;
        match (opened, refused) {
            (Ok(peer), None) => {
                self.peers.insert(conn.clone(), peer);
                // Who comes next, comes later.
                self.speaker = Some(conn);
            }
            (Err(answer), Some(expected)) => self.compare_response(expected, &answer),
            (Ok(_), Some(expected)) => panic!("the upgrade is accepted instead of {expected}"),
            (Err(answer), None) => panic!("the upgrade is refused: {answer:?}"),
        }
    }

    /// Nobody has been told more than was recorded.
    pub async fn finish(mut self) {
        let mut peers: Vec<_> = self.peers.drain().collect();
        // What one says at last, another may hear.
        for (_, peer) in peers.iter_mut().filter(|(_, peer)| !peer.has_ended()) {
            peer.settle().await;
        }
        for (conn, peer) in peers.iter_mut().filter(|(_, peer)| !peer.has_ended()) {
            let heard = peer.unheard().await;
            assert!(heard.is_empty(), "{conn} has heard what was never recorded: {heard:?}");
        }
    }

    /// Returns when the server has worked through what was said last.
    pub async fn catch_up(&mut self) {
        if let Some(speaker) = self.speaker.take().and_then(|speaker| self.peers.get_mut(&speaker)) {
            speaker.settled().await;
        }
    }

    async fn silence(&mut self, conn: &str) {
        self.catch_up().await;
        self.peer(conn).silence().await;
    }

    async fn hear(&mut self, conn: &str, expectation: &str, value: &Value) {
        let recorded = value["within"].as_u64().map(Duration::from_millis);
        let limit = recorded.map_or(PATIENCE, self.time_limit);
        let peer = self.peers.get_mut(conn).expect("an open connection");
        let heard = match expectation {
            "expectPing" => timeout(limit, peer.pinged()).await.map(Incoming::Ping),
            _ => timeout(limit, peer.next()).await,
        };
        let heard = heard.expect("it comes within the recorded limit");
        match (expectation, heard) {
            ("expect", Incoming::Text(words)) => {
                let heard = serde_json::from_str(&words).expect("the server speaks JSON");
                self.matcher.compare(value, &heard).unwrap_or_else(|difference| panic!("{difference} in {words}"));
            }
            ("expectText", Incoming::Text(words)) => assert_eq!(value.as_str(), Some(words.as_str())),
            ("expectLen", Incoming::Text(words)) => assert_eq!(Some(words.len() as u64), value.as_u64()),
            ("expectPong", Incoming::Pong(payload)) => {
                assert_eq!(Some(&payload[..]), value.as_str().map(str::as_bytes))
            }
            ("expectPing", Incoming::Ping(payload)) => {
                let payload = Value::from(String::from_utf8_lossy(&payload));
                self.matcher.compare(&value["payload"], &payload).unwrap_or_else(|difference| panic!("{difference}"));
            }
            ("expectClose", Incoming::Closed(closed)) => assert_closed(value, &closed),
            (_, heard) => panic!("heard {heard:?}"),
        }
    }

    fn peer(&mut self, conn: &str) -> &mut Peer {
        self.peers.get_mut(conn).expect("an open connection")
    }
}

/// The bytes of what a recorded client says.
fn spoken(how: &str, value: &Value) -> Vec<u8> {
    let words = || value.as_str().expect("a string");
    match how {
        "send" => frame::text(&value.to_string()),
        "sendText" => frame::text(words()),
        "sendBinary" => frame::masked(FIN | BINARY, words().as_bytes()),
        "sendTextHex" => frame::masked(FIN | TEXT, &from_hex(words())),
        "sendFill" => frame::text(&filled(value)),
        "ping" => frame::masked(FIN | frame::PING, words().as_bytes()),
        "close" => frame::masked(FIN | frame::CLOSE, &closing(value)),
        unknown => panic!("a step this player does not know: {unknown}"),
    }
}

fn filled(how: &Value) -> String {
    let part = |name: &str| how[name].as_str().expect("a string");
    let total = how["total"].as_u64().expect("a length") as usize;
    let (prefix, suffix) = (part("prefix"), part("suffix"));
    format!("{prefix}{}{suffix}", "x".repeat(total - prefix.len() - suffix.len()))
}

fn closing(how: &Value) -> Vec<u8> {
    let code = u16::try_from(how["code"].as_u64().expect("a code")).expect("a close code has 16 bits");
    [&code.to_be_bytes(), how["reason"].as_str().expect("a reason").as_bytes()].concat()
}

fn from_hex(digits: &str) -> Vec<u8> {
    let pairs = (0..digits.len()).step_by(2).map(|at| &digits[at..at + 2]);
    pairs.map(|pair| u8::from_str_radix(pair, 16).expect("hex digits")).collect()
}

/// The original cut a silent client off; a server that still says why is no worse.
fn assert_closed(recorded: &Value, heard: &Closed) {
    const PING_TIMEOUT: u16 = 4010;
    if recorded["code"] == 1006 && heard.code == PING_TIMEOUT {
        return;
    }
    assert_eq!(recorded["code"], heard.code);
    if let Some(reason) = recorded["reason"].as_str() {
        assert_eq!(reason, heard.reason);
    }
}
