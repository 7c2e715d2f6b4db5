//! Deviations on the offers wire.

use crate::deviation::Answer::{Error, Json};
use crate::deviation::{Deviation, deviates};

const SAME_PEER: &str = "the same content by the same peer refreshes its offer";
const OTHER_PEER: &str = "the same content by another peer is an offer of its own";
const INFO_SHOWN: &str = "info is shown, as documented";
const NO_OWN_ID: &str = "a peer id of one's own choice let anybody be anybody: removed in 0.1.5 and not taken back";

pub const DEVIATIONS: &[Deviation] = &[
    deviates(
        "root",
        Json(200, r#"{"version":"0.1.5","name":"$any","description":"$any"}"#),
        "one server, one name for all wires, and a page for browsers",
    )
    .header("vary", "Origin, Accept"),
    deviates(
        "create same content again: duplicate id is a 500",
        Json(
            200,
            r#"{"offers":[{"id":"$o1","peerId":"$aliceId","topics":["hd","movie"],"expiresAt":"$time:now+60000"}]}"#,
        ),
        SAME_PEER,
    )
    .then(&[r#"{"method":"POST","path":"/offers","headers":{"Authorization":"Bearer ${aliceId}:${aliceSec}"},
                "body":{"offers":[{"sdp":"v=0\r\nalice-1","topics":["movie","hd"],"ttl":300000}]}}"#]),
    deviates(
        "create same content by another peer is a 500 too",
        Json(
            200,
            r#"{"offers":[{"id":"$hexany","peerId":"$bobId","topics":["hd","movie"],"expiresAt":"$time:now+60000"}]}"#,
        ),
        OTHER_PEER,
    )
    .bind(&[("copy", "/offers/0/id")])
    .then(&[r#"{"method":"DELETE","path":"/offers/${copy}","headers":{"Authorization":"Bearer ${bobId}:${bobSec}"}}"#]),
    deviates(
        "create ttl string is concatenated to the clock text",
        Error(400, "TTL must be a number"),
        "a text is no duration",
    )
    .then(&[r#"{"method":"POST","path":"/offers","headers":{"Authorization":"Bearer ${aliceId}:${aliceSec}"},
                "body":{"offers":[{"sdp":"s-ttl5","topics":["ttlbug"],"ttl":120000}]}}"#]),
    deviates(
        "create batch with one duplicate is atomic (500, nothing stored)",
        Json(
            200,
            r#"{"offers":[
                {"id":"$hexany","peerId":"$bobId","topics":["atomic"],"expiresAt":"$time:now+60000"},
                {"id":"0f6f5aa30c2a6c1768e8ceef15c01ad81c43b0dcd1c2d510a9861d9f074eb809",
                    "peerId":"$bobId","topics":["multi"],"expiresAt":"$time:now+60000"}]}"#,
        ),
        SAME_PEER,
    )
    .bind(&[("atomic", "/offers/0/id")])
    .then(&[
        r#"{"method":"DELETE","path":"/offers/${atomic}","headers":{"Authorization":"Bearer ${bobId}:${bobSec}"}}"#,
    ]),
    deviates(
        "create: same topic twice in one offer is a 500",
        Json(200, r#"{"offers":[{"id":"$hexany","peerId":"$aliceId","topics":["d"],"expiresAt":"$time:now+60000"}]}"#),
        "a topic said twice is said once",
    )
    .bind(&[("twice", "/offers/0/id")])
    .then(&[
        r#"{"method":"DELETE","path":"/offers/${twice}","headers":{"Authorization":"Bearer ${aliceId}:${aliceSec}"}}"#,
    ]),
    deviates(
        "create: offer null is a 500",
        Error(400, "Each offer must have an sdp field"),
        "what is no offer is the client's fault",
    ),
    deviates("create: invalid JSON", Error(400, "Invalid JSON"), "what is no JSON is the client's fault"),
    deviates(
        "by-topic secret offer: hasSecret true, secret hidden, info lost",
        Json(
            200,
            r#"{"topic":"locked","total":1,"returned":1,"offers":[{"id":"$oSec","peerId":"$aliceId","sdp":"s-secret",
                "topics":["locked"],"expiresAt":"$time:now+60000","lastSeen":"$time:now","hasSecret":true,
                "info":"EU region"}]}"#,
        ),
        INFO_SHOWN,
    ),
    deviates(
        "topics limit abc",
        Json(200, r#"{"topics":"$any","total":63,"limit":50,"offset":0}"#),
        "what is no number counts as not given",
    ),
    deviates(
        "dora mine before answer",
        Json(
            200,
            r#"{"peerId":"$doraId","offers":[{"id":"$d1","sdp":"dora-sdp","topics":["room"],"createdAt":"$time:now",
                "expiresAt":"$time:now+120000","lastSeen":"$time:now","secret":"pw","info":"hi"}]}"#,
        ),
        INFO_SHOWN,
    ),
    deviates(
        "mine after answer shows answererPeerId and answeredAt but not the answer sdp",
        Json(
            200,
            r#"{"peerId":"$doraId","offers":[{"id":"$d1","sdp":"dora-sdp","topics":["room"],"createdAt":"$time:now",
                "expiresAt":"$time:now+120000","lastSeen":"$time:now","secret":"pw","info":"hi",
                "answererPeerId":"$eveId","answeredAt":"$time:now"}]}"#,
        ),
        INFO_SHOWN,
    ),
    deviates(
        "answered offer is still found by topic",
        Json(
            200,
            r#"{"topic":"room","total":1,"returned":1,"offers":[{"id":"$d1","peerId":"$doraId","sdp":"dora-sdp",
                "topics":["room"],"expiresAt":"$time:now+120000","lastSeen":"$time:now","hasSecret":true,"info":"hi"}]}"#,
        ),
        INFO_SHOWN,
    ),
    deviates(
        "b-short expired but not cleaned: same content is still a 500",
        Json(200, r#"{"offers":[{"id":"$x","peerId":"$pId","topics":["exp"],"expiresAt":"$time:now+1000"}]}"#),
        "an expired offer is gone",
    ),
    deviates("0.1.4: register custom peerId", Json(200, SOMEBODY), NO_OWN_ID),
    deviates(
        "0.1.4: custom id without active offers is not exclusive: register it again",
        Json(200, SOMEBODY),
        NO_OWN_ID,
    ),
    deviates("0.1.4: custom id with active offers is refused", Json(200, SOMEBODY), NO_OWN_ID),
    deviates("0.1.4: custom id empty", Json(200, SOMEBODY), NO_OWN_ID),
    deviates("0.1.4: custom id too long", Json(200, SOMEBODY), NO_OWN_ID),
    deviates("0.1.4: custom id not string", Json(200, SOMEBODY), NO_OWN_ID),
];

const SOMEBODY: &str = r#"{"peerId":"$hex32","secret":"$base64:60"}"#;
