//! Deviations on the RPC wire with tags.

use crate::deviation::Answer::{Error, Json};
use crate::deviation::{Deviation, deviates};

const BOTH_AGES: &str = "nothing in it tells which age's client sent it: the older age's shape, with its status";

pub const DEVIATIONS: &[Deviation] = &[
    deviates(
        "root",
        Json(200, r#"{"version":"0.5.26","name":"$any","description":"$any"}"#),
        "one server, one name for all wires, and a page for browsers",
    )
    .header("vary", "Origin, Accept"),
    deviates("unknown route", Error(404, "Not found"), "one sentence for what is not there, on all wires"),
    deviates("empty batch", Error(400, "Empty request array"), BOTH_AGES),
    deviates("invalid JSON", Json(400, r#"{"success":false,"error":"Invalid request format"}"#), BOTH_AGES),
    deviates(
        "auth nonce not uuid4",
        Json(200, r#"[{"success":false,"error":"Invalid nonce: must be a UUID v4","errorCode":"INVALID_PARAMS"}]"#),
        "a wrong nonce is the client's fault",
    ),
];
