//! What members of a topic are told. `topic_json` is the topic as JSON text ([`Topic::to_json`](super::Topic::to_json)):
//! spelt once per room, copied into every frame.

use super::{
    LeftReason, Reference, Relay,
    reply::{close, put},
    text::put_json,
};
use crate::{ClientId, Json, Timestamp, UserId, ids::IdText};

/// A member as another one sees it.
#[derive(Clone, Copy, Debug)]
pub struct PeerView<'a> {
    pub client: ClientId,
    /// Whether the RECEIVER of the frame makes the offer towards this peer.
    pub initiator: bool,
    /// As the peer gave it: JSON.
    pub user: Option<&'a UserId>,
    /// As the peer gave it: JSON.
    pub info: Option<&'a str>,
}

impl PeerView<'_> {
    pub fn write(&self, out: &mut Vec<u8>) {
        let Self { client, initiator, user, info } = self;
        put(out, format_args!(r#"{{"clientId":"{client}","initiator":{initiator}"#));
        if let Some(user) = user {
            put(out, format_args!(r#","userId":{}"#, user.as_str()));
        }
        if let Some(info) = info {
            put(out, format_args!(r#","info":{info}"#));
        }
        out.push(b'}');
    }
}

/// The answer to `join`.
pub struct Joined<'a> {
    pub topic_json: &'a str,
    /// The member that is told.
    pub client: ClientId,
    pub reference: Option<Reference<'a>>,
}

impl Joined<'_> {
    /// `peers` are the others in order of joining, `total` says how many they are. Lists as many as fit into a frame of
    /// `limit_bytes`, at least one; when there are more, `next` names the last that is listed.
    pub fn write<'p>(
        &self,
        peers: impl Iterator<Item = PeerView<'p>>,
        limit_bytes: usize,
        total: usize,
        out: &mut Vec<u8>,
    ) {
        let start = out.len();
        let Self { topic_json, client, reference } = self;
        put(out, format_args!(r#"{{"type":"joined","topic":{topic_json},"clientId":"{client}","peers":["#));
        let next = list_peers(peers, start + limit_bytes, *reference, out);
        end_peers(total, next, *reference, out);
    }
}

/// The answer to `peers`: a page of others in order of joining, of the `total` that there are. Lists as many as fit into
/// a frame of `limit_bytes`, at least one. `next` is to be given as `after` for what follows the page.
pub fn peers<'p>(
    topic_json: &str,
    page: impl Iterator<Item = PeerView<'p>>,
    limit_bytes: usize,
    total: usize,
    next: Option<ClientId>,
    reference: Option<Reference<'_>>,
    out: &mut Vec<u8>,
) {
    let start = out.len();
    put(out, format_args!(r#"{{"type":"peers","topic":{topic_json},"peers":["#));
    let next = list_peers(page, start + limit_bytes, reference, out).or(next);
    end_peers(total, next, reference, out);
}

/// The answer to `topics`: a page of topics and how many members each has. Lists as many as fit into a frame of
/// `limit_bytes`, at least one. `next` is to be given as `after` for what follows the page.
pub fn topics<'t>(
    page: impl Iterator<Item = (&'t str, usize)>,
    limit_bytes: usize,
    next: Option<&'t str>,
    reference: Option<Reference<'_>>,
    out: &mut Vec<u8>,
) {
    let limit = (out.len() + limit_bytes).saturating_sub(reserve(reference));
    put(out, format_args!(r#"{{"type":"topics","topics":["#));
    let write = |(topic, count): &(&str, usize), out: &mut Vec<u8>| {
        out.extend_from_slice(br#"{"topic":"#);
        put_json(out, topic);
        put(out, format_args!(r#","count":{count}}}"#));
    };
    // The last topic stands in the frame a second time, as `next`.
    let fits = |(topic, _): &(&str, usize), len: usize| len + topic.len() * ESCAPED_BYTE <= limit;
    let next = list(page, write, fits, out).map(|(topic, _)| topic).or(next);
    out.push(b']');
    if let Some(next) = next {
        out.extend_from_slice(br#","next":"#);
        put_json(out, next);
    }
    close(reference, out);
}

/// The answer to `leave` of a topic.
pub fn left(topic_json: &str, reference: Option<Reference<'_>>, out: &mut Vec<u8>) {
    put(out, format_args!(r#"{{"type":"left","topic":{topic_json}"#));
    close(reference, out);
}

/// Somebody has come.
pub fn peer_joined(topic_json: &str, peer: &PeerView<'_>, out: &mut Vec<u8>) {
    about("peer-joined", topic_json, peer, out);
}

/// Somebody says something else about itself: the whole peer, not the difference.
pub fn peer_updated(topic_json: &str, peer: &PeerView<'_>, out: &mut Vec<u8>) {
    about("peer-updated", topic_json, peer, out);
}

/// Somebody has gone for good.
pub fn peer_left(topic_json: &str, client: ClientId, reason: LeftReason, out: &mut Vec<u8>) {
    let reason = reason.name();
    put(out, format_args!(r#"{{"type":"peer-left","topic":{topic_json},"clientId":"{client}","reason":"{reason}"}}"#));
}

/// Somebody's socket is gone; its session is kept until `until`.
pub fn peer_away(topic_json: &str, client: ClientId, until: Timestamp, out: &mut Vec<u8>) {
    put(out, format_args!(r#"{{"type":"peer-away","topic":{topic_json},"clientId":"{client}","until":{until}}}"#));
}

/// Somebody that was away has come back.
pub fn peer_back(topic_json: &str, client: ClientId, out: &mut Vec<u8>) {
    put(out, format_args!(r#"{{"type":"peer-back","topic":{topic_json},"clientId":"{client}"}}"#));
}

/// An offer, answer or candidate for one peer, stamped with its sender: slices to be written one after another.
pub struct Directed<'a>(Stamped<'a>);

impl<'a> Directed<'a> {
    pub fn new(relay: Relay, topic_json: Option<&'a str>, from: &'a IdText, payload: Option<Json<'a>>) -> Self {
        let (named, bare, field) = match relay {
            Relay::Offer => (r#"{"type":"offer","topic":"#, r#"{"type":"offer""#, r#"","sdp":"#),
            Relay::Answer => (r#"{"type":"answer","topic":"#, r#"{"type":"answer""#, r#"","sdp":"#),
            Relay::Ice => (r#"{"type":"ice","topic":"#, r#"{"type":"ice""#, r#"","candidate":"#),
        };
        Self(stamped([named, bare], topic_json, from, field, payload))
    }

    pub fn parts(&self) -> &[&'a [u8]] {
        &self.0
    }
}

/// What somebody says to all others of a topic, or to one: slices to be written one after another.
pub struct Message<'a>(Stamped<'a>);

impl<'a> Message<'a> {
    pub fn new(topic_json: Option<&'a str>, from: &'a IdText, data: Option<Json<'a>>) -> Self {
        Self(stamped([r#"{"type":"message","topic":"#, r#"{"type":"message""#], topic_json, from, r#"","data":"#, data))
    }

    pub fn parts(&self) -> &[&'a [u8]] {
        &self.0
    }
}

type Stamped<'a> = [&'a [u8]; 7];

fn stamped<'a>(
    [named, bare]: [&'a str; 2],
    topic_json: Option<&'a str>,
    from: &'a IdText,
    field: &'a str,
    payload: Option<Json<'a>>,
) -> Stamped<'a> {
    let (head, topic) = topic_json.map_or((bare, ""), |topic| (named, topic));
    let (field, payload, tail) = payload.map_or(("\"}", "", ""), |payload| (field, payload.get(), "}"));
    let [head, topic, mark, field, payload, tail] =
        [head, topic, r#","from":""#, field, payload, tail].map(str::as_bytes);
    [head, topic, mark, from.as_bytes(), field, payload, tail]
}

fn about(kind: &str, topic_json: &str, peer: &PeerView<'_>, out: &mut Vec<u8>) {
    put(out, format_args!(r#"{{"type":"{kind}","topic":{topic_json},"peer":"#));
    peer.write(out);
    out.push(b'}');
}

/// Bytes of the longest spelling of one byte of a text: `\u0000`.
const ESCAPED_BYTE: usize = 6;

/// Bytes that are kept free for what follows a list: `],"total":…,"next":"…","ref":…}`, but for the text of a topic.
fn reserve(reference: Option<Reference<'_>>) -> usize {
    100 + reference.map_or(0, |reference| reference.as_json().len())
}

fn list_peers<'p>(
    peers: impl Iterator<Item = PeerView<'p>>,
    limit: usize,
    reference: Option<Reference<'_>>,
    out: &mut Vec<u8>,
) -> Option<ClientId> {
    let limit = limit.saturating_sub(reserve(reference));
    list(peers, PeerView::write, |_, len| len <= limit, out).map(|last| last.client)
}

fn end_peers(total: usize, next: Option<ClientId>, reference: Option<Reference<'_>>, out: &mut Vec<u8>) {
    put(out, format_args!(r#"],"total":{total}"#));
    if let Some(next) = next {
        put(out, format_args!(r#","next":"{next}""#));
    }
    close(reference, out);
}

/// Writes items with commas between them as long as `fits` says so of an item and of the length of `out` with it; the
/// first is always written. Returns the last that was written, where another did not fit.
fn list<T>(
    items: impl Iterator<Item = T>,
    write: impl Fn(&T, &mut Vec<u8>),
    fits: impl Fn(&T, usize) -> bool,
    out: &mut Vec<u8>,
) -> Option<T> {
    let mut last = None;
    for item in items {
        let end = out.len();
        if last.is_some() {
            out.push(b',');
        }
        write(&item, out);
        if last.is_some() && !fits(&item, out.len()) {
            out.truncate(end);
            return last;
        }
        last = Some(item);
    }
    None
}

#[cfg(test)]
mod tests;
