//! A client of the chat that does what it is told, for scenes that are not left to chance.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::socket::{Heard, PATIENCE, Socket};

pub struct Visitor {
    pub id: String,
    socket: Socket,
}

impl Visitor {
    /// Connects, and has heard `ready`; `None` where that fails.
    pub async fn enter(is_resumable: bool) -> Option<Self> {
        let mut socket = Socket::open(if is_resumable { "/ws?resumable=1" } else { "/ws" }).await?;
        if is_resumable {
            socket.say(r#"{"type":"hello"}"#).await;
        }
        let mut visitor = Self { id: String::new(), socket };
        let ready = visitor.hear("ready", PATIENCE).await?;
        visitor.id = ready["clientId"].as_str()?.to_owned();
        Some(visitor)
    }

    pub async fn look_for_a_partner(&mut self) {
        self.socket.say(r#"{"type":"available"}"#).await;
    }

    /// The next frame of this type, past any others; `None` when it does not come in time. Pings are answered meanwhile.
    pub async fn hear(&mut self, kind: &str, time: Duration) -> Option<Value> {
        let until = Instant::now() + time;
        loop {
            match self.socket.hear(until).await? {
                Heard::Text(text) => {
                    let frame: Value = serde_json::from_str(&text).ok()?;
                    if frame["type"] == kind {
                        return Some(frame);
                    }
                }
                Heard::Ping(_) => {}
                Heard::Closed(_) | Heard::Lost => return None,
            }
        }
    }

    /// Closes its socket for good.
    pub async fn leave(self) {
        self.socket.close(1000).await;
    }
}
