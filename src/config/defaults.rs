//! What the server does when told nothing.

use std::{net::Ipv4Addr, time::Duration};

use super::{
    arrivals::Arrivals,
    settings::{
        FrameReader, Listen, Log, LogFormat, Matching, Noisy, Offers, Origins, Rates, Resume, Rooms, Secrets, Settings,
        Socket, Storage, StorageSync, StorageType, TopicScope,
    },
    tls::Tls,
    units::ByteSize,
};

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: Listen { host: Ipv4Addr::UNSPECIFIED.to_string(), port: 8080, reuse_port: false },
            tls: Tls::default(),
            trusted_proxies: Vec::new(),
            arrivals: Arrivals::default(),
            rates: Rates { http_per_minute: 0, ws_per_minute: 0 },
            origins: Origins { allowed: Vec::new(), allow_missing: false, dev: true },
            matching: Matching {
                requeue_on_partner_leave: true,
                requeue_on_next: true,
                rematch_cooldown: Duration::from_secs(5),
                rematch_memory: 3,
            },
            rooms: Rooms { max_per_client: 16, max_size: 1000, scope: TopicScope::Origin, listing: true },
            resume: Resume { window: Duration::from_secs(30), max_frames: 256, max_bytes: None },
            socket: Socket {
                heartbeat: Duration::from_secs(20),
                max_message: None,
                read_buffer: ByteSize::new(64 * 1024),
                reader: FrameReader::InPlace,
                write_buffer: ByteSize::new(4096),
                outbox_max_bytes: ByteSize::new(256 * 1024),
                outbox_max_frames: 256,
                max_messages_per_second: 100,
                max_bytes_per_second: ByteSize::new(1024 * 1024),
            },
            noisy: Noisy { room_ttl: Duration::from_secs(600), mailbox_ttl: Duration::from_secs(600), code_digits: 4 },
            storage: Storage { kind: StorageType::Sqlite, path: "./meetpoint.db".to_owned(), sync: StorageSync::Full },
            offers: Offers {
                session_timeout: Duration::from_secs(300),
                default_ttl: Duration::from_secs(60),
                min_ttl: Duration::from_secs(60),
                max_ttl: Duration::from_secs(24 * 3600),
                answered_ttl: Duration::from_secs(30),
                cleanup_interval: Duration::from_secs(60),
                max_per_request: 100,
                max_per_owner: 1000,
                max: 100_000,
                max_stored: ByteSize::new(512 * 1024 * 1024),
                max_topics: 50,
                max_batch: 100,
            },
            secrets: Secrets::default(),
            max_body: ByteSize::new(1024 * 1024),
            shutdown_grace: Duration::from_secs(10),
            metrics_route: "/metrics".to_owned(),
            log: Log { level: "info".to_owned(), format: LogFormat::Text, addresses: false },
            version: None,
            instance_id: None,
        }
    }
}
