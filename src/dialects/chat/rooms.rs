//! Topic rooms: who shares a topic hears who comes and goes, what is published, and what is meant for it alone.
//!
//! ```text
//! → join {topic, info?}              ← joined {topic, clientId, peers, total, next?}   the others: ← peer-joined / peer-updated {topic, peer}
//! → leave {topic}                    ← left {topic}                                    the others: ← peer-left {topic, clientId, reason}
//! → publish {topic, data}            the others: ← message {topic, from, data}, in the same order for all
//! → send {to, topic?, data}          that one: ← message {topic?, from, data}
//! → offer / answer / ice {to, topic?, …}   that one: ← the same {from, topic?, …}
//! → peers {topic, limit?, after?}    ← peers {topic, peers, total, next?}
//! → topics {prefix?, limit?, after?} ← topics {topics, next?}
//! ```
//! Every frame may carry a `ref`, which its answer or error repeats.

use std::sync::Arc;

use meetpoint_protocol::{
    ClientId, FrameType, Json,
    chat::{
        Ask, Directed, ErrorCode, Joined, LeftReason, Message, PeerView, Reference, Topic,
        rooms::{left, peer_joined, peer_left, peer_updated, peers, topics},
    },
};

use super::{ChatSession, words::left_reason};
use crate::core::{
    event::Departure,
    outbox::{Encoded, Frame, PushError},
    room::{Arrival, Delivery, Room, Seat},
    turn::Turn,
};

/// A topic that a client has joined.
pub struct Membership {
    topic: Box<str>,
    /// The same as it stands on the wire.
    pub(super) json: Box<str>,
    pub(super) room: Arc<Room>,
}

impl ChatSession {
    pub(super) fn ask(&mut self, ask: Ask<'_>, reference: Option<Reference<'_>>, turn: &mut Turn) {
        let answered = match ask {
            Ask::Join { topic, info } => self.join(&topic, info, reference, turn),
            Ask::Leave { topic } => self.leave(&topic, reference, turn),
            Ask::Relay { relay, to, topic, payload } => {
                let json = self.json_of(topic.as_ref());
                let directed = Directed::new(relay, json, &self.id, payload);
                let frame = Frame { frame_type: relay.frame_type(), parts: directed.parts() };
                self.direct(to, topic.as_ref(), &frame, payload, turn)
            }
            Ask::Send { to, topic, data } => {
                let message = Message::new(self.json_of(topic.as_ref()), &self.id, data);
                let frame = Frame { frame_type: FrameType::Message, parts: message.parts() };
                self.direct(to, topic.as_ref(), &frame, data, turn)
            }
            Ask::Publish { topic, data } => self.publish(&topic, data, turn),
            Ask::Peers { topic, limit, after } => self.list_peers(&topic, limit, after, reference, turn),
            Ask::Topics { prefix, limit, after } => {
                self.list_topics((&prefix, after.as_deref()), limit, reference, turn)
            }
        };
        if let Err(code) = answered {
            self.error_to(code, reference, turn);
        }
    }

    fn join(
        &mut self,
        topic: &Topic<'_>,
        info: Option<Json<'_>>,
        reference: Option<Reference<'_>>,
        turn: &mut Turn,
    ) -> Result<(), ErrorCode> {
        let is_new = self.membership(topic).is_err();
        if is_new && self.topics.len() >= self.chat.rooms.max_per_client {
            return Err(ErrorCode::TooManyTopics);
        }
        let json = topic.to_json();
        let client = self.outbox.client();
        let seat =
            || Seat { outbox: self.outbox.clone(), user: self.user.clone(), info: info.map(|info| info.get().into()) };
        let news = |seat: &Seat, arrival: Arrival, initiator: bool| {
            let (frame_type, write): (_, fn(&str, &PeerView<'_>, &mut Vec<u8>)) = match arrival {
                Arrival::New => (FrameType::PeerJoined, peer_joined),
                Arrival::Updated => (FrameType::PeerUpdated, peer_updated),
            };
            encode(frame_type, |out| write(&json, &view((client, seat, initiator)), out))
        };
        let room = self.chat.topics.join(
            &self.bucket,
            topic.as_str(),
            seat,
            news,
            |company| {
                let joined = Joined { topic_json: &json, client, reference };
                let others = company.others(None).map(view);
                encode(FrameType::Joined, |out| joined.write(others, self.max_answer(), company.len(), out))
            },
            turn,
        );
        let room = room.map_err(|_| ErrorCode::TopicFull)?;
        if is_new {
            self.topics.push(Membership { topic: topic.as_str().into(), json, room });
        }
        Ok(())
    }

    fn leave(&mut self, topic: &Topic<'_>, reference: Option<Reference<'_>>, turn: &mut Turn) -> Result<(), ErrorCode> {
        let at = self.topics.iter().position(|membership| *membership.topic == *topic.as_str());
        let membership = self.topics.swap_remove(at.ok_or(ErrorCode::NotInTopic)?);
        self.depart(&membership, Some(LeftReason::Left), turn);
        self.answer(FrameType::Left, |out| left(&membership.json, reference, out), turn);
        Ok(())
    }

    /// Stands up in all rooms of topics.
    pub(super) fn leave_topics(&mut self, why: Departure, turn: &mut Turn) {
        for membership in std::mem::take(&mut self.topics) {
            self.depart(&membership, left_reason(why), turn);
        }
    }

    /// Without a reason the others are told nothing.
    fn depart(&self, Membership { topic, json, room }: &Membership, why: Option<LeftReason>, turn: &mut Turn) {
        let client = self.outbox.client();
        let news = why.map(|why| encode(FrameType::PeerLeftTopic, |out| peer_left(json, client, why, out)));
        self.chat.topics.leave(&self.bucket, topic, room, client, news.as_ref(), turn);
    }

    /// Hands a frame to one client with which this one shares the topic or, where none is named, anything. Whoever cannot be told a frame
    /// is the same as whoever is not there: nobody learns who is here by asking.
    fn direct(
        &self,
        to: Option<ClientId>,
        topic: Option<&Topic<'_>>,
        frame: &Frame<'_>,
        payload: Option<Json<'_>>,
        turn: &mut Turn,
    ) -> Result<(), ErrorCode> {
        let named = topic.map(|topic| self.membership(topic)).transpose()?;
        let shared = match named {
            Some(membership) => std::slice::from_ref(membership),
            None => &self.topics,
        };
        let partner = self.room.iter().filter(|_| topic.is_none());
        let rooms = partner.chain(shared.iter().map(|membership| &membership.room));
        let from = self.outbox.client();
        let delivery = to.and_then(|to| {
            rooms
                .map(|room| room.send(from, to, frame, turn))
                .find(|delivery| matches!(delivery, Delivery::Delivered | Delivery::Dropped(_)))
        });
        match delivery {
            Some(Delivery::Delivered) => turn.tally.relayed_bytes += bytes(payload),
            Some(Delivery::Dropped(PushError::Full)) => turn.tally.dropped.full += 1,
            Some(Delivery::Dropped(PushError::Gone)) => turn.tally.dropped.gone += 1,
            _ => {
                turn.tally.dropped.target_gone += 1;
                return Err(ErrorCode::TargetGone);
            }
        }
        Ok(())
    }

    fn publish(&self, topic: &Topic<'_>, data: Option<Json<'_>>, turn: &mut Turn) -> Result<(), ErrorCode> {
        let Membership { json, room, .. } = self.membership(topic)?;
        let message = Encoded::new(FrameType::Message, Message::new(Some(json), &self.id, data).parts());
        let heard = room.publish(self.outbox.client(), &message, turn).ok_or(ErrorCode::NotInTopic)?;
        turn.tally.relayed_bytes += heard as u64 * bytes(data);
        Ok(())
    }

    fn list_peers(
        &self,
        topic: &Topic<'_>,
        limit: usize,
        after: Option<ClientId>,
        reference: Option<Reference<'_>>,
        turn: &mut Turn,
    ) -> Result<(), ErrorCode> {
        let Membership { json, room, .. } = self.membership(topic)?;
        // Said under the room's lock, so that nobody hears of a change before it and then of the state before the change.
        let said = room.company(self.outbox.client(), |company| {
            let mut rest = company.others(after).skip(limit - 1);
            let last = rest.next().map(|(client, ..)| client);
            let next = last.filter(|_| rest.next().is_some());
            let page = company.others(after).take(limit).map(view);
            self.answer(
                FrameType::Peers,
                |out| peers(json, page, self.max_answer(), company.len(), next, reference, out),
                turn,
            );
        });
        said.ok_or(ErrorCode::NotInTopic)
    }

    fn list_topics(
        &self,
        (prefix, after): (&str, Option<&str>),
        limit: usize,
        reference: Option<Reference<'_>>,
        turn: &mut Turn,
    ) -> Result<(), ErrorCode> {
        if !self.chat.rooms.listing {
            return Err(ErrorCode::ListingDisabled);
        }
        let (listed, next) = self.chat.topics.list(&self.bucket, prefix, after, limit);
        let page = listed.iter().map(|(topic, count)| (&**topic, *count));
        self.answer(FrameType::Topics, |out| topics(page, self.max_answer(), next.as_deref(), reference, out), turn);
        Ok(())
    }

    /// How long an answer may be that lists something, in bytes: several in a row must not be too much for a client that is about to
    /// acknowledge them.
    fn max_answer(&self) -> usize {
        let most = self.chat.rooms.max_answer;
        self.outbox.spare().map_or(most, |spare| most.min(spare / 2))
    }

    fn membership(&self, topic: &Topic<'_>) -> Result<&Membership, ErrorCode> {
        let known = self.topics.iter().find(|membership| *membership.topic == *topic.as_str());
        known.ok_or(ErrorCode::NotInTopic)
    }

    fn json_of(&self, topic: Option<&Topic<'_>>) -> Option<&str> {
        self.membership(topic?).ok().map(|membership| &*membership.json)
    }

    fn answer(&self, frame_type: FrameType, write: impl FnOnce(&mut Vec<u8>), turn: &mut Turn) {
        let mut text = Vec::new();
        write(&mut text);
        self.push(frame_type, &[&text], turn);
    }
}

fn view<'a>((client, seat, initiator): (ClientId, &'a Seat, bool)) -> PeerView<'a> {
    PeerView { client, initiator, user: seat.user.as_ref(), info: seat.info.as_deref() }
}

/// A frame that several may hear.
pub(super) fn encode(frame_type: FrameType, write: impl FnOnce(&mut Vec<u8>)) -> Encoded {
    let mut text = Vec::new();
    write(&mut text);
    Encoded::new(frame_type, &[&text])
}

fn bytes(payload: Option<Json<'_>>) -> u64 {
    payload.map_or(0, |payload| payload.get().len()) as u64
}
