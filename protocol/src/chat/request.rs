//! What a client says, parsed without copying a payload.

use super::{
    Ask, ErrorCode, Reference, Resume,
    envelope::{Envelope, is_object, present, whole},
};
use crate::{FrameType, Json, UserId};
use serde::de::IgnoredAny;

/// A frame of a client's.
#[derive(Debug)]
pub enum Request<'a> {
    /// Names the user behind the connection; `None` withdraws the name.
    Auth(Option<UserId>),
    Available,
    /// For the partner; the payload is absent where the client gave none.
    Relay(Relay, Option<Json<'a>>),
    Next,
    Leave,
    Ping,
    /// Of the topic rooms: an answer repeats `reference`.
    Room {
        ask: Ask<'a>,
        reference: Option<Reference<'a>>,
    },
    /// The first frame on a resumable socket; it may ask for the session of an earlier one.
    Hello(Option<Resume<'a>>),
    /// So many frames of this session have arrived.
    Ack {
        received: u64,
    },
    /// Ends the session.
    Bye,
}

impl Request<'_> {
    pub const fn frame_type(&self) -> FrameType {
        match self {
            Request::Auth(_) => FrameType::Auth,
            Request::Available => FrameType::Available,
            Request::Relay(relay, _) => relay.frame_type(),
            Request::Next => FrameType::Next,
            Request::Leave => FrameType::Leave,
            Request::Ping => FrameType::Ping,
            Request::Room { ask, .. } => ask.frame_type(),
            Request::Hello(_) => FrameType::Hello,
            Request::Ack { .. } => FrameType::Ack,
            Request::Bye => FrameType::Bye,
        }
    }
}

/// What is passed on to the partner or to a peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relay {
    Offer,
    Answer,
    Ice,
}

impl Relay {
    pub const fn frame_type(self) -> FrameType {
        match self {
            Relay::Offer => FrameType::Offer,
            Relay::Answer => FrameType::Answer,
            Relay::Ice => FrameType::Ice,
        }
    }
}

/// What is wrong with a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Not JSON, `null`, or a known type with a field that is missing, of another kind or over its limit.
    InvalidFormat,
    /// JSON, but no type of this wire: also every array and scalar but `null`.
    UnknownType,
    /// A topic is missing where there must be one, or is none.
    InvalidTopic,
    /// `info` is over its limit.
    InfoTooLarge,
}

impl Fault {
    /// As its sender is told.
    pub const fn code(self) -> ErrorCode {
        match self {
            Fault::InvalidFormat => ErrorCode::InvalidFormat,
            Fault::UnknownType => ErrorCode::UnknownType,
            Fault::InvalidTopic => ErrorCode::InvalidTopic,
            Fault::InfoTooLarge => ErrorCode::InfoTooLarge,
        }
    }
}

/// Why a frame is not a [`Request`].
#[derive(Clone, Copy, Debug)]
pub struct Refused<'a> {
    pub fault: Fault,
    /// To be repeated in the error.
    pub reference: Option<Reference<'a>>,
    /// Whether its type is one of resumable sockets only: on any other it is unknown, whatever else is wrong with it.
    pub of_resume: bool,
}

impl From<Fault> for Refused<'_> {
    fn from(fault: Fault) -> Self {
        Self { fault, reference: None, of_resume: false }
    }
}

/// Reads one frame.
pub fn parse(text: &str) -> Result<Request<'_>, Refused<'_>> {
    if !is_object(text) {
        return Err(match serde_json::from_str::<Option<IgnoredAny>>(text) {
            Ok(Some(_)) => Fault::UnknownType.into(),
            Ok(None) | Err(_) => Fault::InvalidFormat.into(),
        });
    }
    let mut envelope = Envelope::default();
    if !envelope.fill(text) {
        return Err(Fault::InvalidFormat.into());
    }
    let kind = envelope.kind.and_then(Json::text).ok_or(Fault::UnknownType)?;
    match kind.as_ref() {
        "offer" => envelope.relay(Relay::Offer, envelope.sdp),
        "answer" => envelope.relay(Relay::Answer, envelope.sdp),
        "ice" => envelope.relay(Relay::Ice, envelope.candidate),
        "available" => Ok(Request::Available),
        "next" => Ok(Request::Next),
        "leave" if present(envelope.topic).is_none() => Ok(Request::Leave),
        "ping" => Ok(Request::Ping),
        "auth" => Ok(Request::Auth(envelope.user_id.map_or(Ok(None), user_id)?)),
        "join" => envelope.room(envelope.join()),
        "leave" => envelope.room(envelope.leave()),
        "publish" => envelope.room(envelope.publish()),
        "send" => envelope.room(envelope.send()),
        "peers" => envelope.room(envelope.peers()),
        "topics" => envelope.room(envelope.topics()),
        "hello" => of_resume(present(envelope.resume).map(Resume::read).transpose()).map(Request::Hello),
        "ack" => of_resume(envelope.received.and_then(whole).ok_or(Fault::InvalidFormat))
            .map(|received| Request::Ack { received }),
        "bye" => Ok(Request::Bye),
        _ => Err(Fault::UnknownType.into()),
    }
}

impl<'a> Envelope<'a> {
    #[inline]
    fn relay(&self, relay: Relay, payload: Option<Json<'a>>) -> Result<Request<'a>, Refused<'a>> {
        match present(self.to) {
            None => Ok(Request::Relay(relay, payload)),
            Some(_) => self.room(self.directed(relay, payload)),
        }
    }

    fn room(&self, ask: Result<Ask<'a>, Fault>) -> Result<Request<'a>, Refused<'a>> {
        let reference = match present(self.reference) {
            Some(raw) => Some(Reference::read(raw).ok_or(Fault::InvalidFormat)?),
            None => None,
        };
        ask.map(|ask| Request::Room { ask, reference }).map_err(|fault| Refused { fault, reference, of_resume: false })
    }
}

fn of_resume<'a, T>(read: Result<T, Fault>) -> Result<T, Refused<'a>> {
    read.map_err(|fault| Refused { fault, reference: None, of_resume: true })
}

/// Any JSON value but `null` names a user. Compact, with sorted keys, so that the same value written differently is the
/// same user; what is JSON but no value here (a lone surrogate, 1e400) stays as it was written.
fn user_id(raw: Json<'_>) -> Result<Option<UserId>, Fault> {
    let user = match serde_json::from_str(raw.get()) {
        Ok(serde_json::Value::Null) => return Ok(None),
        Ok(mut value) => {
            // The order of members says nothing.
            value.sort_all_objects();
            UserId::new(&value.to_string())
        }
        Err(_) => UserId::new(raw.get()),
    };
    user.map(Some).ok_or(Fault::InvalidFormat)
}

#[cfg(test)]
mod tests;
