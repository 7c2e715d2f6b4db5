//! The members of a topic: what they say, and what they hear, byte for byte.

use std::{
    collections::HashSet,
    time::{SystemTime, UNIX_EPOCH},
};

use meetpoint_protocol::ClientId;

use crate::{chat::Client, ws::Fault};

/// Characters of a client's id.
const ID_LEN: usize = 36;
/// Bytes that a member reads at a time while it joins.
const READ_BUFFER: usize = 16 * 1024;

/// A topic as its members speak of it.
#[derive(Clone, Debug)]
pub struct Topic {
    pub join: String,
    pub leave: String,
    /// A `publish` up to its data.
    pub publish: String,
    /// `,"topic":"…"`, as it stands in every frame behind the type.
    mark: String,
}

/// What a member is told.
#[derive(PartialEq, Eq, Debug)]
pub enum Told<'a> {
    /// The answer to `join`.
    Joined {
        client: ClientId,
        page: Page,
    },
    /// The answer to `peers`.
    Peers(Page),
    PeerJoined(Peer),
    PeerLeft(ClientId),
    Left,
    /// With its data as it came.
    Message {
        from: ClientId,
        data: &'a [u8],
    },
}

/// Another member.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peer {
    pub client: ClientId,
    /// Whether this client makes the offer.
    pub initiator: bool,
}

/// Some of the other members.
#[derive(PartialEq, Eq, Debug)]
pub struct Page {
    pub peers: Vec<Peer>,
    pub total: usize,
    /// Where the next page begins, if there is more.
    pub next: Option<ClientId>,
}

impl Topic {
    /// A topic that is nobody else's: another for each number, in this run and in any other.
    pub fn new(number: usize) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        Self::named(&format!("load {now:x} {} {number}", std::process::id()))
    }

    /// `name` needs no escapes in JSON.
    pub fn named(name: &str) -> Self {
        let mark = format!(r#","topic":"{name}""#);
        Self {
            join: format!(r#"{{"type":"join"{mark}}}"#),
            leave: format!(r#"{{"type":"leave"{mark}}}"#),
            publish: format!(r#"{{"type":"publish"{mark},"data":"#),
            mark,
        }
    }

    /// A `message` up to its data.
    pub fn message_from(&self, from: ClientId) -> String {
        format!(r#"{{"type":"message"{},"from":"{from}","data":"#, self.mark)
    }

    fn peers_after(&self, after: ClientId) -> String {
        format!(r#"{{"type":"peers"{},"after":"{after}"}}"#, self.mark)
    }

    /// What is told; `None` for every other text, of another topic, say.
    pub fn read<'a>(&self, text: &'a [u8]) -> Option<Told<'a>> {
        let text = text.strip_prefix(br#"{"type":""#)?.strip_suffix(b"}")?;
        let (kind, rest) = text.split_at_checked(text.iter().position(|byte| *byte == b'"')?)?;
        let rest = rest[1..].strip_prefix(self.mark.as_bytes())?;
        match kind {
            b"message" => {
                let (from, rest) = id(rest.strip_prefix(br#","from":"#)?)?;
                Some(Told::Message { from, data: rest.strip_prefix(br#","data":"#)? })
            }
            b"peer-joined" => {
                let (peer, rest) = peer(rest.strip_prefix(br#","peer":"#)?)?;
                rest.is_empty().then_some(Told::PeerJoined(peer))
            }
            b"peer-left" => {
                let (client, rest) = id(rest.strip_prefix(br#","clientId":"#)?)?;
                (rest == br#","reason":"left""#).then_some(Told::PeerLeft(client))
            }
            b"left" => rest.is_empty().then_some(Told::Left),
            b"joined" => {
                let (client, rest) = id(rest.strip_prefix(br#","clientId":"#)?)?;
                Some(Told::Joined { client, page: page(rest)? })
            }
            b"peers" => Some(Told::Peers(page(rest)?)),
            _ => None,
        }
    }
}

/// An id in quotes, and what follows.
fn id(text: &[u8]) -> Option<(ClientId, &[u8])> {
    let (id, rest) = text.strip_prefix(b"\"")?.split_at_checked(ID_LEN)?;
    Some((ClientId::parse(std::str::from_utf8(id).ok()?)?, rest.strip_prefix(b"\"")?))
}

fn peer(text: &[u8]) -> Option<(Peer, &[u8])> {
    let (client, rest) = id(text.strip_prefix(br#"{"clientId":"#)?)?;
    let rest = rest.strip_prefix(br#","initiator":"#)?;
    let (initiator, rest) = match rest.strip_prefix(b"true}") {
        Some(rest) => (true, rest),
        None => (false, rest.strip_prefix(b"false}")?),
    };
    Some((Peer { client, initiator }, rest))
}

fn page(text: &[u8]) -> Option<Page> {
    let mut rest = text.strip_prefix(br#","peers":["#)?;
    let mut peers = Vec::new();
    while !rest.starts_with(b"]") {
        let (one, behind) = peer(if peers.is_empty() { rest } else { rest.strip_prefix(b",")? })?;
        peers.push(one);
        rest = behind;
    }
    rest = rest.strip_prefix(br#"],"total":"#)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (total, rest) = rest.split_at_checked(digits)?;
    let total = std::str::from_utf8(total).ok()?.parse().ok()?;
    let next = match rest.strip_prefix(br#","next":"#) {
        Some(rest) => id(rest).filter(|(_, rest)| rest.is_empty()).map(|(next, _)| Some(next))?,
        None if rest.is_empty() => None,
        None => return None,
    };
    Some(Page { peers, total, next })
}

/// Has a client join a topic together with others, and waits until it knows of all of them; `all` is everybody, the client
/// itself included.
pub async fn join(client: Client, topic: &Topic, all: &HashSet<ClientId>) -> Result<Client, Fault> {
    let Client { id, mut socket } = client;
    socket.send_text(&topic.join)?;
    let (mut known, mut buffer) = (HashSet::new(), vec![0; READ_BUFFER]);
    let (mut is_listed, mut next) = (false, None);
    while !is_listed || known.len() + 1 < all.len() {
        socket
            .recv_texts(&mut buffer, |text| {
                let page = match topic.read(text) {
                    Some(Told::Joined { client, page }) if client == id && known.is_empty() => page,
                    Some(Told::Peers(page)) if !is_listed => page,
                    Some(Told::PeerJoined(Peer { client, initiator: false })) if known.insert(client) => return Ok(()),
                    _ => return Err(Fault::unexpected(text)),
                };
                known.extend(page.peers.iter().map(|peer| peer.client));
                (is_listed, next) = (page.next.is_none(), page.next);
                Ok(())
            })
            .await?;
        if let Some(next) = next.take() {
            socket.send_text(&topic.peers_after(next))?;
        }
    }
    match known.iter().find(|client| **client == id || !all.contains(client)) {
        Some(stranger) => Err(Fault::Unexpected(format!("that {stranger} is another member"))),
        None => Ok(Client { id, socket }),
    }
}

#[cfg(test)]
mod tests {
    use meetpoint_protocol::{
        Json,
        chat::{
            Joined, LeftReason, Message, PeerView,
            rooms::{left, peer_joined, peer_left, peers},
        },
    };

    use super::*;

    const TOPIC: &str = r#""a""#;

    fn client(number: u8) -> ClientId {
        ClientId::from_random([number; 16])
    }

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out);
        out
    }

    fn views(count: u8) -> impl Iterator<Item = PeerView<'static>> {
        (1..=count).map(|number| PeerView { client: client(number), initiator: true, user: None, info: None })
    }

    fn page(count: u8, total: usize, next: Option<u8>) -> Page {
        let peers = (1..=count).map(|number| Peer { client: client(number), initiator: true });
        Page { peers: peers.collect(), total, next: next.map(client) }
    }

    #[test]
    fn what_the_server_writes_is_read() {
        let told = Peer { client: client(7), initiator: false };
        let view = PeerView { client: client(7), initiator: false, user: None, info: None };
        let joined = Joined { topic_json: TOPIC, client: client(9), reference: None };
        for (text, expected) in [
            (written(|out| peer_joined(TOPIC, &view, out)), Told::PeerJoined(told)),
            (written(|out| peer_left(TOPIC, client(7), LeftReason::Left, out)), Told::PeerLeft(client(7))),
            (written(|out| left(TOPIC, None, out)), Told::Left),
            (
                written(|out| joined.write(views(0), 10_000, 0, out)),
                Told::Joined { client: client(9), page: page(0, 0, None) },
            ),
            (
                written(|out| joined.write(views(3), 10_000, 3, out)),
                Told::Joined { client: client(9), page: page(3, 3, None) },
            ),
            (
                written(|out| joined.write(views(3), 1, 3, out)),
                Told::Joined { client: client(9), page: page(1, 3, Some(1)) },
            ),
            (
                written(|out| peers(TOPIC, views(2), 10_000, 12, Some(client(2)), None, out)),
                Told::Peers(page(2, 12, Some(2))),
            ),
        ] {
            let shown = String::from_utf8_lossy(&text);
            assert_eq!(Topic::named("a").read(&text), Some(expected), "{shown}");
            assert_eq!(Topic::named("b").read(&text), None, "{shown}");
            assert!((0..text.len()).all(|cut| Topic::named("a").read(&text[..cut]).is_none()), "{shown}");
            assert_eq!(Topic::named("a").read(&[&text[..], b" "].concat()), None, "{shown}");
        }
    }

    #[test]
    fn a_message_is_its_senders_and_its_data() {
        let data = Json::read(r#"{"seq":1}"#).expect("JSON");
        let id = client(3).to_text();
        let text = Message::new(Some(TOPIC), &id, Some(data)).parts().concat();
        let topic = Topic::named("a");
        assert_eq!(topic.read(&text), Some(Told::Message { from: client(3), data: data.get().as_bytes() }));
        assert!(text.starts_with(topic.message_from(client(3)).as_bytes()));
    }

    #[test]
    fn a_member_that_was_cut_is_no_ordinary_leaving() {
        let text = written(|out| peer_left(TOPIC, client(7), LeftReason::Disconnected, out));
        assert_eq!(Topic::named("a").read(&text), None);
    }
}
