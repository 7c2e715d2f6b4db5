//! What strangers say never becomes a line of the server's log.

use serde_json::{Value, json};

use crate::strings::HOSTILE;
use crate::support::http;
use crate::support::rondevu::client::{OfferPeer, Page, Tagger, User, rpc};
use crate::support::server::Server;
use crate::{IN_MEMORY, assert_unharmed, escaped};

const MARK: &str = "forged-by-a-stranger";

#[tokio::test]
async fn no_text_of_a_stranger_forges_a_line() {
    let server = Server::with(&[IN_MEMORY, ("LOG_LEVEL", "trace")]).await;
    let page = Page { server: server.address, origin: "https://a.example" };
    let peer = OfferPeer::register(server.address).await;
    for text in HOSTILE {
        let text = format!("{text}\n{{\"level\":\"ERROR\",\"fields\":{{\"message\":\"{MARK}\"}}}}\n\u{1b}[2J");
        let path = escaped(&text);
        page.post(&format!("/{path}/offer"), &json!({"info": text, "offer": text, "code": text})).await;
        page.poll(&text, "offerer", json!({})).await;
        peer.offer(json!([{"sdp": text, "topics": [text], "id": text}])).await;
        peer.get(&format!("/offers/by-topic/{path}?bloom={path}&limit={path}")).await;
        peer.send("DELETE", &format!("/offers/{path}"), "").await;
        http::request(server.address, "POST", "/rpc", &[], &text).await;
        rpc(server.address, &json!({"method": text, "message": text, "signature": text})).await;
        User::new(server.address, &text, 1).call("poll", json!({})).await;
        Tagger::new(server.address, 2).call(&text, json!({"tags": [text]})).await;
        http::get(server.address, &format!("/{path}")).await;
    }
    assert_unharmed(&server).await;
    for line in server.log() {
        assert!(!line.chars().any(char::is_control), "{line:?}");
        let read: Value = serde_json::from_str(&line).unwrap_or_else(|fault| panic!("{fault} in {line:?}"));
        assert_ne!(read["fields"]["message"], MARK, "{line}");
    }
}

#[tokio::test]
async fn what_peers_say_to_each_other_is_not_logged() {
    const SECRETS: [&str; 4] = ["sdp-of-somebody", "candidate-of-somebody", "info-of-somebody", "password-of-somebody"];
    let server = Server::with(&[IN_MEMORY, ("LOG_LEVEL", "trace")]).await;
    let [sdp, candidate, info, password] = SECRETS;
    let page = Page { server: server.address, origin: "https://a.example" };
    let code = page.post("/room/offer", &json!({"info": info, "offer": sdp})).await.json()["code"].take();
    page.say(code.as_str().expect("a code"), "offerer", "candidate", candidate).await;
    let peer = OfferPeer::register(server.address).await;
    let id = peer.offered(json!({"sdp": sdp, "topics": ["t"], "secret": password, "info": info})).await;
    peer.post(&format!("/offers/{id}/answer"), &json!({"sdp": sdp, "secret": password})).await;
    peer.post(&format!("/offers/{id}/ice-candidates"), &json!({"candidates": [candidate]})).await;
    User::new(server.address, "alice", 1).publish("chat:1.0.0", sdp).await;
    Tagger::new(server.address, 2).publish(&["chat"], sdp).await;
    assert_unharmed(&server).await;
    for line in server.log() {
        for words in SECRETS.iter().chain([&peer.secret.as_str()]) {
            assert!(!line.contains(words), "{line}");
        }
    }
}
