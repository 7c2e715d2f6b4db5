//! The process ends in order and comes back to what it had.

use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::crowd::{Crowd, Line};
use crate::place::{Place, contents};
use crate::support::PATIENCE;
use crate::support::rondevu::client::{OfferPeer, Page, Tagger, User, result, text};
use crate::support::rondevu::now;
use crate::support::server::Server;

/// Ends a server as an orchestrator does.
pub async fn end(mut server: Server) {
    server.signal("TERM").await;
    let ended = server.exit(PATIENCE).await.expect("the server ends");
    assert_eq!(ended.code(), Some(0), "{:#?}", server.log());
    server.assert_no_panic();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_orderly_end_in_the_middle_of_the_work_loses_nothing() {
    let place = Place::new();
    let server = place.server(&[]).await;
    let mut crowd = Crowd::new(server.address, 100).await;
    let (tally, address) = (crowd.tally(), server.address);
    let ended = async {
        tally.until(|counts| counts.done >= 50).await;
        end(server).await;
    };
    tokio::join!(crowd.work(address), ended);
    place.assert_sound();
    let server = place.server(&[]).await;
    crowd.check(server.address).await;
}

#[tokio::test]
async fn the_file_is_all_there_is_after_an_orderly_end() {
    let place = Place::new();
    let server = place.server(&[]).await;
    let page = Page { server: server.address, origin: "https://a.example" };
    let code = page.announce("topic").await;
    end(server).await;
    let files = contents(place.folder());
    let others: Vec<_> = files.iter().filter(|(name, bytes)| *name != "meetpoint.db" && !bytes.is_empty()).collect();
    assert!(others.is_empty(), "{others:?}");
    assert!(String::from_utf8_lossy(&files["meetpoint.db"]).contains(&code));
}

#[tokio::test]
async fn nobody_but_its_owner_may_read_the_file() {
    const FOR_OTHERS: u32 = 0o077;
    let place = Place::new();
    let server = place.server(&[]).await;
    Page { server: server.address, origin: "https://a.example" }.announce("topic").await;
    for name in contents(place.folder()).keys() {
        let mode = place.folder().join(name).metadata().unwrap().mode();
        assert_eq!(mode & FOR_OTHERS, 0, "{name} has mode {mode:o}");
    }
}

/// Some of everything that is kept, and every way to see it.
struct Things {
    page: Page,
    codes: [String; 2],
    peers: [OfferPeer; 2],
    offer: String,
    users: [User; 2],
    service_offer: String,
    keys: [Tagger; 2],
    tagged: String,
}

impl Things {
    async fn make(server: &Server) -> Self {
        let server = server.address;
        let candidate = json!({"candidate": "a=é\u{0}😀", "z": 1.5, "a": null});
        let page = Page { server, origin: "https://a.example" };
        let codes = [page.announce("topic").await, page.announce("topic").await];
        for (side, field) in [("answerer", "answer"), ("offerer", "candidate"), ("answerer", "candidate")] {
            assert_eq!(page.say(&codes[0], side, field, "sdp '\"\\\r\n").await.status, 200);
        }
        let peers = [OfferPeer::register(server).await, OfferPeer::register(server).await];
        let new = json!({"sdp": "s", "topics": ["t"], "secret": "x", "info": "i", "ttl": 300_000});
        let offer = peers[0].offered(new).await;
        peers[0].offered(json!({"sdp": "s2", "topics": ["t2", "t"]})).await;
        let path = format!("/offers/{offer}");
        let answered = peers[1].post(&format!("{path}/answer"), &json!({"sdp": "a", "secret": "x"})).await;
        assert_eq!(answered.status, 200, "{answered:?}");
        for peer in &peers {
            let trickled = peer.post(&format!("{path}/ice-candidates"), &json!({"candidates": [candidate]})).await;
            assert_eq!(trickled.status, 200, "{trickled:?}");
        }
        let users = [User::new(server, "alice", 1), User::new(server, "bob", 2)];
        let service_offer = text(&users[0].publish("chat:1.0.0", "s").await["offers"][0]["offerId"]);
        users[0].publish("chat:1.2.0", "s2").await;
        users[1].done("answerOffer", json!({"offerId": service_offer, "sdp": "a"})).await;
        let keys = [Tagger::new(server, 1), Tagger::new(server, 2)];
        let tagged = keys[0].publish(&["b", "a"], "s").await;
        keys[0].publish(&["a"], "s2").await;
        keys[1].done("answerOffer", json!({"offerId": tagged, "sdp": "a", "matchedTags": ["a"]})).await;
        for (user, key) in users.iter().zip(&keys) {
            user.done("addIceCandidates", json!({"offerId": service_offer, "candidates": [candidate]})).await;
            key.done("addIceCandidates", json!({"offerId": tagged, "candidates": [candidate]})).await;
        }
        Self { page, codes, peers, offer, users, service_offer, keys, tagged }
    }

    /// What is told about all of it, times and all.
    async fn seen(&mut self, server: &Server) -> Vec<String> {
        let address = server.address;
        self.page.server = address;
        self.peers.iter_mut().for_each(|peer| peer.server = address);
        self.users.iter_mut().for_each(|user| user.server = address);
        self.keys.iter_mut().for_each(|key| key.server = address);
        let mut seen = vec![self.page.get("/topic/sessions").await.body, self.page.get("/topics?page=1").await.body];
        for (code, side) in self.codes.iter().flat_map(|code| [(code, "offerer"), (code, "answerer")]) {
            seen.push(self.page.poll(code, side, json!({"wait": 0})).await.body);
        }
        let candidates = format!("/offers/{}/ice-candidates", self.offer);
        let of_peer = format!("/peers/{}/offers", self.peers[0].id);
        let everybody = ["/offers/by-topic/t", "/topics?offset=0", &of_peer];
        for path in everybody.into_iter().chain(["/offers/mine", "/offers/answers", &candidates]) {
            seen.push(self.peers[0].get(path).await.body);
        }
        seen.push(self.peers[1].get(&candidates).await.body);
        let answer_of = |offer: &String| json!({"offerId": offer});
        for user in &self.users {
            let (name, service) = (json!({"username": user.name}), json!({"serviceFqn": "chat:1.0.0", "limit": 10}));
            for (method, params) in [("getUser", name), ("poll", json!({})), ("getService", service)] {
                seen.push(user.done(method, params).await.to_string());
            }
            seen.push(user.done("getIceCandidates", answer_of(&self.service_offer)).await.to_string());
        }
        seen.push(self.users[0].done("getOfferAnswer", answer_of(&self.service_offer)).await.to_string());
        for key in &self.keys {
            seen.push(key.done("poll", json!({})).await.to_string());
            seen.push(key.done("getIceCandidates", answer_of(&self.tagged)).await.to_string());
            seen.push(key.done("discover", json!({"tags": ["a", "b"], "limit": 10})).await.to_string());
        }
        seen.push(self.keys[0].done("getOfferAnswer", answer_of(&self.tagged)).await.to_string());
        seen
    }
}

#[tokio::test]
async fn everything_is_told_as_before_when_the_process_is_back() {
    let place = Place::new();
    let server = place.server(&[]).await;
    let mut things = Things::make(&server).await;
    let before = things.seen(&server).await;
    end(server).await;
    // Another life of new sessions and offers is not one of those that are there.
    let server = place.server(&[("SESSION_TIMEOUT", "1s"), ("OFFER_DEFAULT_TTL", "60s")]).await;
    let after = things.seen(&server).await;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after);
    }
}

#[tokio::test]
async fn what_expires_while_the_process_is_away_is_gone_when_it_is_back() {
    let place = Place::new();
    let short = [("SESSION_TIMEOUT", "1s"), ("OFFER_MIN_TTL", "100ms"), ("CLEANUP_INTERVAL", "1h")];
    let server = place.server(&short).await;
    let mut page = Page { server: server.address, origin: "https://a.example" };
    let own = json!({"info": "i", "offer": "s", "code": "own"});
    assert_eq!(page.post("/topic/offer", &own).await.status, 200);
    let mut peer = OfferPeer::register(server.address).await;
    let offers =
        json!([{"sdp": "short", "topics": ["t"], "ttl": 1000}, {"sdp": "long", "topics": ["t"], "ttl": 60_000}]);
    let published = peer.offer(offers).await.json()["offers"].take();
    assert_eq!(place.rows("offers"), Ok(3));
    end(server).await;
    let expires = published[0]["expiresAt"].as_i64().expect("a time");
    sleep(Duration::from_millis(u64::try_from(expires - now()).unwrap_or_default())).await;

    let server = place.server(&[]).await;
    page.server = server.address;
    peer.server = server.address;
    assert_eq!(page.get("/topic/sessions").await.json(), json!({"sessions": []}));
    assert_eq!(page.poll("own", "offerer", json!({})).await.status, 404);
    let mine = peer.get("/offers/mine").await.json()["offers"].take();
    let left: Vec<_> = mine.as_array().into_iter().flatten().map(|offer| (&offer["id"], &offer["expiresAt"])).collect();
    assert_eq!(left, [(&published[1]["id"], &published[1]["expiresAt"])]);
    assert_eq!(page.post("/topic/offer", &own).await.status, 200, "its code is free again");
    end(server).await;
    assert_eq!(place.rows("offers"), Ok(2), "what had expired has left the file");
}

#[tokio::test]
async fn a_spent_nonce_is_spent_for_the_next_process_too() {
    let place = Place::new();
    let server = place.server(&[]).await;
    let key = Tagger::new(server.address, 1);
    let params = json!({"tags": ["a"], "offers": [{"sdp": "s"}]});
    let request = json!([key.request("publishOffer", params)]);
    let refused = "Nonce already used (replay attack detected)";
    let mut line = Line::new(server.address, false);
    result(line.reply(&request).await);
    assert_eq!(line.reply(&request).await["error"], refused);
    end(server).await;
    let server = place.server(&[]).await;
    let mut line = Line::new(server.address, false);
    assert_eq!(line.reply(&request).await["error"], refused);
    let found: Value = result(line.reply(&json!([{"method": "countOffersByTags", "params": {"tags": ["a"]}}])).await);
    assert_eq!(found, json!({"counts": {"a": 1}}));
}
