//! The whole server without a network: connections are pipes in memory, so that time can stand still.

use std::{io, net::SocketAddr, sync::Arc};

use futures_util::{SinkExt, StreamExt};
use meetpoint::{
    app,
    config::{Settings, StorageType},
    core::{chance::Chance, outbox::Wire},
    server::{Server, wire::Listener},
};
use serde_json::Value;
use tokio::{
    io::{DuplexStream, ReadHalf, duplex, split},
    sync::{Mutex, mpsc},
};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

/// Bytes that a pipe holds in each direction, as a kernel's socket buffer would.
const PIPE: usize = 16 * 1024;

/// A server in memory and the way into it.
pub struct Memory {
    pub server: Arc<Server>,
    connect: mpsc::Sender<DuplexStream>,
}

struct Pipes(Mutex<mpsc::Receiver<DuplexStream>>);

impl Listener for Pipes {
    type Raw = DuplexStream;
    type Io = DuplexStream;
    type Reader = ReadHalf<DuplexStream>;

    async fn accept(&self) -> io::Result<(DuplexStream, SocketAddr)> {
        match self.0.lock().await.recv().await {
            Some(pipe) => Ok((pipe, SocketAddr::from(([127, 0, 0, 1], 1)))),
            None => std::future::pending().await,
        }
    }

    async fn secure(pipe: DuplexStream, _: impl Future<Output = ()> + Send) -> io::Result<DuplexStream> {
        Ok(pipe)
    }

    fn split(io: DuplexStream) -> (ReadHalf<DuplexStream>, Box<dyn Wire>) {
        let (reader, writer) = split(io);
        (reader, Box::new(writer))
    }
}

impl Memory {
    /// The same ids and the same jitter every time.
    pub fn start(settings: &Settings) -> Self {
        let mut settings = settings.clone();
        settings.storage.kind = StorageType::Memory;
        let app = app::build(&settings, Chance::from_seed(1)).expect("valid settings");
        let server = app.server.clone();
        let (connect, pipes) = mpsc::channel(1);
        tokio::spawn(async move { app.serve(Pipes(Mutex::new(pipes))).await });
        Self { server, connect }
    }

    /// A connection that has said nothing yet.
    pub async fn pipe(&self) -> DuplexStream {
        let (ours, theirs) = duplex(PIPE);
        self.connect.send(theirs).await.expect("the server runs");
        ours
    }

    /// A client that has heard `ready`.
    pub async fn client(&self) -> Client {
        let (socket, _) = client_async("ws://memory/ws", self.pipe().await).await.expect("an upgrade");
        let mut client = Client { socket, id: String::new() };
        let ready = client.hear("ready").await;
        client.id = ready["clientId"].as_str().expect("an id").to_owned();
        client
    }

    /// Two clients that are partners.
    pub async fn pair(&self) -> [Client; 2] {
        let (mut one, mut other) = (self.client().await, self.client().await);
        one.say(r#"{"type":"available"}"#).await;
        other.say(r#"{"type":"available"}"#).await;
        one.hear("matched").await;
        other.hear("matched").await;
        [one, other]
    }
}

/// A client whose socket is read only while somebody asks it what it heard.
pub struct Client {
    pub socket: WebSocketStream<DuplexStream>,
    pub id: String,
}

impl Client {
    pub async fn say(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("an open socket");
    }

    /// The next text frame, which must be of this type.
    pub async fn hear(&mut self, frame_type: &str) -> Value {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).expect("JSON");
                    assert_eq!(frame["type"], frame_type, "{text}");
                    return frame;
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{frame_type} expected, {other:?} heard"),
            }
        }
    }

    /// All text frames that the server has said by now: a pong comes behind them.
    pub async fn heard(&mut self) -> Vec<Value> {
        self.socket.send(Message::Ping("so far".into())).await.expect("an open socket");
        let mut frames = Vec::new();
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => frames.push(serde_json::from_str(&text).expect("JSON")),
                Some(Ok(Message::Pong(_))) => return frames,
                Some(Ok(Message::Ping(_))) => {}
                other => panic!("a pong expected, {other:?} heard"),
            }
        }
    }

    /// The code and the reason of the close frame, whatever comes before it.
    pub async fn hear_close(&mut self) -> (u16, String) {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Close(Some(close)))) => return (close.code.into(), close.reason.to_string()),
                Some(Ok(_)) => {}
                other => panic!("a close frame expected, {other:?} heard"),
            }
        }
    }
}
