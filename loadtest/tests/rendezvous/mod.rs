//! A Rondevu server in few lines, without any rules, which can be told to go wrong.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

/// What the server does wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wrong {
    Nothing,
    /// Writes every answer in three pieces, which is its right.
    Pieces,
    /// Does not know the session of its hundredth poll.
    Forget,
    /// Gives the hundredth poll the description of another session.
    Swap,
    /// Lists one offer too few, once.
    Nine,
    /// Sends its hundredth poll's answer in chunks.
    Chunked,
    /// Ends the connection of its hundredth poll without a word.
    Close,
    /// Has room for no more than 1,100 sessions.
    Full,
    /// Answers held polls at once.
    Impatient,
}

#[derive(Default)]
struct Session {
    offer: Value,
    answer: Value,
    news: Arc<Notify>,
}

/// A server that serves until the test's runtime ends.
pub struct Server {
    wrong: Wrong,
    polls: AtomicU64,
    listings: AtomicU64,
    sessions: Mutex<HashMap<String, Session>>,
    /// Sessions' codes by topic, offers by topic, offers by tag.
    topics: Mutex<[HashMap<String, Vec<Value>>; 3]>,
}

/// One request: its first line, one header, its body.
struct Request {
    line: String,
    authorization: Option<String>,
    body: Value,
}

pub async fn start(wrong: Wrong) -> (SocketAddr, Arc<Server>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let address = listener.local_addr().expect("address");
    let (polls, listings) = (AtomicU64::new(0), AtomicU64::new(0));
    let server = Arc::new(Server { wrong, polls, listings, sessions: Mutex::default(), topics: Mutex::default() });
    let accepting = Arc::clone(&server);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("accept");
            // A client ends its connections with a reset.
            tokio::spawn(serve(Arc::clone(&accepting), stream));
        }
    });
    (address, server)
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(server: Arc<Server>, mut stream: TcpStream) -> std::io::Result<()> {
    let mut received = Vec::new();
    loop {
        let Some((request, len)) = parse(&received) else {
            if stream.read_buf(&mut received).await? == 0 {
                return Ok(());
            }
            continue;
        };
        received.drain(..len);
        let polled = request.line.starts_with("POST /poll").then(|| server.polls.fetch_add(1, Ordering::Relaxed));
        let hundredth = polled == Some(99);
        if hundredth && server.wrong == Wrong::Close {
            return Ok(());
        }
        let (status, body) = server.answer(&request, hundredth).await;
        let body = body.to_string();
        let head = match hundredth && server.wrong == Wrong::Chunked {
            true => "Transfer-Encoding: chunked".to_owned(),
            false => format!("content-length: {}", body.len()),
        };
        let answer = format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{head}\r\n\r\n{body}");
        let pieces = if server.wrong == Wrong::Pieces { 3 } else { 1 };
        for piece in answer.as_bytes().chunks(answer.len().div_ceil(pieces)) {
            stream.write_all(piece).await?;
            tokio::task::yield_now().await;
        }
    }
}

fn parse(bytes: &[u8]) -> Option<(Request, usize)> {
    let head_len = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..head_len]).expect("UTF-8");
    let header = |name| head.lines().find_map(|line| line.strip_prefix(name));
    let body_len: usize = header("Content-Length: ").map_or(0, |length| length.parse().expect("a length"));
    let body = bytes.get(head_len..head_len + body_len)?;
    let request = Request {
        line: head.lines().next().expect("a line").to_owned(),
        authorization: header("Authorization: Bearer ").map(str::to_owned),
        body: serde_json::from_slice(body).unwrap_or_default(),
    };
    Some((request, head_len + body_len))
}

impl Server {
    /// How many sessions there are, and how many offers with topics and with tags.
    pub fn counts(&self) -> [usize; 3] {
        let topics = locked(&self.topics);
        let count = |wire: usize| topics[wire].values().map(Vec::len).sum();
        [locked(&self.sessions).len(), count(1), count(2)]
    }

    /// How many sessions have an answer.
    pub fn answered(&self) -> usize {
        locked(&self.sessions).values().filter(|session| !session.answer.is_null()).count()
    }

    pub fn polls(&self) -> u64 {
        self.polls.load(Ordering::Relaxed)
    }

    async fn answer(&self, request: &Request, hundredth: bool) -> (u16, Value) {
        let mut words = request.line.split(' ');
        let (method, path) = (words.next().expect("a method"), words.next().expect("a path"));
        let path = path.split('?').next().expect("a path");
        match (method, path.trim_start_matches('/').split('/').collect::<Vec<_>>().as_slice()) {
            ("POST", [topic, "offer"]) => self.announce(topic, &request.body),
            ("POST", ["answer"]) => {
                let mut sessions = locked(&self.sessions);
                let Some(session) = sessions.get_mut(text(&request.body["code"])) else { return unknown() };
                session.answer = request.body["answer"].clone();
                session.news.notify_waiters();
                (200, json!({"success": true}))
            }
            ("POST", ["poll"]) => self.poll(&request.body, hundredth).await,
            ("GET", [topic, "sessions"]) => (200, json!({"sessions": self.list(0, topic)})),
            ("POST", ["register"]) => (200, json!({"peerId": "0123", "secret": "abc="})),
            ("POST", ["offers"]) => {
                assert_eq!(request.authorization.as_deref(), Some("0123:abc="));
                for offer in request.body["offers"].as_array().expect("offers") {
                    self.keep(1, text(&offer["topics"][0]), offer.clone());
                }
                (200, json!({"offers": []}))
            }
            ("GET", ["offers", "by-topic", topic]) => (200, json!({"offers": self.list(1, topic)})),
            ("GET", ["metrics"]) => (404, Value::Null),
            ("POST", ["rpc"]) => {
                let call = &request.body[0];
                let tag = text(&call["params"]["tags"][0]);
                if call["method"] == "discover" {
                    return (200, json!([{"success": true, "result": {"offers": self.list(2, tag)}}]));
                }
                assert!(call["auth"]["signature"].is_string());
                for offer in call["params"]["offers"].as_array().expect("offers") {
                    self.keep(2, tag, offer.clone());
                }
                (200, json!([{"success": true, "result": {}}]))
            }
            _ => panic!("{}", request.line),
        }
    }

    fn announce(&self, topic: &str, body: &Value) -> (u16, Value) {
        let mut sessions = locked(&self.sessions);
        if self.wrong == Wrong::Full && sessions.len() >= 1_100 {
            return (507, json!({"error": "Too many offers"}));
        }
        let code = format!("00000000-0000-4000-8000-{:012x}", sessions.len());
        sessions.insert(code.clone(), Session { offer: body["offer"].clone(), ..Session::default() });
        self.keep(0, topic, json!({"code": code, "offer": body["offer"]}));
        (200, json!({"code": code}))
    }

    async fn poll(&self, body: &Value, hundredth: bool) -> (u16, Value) {
        let code = text(&body["code"]);
        let news = match locked(&self.sessions).get(code) {
            Some(session) => Arc::clone(&session.news),
            None => return unknown(),
        };
        let held = body["wait"].is_u64() && self.wrong != Wrong::Impatient;
        let mut notified = std::pin::pin!(news.notified());
        notified.as_mut().enable();
        if held && locked(&self.sessions)[code].answer.is_null() {
            notified.await;
        }
        if hundredth && self.wrong == Wrong::Forget {
            return unknown();
        }
        let sessions = locked(&self.sessions);
        let swapped = |other: &&Session| other.offer != sessions[code].offer;
        let session = match hundredth && self.wrong == Wrong::Swap {
            true => sessions.values().find(swapped).expect("another"),
            false => &sessions[code],
        };
        match text(&body["side"]) {
            "offerer" => (200, json!({"answer": session.answer, "answerCandidates": []})),
            _ => (200, json!({"offer": session.offer, "offerCandidates": []})),
        }
    }

    fn keep(&self, wire: usize, topic: &str, offer: Value) {
        locked(&self.topics)[wire].entry(topic.to_owned()).or_default().push(offer);
    }

    fn list(&self, wire: usize, topic: &str) -> Vec<Value> {
        let mut list = locked(&self.topics)[wire].get(topic).cloned().unwrap_or_default();
        if self.wrong == Wrong::Nine && self.listings.fetch_add(1, Ordering::Relaxed) == 99 {
            list.pop();
        }
        list
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn unknown() -> (u16, Value) {
    (404, json!({"error": "Session not found, expired, or origin mismatch"}))
}
