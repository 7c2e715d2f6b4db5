//! A WebSocket over a simulated connection, which can be lost in more ways than one.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Message,
        protocol::{CloseFrame, WebSocketConfig},
    },
};
use turmoil::net::TcpStream;

use crate::network::{PORT, SERVER};

/// How long a client waits for the network before it gives up.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// In bytes.
const READ_BUFFER: usize = 2 * 1024;

pub struct Socket(WebSocketStream<TcpStream>);

pub enum Heard {
    Text(String),
    /// The payload of a ping, which has been answered.
    Ping(String),
    /// The server has closed the socket, with this code.
    Closed(u16),
    /// The connection has broken.
    Lost,
}

impl Socket {
    /// `None` where there is no server, or it refuses, or it takes too long.
    pub async fn open(path: &str) -> Option<Self> {
        let opening = async {
            let stream = TcpStream::connect((SERVER, PORT)).await.ok()?;
            // Small: all of it is filled with zeros at every read.
            let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
            client_async_with_config(format!("ws://{SERVER}{path}"), stream, Some(config)).await.ok()
        };
        let (socket, _) = timeout(PATIENCE, opening).await.ok()??;
        Some(Self(socket))
    }

    /// Whether it was taken.
    pub async fn say(&mut self, words: &str) -> bool {
        let said = timeout(PATIENCE, self.0.send(Message::text(words))).await;
        matches!(said, Ok(Ok(())))
    }

    /// What comes next; `None` when nothing does until then.
    pub async fn hear(&mut self, until: Instant) -> Option<Heard> {
        loop {
            let message = timeout_at(until, self.0.next()).await.ok()?;
            return Some(match message {
                Some(Ok(Message::Text(text))) => Heard::Text(text.as_str().to_owned()),
                Some(Ok(Message::Ping(payload))) => Heard::Ping(String::from_utf8_lossy(&payload).into_owned()),
                Some(Ok(Message::Close(frame))) => Heard::Closed(frame.map_or(1005, |frame| frame.code.into())),
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => Heard::Lost,
            });
        }
    }

    /// Closes it with this code and waits for the end.
    pub async fn close(mut self, code: u16) {
        let frame = CloseFrame { code: code.into(), reason: "".into() };
        let _ = timeout(PATIENCE, async {
            self.0.close(Some(frame)).await?;
            while let Some(Ok(_)) = self.0.next().await {}
            Ok::<_, tokio_tungstenite::tungstenite::Error>(())
        })
        .await;
    }
}
