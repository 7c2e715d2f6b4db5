//! Deviations on the RPC wire with usernames and services.

use crate::deviation::Answer::{Error, Json, Rpc};
use crate::deviation::{Deviation, deviates};

const LEAKED: &str = "what a language or a database says of its own faults is for the log";
const BOUND: &str = "a message authorises the method it names and no other";
const STALE: &str = "a stale message claims nothing";
const OWN_ID: &str = "the same SDP in another place is an offer of its own";
const DISCOVERY: &str = "discovery works, and by semantic versions as documented";

pub const DEVIATIONS: &[Deviation] = &[
    deviates(
        "root",
        Json(200, r#"{"version":"0.5.0","name":"$any","description":"$any"}"#),
        "one server, one name for all wires, and a page for browsers",
    )
    .header("vary", "Origin, Accept"),
    deviates("GET /rpc", Error(405, "Method not allowed"), "the path is known, the method is not"),
    deviates("unknown route", Error(401, "Missing Authorization header"), "the offers wire is served there"),
    deviates("null request", Rpc("Missing or invalid method"), LEAKED),
    deviates("method name from Object.prototype", Rpc("Unknown method: toString"), LEAKED),
    deviates(
        "claimUsername does not exist in 0.5.0",
        Json(200, r#"{"success":true,"result":{"success":true,"username":"alice"}}"#),
        "it exists, as documented",
    )
    .apart(),
    deviates(
        "auto-claim username period (allowed from 0.5.2)",
        Json(200, r#"{"success":true,"result":{"answers":[],"iceCandidates":{}}}"#),
        "the newer grammar holds for all",
    ),
    deviates("second username with the same key", Rpc("Public key already claimed by a different username"), LEAKED),
    deviates("method part of the message is not compared", Rpc("Invalid message format: action must be poll"), BOUND),
    deviates(
        "replay: any signed message of the user works for any method",
        Rpc("Invalid message format: action must be poll"),
        BOUND,
    ),
    deviates(
        "stale message still claims: step 2 taken",
        Json(200, r#"{"success":true,"result":{"username":"stale","available":true}}"#),
        STALE,
    ),
    deviates("publish ttl text", Rpc("TTL must be a number"), LEAKED),
    deviates(
        "publish same sdp twice in one call: error text of the database, service remains without offers",
        Json(
            200,
            r#"{"success":true,"result":{"serviceId":"$uuid","username":"alice","serviceFqn":"dup:1.0.0@alice",
                "createdAt":"$time:now","expiresAt":"$time:now+60000","offers":[
                {"offerId":"$hexany","sdp":"same","createdAt":"$time:now","expiresAt":"$time:now+60000"},
                {"offerId":"$hexany","sdp":"same","createdAt":"$time:now","expiresAt":"$time:now+60000"}]}}"#,
        ),
        OWN_ID,
    )
    .bind(&[("dup", "/result/serviceId"), ("dup1", "/result/offers/0/offerId")]),
    deviates(
        "… service exists but has no offers",
        Json(
            200,
            r#"{"success":true,"result":{"serviceId":"$dup","username":"alice","serviceFqn":"dup:1.0.0@alice",
                "offerId":"$dup1","sdp":"same","createdAt":"$time:now","expiresAt":"$time:now+60000"}}"#,
        ),
        OWN_ID,
    ),
    deviates(
        "publish sdp that another service already has",
        Json(
            200,
            r#"{"success":true,"result":{"serviceId":"$uuid","username":"bob","serviceFqn":"chat:1.0.0@bob",
                "createdAt":"$time:now","expiresAt":"$time:now+60000","offers":[
                {"offerId":"$hexany","sdp":"v=0 a3","createdAt":"$time:now","expiresAt":"$time:now+60000"}]}}"#,
        ),
        OWN_ID,
    ),
    deviates(
        "getService random is broken in 0.5.0",
        Json(
            200,
            r#"{"success":true,"result":{"serviceId":"$uuid","username":"$oneof:alice|bob",
                "serviceFqn":"$oneof:chat:1.0.0@alice|chat:1.0.0@bob","offerId":"$oneof:of3|bof",
                "sdp":"$oneof:v=0 a3|v=0 b1","createdAt":"$time:now","expiresAt":"$any"}}"#,
        ),
        DISCOVERY,
    ),
    deviates(
        "getService paginated is broken in 0.5.0",
        Json(
            200,
            r#"{"success":true,"result":{"count":2,"limit":10,"offset":0,"services":[
                {"serviceId":"$uuid","username":"bob","serviceFqn":"chat:1.0.0@bob","offerId":"$bof","sdp":"v=0 b1",
                    "createdAt":"$time:now","expiresAt":"$time:now+120000"},
                {"serviceId":"$sid2","username":"alice","serviceFqn":"chat:1.0.0@alice","offerId":"$of3",
                    "sdp":"v=0 a3","createdAt":"$time:now","expiresAt":"$time:now+300000"}]}}"#,
        ),
        DISCOVERY,
    ),
    deviates(
        "0.5.4 random: alice or bob (exact version text only)",
        Json(
            200,
            r#"{"success":true,"result":{"serviceId":"$uuid","username":"$oneof:alice|bob|carol",
                "serviceFqn":"$oneof:chat:1.0.0@alice|chat:1.0.0@bob|chat:1.2.0@carol|chat:1.0.0-beta@carol",
                "offerId":"$hexany","sdp":"$oneof:p1|p3|p4|p5","createdAt":"$time:now","expiresAt":"$time:now+200000"}}"#,
        ),
        DISCOVERY,
    ),
    deviates(
        "0.5.4 paginated: newest service first, one row per user",
        Json(
            200,
            r#"{"success":true,"result":{"count":3,"limit":10,"offset":0,"services":[
                {"serviceId":"$uuid","username":"carol","serviceFqn":"chat:1.2.0@carol","offerId":"$hexany",
                    "sdp":"p4","createdAt":"$time:now","expiresAt":"$time:now+200000"},
                {"serviceId":"$uuid","username":"bob","serviceFqn":"chat:1.0.0@bob","offerId":"$b1","sdp":"p3",
                    "createdAt":"$time:now","expiresAt":"$time:now+200000"},
                {"serviceId":"$uuid","username":"alice","serviceFqn":"chat:1.0.0@alice","offerId":"$a1","sdp":"p1",
                    "createdAt":"$time:now","expiresAt":"$time:now+200000"}]}}"#,
        ),
        DISCOVERY,
    ),
    deviates("0.5.4 paginated limit 1", Json(200, CAROL_FIRST_OF_ONE), DISCOVERY),
    deviates(
        "0.5.4 paginated offset 1",
        Json(
            200,
            r#"{"success":true,"result":{"count":2,"limit":10,"offset":1,"services":[
                {"serviceId":"$uuid","username":"bob","serviceFqn":"chat:1.0.0@bob","offerId":"$b1","sdp":"p3",
                    "createdAt":"$time:now","expiresAt":"$time:now+200000"},
                {"serviceId":"$uuid","username":"alice","serviceFqn":"chat:1.0.0@alice","offerId":"$a1","sdp":"p1",
                    "createdAt":"$time:now","expiresAt":"$time:now+200000"}]}}"#,
        ),
        DISCOVERY,
    ),
    deviates("0.5.4 paginated limit 0 clamps to 1", Json(200, CAROL_FIRST_OF_ONE), DISCOVERY),
    deviates(
        "0.5.4 paginated limit 1000 clamps to 100, offset -5 to 0",
        Json(200, r#"{"success":true,"result":{"services":"$any","count":3,"limit":100,"offset":0}}"#),
        DISCOVERY,
    ),
    deviates(
        "0.5.4 limit with @username: pagination wins, username ignored",
        Json(200, r#"{"success":true,"result":{"services":"$any","count":3,"limit":10,"offset":0}}"#),
        DISCOVERY,
    ),
    deviates("0.5.4 random 1.1.0 does not find 1.2.0", Json(200, CAROL), DISCOVERY),
    deviates(
        "0.5.4 random now only bob",
        Json(
            200,
            r#"{"success":true,"result":{"serviceId":"$uuid","username":"$oneof:bob|carol",
                "serviceFqn":"$oneof:chat:1.0.0@bob|chat:1.2.0@carol|chat:1.0.0-beta@carol","offerId":"$hexany",
                "sdp":"$oneof:p3|p4|p5",
                "createdAt":"$time:now","expiresAt":"$time:now+200000"}}"#,
        ),
        DISCOVERY,
    ),
    deviates(
        "0.5.4 paginated now only bob",
        Json(
            200,
            r#"{"success":true,"result":{"count":2,"limit":5,"offset":0,"services":[
                {"serviceId":"$uuid","username":"carol","serviceFqn":"chat:1.2.0@carol","offerId":"$hexany",
                    "sdp":"p4","createdAt":"$time:now","expiresAt":"$time:now+200000"},
                {"serviceId":"$uuid","username":"bob","serviceFqn":"chat:1.0.0@bob","offerId":"$b1","sdp":"p3",
                    "createdAt":"$time:now","expiresAt":"$time:now+200000"}]}}"#,
        ),
        DISCOVERY,
    ),
    deviates(
        "0.5.4 random: none left",
        Json(
            200,
            r#"{"success":true,"result":{"serviceId":"$uuid","username":"carol",
                "serviceFqn":"$oneof:chat:1.2.0@carol|chat:1.0.0-beta@carol","offerId":"$hexany","sdp":"$oneof:p4|p5",
                "createdAt":"$time:now","expiresAt":"$time:now+200000"}}"#,
        ),
        DISCOVERY,
    ),
    deviates("claimUsername: same key, other name", Rpc("Public key already claimed by a different username"), LEAKED),
];

const CAROL: &str = r#"{"success":true,"result":{"serviceId":"$uuid","username":"carol",
    "serviceFqn":"chat:1.2.0@carol","offerId":"$hexany","sdp":"p4",
    "createdAt":"$time:now","expiresAt":"$time:now+200000"}}"#;

const CAROL_FIRST_OF_ONE: &str = r#"{"success":true,"result":{"count":1,"limit":1,"offset":0,"services":[
    {"serviceId":"$uuid","username":"carol","serviceFqn":"chat:1.2.0@carol","offerId":"$hexany","sdp":"p4",
        "createdAt":"$time:now","expiresAt":"$time:now+200000"}]}}"#;
