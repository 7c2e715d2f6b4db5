//! Sessions that outlive their sockets, on paused time.

mod guessing;
mod heartbeat;
mod hello;
mod succession;
mod windows;

use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::{
    client_async,
    tungstenite::{Error, http::StatusCode},
};

use crate::pipes::{Client, Memory};

/// How long a session is kept.
const WINDOW: Duration = Duration::from_secs(30);

/// What a timer of the server's may be late.
const SOON: Duration = Duration::from_millis(50);

/// What a client remembers of its session.
#[derive(Clone)]
struct Ticket {
    id: String,
    token: String,
    received: u64,
}

/// A resumable socket that has said nothing yet, or the status that refused it.
async fn open(memory: &Memory) -> Result<Client, StatusCode> {
    match client_async("ws://memory/ws?resumable=1", memory.pipe().await).await {
        Ok((socket, _)) => Ok(Client { socket, id: String::new() }),
        Err(Error::Http(refused)) => Err(refused.status()),
        Err(fault) => panic!("{fault}"),
    }
}

/// The answer to a hello on a socket of its own.
async fn hello(memory: &Memory, hello: Value, answer: &str) -> (Client, Value) {
    let mut client = open(memory).await.expect("an upgrade");
    client.say(&hello.to_string()).await;
    let answer = client.hear(answer).await;
    client.id = answer["clientId"].as_str().expect("an id").to_owned();
    (client, answer)
}

async fn enter(memory: &Memory) -> (Client, Ticket) {
    let (client, ready) = hello(memory, json!({"type": "hello"}), "ready").await;
    let token = ready["resumeToken"].as_str().expect("a token").to_owned();
    let ticket = Ticket { id: client.id.clone(), token, received: 0 };
    (client, ticket)
}

/// Two sessions that are partners; each has heard of it.
async fn pair(memory: &Memory) -> [(Client, Ticket); 2] {
    let mut pair = [enter(memory).await, enter(memory).await];
    for (client, _) in &mut pair {
        client.say(r#"{"type":"available"}"#).await;
    }
    for (client, ticket) in &mut pair {
        client.hear("matched").await;
        ticket.received = 1;
    }
    pair
}

impl Ticket {
    fn hello(&self) -> Value {
        json!({"type": "hello", "resume": {"token": self.token, "received": self.received}})
    }

    /// Comes back to its session.
    async fn back(&mut self, memory: &Memory) -> Client {
        let (client, resumed) = hello(memory, self.hello(), "resumed").await;
        assert_eq!(client.id, self.id);
        self.token = resumed["resumeToken"].as_str().expect("a token").to_owned();
        client
    }

    /// Is somebody else from now on.
    async fn refused(&self, memory: &Memory, reason: &str) -> Client {
        let (client, ready) = hello(memory, self.hello(), "ready").await;
        assert_eq!((&ready["resumed"], &ready["reason"]), (&json!(false), &json!(reason)), "{ready}");
        assert_ne!(client.id, self.id);
        client
    }
}
