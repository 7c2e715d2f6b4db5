//! Conversations: each line is something that one of four clients does. Its first character says who, the rest says what:
//!
//! ```text
//! 0{"type":"next"}   a text frame; $0 to $3 are the ids of clients, $t is the last token that anybody was given
//! 1#…                a binary frame
//! 2@…                a pong
//! 3!  3.  3+         the connection breaks off, says goodbye, is made anew
//! 3>  3*             ten seconds, two minutes pass
//! ```

use std::time::Duration;

use meetpoint::dialects::Ending;
use serde_json::Value;

use super::stage::{Client, Stage};

const CLIENTS: usize = 4;

/// Lines of one input that are looked at.
const LINES: usize = 64;

/// Pairs and topic rooms.
pub fn chat(data: &[u8]) {
    converse(data, [None; CLIENTS], true);
}

/// The same with sessions that outlive their sockets.
pub fn resume(data: &[u8]) {
    converse(data, [Some("resumable=1"), Some("resumable=1"), Some("resumable=1"), None], true);
}

/// Two sides that hand frames on.
pub fn noisy(data: &[u8]) {
    converse(data, sides(["", "", "", ""]).each_ref().map(|query| Some(&**query)), false);
}

/// Two sides with mailboxes, and clients that come back by their names.
pub fn mailbox(data: &[u8]) {
    converse(data, sides(["&sid=a", "&sid=b", "&sid=a", ""]).each_ref().map(|query| Some(&**query)), false);
}

fn sides(more: [&str; CLIENTS]) -> [String; CLIENTS] {
    const APP: &str = "00000001-0000-4000-8000-000000000000";
    let mut side = ["A", "B"].into_iter().cycle();
    more.map(|more| format!("appID={APP}&side={}{more}", side.next().unwrap_or_default()))
}

/// What has been said that later lines name.
#[derive(Default)]
struct Known {
    ids: [String; CLIENTS],
    token: String,
}

impl Known {
    fn fill(&self, text: &str) -> String {
        let mut filled = text.replace("$t", &self.token);
        for (index, id) in self.ids.iter().enumerate() {
            filled = filled.replace(&format!("${index}"), id);
        }
        filled
    }

    fn learn(&mut self, who: usize, frame: &Value) {
        if let Some(id) = frame["clientId"].as_str() {
            self.ids[who] = id.to_owned();
        }
        if let Some(token) = frame["resumeToken"].as_str() {
            self.token = token.to_owned();
        }
    }
}

fn converse(data: &[u8], queries: [Option<&str>; CLIENTS], speaks_json: bool) {
    let (mut stage, mut known) = (Stage::new(), Known::default());
    let mut clients: [Option<Client>; CLIENTS] = [const { None }; CLIENTS];
    for line in data.split(|byte| *byte == b'\n').take(LINES) {
        let [who @ b'0'..=b'3', what @ ..] = line else { continue };
        let who = usize::from(who - b'0');
        if clients[who].is_none() {
            clients[who] = stage.enter(queries[who]);
        }
        let Some(client) = &mut clients[who] else { continue };
        let goes_on = match what {
            b"!" | b"+" | b"." => false,
            b">" | b"*" => {
                stage.pass(Duration::from_secs(if what == b">" { 10 } else { 120 }));
                true
            }
            [b'#', bytes @ ..] => client.binary(bytes, &stage),
            [b'@', bytes @ ..] => client.pong(bytes, &stage),
            text => str::from_utf8(text).is_ok_and(|text| client.text(&known.fill(text), &stage)),
        };
        for (index, client) in clients.iter_mut().enumerate() {
            let Some(client) = client else { continue };
            let _ = client.due(&stage);
            for text in client.heard(&stage) {
                match serde_json::from_str(&text) {
                    Ok(frame) => known.learn(index, &frame),
                    Err(error) => assert!(!speaks_json, "{error}: {text:?}"),
                }
            }
        }
        if !goes_on && let Some(client) = clients[who].take() {
            let ending = if what == b"." { Ending::Goodbye } else { Ending::Cut };
            client.end(ending, &stage);
            if what == b"+" {
                clients[who] = stage.enter(queries[who]);
            }
        }
    }
    for client in clients.into_iter().flatten() {
        client.end(Ending::Goodbye, &stage);
    }
    stage.assert_empty();
}
