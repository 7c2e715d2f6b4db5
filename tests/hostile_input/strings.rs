//! Five hundred hostile texts in every field of every wire: each comes back to the byte or is refused, and none gets out of its line
//! of the log.

use meetpoint_scorecard::{Goal, figure};
use serde_json::{Value, json};

use crate::support::chat::pair;
use crate::support::hostile::texts;
use crate::support::http;
use crate::support::noisy::{self, Seat};
use crate::support::rondevu::client::{OfferPeer, Page, Tagger, User};
use crate::support::room::Member;
use crate::support::server::{CROWDED, Server};
use crate::support::storage::Disk;

/// On a disk, because what is stored there is read again.
async fn server(disk: &Disk) -> Server {
    let roomy = [("MAX_MSG_PER_SECOND", "0"), ("MAX_TOPICS_PER_CLIENT", "1000"), ("MAX_OFFERS_PER_OWNER", "2000")];
    disk.server(&[&roomy[..], &[("LOG_LEVEL", "trace"), ("STORAGE_SYNC", "normal"), CROWDED]].concat()).await
}

/// A text in a path: every byte escaped.
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Every line is a JSON object of the server's own making, without a character that does something.
fn assert_own_lines(server: &Server, wire: &str) {
    let log = server.log();
    for line in &log {
        let strange = |character: char| {
            character.is_control()
                || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert!(!line.contains(strange), "{line:?}");
        let read: Value = serde_json::from_str(line).unwrap_or_else(|fault| panic!("{fault} in {line:?}"));
        assert!(read["level"].is_string() && read["fields"]["message"] != "forged", "{line}");
    }
    server.assert_no_panic();
    let goal = Goal::AtLeast(500.0);
    figure("B7", &format!("hostile texts sent to {wire}, and returned or refused"), texts().len() as f64, "", goal);
}

#[tokio::test]
async fn sessions_return_them() {
    let disk = Disk::default();
    let server = server(&disk).await;
    let page = Page { server: server.address, origin: "https://a.example" };
    for text in texts() {
        let path = format!("/{}", escaped(&text));
        let offer = json!({"info": text, "offer": text, "code": text});
        let announced = page.post(&format!("{path}/offer"), &offer).await;
        assert_eq!((announced.status, announced.json()), (200, json!({"code": text})), "{text:?}");
        let listed = page.get(&format!("{path}/sessions")).await.json()["sessions"][0].take();
        assert_eq!((&listed["info"], &listed["offer"], &listed["code"]), (&json!(text), &json!(text), &json!(text)));
        page.say(&text, "offerer", "candidate", json!({ text.as_str(): text })).await;
        let answerer = page.poll(&text, "answerer", json!({})).await.json();
        assert_eq!(answerer, json!({"offer": text, "offerCandidates": [{ text.as_str(): text }]}));
    }
    assert_own_lines(&server, "the sessions API");
}

#[tokio::test]
async fn offers_return_them() {
    let disk = Disk::default();
    let server = server(&disk).await;
    let (peer, other) = (OfferPeer::register(server.address).await, OfferPeer::register(server.address).await);
    for text in texts() {
        let offer = json!({"sdp": text, "topics": [text], "info": text, "secret": text});
        let id = peer.offered(offer).await;
        let found = http::get(server.address, &format!("/offers/by-topic/{}", escaped(&text))).await.json();
        let seen = &found["offers"][0];
        assert_eq!((&seen["sdp"], &seen["info"], &seen["topics"]), (&json!(text), &json!(text), &json!([text])));
        let answered = other.post(&format!("/offers/{id}/answer"), &json!({"sdp": text, "secret": text})).await;
        assert_eq!(answered.status, 200, "{answered:?}");
        let given = peer.offer(json!([{"id": text, "sdp": format!("by id {text}"), "topics": ["t"]}])).await;
        match given.status {
            200 => assert_eq!(given.json()["offers"][0]["id"], text),
            status => assert_eq!(status, 400, "{given:?}"),
        }
    }
    assert_own_lines(&server, "the offers API");
}

#[tokio::test]
async fn the_rpc_wires_return_them_or_refuse() {
    let disk = Disk::default();
    let server = server(&disk).await;
    let (alice, tagger) = (User::new(server.address, "alice", 1), Tagger::new(server.address, 3));
    for text in texts() {
        let sdp = format!("sdp {text}");
        assert_eq!(alice.publish("chat:1.0.0", &sdp).await["offers"][0]["sdp"], sdp);
        let named = format!("{text}:1.0.0@alice");
        let told = alice.call("publishService", json!({"serviceFqn": named, "offers": [{"sdp": "x"}]})).await;
        assert!(told["success"] == false || told["result"]["serviceFqn"] == named, "{told}");
        let known = alice.done("getUser", json!({"username": text})).await;
        assert_eq!(known["username"], text);
        assert_eq!(alice.call(&text, json!({ text.as_str(): text })).await["success"], false);

        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)) {
            let told = tagger.refused("publishOffer", json!({"tags": [text], "offers": [{"sdp": "x"}]})).await;
            assert_eq!(told.1, "INVALID_TAG", "{text:?}");
        }
    }
    assert_own_lines(&server, "both RPC wires");
}

#[tokio::test]
async fn the_chat_and_its_rooms_return_them() {
    let disk = Disk::default();
    let server = server(&disk).await;
    let (one, mut other) = pair(&server).await;
    let (mut host, mut guest) = (Member::enter(&server).await, Member::enter(&server).await);
    for text in texts() {
        one.offer(&text).await;
        other.hears_offer(&one, &text).await;
        assert_eq!(host.join_as(&text, json!(text)).await["topic"], text);
        assert_eq!(guest.join(&text).await["peers"][0]["info"], text);
        host.hears_arrival(&text, &guest).await;
        guest.publish(&text, text.as_str()).await;
        host.hears_message(&text, &guest, text.as_str()).await;
        let unknown = host.ask(json!({"type": text, "topic": text, "ref": "r"})).await;
        assert_eq!((&unknown["type"], &unknown["code"]), (&json!("error"), &json!("UNKNOWN_TYPE")), "{text:?}");
        other.send(json!({"type": "auth", "userId": text, "token": text})).await;
        other.silence().await;
    }
    assert_own_lines(&server, "the chat wire");
}

#[tokio::test]
async fn the_two_sides_of_a_room_return_them() {
    let disk = Disk::default();
    let server = server(&disk).await;
    let (mut a, mut b) = noisy::pair(&server, &noisy::room(1)).await;
    for (number, text) in texts().into_iter().enumerate() {
        let words = json!({"type": "offer", "sdp": text}).to_string();
        a.send_text(&words).await;
        b.hears(&words).await;
        let kept = a.keep("B", json!({ text.as_str(): text })).await;
        b.hears_item(kept, json!({ text.as_str(): text })).await;
        b.delivered(kept).await;
        if number % 8 == 0 {
            let refused = http::get(server.address, &noisy::path(&escaped(&text), "A")).await;
            assert_eq!(refused.status / 100, 4, "{refused:?}");
        }
    }
    drop(Seat::open_as(&server, &noisy::room(2), "A", &escaped("\u{1b}[2J\r\n")).await);
    assert_own_lines(&server, "the A/B wire");
}
