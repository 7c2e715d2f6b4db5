//! Clients without sockets, whose wires take everything and keep nothing.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use http::HeaderMap;
use meetpoint::{
    app,
    config::{Settings, StorageType},
    core::{
        chance::Chance,
        outbox::{Outbox, Wire},
        turn::Turn,
    },
    dialects::{Dialect, Opening, Session},
    server::Server,
};
use meetpoint_protocol::{ClientId, ConnId};
use tokio::io::AsyncWrite;

/// A server without sockets, with default settings.
pub struct Stage {
    pub server: Arc<Server>,
    pub now: Instant,
}

impl Stage {
    pub fn new() -> Self {
        let mut settings = Settings::default();
        settings.storage.kind = StorageType::Memory;
        let app = app::build(&settings, Chance::from_seed(1)).expect("the default settings");
        Self { server: app.server, now: Instant::now() }
    }

    pub fn turn(&self) -> Turn {
        Turn::new(self.now)
    }

    pub fn outbox(&self) -> Outbox {
        let client = ClientId::from_random(self.server.chance.id());
        let chat = self.chat();
        Outbox::new(client, ConnId(0), chat.words(), chat.outbox(self.server.limits.load().outbox), Box::new(Sponge))
    }

    pub fn outboxes(&self, count: usize) -> Vec<Outbox> {
        (0..count).map(|_| self.outbox()).collect()
    }

    /// A client of the chat.
    pub fn enter(&self) -> Box<dyn Session> {
        let headers = HeaderMap::new();
        let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let entry = self.chat().admit(&Opening { query: None, headers: &headers, client, now: self.now });
        let Ok(entry) = entry else { panic!("the chat takes everybody") };
        entry(self.outbox(), &mut self.turn())
    }

    fn chat(&self) -> &dyn Dialect {
        let chat = self.server.dialects.iter().find(|dialect| dialect.path() == "/ws" && dialect.claims(None));
        chat.expect("the server speaks it").as_ref()
    }
}

struct Sponge;

impl Wire for Sponge {
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(divan::black_box(bytes).len())
    }
}

impl AsyncWrite for Sponge {
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
