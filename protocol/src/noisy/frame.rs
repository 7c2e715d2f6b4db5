//! What a client says, read without copying anything but escaped names.

#[cfg(test)]
mod tests;

use super::{
    Event, Mode, Side,
    members::{self, Field, Members},
};
use crate::FrameType;

/// The longest `id` of a `send` in bytes of JSON: each is repeated in an answer.
const MAX_ID: usize = 64;

/// A frame of a client's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frame<'a> {
    /// For the other side, to which the text itself is handed on byte for byte.
    Relay(Relay),
    /// The reader of a mailbox is here, and has everything up to and including `delivered_up_to`.
    Hello { delivered_up_to: u64 },
    /// For a mailbox.
    Send {
        /// `None` for anything but A and B in either case.
        to: Option<Side>,
        /// JSON as it was written; `null` where the client gave none.
        payload: &'a str,
        /// JSON as it was written, a string or a number: with it the sender asks to be told when the item is kept.
        id: Option<&'a str>,
    },
    /// The reader of a mailbox has everything up to and including `up_to`.
    Delivered { up_to: u64 },
    /// For the metrics.
    Telemetry { event: Event, mode: Mode },
    /// Of a type that nobody knows.
    Unknown,
}

impl Frame<'_> {
    pub const fn frame_type(&self) -> FrameType {
        match self {
            Frame::Relay(relay) => relay.frame_type(),
            Frame::Hello { .. } => FrameType::Hello,
            Frame::Send { .. } => FrameType::Send,
            Frame::Delivered { .. } => FrameType::Delivered,
            Frame::Telemetry { .. } => FrameType::Telemetry,
            Frame::Unknown => FrameType::Other,
        }
    }
}

impl<'a> Frame<'a> {
    /// The `id` by which its sender knows it, JSON as it was written.
    pub const fn id(&self) -> Option<&'a str> {
        match self {
            Frame::Send { id, .. } => *id,
            _ => None,
        }
    }
}

/// What is handed on to the other side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relay {
    Offer,
    Answer,
    Ice,
    SenderReady,
}

impl Relay {
    pub const fn frame_type(self) -> FrameType {
        match self {
            Relay::Offer => FrameType::Offer,
            Relay::Answer => FrameType::Answer,
            Relay::Ice => FrameType::Ice,
            Relay::SenderReady => FrameType::SenderReady,
        }
    }
}

/// The types that [`parse`] knows, each with its own label in the metrics; all else is [`FrameType::Other`].
pub const SIGNAL_TYPES: &[FrameType] = &[
    FrameType::Offer,
    FrameType::Answer,
    FrameType::Ice,
    FrameType::SenderReady,
    FrameType::Hello,
    FrameType::Send,
    FrameType::Delivered,
    FrameType::Telemetry,
];

/// Reads one frame.
///
/// The names of fields and the type are known in either case, of a repeated field the last counts, `null` is no value, and
/// unknown fields say nothing. `None` is what the original ignores: no JSON, bytes behind the object, no object, no type, or a field
/// of this type with a value of the wrong kind (`deliveredUpTo` and `upTo` are whole numbers from 0 to 2^53 - 1 in digits only).
pub fn parse(text: &str) -> Option<Frame<'_>> {
    let fields = members::read(text, Fields::new())?;
    fields.kind.raw()?;
    Some(match known_type(&fields.kind.text()?) {
        None => Frame::Unknown,
        Some(Type::Relay(relay)) => Frame::Relay(relay),
        Some(Type::Hello) => Frame::Hello { delivered_up_to: fields.delivered_up_to.count()? },
        Some(Type::Send) => Frame::Send {
            to: Side::addressed(&fields.to.text()?),
            payload: fields.payload.raw().unwrap_or("null"),
            id: fields.id.raw().filter(|id| is_id(id)),
        },
        Some(Type::Delivered) => Frame::Delivered { up_to: fields.up_to.count()? },
        Some(Type::Telemetry) => {
            Frame::Telemetry { event: Event::parse(&fields.event.text()?), mode: Mode::parse(&fields.mode.text()?) }
        }
    })
}

/// A string or a number that is short enough.
fn is_id(json: &str) -> bool {
    json.len() <= MAX_ID && json.starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit())
}

#[derive(Clone, Copy)]
enum Type {
    Relay(Relay),
    Hello,
    Send,
    Delivered,
    Telemetry,
}

fn known_type(name: &str) -> Option<Type> {
    const TYPES: &[(&str, Type)] = &[
        ("ice", Type::Relay(Relay::Ice)),
        ("offer", Type::Relay(Relay::Offer)),
        ("answer", Type::Relay(Relay::Answer)),
        ("sender_ready", Type::Relay(Relay::SenderReady)),
        ("send", Type::Send),
        ("delivered", Type::Delivered),
        ("hello", Type::Hello),
        ("telemetry", Type::Telemetry),
    ];
    TYPES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)).map(|(_, kind)| *kind)
}

/// The known fields of all types, flat.
struct Fields<'a> {
    kind: Field<'a>,
    delivered_up_to: Field<'a>,
    to: Field<'a>,
    payload: Field<'a>,
    id: Field<'a>,
    up_to: Field<'a>,
    event: Field<'a>,
    mode: Field<'a>,
}

impl Fields<'_> {
    const fn new() -> Self {
        Self {
            kind: Field::for_text(),
            delivered_up_to: Field::for_count(),
            to: Field::for_text(),
            payload: Field::for_raw(),
            id: Field::for_raw(),
            up_to: Field::for_count(),
            event: Field::for_text(),
            mode: Field::for_text(),
        }
    }
}

impl<'a> Members<'a> for Fields<'a> {
    fn field(&mut self, name: &str) -> Option<&mut Field<'a>> {
        [
            ("type", &mut self.kind),
            ("deliveredUpTo", &mut self.delivered_up_to),
            ("to", &mut self.to),
            ("payload", &mut self.payload),
            ("id", &mut self.id),
            ("upTo", &mut self.up_to),
            ("event", &mut self.event),
            ("mode", &mut self.mode),
        ]
        .into_iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known))
        .map(|(_, field)| field)
    }
}
