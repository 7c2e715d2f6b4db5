//! Bytes into the whole server, over pipes in memory and on paused time.

use std::{io, net::SocketAddr, sync::Arc};

use axum::response::Response;
use meetpoint::{
    app::{self, App},
    config::{FrameReader, Settings, StorageType},
    core::{
        chance::Chance,
        event::{Event, Words},
        outbox::{Bounds, Line, Outbox, Wire},
        turn::Turn,
    },
    dialects::{Dialect, Ending, Entry, Flow, Opening, Session},
    guard::origin::Missing,
    server::wire::Listener,
};
use meetpoint_protocol::{
    FrameType,
    ws::{self, Opcode},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, duplex, split},
    runtime::{Builder, Runtime},
    sync::{Mutex, mpsc},
};

/// Bytes that a pipe holds in each direction.
const PIPE: usize = 16 * 1024;

const UPGRADE: &str = "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

thread_local! {
    static RUNTIME: Runtime =
        Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    static SERVER: House = House::open(FrameReader::InPlace);
    static PLAIN: House = House::open(FrameReader::Tungstenite);
}

/// Runs it to its end; what waits for time does not.
pub fn on_paused_time<T>(task: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(task))
}

/// What a client says first: HTTP, and whatever comes behind an upgrade.
pub fn handshake(data: &[u8]) {
    SERVER.with(|house| on_paused_time(house.answer(data, PIPE)));
}

/// Frames behind an upgrade, in pieces as long as the first byte says: both ways of reading come to the same.
pub fn frames(data: &[u8]) {
    let [piece, frames @ ..] = data else { return };
    let piece = usize::from(*piece).max(1);
    let heard = [&SERVER, &PLAIN].map(|house| {
        house.with(|house| {
            let said = [UPGRADE.as_bytes(), frames].concat();
            on_paused_time(house.answer(&said, piece))
        })
    });
    let [in_place, plainly] = heard.map(|bytes| bytes[answer_len(&bytes)..].to_vec());
    assert_eq!(in_place, plainly, "pieces of {piece}");
}

/// Where the answer to the upgrade ends: what it says of time is not compared.
fn answer_len(bytes: &[u8]) -> usize {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4)
}

/// A server in memory with a dialect that says each message back, and the way into it.
struct House {
    connect: mpsc::Sender<DuplexStream>,
}

impl House {
    fn open(reader: FrameReader) -> Self {
        let mut settings = Settings::default();
        settings.storage.kind = StorageType::Memory;
        settings.socket.reader = reader;
        settings.rates.http_per_minute = 0;
        settings.rates.ws_per_minute = 0;
        settings.socket.max_messages_per_second = 0;
        let (connect, pipes) = mpsc::channel(1);
        RUNTIME.with(|runtime| {
            runtime.block_on(async {
                let mut app: App = app::build(&settings, Chance::from_seed(1)).expect("valid settings");
                let server = Arc::get_mut(&mut app.server).expect("nobody else's yet");
                server.dialects.insert(0, Box::new(Echo));
                tokio::spawn(async move { app.serve(Pipes(Mutex::new(pipes))).await });
            });
        });
        Self { connect }
    }

    /// All that the server answers to a client that says this, in pieces of this length, and then nothing more.
    async fn answer(&self, said: &[u8], piece: usize) -> Vec<u8> {
        let (ours, theirs) = duplex(PIPE);
        self.connect.send(theirs).await.expect("the server runs");
        let (mut reader, mut writer) = split(ours);
        let say = async {
            for piece in said.chunks(piece) {
                // The server may have ended it.
                if writer.write_all(piece).await.is_err() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            let _ = writer.shutdown().await;
        };
        let mut answer = Vec::new();
        let (_, ended) = tokio::join!(say, reader.read_to_end(&mut answer));
        let _ = ended;
        answer
    }
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

struct Echo;

impl Dialect for Echo {
    fn path(&self) -> &'static str {
        "/echo"
    }

    fn admit(&self, _: &Opening<'_>) -> Result<Entry, Box<Response>> {
        Ok(Box::new(|outbox, _| Box::new(Repeating(outbox))))
    }

    fn missing_origin(&self) -> Missing {
        Missing::Welcome
    }

    /// Small enough to be passed.
    fn max_message(&self) -> usize {
        1024
    }

    fn outbox(&self, usual: Bounds) -> Bounds {
        usual
    }

    fn words(&self) -> &'static dyn Words {
        &Nothing
    }
}

struct Nothing;

impl Words for Nothing {
    fn write(&self, _: &Event, _: &mut Vec<u8>) -> Option<FrameType> {
        None
    }
}

struct Repeating(Outbox);

impl Repeating {
    fn say(&self, payload: &[u8], turn: &mut Turn) -> Flow {
        let (header, used) = ws::header(Opcode::Text, payload.len());
        let frame = [&header[..used], payload].concat();
        Line::new(self.0.clone()).append_encoded(&frame, turn);
        Flow::Continue
    }
}

impl Session for Repeating {
    fn text(&mut self, text: &str, turn: &mut Turn) -> Flow {
        self.say(text.as_bytes(), turn)
    }

    fn garbage(&mut self, turn: &mut Turn) -> Flow {
        self.say(b"garbage", turn)
    }

    fn binary(&mut self, bytes: &[u8], turn: &mut Turn) -> Flow {
        self.say(format!("{bytes:?}").as_bytes(), turn)
    }

    fn closed(&mut self, _: Ending, _: &mut Turn) {}
}
