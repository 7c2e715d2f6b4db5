//! The rows of what keeps data, and of what is kept.

use std::time::Duration;

use super::{DAY, MIB};
use crate::config::{
    grammar::{HexKey, Millis, Number, OneOf, Size, Text},
    setting::{At, Group, InFile, Setting},
    settings::{StorageSync, StorageType},
    text,
    units::ByteSize,
};

/// How long offers and sessions may live.
const LIVES: Millis = Millis(Duration::from_millis(100), Duration::from_secs(30 * 24 * 3600));
const SHORTEST_CLEANUP: Duration = Duration::from_millis(10);
/// As far as the machine can count.
const LARGEST_STORE: ByteSize = ByteSize::new(MIB.bytes().saturating_mul(64 * 1024));

pub(super) static STORAGE: Group = Group {
    heading: "Storage",
    settings: &[
        Setting::new(
            "STORAGE_TYPE",
            "storage-type",
            &At(|s| &mut s.storage.kind, OneOf(&[("sqlite", StorageType::Sqlite), ("memory", StorageType::Memory)])),
            "What keeps sessions, offers, names, codes and mail: a database file, or the process alone",
        ),
        Setting::new(
            "STORAGE_PATH",
            "storage-path",
            &At(|s| &mut s.storage.path, Text { takes: "the path of a file, or :memory:", read: text::file }),
            "Database file of STORAGE_TYPE=sqlite, made when there is none",
        ),
        Setting::new(
            "STORAGE_SYNC",
            "storage-sync",
            &At(|s| &mut s.storage.sync, OneOf(&[("full", StorageSync::Full), ("normal", StorageSync::Normal)])),
            "When SQLite waits for the disk: at each commit, or so that a power failure costs the last second",
        ),
    ],
};

pub(super) static OFFERS: Group = Group {
    heading: "Offers",
    settings: &[
        Setting::new(
            "AUTH_SECRET",
            "auth-secret",
            &At(|s| &mut s.secrets.auth, HexKey),
            "Key of the credentials that /register gives out, and of resume tokens; a flag can be seen by everybody on the \
             machine",
        )
        .hidden()
        .unset("random"),
        Setting::new(
            "AUTH_SECRET_FILE",
            "auth-secret-file",
            &InFile(|s| &mut s.secrets.auth, HexKey),
            "File that holds the key, instead of AUTH_SECRET",
        )
        .instead_of("AUTH_SECRET")
        .unset("none"),
        Setting::new(
            "SESSION_TIMEOUT",
            "session-timeout",
            &At(|s| &mut s.offers.session_timeout, LIVES),
            "How long a session of the sessions API lives",
        ),
        Setting::new(
            "OFFER_DEFAULT_TTL",
            "offer-default-ttl",
            &At(|s| &mut s.offers.default_ttl, LIVES),
            "How long an offer lives that asks for no time",
        ),
        Setting::new(
            "OFFER_MIN_TTL",
            "offer-min-ttl",
            &At(|s| &mut s.offers.min_ttl, LIVES),
            "Shortest life of an offer, whatever it asks for",
        ),
        Setting::new(
            "OFFER_MAX_TTL",
            "offer-max-ttl",
            &At(|s| &mut s.offers.max_ttl, LIVES),
            "Longest life of an offer, whatever it asks for",
        ),
        Setting::new(
            "ANSWERED_OFFER_TTL",
            "answered-offer-ttl",
            &At(|s| &mut s.offers.answered_ttl, LIVES),
            "How long an answered offer of the tags API stays",
        ),
        Setting::new(
            "CLEANUP_INTERVAL",
            "cleanup-interval",
            &At(|s| &mut s.offers.cleanup_interval, Millis(SHORTEST_CLEANUP, DAY)),
            "How often what has expired is removed",
        ),
        Setting::new(
            "MAX_OFFERS_PER_REQUEST",
            "max-offers-per-request",
            &At(|s| &mut s.offers.max_per_request, Number(1, 10_000)),
            "Offers in one request",
        ),
        Setting::new(
            "MAX_OFFERS_PER_OWNER",
            "max-offers-per-owner",
            &At(|s| &mut s.offers.max_per_owner, Number(1, 1_000_000)),
            "Offers that one owner may have at a time",
        ),
        Setting::new(
            "MAX_OFFERS",
            "max-offers",
            &At(|s| &mut s.offers.max, Number(1, 10_000_000)),
            "Offers that there may be at a time",
        ),
        Setting::new(
            "MAX_STORED_BYTES",
            "max-stored-bytes",
            &At(|s| &mut s.offers.max_stored, Size(MIB, LARGEST_STORE)),
            "What offers, candidates, names and mail may take together; spent nonces, codes, frames for absent sides and \
             for sessions without a socket get an eighth each besides",
        ),
        Setting::new(
            "MAX_TOPICS_PER_OFFER",
            "max-topics-per-offer",
            &At(|s| &mut s.offers.max_topics, Number(1, 1000)),
            "Topics or tags of one offer",
        ),
        Setting::new(
            "MAX_BATCH_SIZE",
            "max-batch-size",
            &At(|s| &mut s.offers.max_batch, Number(1, 1000)),
            "Calls in one RPC request",
        ),
    ],
};
