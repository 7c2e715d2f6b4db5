//! The settings as the rest of the house takes them.

use crate::{
    config::{FrameReader, Settings, Socket, TopicScope},
    core::{
        matchmaker::Rules,
        outbox::{Bounds, log},
        sessions, sides,
    },
    dialects::chat::RoomRules,
    guard::{connections::Caps, rate::Rates},
    server::{Limits, descriptors},
};

pub(super) fn matching(settings: &Settings) -> Rules {
    let matching = &settings.matching;
    Rules {
        requeue_on_partner_leave: matching.requeue_on_partner_leave,
        requeue_on_next: matching.requeue_on_next,
        rematch_cooldown: matching.rematch_cooldown,
        rematch_memory: matching.rematch_memory,
    }
}

pub(super) fn kept_for_sides(settings: &Settings) -> sides::Limits {
    /// The part of all bytes that frames may take which are kept for sides that are not there.
    const SHARE: usize = 8;
    sides::Limits { ttl: settings.noisy.room_ttl, kept: settings.offers.max_stored.bytes() / SHARE }
}

pub(super) fn kept_sessions(settings: &Settings) -> sessions::Limits {
    /// The part of all bytes that may wait for clients that have lost their sockets.
    const SHARE: usize = 8;
    let resume = &settings.resume;
    sessions::Limits {
        window: resume.window,
        log: log::Bounds { frames: resume.max_frames, bytes: settings.resume_max_bytes().bytes() },
        away_bytes: settings.offers.max_stored.bytes() / SHARE,
    }
}

pub(super) fn rooms(settings: &Settings) -> RoomRules {
    let rooms = &settings.rooms;
    // Half of what may wait for a client, so that an answer never makes it slow.
    let most = settings.socket.outbox_max_bytes.min(settings.resume_max_bytes()).bytes();
    RoomRules {
        max_per_client: rooms.max_per_client,
        is_global: rooms.scope == TopicScope::Global,
        listing: rooms.listing,
        max_answer: most / 2,
    }
}

/// How many may come in.
pub fn caps(settings: &Settings) -> Caps {
    let arrivals = settings.arrivals;
    Caps {
        total: arrivals.max_connections.unwrap_or_else(descriptors::capacity),
        per_client: arrivals.max_per_address,
        per_second: arrivals.per_second,
    }
}

pub(super) fn limits(socket: &Socket) -> Limits {
    Limits {
        heartbeat: socket.heartbeat,
        read_buffer: socket.read_buffer.bytes(),
        reads_in_place: socket.reader == FrameReader::InPlace,
        outbox: Bounds {
            bytes: socket.outbox_max_bytes.bytes(),
            frames: socket.outbox_max_frames,
            kept: socket.write_buffer.bytes(),
        },
        rates: Rates {
            messages: socket.max_messages_per_second,
            bytes: u32::try_from(socket.max_bytes_per_second.bytes()).unwrap_or(u32::MAX),
        },
    }
}
