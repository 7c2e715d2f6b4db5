//! What a client knows of the topics that it is in.

use std::collections::BTreeMap;

use serde_json::Value;

#[derive(Default)]
pub struct Topics {
    joined: BTreeMap<String, Topic>,
    /// How many frames it has published, to all topics.
    said: BTreeMap<String, u64>,
    /// The topics about which it has asked something that is not answered.
    asked: Vec<String>,
}

#[derive(Default)]
struct Topic {
    /// By id.
    peers: BTreeMap<String, Peer>,
}

#[derive(Default)]
struct Peer {
    /// The number of the last frame that it published here; 0 before the first.
    heard: u64,
    /// `None` where nothing was said of it since it was listed.
    is_away: Option<bool>,
}

impl Topics {
    /// Whether it is in the topic; `None` where an answer is still to come.
    pub fn is_in(&self, topic: &str) -> Option<bool> {
        (!self.asked.iter().any(|asked| asked == topic)).then(|| self.joined.contains_key(topic))
    }

    pub fn asks(&mut self, topic: &str) {
        self.asked.push(topic.to_owned());
    }

    /// The number of the next frame that it publishes there.
    pub fn next_number(&mut self, topic: &str) -> u64 {
        let said = self.said.entry(topic.to_owned()).or_default();
        *said += 1;
        *said
    }

    /// By topic: whom it knows there with the last number of each, and its own last number.
    pub fn belief(&self) -> BTreeMap<String, (BTreeMap<String, u64>, u64)> {
        let known = |topic: &Topic| topic.peers.iter().map(|(id, peer)| (id.clone(), peer.heard)).collect();
        let said = |topic| self.said.get(topic).copied().unwrap_or_default();
        self.joined.iter().map(|(name, topic)| (name.clone(), (known(topic), said(name)))).collect()
    }

    /// Takes note of a frame about a topic.
    ///
    /// # Errors
    /// It cannot come.
    pub fn hear(&mut self, frame: &Value) -> Result<(), String> {
        self.try_hear(frame).ok_or_else(|| {
            let known: Vec<_> = self.joined.iter().map(|(name, topic)| (name, topic.peers.keys())).collect();
            format!("{frame} came to one who knows {known:?}")
        })
    }

    fn try_hear(&mut self, frame: &Value) -> Option<()> {
        let kind = frame["type"].as_str()?;
        let name = frame["topic"].as_str()?;
        if matches!(kind, "joined" | "left") {
            let at = self.asked.iter().position(|asked| asked == name)?;
            self.asked.remove(at);
        }
        if kind == "joined" {
            return self.enter(name, frame);
        }
        if kind == "left" {
            return self.joined.remove(name).map(drop);
        }
        let peers = &mut self.joined.get_mut(name)?.peers;
        match kind {
            "peer-joined" => {
                let id = frame["peer"]["clientId"].as_str()?.to_owned();
                peers.insert(id, Peer { heard: 0, is_away: Some(false) }).is_none()
            }
            "peer-updated" => peers.contains_key(frame["peer"]["clientId"].as_str()?),
            "peer-left" => peers.remove(frame["clientId"].as_str()?).is_some(),
            "peer-away" | "peer-back" => {
                let is_away = Some(kind == "peer-away");
                std::mem::replace(&mut peers.get_mut(frame["clientId"].as_str()?)?.is_away, is_away) != is_away
            }
            "message" => {
                let (from, number) = (frame["from"].as_str()?, frame["data"]["number"].as_u64()?);
                let peer = peers.get_mut(from)?;
                let follows = peer.heard == 0 || number == peer.heard + 1;
                peer.heard = number;
                follows && frame["data"]["by"] == from && frame["data"]["topic"] == name
            }
            _ => false,
        }
        .then_some(())
    }

    /// Who is here. Who was in it already has known them all.
    fn enter(&mut self, name: &str, frame: &Value) -> Option<()> {
        let here = frame["peers"].as_array()?.iter().map(|peer| peer["clientId"].as_str().map(str::to_owned));
        let here = here.collect::<Option<Vec<_>>>()?;
        match self.joined.get(name) {
            Some(known) => {
                (here.len() == known.peers.len() && here.iter().all(|id| known.peers.contains_key(id))).then_some(())
            }
            None => {
                let peers = here.into_iter().map(|id| (id, Peer::default())).collect();
                self.joined.insert(name.to_owned(), Topic { peers });
                Some(())
            }
        }
    }
}
