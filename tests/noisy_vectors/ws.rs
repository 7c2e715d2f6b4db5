//! Deviations of what is said over sockets.

use crate::deviation::{Deviation, after, answers, before, instead};

const PEER_LEFT: &str = "the side that stays is told that the other has left";
const BAD_RECIPIENT: &str = "an item for nobody is refused";
const ACKNOWLEDGED: &str = "what was delivered is delivered";
const TRUE_FIGURES: &str = "rooms and peers are counted, and labels come from a fixed list";

pub const DEVIATIONS: &[Deviation] = &[
    instead("side-busy", 14, r#"[{"conn": "B", "expectText": "{\"type\":\"peer_left\"}\n"}]"#, PEER_LEFT),
    instead(
        "mailbox-live",
        20,
        r#"[{"conn": "A", "expect": {"type": "error", "code": "BAD_RECIPIENT", "message": "$any"}}]"#,
        BAD_RECIPIENT,
    ),
    instead(
        "mailbox-live",
        23,
        r#"[{"conn": "A", "expect": {"type": "error", "code": "BAD_RECIPIENT", "message": "$any"}}]"#,
        BAD_RECIPIENT,
    ),
    before("mailbox-reconnect", 14, r#"[{"conn": "A", "expectText": "{\"type\":\"peer_left\"}\n"}]"#, PEER_LEFT),
    instead("mailbox-reconnect", 23, r#"[{"conn": "B2", "expectNone": 200}]"#, ACKNOWLEDGED),
    instead("mailbox-reconnect", 24, "[]", ACKNOWLEDGED),
    answers(
        "telemetry-metrics",
        13,
        r#"{"contains": ["nt_session_established_total{mode=\"unspecified\"} 1",
             "nt_session_failed_total{reason=\"ice-failed\"} 1", "nt_session_time_to_first_flow_seconds_count 1",
             "nt_signal_messages_total{type=\"telemetry\"} 5", "nt_signal_messages_total{type=\"other\"} 1",
             "nt_ws_connections_total 2", "nt_rooms_active 1", "nt_peers_active 2",
             "nt_ws_frame_bytes_count{dir=\"in\"} 6"],
            "lacks": ["nt_session_established_total{mode=\"p2p\"} 1", "weird"]}"#,
        TRUE_FIGURES,
    ),
    instead(
        "heartbeat-1s",
        5,
        r#"[{"conn": "B", "expectClose": {"code": 4010, "reason": "ping timeout", "within": 2500}}]"#,
        "who is silent for two intervals is dead, and is told",
    ),
    instead("heartbeat-1s", 6, r#"[{"conn": "A", "expectText": "{\"type\":\"peer_left\"}\n"}]"#, PEER_LEFT),
    after(
        "heartbeat-1s",
        12,
        r#"[{"conn": "B2", "expectText": "{\"type\":\"offer\",\"x\":1}"}]"#,
        "what is said to an absent side is kept for it",
    ),
];
