//! What a client asks of topic rooms.

use std::borrow::Cow;

use super::{
    Fault, Relay, Topic,
    envelope::{Envelope, present, whole},
};
use crate::{ClientId, FrameType, Json};

/// The longest page of `peers` and `topics`, and the one that is given when no `limit` is asked for.
pub const MAX_PAGE: usize = 100;

/// The longest `info` in bytes of JSON as written: every member keeps one, and every other is told it.
const MAX_INFO: usize = 1024;

/// A frame of the topic rooms. `to` is `None` where the client gave a string that is nobody's id.
#[derive(Debug)]
pub enum Ask<'a> {
    /// Become a member, or say `info` anew; `None` withdraws it.
    Join {
        topic: Topic<'a>,
        info: Option<Json<'a>>,
    },
    Leave {
        topic: Topic<'a>,
    },
    /// For one peer. Without a topic for whom the client meets anywhere.
    Relay {
        relay: Relay,
        to: Option<ClientId>,
        topic: Option<Topic<'a>>,
        payload: Option<Json<'a>>,
    },
    /// For all others of a topic.
    Publish {
        topic: Topic<'a>,
        data: Option<Json<'a>>,
    },
    /// For one peer, as `Relay`.
    Send {
        to: Option<ClientId>,
        topic: Option<Topic<'a>>,
        data: Option<Json<'a>>,
    },
    /// The members, at most `limit` (1 to [`MAX_PAGE`]) of those that joined after `after`.
    Peers {
        topic: Topic<'a>,
        limit: usize,
        after: Option<ClientId>,
    },
    /// The topics that begin with `prefix`, at most `limit` (1 to [`MAX_PAGE`]) of those behind `after`.
    Topics {
        prefix: Cow<'a, str>,
        limit: usize,
        after: Option<Cow<'a, str>>,
    },
}

impl Ask<'_> {
    pub const fn frame_type(&self) -> FrameType {
        match self {
            Ask::Join { .. } => FrameType::Join,
            Ask::Leave { .. } => FrameType::Leave,
            Ask::Relay { relay, .. } => relay.frame_type(),
            Ask::Publish { .. } => FrameType::Publish,
            Ask::Send { .. } => FrameType::Send,
            Ask::Peers { .. } => FrameType::Peers,
            Ask::Topics { .. } => FrameType::Topics,
        }
    }
}

impl<'a> Envelope<'a> {
    pub(super) fn join(&self) -> Result<Ask<'a>, Fault> {
        let topic = self.topic()?;
        let info = present(self.info);
        if info.is_some_and(|info| info.get().len() > MAX_INFO) {
            return Err(Fault::InfoTooLarge);
        }
        Ok(Ask::Join { topic, info })
    }

    pub(super) fn leave(&self) -> Result<Ask<'a>, Fault> {
        Ok(Ask::Leave { topic: self.topic()? })
    }

    pub(super) fn directed(&self, relay: Relay, payload: Option<Json<'a>>) -> Result<Ask<'a>, Fault> {
        Ok(Ask::Relay { relay, to: self.to()?, topic: self.optional_topic()?, payload })
    }

    pub(super) fn publish(&self) -> Result<Ask<'a>, Fault> {
        Ok(Ask::Publish { topic: self.topic()?, data: self.data })
    }

    pub(super) fn send(&self) -> Result<Ask<'a>, Fault> {
        Ok(Ask::Send { to: self.to()?, topic: self.optional_topic()?, data: self.data })
    }

    pub(super) fn peers(&self) -> Result<Ask<'a>, Fault> {
        let after = optional_text(self.after)?.and_then(|id| ClientId::parse(&id));
        Ok(Ask::Peers { topic: self.topic()?, limit: self.limit()?, after })
    }

    pub(super) fn topics(&self) -> Result<Ask<'a>, Fault> {
        let prefix = optional_text(self.prefix)?.unwrap_or_default();
        Ok(Ask::Topics { prefix, limit: self.limit()?, after: optional_text(self.after)? })
    }

    fn topic(&self) -> Result<Topic<'a>, Fault> {
        self.optional_topic()?.ok_or(Fault::InvalidTopic)
    }

    fn optional_topic(&self) -> Result<Option<Topic<'a>>, Fault> {
        present(self.topic).map(|raw| Topic::read(raw).ok_or(Fault::InvalidTopic)).transpose()
    }

    fn to(&self) -> Result<Option<ClientId>, Fault> {
        let raw = present(self.to).filter(|raw| raw.get().starts_with('"')).ok_or(Fault::InvalidFormat)?;
        Ok(raw.text().and_then(|id| ClientId::parse(&id)))
    }

    fn limit(&self) -> Result<usize, Fault> {
        match present(self.limit).map(whole) {
            None => Ok(MAX_PAGE),
            Some(None | Some(0)) => Err(Fault::InvalidFormat),
            Some(Some(limit)) => Ok(usize::try_from(limit).unwrap_or(MAX_PAGE).min(MAX_PAGE)),
        }
    }
}

fn optional_text(field: Option<Json<'_>>) -> Result<Option<Cow<'_, str>>, Fault> {
    present(field).map(|raw| raw.text().ok_or(Fault::InvalidFormat)).transpose()
}

#[cfg(test)]
mod tests;
