//! The rules of the RPC methods with usernames and services, in their order.

use serde_json::{Value, json};

use crate::IN_MEMORY;
use crate::support::rondevu::client::User;
use crate::support::server::Server;

const NO_TEXT: &str = "Service FQN must be a string";
const NO_FORM: &str = "Service FQN must be in format: service:version[@username]";
const BAD_SERVICE: &str = "Service name must be lowercase alphanumeric with optional dots/dashes";
const BAD_VERSION: &str = "Version must be semantic versioning (e.g., 1.0.0, 2.1.3-beta)";

async fn assert_refused(user: &User, method: &str, refusals: &[(Value, &str)]) {
    for (params, sentence) in refusals {
        assert_eq!(user.refused(method, params.clone()).await, *sentence, "{method} {params}");
    }
}

#[tokio::test]
async fn a_service_s_name_is_checked_in_order() {
    let server = Server::with(&[IN_MEMORY]).await;
    let alice = User::new(server.address, "alice", 1);
    let long = format!("{}:1.0.0@alice", "s".repeat(129));
    let names = [
        (json!(null), NO_TEXT),
        (json!(5), NO_TEXT),
        (json!(["chat:1.0.0@alice"]), NO_TEXT),
        (json!(""), NO_FORM),
        (json!("chat"), NO_FORM),
        (json!("chat@alice"), NO_FORM),
        (json!(":1.0.0@alice"), NO_FORM),
        (json!("chat:@alice"), NO_FORM),
        (json!("Chat:nope@alice"), BAD_SERVICE),
        (json!("-chat:1.0.0@alice"), BAD_SERVICE),
        (json!("chat.:1.0.0@alice"), BAD_SERVICE),
        (json!("ch at:1.0.0@alice"), BAD_SERVICE),
        (json!("chat\n:1.0.0@alice"), BAD_SERVICE),
        (json!("chät:1.0.0@alice"), BAD_SERVICE),
        (json!("ch*t:1.0.0@alice"), BAD_SERVICE),
        (json!(long), "Service name must be 1-128 characters"),
        (json!("chat:1.0@alice"), BAD_VERSION),
        (json!("chat:1.0.0.0@alice"), BAD_VERSION),
        (json!("chat:v1.0.0@alice"), BAD_VERSION),
        (json!("chat:1.0.0+b1@alice"), BAD_VERSION),
        (json!("chat:1.0.0-@alice"), BAD_VERSION),
        (json!("chat:1.0.0-Beta@alice"), BAD_VERSION),
        (json!("chat:1.0.0:2.0.0@alice"), BAD_VERSION),
        (json!("chat:1.0.0\n@alice"), BAD_VERSION),
        (json!("chat:1.0.0@ab"), "Username must be at least 3 characters"),
        (json!(format!("chat:1.0.0@{}", "a".repeat(33))), "Username must be at most 32 characters"),
    ];
    for method in ["publishService", "getService"] {
        for (name, sentence) in &names {
            let refused = alice.refused(method, json!({"serviceFqn": name, "offers": []})).await;
            assert_eq!(refused, *sentence, "{method} {name}");
        }
        assert_eq!(alice.refused(method, json!({"offers": []})).await, NO_TEXT, "{method}");
    }
}

#[tokio::test]
async fn versions_of_any_size_are_versions() {
    let server = Server::with(&[IN_MEMORY]).await;
    let alice = User::new(server.address, "alice", 1);
    for version in ["99999999999999999999.0.0", "1.18446744073709551616.0", "0.0.0", "01.02.03"] {
        let params = json!({"serviceFqn": format!("chat:{version}@alice"), "offers": [{"sdp": "s"}]});
        alice.done("publishService", params).await;
        let found = alice.done("getService", json!({"serviceFqn": format!("chat:{version}"), "limit": 1})).await;
        assert_eq!(found["count"], 1, "{version}: {found}");
    }
    server.assert_no_panic();
}

#[tokio::test]
async fn publishing_is_checked_in_order() {
    let server = Server::with(&[IN_MEMORY]).await;
    let alice = User::new(server.address, "alice", 1);
    let with = |offers: Value| json!({"serviceFqn": "chat:1.0.0@alice", "offers": offers});
    let few = "Must provide at least one offer";
    let refusals = [
        (json!({"serviceFqn": "chat:1.0.0", "offers": []}), "Service FQN must include username"),
        (json!({"serviceFqn": "chat:1.0.0@", "offers": []}), "Service FQN must include username"),
        (
            json!({"serviceFqn": "chat:1.0.0@bob", "offers": []}),
            "Service FQN username must match authenticated username",
        ),
        (json!({"serviceFqn": "chat:1.0.0@alice"}), few),
        (with(json!([])), few),
        (with(json!({"0": {"sdp": "x"}})), few),
        (with(json!("x")), few),
        (with(json!(vec![json!(null); 101])), "Too many offers (max 100)"),
        (with(json!([null])), "Invalid offer at index 0: must be an object"),
        (with(json!([{"sdp": "x"}, "x"])), "Invalid offer at index 1: must be an object"),
        (with(json!([{"sdp": "x"}, {"sdp": "y"}, {}])), "Invalid offer at index 2: missing or invalid SDP"),
        (with(json!([{"sdp": 5}])), "Invalid offer at index 0: missing or invalid SDP"),
        (with(json!([{"sdp": " \t\r\n\u{a0}\u{feff}"}])), "Invalid offer at index 0: SDP cannot be empty"),
        (json!({"serviceFqn": "chat:1.0.0@alice", "offers": [{"sdp": "x"}], "ttl": "60000"}), "TTL must be a number"),
    ];
    assert_refused(&alice, "publishService", &refusals).await;
    assert_eq!(alice.refused("getService", json!({"serviceFqn": "chat:1.0.0@alice"})).await, "Service not found");
}

#[tokio::test]
async fn looking_up_and_deleting_are_checked_in_order() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (alice, bob) = (User::new(server.address, "alice", 1), User::new(server.address, "bob", 2));
    alice.publish("chat:1.0.0", "s").await;
    let own = json!({"serviceFqn": "chat:1.0.0@alice"});
    let unknown = json!({"serviceFqn": "none:1.0.0@alice"});
    let nameless = json!({"serviceFqn": "chat:1.0.0"});
    let no_user = "Service FQN must include username";
    let deletions = [
        (nameless, no_user),
        (json!({}), no_user),
        (json!({"serviceFqn": null}), no_user),
        (json!({"serviceFqn": "chat"}), no_user),
        (json!({"serviceFqn": "chat:1.0.0@"}), no_user),
        (unknown.clone(), "Service not found"),
        (own.clone(), "Service not found or not owned by this username"),
    ];
    assert_refused(&bob, "deleteService", &deletions).await;
    let look_ups = [(unknown, "Service not found"), (json!({"serviceFqn": "none:1.0.0"}), "No services found")];
    assert_refused(&bob, "getService", &look_ups).await;
    assert_eq!(alice.done("deleteService", own.clone()).await, json!({"success": true}));
    assert_refused(&alice, "deleteService", &[(own, "Service not found")]).await;
}

#[tokio::test]
async fn answers_and_candidates_are_checked_in_order() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (alice, bob) = (User::new(server.address, "alice", 1), User::new(server.address, "bob", 2));
    let offer = alice.publish("chat:1.0.0", "s").await["offers"][0]["offerId"].take();
    let large = "😀".repeat(32_769);
    let answers = [
        (json!({"offerId": "nope"}), "Invalid SDP"),
        (json!({"offerId": offer, "sdp": ""}), "Invalid SDP"),
        (json!({"offerId": offer, "sdp": ["x"]}), "Invalid SDP"),
        (json!({"offerId": "nope", "sdp": large}), "SDP too large (max 64KB)"),
        (json!({"sdp": "x"}), "Offer not found"),
        (json!({"offerId": 5, "sdp": "x"}), "Offer not found"),
        (json!({"offerId": "nope", "sdp": "x"}), "Offer not found"),
    ];
    assert_refused(&bob, "answerOffer", &answers).await;
    let none = "Missing or invalid required parameter: candidates";
    let candidates = [
        (json!({"offerId": "nope"}), none),
        (json!({"offerId": offer, "candidates": []}), none),
        (json!({"offerId": offer, "candidates": {"0": {}}}), none),
        (json!({"offerId": offer, "candidates": "c"}), none),
        (json!({"offerId": "nope", "candidates": [null]}), "Invalid candidate at index 0: must be an object"),
        (json!({"offerId": offer, "candidates": [{}, "c"]}), "Invalid candidate at index 1: must be an object"),
        (json!({"offerId": offer, "candidates": [{}, {}, 5]}), "Invalid candidate at index 2: must be an object"),
        (json!({"offerId": "nope", "candidates": [{}]}), "Offer not found"),
        (json!({"candidates": [{}]}), "Offer not found"),
    ];
    assert_refused(&bob, "addIceCandidates", &candidates).await;
    assert_refused(&bob, "getIceCandidates", &[(json!({"offerId": "nope"}), "Offer not found")]).await;
    let early = [
        (json!({"offerId": "nope"}), "Offer not found"),
        (json!({"offerId": offer}), "Not authorized to access this offer"),
    ];
    assert_refused(&bob, "getOfferAnswer", &early).await;
    assert_refused(&alice, "getOfferAnswer", &[(json!({"offerId": offer}), "Offer not yet answered")]).await;
    bob.done("answerOffer", json!({"offerId": offer, "sdp": "a"})).await;
    let again = [(json!({"offerId": offer, "sdp": "a"}), "Offer already answered")];
    assert_refused(&alice, "answerOffer", &again).await;
}

#[tokio::test]
async fn params_that_are_no_object_are_as_good_as_none() {
    let server = Server::with(&[IN_MEMORY]).await;
    let alice = User::new(server.address, "alice", 1);
    for params in [json!(null), json!([]), json!("x"), json!(5)] {
        assert_eq!(alice.refused("publishService", params.clone()).await, NO_TEXT, "{params}");
        assert_eq!(alice.refused("answerOffer", params).await, "Invalid SDP");
    }
}
