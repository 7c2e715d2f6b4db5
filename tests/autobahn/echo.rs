//! The server as it is, with one dialect that says each message back.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::response::Response;
use meetpoint::{
    app,
    config::{ByteSize, FrameReader, Settings, StorageType},
    core::{
        chance::Chance,
        event::{Event, Words},
        outbox::{Bounds, Line, Outbox},
        turn::Turn,
    },
    dialects::{Dialect, Ending, Entry, Flow, Opening, Session},
    guard::origin::Missing,
    server::tcp,
};
use meetpoint_protocol::{
    FrameType,
    ws::{self, Opcode},
};
use tokio::task::JoinSet;

pub const PATH: &str = "/echo";

/// The largest message of the suite is as large.
const MAX_MESSAGE: usize = 16 * 1024 * 1024;

/// Nobody is pinged: the suite expects what it has asked for, and nothing else.
const NEVER: Duration = Duration::from_secs(3600);

/// Starts an echo server on a free port.
pub fn start(reader: FrameReader, tasks: &mut JoinSet<()>) -> SocketAddr {
    let mut settings = Settings::default();
    settings.storage.kind = StorageType::Memory;
    settings.socket.reader = reader;
    settings.socket.heartbeat = NEVER;
    settings.socket.max_messages_per_second = 0;
    settings.socket.max_bytes_per_second = ByteSize::new(0);
    let mut app = app::build(&settings, Chance::from_system()).expect("valid settings");
    Arc::get_mut(&mut app.server).expect("nobody else's yet").dialects = vec![Box::new(Echo)];
    let listener = tcp::bind(SocketAddr::from(([127, 0, 0, 1], 0)), false).expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tasks.spawn(async move { app.serve(listener).await });
    address
}

struct Echo;

impl Dialect for Echo {
    fn path(&self) -> &'static str {
        PATH
    }

    fn admit(&self, _: &Opening<'_>) -> Result<Entry, Box<Response>> {
        Ok(Box::new(|outbox, _| Box::new(EchoSession(outbox))))
    }

    fn missing_origin(&self) -> Missing {
        Missing::Welcome
    }

    fn max_message(&self) -> usize {
        MAX_MESSAGE
    }

    /// The suite reads while it writes, but not always at once.
    fn outbox(&self, usual: Bounds) -> Bounds {
        Bounds { bytes: 4 * MAX_MESSAGE, ..usual }
    }

    fn words(&self) -> &'static dyn Words {
        &Silent
    }
}

struct EchoSession(Outbox);

impl Session for EchoSession {
    fn text(&mut self, text: &str, turn: &mut Turn) -> Flow {
        // Refused only where the connection is closing.
        let _ = self.0.say(FrameType::Other, text, turn);
        Flow::Continue
    }

    fn binary(&mut self, bytes: &[u8], turn: &mut Turn) -> Flow {
        const FINAL_BINARY: u8 = 0x82;
        let (mut header, used) = ws::header(Opcode::Text, bytes.len());
        header[0] = FINAL_BINARY;
        // As the protocol's own replies are sent: the outbox itself says text alone.
        Line::new(self.0.clone()).append_encoded(&[&header[..used], bytes].concat(), turn);
        Flow::Continue
    }

    fn garbage(&mut self, _: &mut Turn) -> Flow {
        unreachable!("a binary frame is said back, whatever is in it")
    }

    fn closed(&mut self, _: Ending, _: &mut Turn) {}
}

struct Silent;

impl Words for Silent {
    fn write(&self, _: &Event, _: &mut Vec<u8>) -> Option<FrameType> {
        None
    }
}
