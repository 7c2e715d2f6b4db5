//! Pairing beside the topics, in few lines.

use std::collections::HashMap;

use meetpoint_protocol::ClientId;
use tokio::sync::mpsc::Sender;
use tokio_tungstenite::tungstenite::Message;

use super::{Wrong, say};

const PARTNER_LEFT: &str = r#"{"type":"partner-left","reason":"left"}"#;
const NOT_PAIRED: &str = r#"{"type":"error","code":"NOT_PAIRED","message":"Not paired with a partner"}"#;

/// Who waits and who sits with whom.
#[derive(Default)]
pub struct Pairing {
    outboxes: HashMap<ClientId, Sender<Message>>,
    waiting: Option<ClientId>,
    partners: HashMap<ClientId, ClientId>,
    matches: u64,
}

impl Pairing {
    pub fn came(&mut self, id: ClientId, outbox: &Sender<Message>) {
        self.outboxes.insert(id, outbox.clone());
    }

    fn tell(&self, id: ClientId, text: impl Into<Message>) {
        say(&self.outboxes[&id], text);
    }

    pub fn available(&mut self, wrong: Wrong, id: ClientId) {
        let Some(other) = self.waiting.take_if(|other| *other != id) else { return self.waiting = Some(id) };
        self.matches += 1;
        for (to, partner) in [(id, other), (other, id)] {
            self.partners.insert(to, partner);
            let text = format!(r#"{{"type":"matched","roomId":"r","partnerId":"{partner}","initiator":true}}"#);
            if wrong == Wrong::MatchTwice && self.matches == 9 {
                self.tell(to, text.as_str());
            }
            self.tell(to, text);
        }
    }

    pub fn relay(&self, id: ClientId, text: &str) {
        let partner = self.partners[&id];
        self.tell(partner, text.replacen(r#""candidate""#, &format!(r#""from":"{id}","candidate""#), 1));
    }

    pub fn next(&mut self, wrong: Wrong, id: ClientId) {
        if !self.partners.contains_key(&id) {
            return self.tell(id, NOT_PAIRED);
        }
        self.leave(wrong, id);
        self.available(wrong, id);
    }

    pub fn leave(&mut self, wrong: Wrong, id: ClientId) {
        self.waiting.take_if(|waiting| *waiting == id);
        if let Some(partner) = self.partners.remove(&id) {
            self.partners.remove(&partner);
            self.tell(partner, PARTNER_LEFT);
            self.available(wrong, partner);
        }
    }

    pub fn gone(&mut self, wrong: Wrong, id: ClientId) {
        self.leave(wrong, id);
        self.outboxes.remove(&id);
    }
}
