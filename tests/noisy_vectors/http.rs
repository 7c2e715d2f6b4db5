//! Deviations of what is answered to plain requests.

use crate::deviation::{Deviation, answers, instead};

const GROUP: &str = "codes-default";

const PROBE: &str = "the probes of all systems are one, and say that they are JSON";
const ONE_METHOD: &str = "a known path with another method is a 405 that tells what is allowed";
const ALLOW: &str = "a 405 tells what is allowed";
const PREFLIGHT: &str = "browsers on other origins may mint and redeem";
const NOT_FOUND: &str = "what nobody knows is answered alike everywhere";
const GROWS: &str = "codes grow by a digit before they run out";
const RETIRED: &str = "a code is not minted again while somebody may still type it";

const UNKNOWN: &str = r#"{"status": 404, "body": "{\"error\":\"Not found\"}", "headers": {"content-type": "application/json", "location": null}}"#;

pub const DEVIATIONS: &[Deviation] = &[
    answers(
        GROUP,
        0,
        r#"{"body": null, "json": {"ok": true, "uptime": "$number", "clients": 0, "instanceId": "$any"},
            "headers": {"content-type": "application/json", "access-control-allow-origin": null}}"#,
        PROBE,
    ),
    answers(GROUP, 1, r#"{"headers": {"content-type": "application/json"}}"#, PROBE),
    answers(
        GROUP,
        2,
        r#"{"status": 405, "body": "{\"error\":\"Method not allowed\"}", "headers": {"allow": "$re:^GET\\b"}}"#,
        ONE_METHOD,
    ),
    answers(
        GROUP,
        8,
        r#"{"headers": {"content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff",
                        "allow": "$re:\\bPOST\\b"}}"#,
        ALLOW,
    ),
    answers(
        GROUP,
        11,
        r#"{"status": 204, "body": "", "headers": {"access-control-allow-origin": "https://app.example",
            "access-control-allow-methods": "$re:^(?i)POST, ?OPTIONS$"}}"#,
        PREFLIGHT,
    ),
    answers(
        GROUP,
        12,
        r#"{"status": 204, "body": "", "headers": {"access-control-allow-origin": "https://app.example",
            "access-control-allow-methods": "$re:^(?i)POST, ?OPTIONS$",
            "access-control-allow-headers": "$re:^(?i)content-type$"}}"#,
        PREFLIGHT,
    ),
    instead(
        GROUP,
        34,
        r#"[{"http": {"path": "/"}, "expect": {"status": 200, "contains": ["\"version\":"]}}]"#,
        "the front door of all systems is one",
    ),
    answers(GROUP, 35, UNKNOWN, NOT_FOUND),
    answers(GROUP, 36, UNKNOWN, NOT_FOUND),
    answers(GROUP, 37, UNKNOWN, NOT_FOUND),
    answers(GROUP, 38, UNKNOWN, NOT_FOUND),
    answers(
        GROUP,
        40,
        r#"{"status": 426, "body": null, "json": {"error": "$any"}}"#,
        "without appID and side the path belongs to the chat",
    ),
    answers(
        GROUP,
        46,
        r#"{"lacks": ["nt_signal_messages_total", "go_goroutines"]}"#,
        "meetpoint's own figures and the process's stand beside the original's",
    ),
    instead(
        "exhaustion",
        2,
        r#"[{"http": {"method": "POST", "path": "/rendezvous/code"}, "expect": {"status": 200,
             "json": {"code": "$re:^[0-9]{5}$", "appID": "$uuid4", "expiresAt": "$any"}}}]"#,
        GROWS,
    ),
    // Which half of the four-digit codes is live, nobody knows: there is no sure hit any more.
    instead("exhaustion", 3, "[]", GROWS),
    answers(
        "exhaustion",
        4,
        r#"{"json": {"code": "$re:^[0-9]{5}$", "appID": "$uuid4", "expiresAt": "$any"}}"#,
        RETIRED,
    ),
];
