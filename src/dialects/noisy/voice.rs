//! How those who sit at a side are told of what happens there: two ways to say that there is mail.

use meetpoint_protocol::{
    FrameType, Timestamp,
    noisy::{self, ErrorCode},
};

use crate::core::{
    event::{Event, Words},
    sides::{News, Voice},
};

/// As the original documents it.
pub(super) struct Documented;

/// As the published client package understands it: it alone opens sockets with a `sid`.
pub(super) struct Published;

impl Voice for Documented {
    fn write(&self, news: &News<'_>, out: &mut Vec<u8>) -> FrameType {
        write(news, (FrameType::Send, noisy::item), out)
    }

    fn ping(&self, now: Timestamp) -> String {
        ping(now)
    }
}

impl Voice for Published {
    fn write(&self, news: &News<'_>, out: &mut Vec<u8>) -> FrameType {
        write(news, (FrameType::Deliver, noisy::deliver), out)
    }

    fn ping(&self, now: Timestamp) -> String {
        ping(now)
    }
}

/// The time in nanoseconds since 1970, as the original has it.
fn ping(now: Timestamp) -> String {
    format!("{:013}000000", now.millis())
}

/// What says that there is mail: its type, and how it is written.
type Envelope = (FrameType, fn(u64, &str, &mut Vec<u8>));

fn write(news: &News<'_>, (mail, write_mail): Envelope, out: &mut Vec<u8>) -> FrameType {
    match news {
        News::RoomFull => {
            out.extend_from_slice(noisy::ROOM_FULL.as_bytes());
            FrameType::RoomFull
        }
        News::PeerLeft => {
            out.extend_from_slice(noisy::PEER_LEFT.as_bytes());
            FrameType::PeerLeft
        }
        News::Mail(item) => {
            write_mail(item.seq, &item.payload, out);
            mail
        }
        News::Sent { id, seq } => {
            noisy::sent(id, *seq, out);
            FrameType::Sent
        }
        News::Lost { id } => {
            noisy::error(ErrorCode::StorageUnavailable, *id, out);
            FrameType::Error
        }
    }
}

/// Nobody here is matched with anybody, so there are no words for it.
pub(super) struct NoWords;

impl Words for NoWords {
    fn write(&self, _: &Event, _: &mut Vec<u8>) -> Option<FrameType> {
        None
    }
}
