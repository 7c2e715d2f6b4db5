//! One client of the chat wire: `ready`, `available`, `matched`. What pairs say to each other is the scenarios' business.

use meetpoint_protocol::ClientId;
use serde::Deserialize;

use crate::{
    Error,
    target::Target,
    ws::{self, Fault, Socket},
};

/// Asks for a partner.
const AVAILABLE: &str = r#"{"type":"available"}"#;
/// Asks for [`PONG`](meetpoint_protocol::chat::PONG).
pub const PING: &str = r#"{"type":"ping"}"#;

/// A connected client with the id that the server gave it.
#[derive(Debug)]
pub struct Client {
    pub id: ClientId,
    pub socket: Socket,
}

/// What the server says before any partner does.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
enum Told {
    Ready { client_id: String },
    Matched { partner_id: String },
}

impl Client {
    /// Connects and waits for `ready`. `index` chooses the source address.
    pub async fn connect(target: &Target, index: usize) -> Result<Self, Error> {
        let stream = target.connect(index).await?;
        let mut socket = ws::upgrade(stream, target).await?;
        let text = socket.recv_text().await?;
        match serde_json::from_str(&text) {
            Ok(Told::Ready { client_id }) => Ok(Self { id: parse_id(&client_id)?, socket }),
            _ => Err(Fault::Unexpected(text).into()),
        }
    }

    /// Says `available` and waits for `matched`: the partner's id.
    pub async fn find_partner(&mut self) -> Result<ClientId, Fault> {
        self.socket.send_text(AVAILABLE)?;
        let text = self.socket.recv_text().await?;
        match serde_json::from_str(&text) {
            Ok(Told::Matched { partner_id }) => parse_id(&partner_id),
            _ => Err(Fault::Unexpected(text)),
        }
    }
}

fn parse_id(text: &str) -> Result<ClientId, Fault> {
    ClientId::parse(text).ok_or_else(|| Fault::Unexpected(format!("a client id that is no UUID: {text}")))
}
