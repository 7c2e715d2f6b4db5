//! A session of the chat wire that outlives its socket, as its client keeps it: what both sides count, and what was said and perhaps
//! not read. What a client says is the scenarios' business: a [`Session`] keeps their words until it knows that the server has read them.

use std::collections::VecDeque;

use meetpoint_protocol::ClientId;

use crate::{
    Error,
    chat::Told,
    target::Target,
    ws::{self, Fault, Socket},
};

/// A client's side of a session.
#[derive(Debug)]
pub struct Session<W> {
    pub id: ClientId,
    token: String,
    /// Frames of the server that were heard.
    received: u64,
    /// Words that the server is known to have read, and those behind them.
    read: u64,
    kept: VecDeque<W>,
}

/// The same server, asked for a socket that a session outlives.
pub fn resumable(target: &Target) -> Target {
    let mark = if target.path_and_query.contains('?') { '&' } else { '?' };
    target.at(format!("{}{mark}resumable=1", target.path_and_query))
}

/// Connects, says hello and waits for the answer. `target`: see [`resumable`]; `index` chooses the source address.
pub async fn greet(target: Target, index: usize, hello: String) -> Result<(Socket, String), Error> {
    let stream = target.connect(index).await?;
    let mut socket = ws::upgrade(stream, &target).await?;
    socket.send_text(&hello)?;
    let answer = socket.recv_text().await?;
    Ok((socket, answer))
}

impl<W> Session<W> {
    /// Begins a session.
    pub async fn begin(target: Target, index: usize) -> Result<(Self, Socket), Error> {
        let (socket, answer) = greet(target, index, r#"{"type":"hello"}"#.into()).await?;
        match Told::read(answer.as_bytes()) {
            Some(Told::Ready { client, token: Some(token), refused: None }) => {
                let token = token.to_owned();
                Ok((Self { id: client, token, received: 0, read: 0, kept: VecDeque::new() }, socket))
            }
            Some(Told::Ready { .. }) => Err(Error::Options("the server keeps no sessions: see RESUME_WINDOW".into())),
            _ => Err(Fault::Unexpected(answer).into()),
        }
    }

    /// What it says on its next socket before anything else.
    pub fn hello(&self) -> String {
        format!(r#"{{"type":"hello","resume":{{"token":"{}","received":{}}}}}"#, self.token, self.received)
    }

    /// Takes the answer to [`Self::hello`]. What is still [`kept`](Self::kept) then must be said again, in order.
    pub fn resumed(&mut self, answer: &str) -> Result<(), Fault> {
        let (client, token, received) = match Told::read(answer.as_bytes()) {
            Some(Told::Resumed { client, token, received }) => (client, token, received),
            Some(Told::Ready { refused, .. }) => return Err(Fault::NotResumed(refused.unwrap_or_default().into())),
            _ => return Err(Fault::unexpected(answer.as_bytes())),
        };
        if client != self.id {
            return Err(Fault::Contradiction("a client that came back is another"));
        }
        self.token = token.to_owned();
        let newly = received.checked_sub(self.read).and_then(|count| usize::try_from(count).ok());
        let Some(newly) = newly.filter(|count| *count <= self.kept.len()) else {
            return Err(Fault::Contradiction("the server has read more than was said, or less than it confirmed"));
        };
        self.has_read(newly);
        Ok(())
    }

    /// A frame that counts has been heard: any but `ready` and `resumed`.
    pub fn hear(&mut self) {
        self.received += 1;
    }

    /// Keeps what is about to be said, or will be when there is a socket again.
    pub fn say(&mut self, word: W) {
        self.kept.push_back(word);
    }

    /// The server has read the first so many of those that are kept.
    pub fn has_read(&mut self, count: usize) {
        let gone = self.kept.drain(..count.min(self.kept.len())).count();
        self.read += gone as u64;
    }

    /// What was said and perhaps not read, in order.
    pub fn kept(&self) -> &VecDeque<W> {
        &self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHER: &str = "07070707-0707-4707-8707-070707070707";

    fn session() -> Session<u32> {
        let id = ClientId::from_random([8; 16]);
        Session { id, token: "first".into(), received: 0, read: 0, kept: VecDeque::new() }
    }

    fn answer(client: &str, received: u64) -> String {
        format!(
            r#"{{"type":"resumed","clientId":"{client}","resumeToken":"next","received":{received},"resumeWindow":1}}"#
        )
    }

    #[test]
    fn what_the_server_has_not_read_is_kept_and_nothing_else() {
        let mut session = session();
        (0..10).for_each(|word| session.say(word));
        session.has_read(2);
        (0..3).for_each(|_| session.hear());
        assert_eq!(session.hello(), r#"{"type":"hello","resume":{"token":"first","received":3}}"#);
        session.resumed(&answer(&session.id.to_string(), 7)).expect("resumed");
        assert!(session.kept().iter().eq(&[7, 8, 9]), "{session:?}");
        assert_eq!(session.hello(), r#"{"type":"hello","resume":{"token":"next","received":3}}"#);
    }

    #[test]
    fn whatever_is_not_this_session_is_a_fault() {
        let mut session = session();
        (0..3).for_each(|word| session.say(word));
        session.has_read(2);
        let id = session.id.to_string();
        let ready = format!(r#"{{"type":"ready","clientId":"{OTHER}","resumed":false,"reason":"expired"}}"#);
        for (wrong, told) in [
            (answer(OTHER, 2), "is another"),
            (answer(&id, 1), "less than it confirmed"),
            (answer(&id, 4), "more than was said"),
            (ready, "(expired)"),
            (r#"{"type":"pong"}"#.into(), "pong"),
        ] {
            let fault = session.resumed(&wrong).expect_err(&wrong);
            assert!(fault.to_string().contains(told), "{fault}");
        }
    }
}
