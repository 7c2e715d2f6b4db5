//! The rooms with two sides, on paused time.

mod first_frames;
mod first_mail;
mod refusals;
mod same_sid;

use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::{client_async, tungstenite::Message};

use crate::pipes::{Client, Memory};

const APP: &str = "00000001-0000-4000-8000-000000000000";
const ROOM_FULL: &str = "{\"type\":\"room_full\"}\n";
const HELLO: &str = r#"{"type":"hello"}"#;

/// A client at a side of the one room, that has said nothing yet.
async fn seat(memory: &Memory, query: &str) -> Client {
    let url = format!("ws://memory/ws?appID={APP}&{query}");
    let (socket, _) = client_async(url, memory.pipe().await).await.expect("an upgrade");
    Client { socket, id: String::new() }
}

/// The next text frame as it is.
async fn next(client: &mut Client) -> String {
    loop {
        match client.socket.next().await {
            Some(Ok(Message::Text(text))) => return text.to_string(),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            other => panic!("a text frame expected, {other:?} heard"),
        }
    }
}

/// What happens for so long, while the client answers pings: nothing is to be heard.
async fn silent(client: &mut Client, long: Duration) {
    let until = Instant::now() + long;
    while let Ok(heard) = timeout(until - Instant::now(), client.socket.next()).await {
        assert!(matches!(heard, Some(Ok(Message::Ping(_)))), "{heard:?}");
    }
}
