//! The offers wire: credentials that last, offers that are refreshed, info that is shown.

use serde_json::{Value, json};

use crate::IN_MEMORY;
use crate::support::http;
use crate::support::rondevu::client::{OfferPeer, text};
use crate::support::rondevu::now;
use crate::support::server::Server;
use crate::support::{PATIENCE, rondevu::bloom};

const SECRET: (&str, &str) = ("AUTH_SECRET", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");

/// A token that a server of the original made with `SECRET`.
const OLD_PEER: &str = "0123456789abcdef0123456789abcdef";
const OLD_SECRET: &str = "AAECAwQFBgcICQoLJimHBXR8+4HxAg6eUrEBSV4ElU3PMU2oARsgrkeGT1EV410nZ3MVpFzibe3661eG";

#[tokio::test]
async fn credentials_survive_a_restart_with_the_same_secret() {
    let mut server = Server::with(&[IN_MEMORY, SECRET]).await;
    let mut peer = OfferPeer::register(server.address).await;
    server.signal("TERM").await;
    assert!(server.exit(PATIENCE).await.is_some_and(|status| status.success()));
    let restarted = Server::with(&[IN_MEMORY, SECRET]).await;
    peer.server = restarted.address;
    assert_eq!(peer.get("/offers/mine").await.json(), json!({"peerId": peer.id, "offers": []}));
    let foreign = Server::with(&[IN_MEMORY]).await;
    peer.server = foreign.address;
    assert_eq!(peer.get("/offers/mine").await.status, 401);
}

#[tokio::test]
async fn a_token_of_the_original_with_the_same_secret_is_valid() {
    let server = Server::with(&[IN_MEMORY, SECRET]).await;
    let old = OfferPeer { server: server.address, id: OLD_PEER.to_owned(), secret: OLD_SECRET.to_owned() };
    assert_eq!(old.get("/offers/mine").await.json(), json!({"peerId": OLD_PEER, "offers": []}));
    let stranger = OfferPeer { id: OLD_PEER.replace('0', "f"), ..old };
    assert_eq!(stranger.get("/offers/mine").await.error(), "Invalid credentials");
}

#[tokio::test]
async fn the_same_content_again_refreshes_the_offer() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (peer, answerer) = (OfferPeer::register(server.address).await, OfferPeer::register(server.address).await);
    let offer = |ttl: u64| json!([{"sdp": "v=0", "topics": ["a", "b"], "ttl": ttl, "info": "i"}]);
    let first = peer.offer(offer(60_000)).await.json()["offers"][0].take();
    let id = text(&first["id"]);
    let again = peer.offer(json!([{"sdp": "v=0", "topics": ["b", "a"], "ttl": 600_000}])).await.json();
    assert_eq!(again["offers"][0]["id"], id.as_str());
    let longer = again["offers"][0]["expiresAt"].as_i64().unwrap() - now();
    assert!((500_000..=600_000).contains(&longer), "{longer}");
    let mine = peer.get("/offers/mine").await.json();
    assert_eq!(mine["offers"].as_array().map(Vec::len), Some(1), "{mine}");
    let answered = answerer.post(&format!("/offers/{id}/answer"), &json!({"sdp": "answer"})).await;
    assert_eq!(answered.status, 200, "{answered:?}");
    assert_eq!(peer.offer(offer(60_000)).await.status, 200);
}

#[tokio::test]
async fn the_same_content_of_another_peer_is_an_offer_of_its_own() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (one, other) = (OfferPeer::register(server.address).await, OfferPeer::register(server.address).await);
    let offer = json!({"sdp": "v=0\r\nalice-1", "topics": ["movie", "hd"]});
    let first = one.offered(offer.clone()).await;
    assert_eq!(first, "00be3d58669e732ba01b0a6b50d956553cb8207ef151819e6018bf66fdaed1dc");
    let second = other.offered(offer.clone()).await;
    assert_ne!(first, second);
    assert_eq!(other.offered(offer).await, second, "and refreshed like any other");
    let found = http::get(server.address, "/offers/by-topic/movie").await.json();
    assert_eq!((&found["total"], &found["returned"]), (&json!(2), &json!(2)), "{found}");
    assert_eq!(other.send("DELETE", &format!("/offers/{second}"), "").await.status, 200);
    let left = http::get(server.address, "/offers/by-topic/movie").await.json();
    assert_eq!((&left["offers"][0]["id"], &left["total"]), (&json!(first), &json!(1)));
}

#[tokio::test]
async fn an_own_id_of_another_peer_is_not_taken_over() {
    let server = Server::with(&[IN_MEMORY]).await;
    let (one, other) = (OfferPeer::register(server.address).await, OfferPeer::register(server.address).await);
    assert_eq!(one.offered(json!({"id": "mine", "sdp": "a", "topics": ["t"]})).await, "mine");
    let second = other.offer(json!([{"id": "mine", "sdp": "b", "topics": ["t"]}])).await;
    let offers = one.get("/offers/mine").await.json();
    assert_eq!((&offers["offers"][0]["id"], &offers["offers"][0]["sdp"]), (&json!("mine"), &json!("a")));
    if second.status == 200 {
        assert_ne!(second.json()["offers"][0]["id"], "mine", "an offer of its own has an id of its own");
    } else {
        assert!((400..500).contains(&second.status), "{second:?}");
    }
}

#[tokio::test]
async fn info_is_shown_wherever_its_offer_is() {
    let server = Server::with(&[IN_MEMORY]).await;
    let peer = OfferPeer::register(server.address).await;
    peer.offered(json!({"sdp": "a", "topics": ["t"], "info": "EU region"})).await;
    let places = [format!("/peers/{}/offers", peer.id), "/offers/by-topic/t".to_owned(), "/offers/mine".to_owned()];
    for path in &places {
        let listed = peer.get(path).await.json();
        assert_eq!(listed["offers"][0]["info"], "EU region", "{path}: {listed}");
    }
    peer.offered(json!({"sdp": "b", "topics": ["none"]})).await;
    let without = peer.get("/offers/by-topic/none").await.json();
    assert_eq!(without["offers"][0].get("info"), None, "{without}");
}

#[tokio::test]
async fn a_filter_of_known_peers_leaves_them_out() {
    let server = Server::with(&[IN_MEMORY]).await;
    let mut peers = Vec::new();
    for number in 0..5 {
        let peer = OfferPeer::register(server.address).await;
        peer.offered(json!({"sdp": format!("s{number}"), "topics": ["crowd"]})).await;
        peers.push(peer);
    }
    let filter = bloom::filter(8192, peers[..3].iter().map(|peer| peer.id.as_str()));
    let path = format!("/offers/by-topic/crowd?bloom={}", bloom::percent_encoded(&filter));
    let found = http::get(server.address, &path).await.json();
    let ids: Vec<&Value> = found["offers"].as_array().unwrap().iter().map(|offer| &offer["peerId"]).collect();
    assert_eq!(ids.len(), 2, "{found}");
    assert!(peers[3..].iter().all(|peer| ids.contains(&&json!(peer.id))), "{found}");
}
