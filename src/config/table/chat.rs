//! The rows of what the chat wire does with its clients.

use std::time::Duration;

use super::{DAY, HOUR, KIB, LARGEST_OUTBOX, NONE};
use crate::config::{
    grammar::{Number, OneOf, Seconds, SecondsIfAny, Size, Switch},
    setting::{At, Group, Setting},
    settings::TopicScope,
};

/// Shorter than any reconnect would be no window.
const SHORTEST_WINDOW: Duration = Duration::from_millis(100);

pub(super) static MATCHING: Group = Group {
    heading: "Matching",
    settings: &[
        Setting::new(
            "REQUEUE_ON_PARTNER_LEAVE",
            "requeue-on-partner-leave",
            &At(|s| &mut s.matching.requeue_on_partner_leave, Switch),
            "Match a client again, first in line, when its partner has gone",
        ),
        Setting::new(
            "REQUEUE_ON_NEXT",
            "requeue-on-next",
            &At(|s| &mut s.matching.requeue_on_next, Switch),
            "Match a client again when it says next, instead of waiting for available",
        ),
        Setting::new(
            "REMATCH_COOLDOWN",
            "rematch-cooldown",
            &At(|s| &mut s.matching.rematch_cooldown, Seconds(NONE, DAY)),
            "How long a pair that parted stays apart when nobody else waits",
        ),
        Setting::new(
            "REMATCH_MEMORY",
            "rematch-memory",
            &At(|s| &mut s.matching.rematch_memory, Number(0, 64)),
            "How many of its last partners a client avoids while others wait",
        ),
    ],
};

pub(super) static ROOMS: Group = Group {
    heading: "Topic rooms",
    settings: &[
        Setting::new(
            "MAX_TOPICS_PER_CLIENT",
            "max-topics-per-client",
            &At(|s| &mut s.rooms.max_per_client, Number(1, 1000)),
            "Topics that a client may be in at a time",
        ),
        Setting::new(
            "MAX_ROOM_SIZE",
            "max-room-size",
            &At(|s| &mut s.rooms.max_size, Number(2, 100_000)),
            "Members that a topic may have at a time",
        ),
        Setting::new(
            "TOPIC_SCOPE",
            "topic-scope",
            &At(|s| &mut s.rooms.scope, OneOf(&[("origin", TopicScope::Origin), ("global", TopicScope::Global)])),
            "Who meets in a topic: clients of one Origin, or all",
        ),
        Setting::new(
            "TOPIC_LISTING",
            "topic-listing",
            &At(|s| &mut s.rooms.listing, Switch),
            "Tell clients which topics there are, and how many are in each",
        ),
    ],
};

pub(super) static RESUME: Group = Group {
    heading: "Resumable sessions",
    settings: &[
        Setting::new(
            "RESUME_WINDOW",
            "resume-window",
            &At(|s| &mut s.resume.window, SecondsIfAny(SHORTEST_WINDOW, HOUR)),
            "How long a resumable session outlives its socket; 0 resumes none",
        ),
        Setting::new(
            "RESUME_MAX_FRAMES",
            "resume-max-frames",
            &At(|s| &mut s.resume.max_frames, Number(16, 65_536)),
            "Frames that may come for a session while it has no socket; over it the session ends",
        ),
        Setting::new(
            "RESUME_MAX_BYTES",
            "resume-max-bytes",
            &At(|s| &mut s.resume.max_bytes, Size(KIB, LARGEST_OUTBOX)),
            "Unacknowledged bytes above which a resumable session ends; at least WS_MAX_MSG and 1KiB",
        )
        .unset("OUTBOX_MAX_BYTES"),
    ],
};
