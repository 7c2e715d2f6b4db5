//! Rooms with two sides in few lines, without any rules, which can be told to go wrong; and the real server.

use std::{
    collections::HashMap,
    net::SocketAddr,
    process::Stdio,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json, value::RawValue};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    sync::mpsc::{Sender, channel},
};
use tokio_tungstenite::{
    accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{Request, Response},
    },
};

/// What the server does with the hundredth frame that it passes on, or item that it keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wrong {
    Nothing,
    Drop,
    /// Sends it after the frame that follows.
    Swap,
    Double,
    /// Keeps no more: the item is refused.
    Full,
    /// Sends no receipt for the item.
    NoReceipt,
    /// Closes the receiver.
    Close,
    /// Reads no frame of the room's, from then on.
    Deaf,
}

type Outbox = Sender<Message>;

#[derive(Default)]
struct Room {
    sides: HashMap<String, Outbox>,
    /// Items so far.
    items: u64,
}

struct Rooms {
    wrong: Wrong,
    passed: AtomicU64,
    rooms: Mutex<HashMap<String, Room>>,
}

/// Serves until the test's runtime ends.
pub async fn start(wrong: Wrong) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let address = listener.local_addr().expect("address");
    let rooms = Arc::new(Rooms { wrong, passed: AtomicU64::new(0), rooms: Mutex::default() });
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.expect("accept");
            tokio::spawn(serve(Arc::clone(&rooms), stream));
        }
    });
    address
}

async fn serve(rooms: Arc<Rooms>, stream: TcpStream) {
    let mut query = String::new();
    #[expect(clippy::result_large_err, reason = "the type is tungstenite's")]
    let keep_query = |request: &Request, response: Response| {
        query = request.uri().query().unwrap_or_default().to_owned();
        Ok(response)
    };
    let (mut sink, mut source) = accept_hdr_async(stream, keep_query).await.expect("upgrade").split();
    let (app, side) = query.split_once("&side=").expect("app and side");
    let (outbox, mut queue): (Outbox, _) = channel(4096);
    tokio::spawn(async move {
        while let Some(message) = queue.recv().await {
            let last = message.is_close();
            if sink.send(message).await.is_err() || last {
                break;
            }
        }
    });
    let mut held = None;
    let first = source.next().await.expect("a first frame").expect("a frame").into_text().expect("text");
    assert_eq!(first.as_str(), r#"{"type":"hello"}"#);
    for told in rooms.sit(app, side, &outbox) {
        told.send("{\"type\":\"room_full\"}\n".into()).await.expect("queue");
    }
    while let Some(Ok(message)) = source.next().await {
        let Message::Text(text) = message else { continue };
        if text.contains(r#""type":"send""#) {
            rooms.keep(app, &text, &outbox, &mut held).await;
        } else if !text.contains(r#""type":"delivered""#) && !rooms.pass_on(app, side, &text, &mut held).await {
            std::future::pending::<()>().await;
        }
    }
}

impl Rooms {
    /// Everybody in the room, if it is full now.
    fn sit(&self, app: &str, side: &str, outbox: &Outbox) -> Vec<Outbox> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let sides = &mut rooms.entry(app.to_owned()).or_default().sides;
        sides.insert(side.to_owned(), outbox.clone());
        if sides.len() == 2 { sides.values().cloned().collect() } else { Vec::new() }
    }

    fn other(&self, app: &str, side: &str) -> Outbox {
        let rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms[app].sides[if side == "A" { "B" } else { "A" }].clone()
    }

    fn is_hundredth(&self) -> bool {
        self.passed.fetch_add(1, Ordering::Relaxed) == 99
    }

    /// Whether the server goes on reading.
    async fn pass_on(&self, app: &str, side: &str, text: &str, held: &mut Option<Message>) -> bool {
        let hundredth = text.contains("ice") && self.is_hundredth();
        self.say(&self.other(app, side), text.to_owned(), hundredth, held).await;
        !(hundredth && self.wrong == Wrong::Deaf)
    }

    async fn keep(&self, app: &str, text: &str, sender: &Outbox, held: &mut Option<Message>) {
        // The payload has to come back byte for byte.
        let fields: HashMap<String, Box<RawValue>> = serde_json::from_str(text).expect("JSON");
        let id: Value = serde_json::from_str(fields["id"].get()).expect("JSON");
        let hundredth = self.is_hundredth();
        if hundredth && self.wrong == Wrong::Full {
            let error = json!({"type": "error", "code": "MAILBOX_FULL", "message": "The mailbox is full", "id": id});
            return sender.send(error.to_string().into()).await.unwrap_or_default();
        }
        let seq = {
            let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
            let room = rooms.get_mut(app).expect("a room");
            room.items += 1;
            room.items
        };
        let item = format!("{{\"payload\":{},\"seq\":{seq},\"type\":\"send\"}}\n", fields["payload"].get());
        self.say(&self.other(app, "A"), item, hundredth, held).await;
        if !(hundredth && self.wrong == Wrong::NoReceipt) {
            let receipt = json!({"type": "sent", "id": id, "seq": seq});
            sender.send(receipt.to_string().into()).await.unwrap_or_default();
        }
    }

    async fn say(&self, to: &Outbox, text: String, hundredth: bool, held: &mut Option<Message>) {
        let mut out: Vec<Message> = vec![text.into()];
        out.extend(held.take());
        match self.wrong {
            Wrong::Drop if hundredth => out.clear(),
            Wrong::Swap if hundredth => *held = out.pop(),
            Wrong::Double if hundredth => out.push(out[0].clone()),
            Wrong::Close if hundredth => out = vec![Message::Close(None)],
            _ => {}
        }
        for message in out {
            // The other may have gone already.
            let _ = to.send(message).await;
        }
    }
}

/// The real server, killed when the test lets go of it.
pub struct Meetpoint {
    pub address: SocketAddr,
    pub child: Child,
}

impl Meetpoint {
    /// The binary that cargo has built beside these tests; `None` where it has not.
    pub async fn start(settings: &[(&str, &str)]) -> Option<Self> {
        let own = std::env::current_exe().expect("a path");
        let binary = own.ancestors().nth(2).expect("target/profile").join("meetpoint");
        if !binary.exists() {
            eprintln!("SKIPPED: {} is not built: cargo build", binary.display());
            return None;
        }
        let mut child = Command::new(binary)
            .env_clear()
            .envs([("HOST", "127.0.0.1"), ("PORT", "0"), ("LOG_FORMAT", "json"), ("STORAGE_TYPE", "memory")])
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the server starts");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped")).lines();
        let address = loop {
            let line = lines.next_line().await.expect("a line").expect("the server listens");
            let fields = serde_json::from_str::<Value>(&line).unwrap_or_default()["fields"].take();
            if fields["message"] == "listening" {
                break fields["address"].as_str().and_then(|address| address.parse().ok()).expect("an address");
            }
        };
        // Without a reader the pipe fills up and the server's logging would stop it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Some(Self { address, child })
    }
}
