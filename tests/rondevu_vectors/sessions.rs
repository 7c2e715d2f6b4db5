//! Deviations on the sessions wire, both ages.

use crate::deviation::Answer::{Error, Json, Same};
use crate::deviation::{Deviation, deviates};

const NO_JSON: &str = "what is no JSON object is the client's fault";
const TYPE_FAULT: &str = "an answer that is no text is the client's fault";
const NO_NUMBER: &str = "what is no number counts as not given";
const ONE_LIMIT: &str = "the older age's limit of 256 gives way to the newer one's 1024";
const NEITHER_NAME: &str = "without either field the age of the client is unknown: the documented name is told";

pub const DEVIATIONS: &[Deviation] = &[
    deviates("a0: GET / lists topics, empty", Same, "browsers get a page there").header("vary", "Origin, Accept"),
    deviates("a0: invalid JSON body", Error(400, "Invalid JSON"), NO_JSON),
    deviates("a0: empty body", Error(400, "Invalid JSON"), NO_JSON),
    deviates("a0: JSON null body", Error(400, "Invalid JSON"), NO_JSON),
    deviates("a0: answer invalid JSON", Error(400, "Invalid JSON"), NO_JSON),
    deviates("a0: poll invalid JSON", Error(400, "Invalid JSON"), NO_JSON),
    deviates("a0: answer object is a 500", Error(400, "Missing or invalid required parameter: answer"), TYPE_FAULT),
    deviates("a0: topic too long (offer)", Json(200, r#"{"code":"$uuid"}"#), ONE_LIMIT)
        .bind(&[("long", "/code")])
        // An answered session is listed no more.
        .then(&[r#"{"method":"POST","path":"/answer","headers":{"Origin":"https://a.example"},
                    "body":{"code":"${long}","side":"answerer","answer":"x"}}"#]),
    deviates("a0: topic too long (sessions)", Json(200, r#"{"sessions":[]}"#), ONE_LIMIT),
    deviates(
        "a0: topic too long wins over missing body fields",
        Error(400, "Missing or invalid required parameter: info"),
        ONE_LIMIT,
    ),
    deviates(
        "a: GET / gives version",
        Json(200, r#"{"version":"$any"}"#),
        "the version is meetpoint's own where none is set, and browsers get a page there",
    )
    .header("vary", "Origin, Accept"),
    deviates("a: offer missing peerId", Error(400, "Missing or invalid required parameter: info"), NEITHER_NAME),
    deviates(
        "a: order of checks: peerId before offer",
        Error(400, "Missing or invalid required parameter: info"),
        NEITHER_NAME,
    ),
    deviates("a: invalid JSON body", Error(400, "Invalid JSON"), NO_JSON),
    deviates("a: empty body", Error(400, "Invalid JSON"), NO_JSON),
    deviates("a: JSON null body", Error(400, "Invalid JSON"), NO_JSON),
    deviates("a: JSON array body", Error(400, "Missing or invalid required parameter: info"), NEITHER_NAME),
    deviates("a: answer invalid JSON", Error(400, "Invalid JSON"), NO_JSON),
    deviates("a: poll invalid JSON", Error(400, "Invalid JSON"), NO_JSON),
    deviates("a: answer object is a 500", Error(400, "Missing or invalid required parameter: answer"), TYPE_FAULT),
    deviates("a: pagination limit abc", Json(200, ALL_TOPICS), NO_NUMBER),
    deviates("a: pagination page abc", Json(200, ALL_TOPICS), NO_NUMBER),
    deviates(
        "a-short: custom code of an expired, not yet cleaned session is still taken (500)",
        Json(200, r#"{"code":"$code"}"#),
        "an expired session is gone, and its code free",
    ),
];

const ALL_TOPICS: &str = r#"{
    "topics": [{"topic":"p1","count":1},{"topic":"p2","count":1},{"topic":"p3","count":2}],
    "pagination": {"page":1,"limit":100,"total":3,"hasMore":false}}"#;
