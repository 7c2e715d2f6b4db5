//! Sessions without sockets: what a client is told can be read from its outbox's wire at once.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use meetpoint::{
    core::{
        chance::Chance,
        event::Departure,
        lobby::Lobby,
        matchmaker::Rules,
        outbox::{Bounds, Outbox, Wire},
        turn::Turn,
    },
    dialects::{Dialect, Session, chat::Chat},
};
use meetpoint_protocol::{ClientId, ConnId, ws};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::io::AsyncWrite;

/// A wire that takes everything at once.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<Vec<u8>>>);

impl Wire for Tape {
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }
}

impl AsyncWrite for Tape {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.try_write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The chat without a server, and its time.
pub struct Stage {
    pub lobby: Arc<Lobby>,
    pub now: Instant,
    chance: Arc<Chance>,
    chat: Chat,
    entered: u64,
}

impl Stage {
    pub fn new(rules: Rules) -> Self {
        let chance = Arc::new(Chance::from_seed(1));
        let lobby = Arc::new(Lobby::new(rules, chance.clone()));
        let chat = Chat { lobby: lobby.clone(), ping_interval: Duration::from_secs(20), max_message: 65_536 };
        Self { lobby, now: Instant::now(), chance, chat, entered: 0 }
    }

    pub fn enter(&mut self) -> Puppet {
        self.entered += 1;
        let tape = Tape::default();
        let bounds = Bounds { bytes: 1 << 20, frames: 1000, kept: 4096 };
        let (client, conn) = (ClientId::from_random(self.chance.id()), ConnId(self.entered));
        let outbox = Outbox::new(client, conn, self.chat.words(), bounds, Box::new(tape.clone()));
        let Ok(entry) = self.chat.admit(None) else { panic!("the chat takes everybody") };
        let session = entry(outbox, &mut Turn::new(self.now));
        Puppet { id: client.to_string(), tape, session }
    }

    /// Time passes; cooldowns end.
    pub fn pass(&mut self, time: Duration) {
        self.now += time;
        self.lobby.cooled(&mut Turn::new(self.now));
    }
}

pub struct Puppet {
    pub id: String,
    tape: Tape,
    session: Box<dyn Session>,
}

impl Puppet {
    pub fn say(&mut self, text: &str, now: Instant) {
        self.session.text(text, &mut Turn::new(now));
    }

    pub fn cut(mut self, now: Instant) {
        self.session.closed(Departure::Disconnected, &mut Turn::new(now));
    }

    /// All frames since the last call.
    pub fn heard(&mut self) -> Vec<Value> {
        let bytes = std::mem::take(&mut *self.tape.0.lock());
        let mut rest = &bytes[..];
        let mut frames = Vec::new();
        while !rest.is_empty() {
            let (frame, behind) = rest.split_at(ws::frame_len(rest));
            let payload = frame.iter().position(|byte| *byte == b'{').expect("a JSON object");
            frames.push(serde_json::from_slice(&frame[payload..]).expect("JSON"));
            rest = behind;
        }
        frames
    }
}
