//! What a client knows of its topics from nothing but what it was told, and whether that makes sense.

use std::collections::BTreeMap;

use serde_json::Value;

/// The topics of one client.
pub struct Presence {
    me: String,
    topics: BTreeMap<String, Roster>,
}

/// The other members of a topic, in order of joining, as they were told.
#[derive(Default)]
pub struct Roster {
    pub peers: Vec<Value>,
    /// Behind whom the list goes on that `joined` had no room for.
    pub rest: Option<String>,
    /// Pages that are asked for and have not come, and how many of them go on behind somebody who has left meanwhile.
    asked: usize,
    stale: usize,
}

impl Presence {
    pub fn new(me: &str) -> Self {
        Self { me: me.to_owned(), topics: BTreeMap::new() }
    }

    /// The topics that this client is in.
    pub fn topics(&self) -> impl Iterator<Item = (&str, &Roster)> {
        self.topics.iter().map(|(topic, roster)| (topic.as_str(), roster))
    }

    /// Takes note that a page of a topic has been asked for.
    pub fn asks(&mut self, topic: &str) {
        if let Some(roster) = self.topics.get_mut(topic) {
            roster.asked += 1;
        }
    }

    /// Takes note of a frame.
    ///
    /// # Errors
    /// What cannot be true after all that was said before.
    pub fn listen(&mut self, frame: &Value) -> Result<(), String> {
        let kind = frame["type"].as_str().ok_or("a frame without a type")?;
        self.note(kind, frame).map_err(|fault| format!("{fault}: {frame}"))
    }

    fn note(&mut self, kind: &str, frame: &Value) -> Result<(), String> {
        match kind {
            "joined" => self.joined(frame),
            "left" => self.topics.remove(text(frame, "topic")?).map(drop).ok_or("left where it never was".into()),
            "peer-joined" => self.roster(frame)?.arrived(&frame["peer"]),
            "peer-updated" => self.roster(frame)?.updated(&frame["peer"]),
            "peer-left" => self.roster(frame)?.departed(text(frame, "clientId")?),
            "peers" => self.roster(frame)?.page(frame),
            "message" | "offer" | "answer" | "ice" => self.spoken(frame),
            _ => Ok(()),
        }
    }

    fn joined(&mut self, frame: &Value) -> Result<(), String> {
        if frame["clientId"] != *self.me {
            return Err("joined as somebody else".into());
        }
        let peers = listed(frame)?;
        if peers.iter().any(|peer| peer["clientId"] == *self.me) {
            return Err("a member among its own peers".into());
        }
        let rest = frame.get("next").and_then(Value::as_str).map(str::to_owned);
        let last = peers.last().and_then(|peer| peer["clientId"].as_str());
        let total = frame["total"].as_u64().ok_or("no total")? as usize;
        if (rest.is_none() && total != peers.len())
            || (rest.is_some() && (total <= peers.len() || rest.as_deref() != last))
        {
            return Err("the total and the list do not agree".into());
        }
        let topic = text(frame, "topic")?;
        let Some(known) = self.topics.get_mut(topic) else {
            self.topics.insert(topic.to_owned(), Roster { peers: peers.to_vec(), rest, ..Roster::default() });
            return Ok(());
        };
        let same = known.peers.starts_with(peers) && known.peers.len() == total;
        if known.rest.is_none() && !same {
            return Err(format!("but known were {:?}", known.peers));
        }
        Ok(())
    }

    /// Only members speak to members, and only partners do without a topic in common.
    fn spoken(&self, frame: &Value) -> Result<(), String> {
        let from = text(frame, "from")?;
        let heard_of = |roster: &Roster| roster.rest.is_some() || roster.index(from).is_some();
        let is_known = match frame.get("topic").and_then(Value::as_str) {
            Some(topic) => self.topics.get(topic).is_some_and(heard_of),
            None => self.topics.values().any(heard_of),
        };
        if is_known { Ok(()) } else { Err("a stranger speaks".into()) }
    }

    fn roster(&mut self, frame: &Value) -> Result<&mut Roster, String> {
        self.topics.get_mut(text(frame, "topic")?).ok_or("of a topic that this client is not in".into())
    }
}

impl Roster {
    fn index(&self, id: &str) -> Option<usize> {
        self.peers.iter().position(|peer| peer["clientId"] == *id)
    }

    fn arrived(&mut self, peer: &Value) -> Result<(), String> {
        if self.index(text(peer, "clientId")?).is_some() || peer["initiator"] != false {
            return Err("no newcomer".into());
        }
        self.peers.push(peer.clone());
        Ok(())
    }

    fn updated(&mut self, peer: &Value) -> Result<(), String> {
        match self.index(text(peer, "clientId")?) {
            Some(index) if self.peers[index]["initiator"] == peer["initiator"] => self.peers[index] = peer.clone(),
            None if self.rest.is_some() => {}
            _ => return Err("not as it was known".into()),
        }
        Ok(())
    }

    fn departed(&mut self, id: &str) -> Result<(), String> {
        if self.rest.as_deref() == Some(id) {
            // It may come back, behind everybody: the list begins anew, with nobody to go on behind.
            self.rest = Some(String::new());
            self.stale = self.asked;
        }
        match self.index(id) {
            Some(index) => drop(self.peers.remove(index)),
            None if self.rest.is_some() => {}
            None => return Err("gone that was not there".into()),
        }
        Ok(())
    }

    /// A page confirms what is known, and adds what `joined` did not list.
    fn page(&mut self, frame: &Value) -> Result<(), String> {
        let first = listed(frame)?.first().and_then(|first| self.index(first["clientId"].as_str()?));
        let behind = self.rest.as_deref().and_then(|rest| self.index(rest)).map_or(0, |index| index + 1);
        let mut at = first.unwrap_or(behind);
        for peer in listed(frame)? {
            match self.index(text(peer, "clientId")?) {
                Some(index) if index >= at && self.peers[index] == *peer => at = index + 1,
                None if self.rest.is_some() => {
                    self.peers.insert(at, peer.clone());
                    at += 1;
                }
                _ => return Err(format!("but known were {:?}", self.peers)),
            }
        }
        self.asked = self.asked.saturating_sub(1);
        if self.stale > 0 {
            self.stale -= 1;
        } else if self.rest.is_some() {
            self.rest = frame.get("next").and_then(Value::as_str).map(str::to_owned);
        }
        if self.rest.is_none() && frame["total"] != self.peers.len() {
            return Err(format!("but known were {:?}", self.peers));
        }
        Ok(())
    }
}

fn listed(frame: &Value) -> Result<&Vec<Value>, String> {
    frame["peers"].as_array().ok_or("no peers".into())
}

fn text<'a>(frame: &'a Value, field: &str) -> Result<&'a str, String> {
    frame[field].as_str().ok_or_else(|| format!("no {field}"))
}
