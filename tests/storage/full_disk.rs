//! The disk is full: what cannot be kept is refused, what is kept is told, and when there is room again all goes on by itself.
//!
//! A process with a limit on the size of its files stands for a full disk: a write beyond it fails, and no root is needed.

use meetpoint_scorecard::{Goal, figure};
use serde_json::{Value, json};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::crowd::{Crowd, Line, Told, UNAVAILABLE};
use crate::orderly::end;
use crate::place::{Place, path, settings};
use crate::support::PATIENCE;
use crate::support::http;
use crate::support::rondevu::client::{OfferPeer, Page, Tagger, User};
use crate::support::server::{Server, meetpoint_after};

/// A server that gets an error, and not the signal, for what goes beyond the limit.
pub async fn limitable(place: &Place) -> Server {
    let command = meetpoint_after("trap '' XFSZ", &settings(&path(&place.file())));
    Server::launch(command).await
}

/// Leaves no room: less than a page.
async fn fill(server: &Server, place: &Place) {
    const LESS_THAN_A_PAGE: u64 = 1000;
    limit(server, &(place.largest() + LESS_THAN_A_PAGE).to_string()).await;
}

async fn make_room(server: &Server) {
    limit(server, "unlimited").await;
}

async fn limit(server: &Server, bytes: &str) {
    let (pid, limit) = (server.id().to_string(), format!("--fsize={bytes}:unlimited"));
    let limited = Command::new("prlimit").args(["--pid", &pid, &limit]).status().await;
    assert!(limited.expect("prlimit is installed").success());
}

/// Waits until the readiness is as expected.
pub async fn ready(server: &Server, ready: bool) {
    const BETWEEN_LOOKS: std::time::Duration = std::time::Duration::from_millis(20);
    let expected = match ready {
        true => (200, json!({"ready": true})),
        false => (503, json!({"ready": false, "reason": "storage unavailable"})),
    };
    let becomes = async {
        loop {
            let answer = http::get(server.address, "/readyz").await;
            if (answer.status, answer.json()) == expected {
                break;
            }
            sleep(BETWEEN_LOOKS).await;
        }
    };
    timeout(PATIENCE, becomes).await.unwrap_or_else(|_| panic!("never {expected:?}"));
}

/// One change on each wire, each of which can be asked for again.
struct Changes {
    page: Page,
    code: String,
    peer: OfferPeer,
    user: User,
    tagged: Value,
}

impl Changes {
    async fn new(server: &Server) -> Self {
        let server = server.address;
        let page = Page { server, origin: "https://a.example" };
        let code = page.announce("topic").await;
        let (peer, user) = (OfferPeer::register(server).await, User::new(server, "alice", 1));
        let params = json!({"tags": ["full"], "offers": [{"sdp": "s"}]});
        Self { page, code, peer, user, tagged: json!([Tagger::new(server, 1).request("publishOffer", params)]) }
    }

    /// Asks for all of them; whether each was done.
    async fn ask(&self, line: &mut Line) -> Vec<bool> {
        let origin = [("Origin", self.page.origin)];
        let announce = json!({"info": "i", "offer": "s", "code": "own"});
        let answer = json!({"code": self.code, "side": "answerer", "answer": "refused"});
        let authorization = format!("Bearer {}:{}", self.peer.id, self.peer.secret);
        let proof = [("Authorization", authorization.as_str())];
        let offers = json!({"offers": [{"sdp": "s", "topics": ["full"]}]});
        let service = json!({"serviceFqn": "chat:1.0.0@alice", "offers": [{"sdp": "s1"}, {"sdp": "s2"}]});
        let told = [
            line.change("POST", "/topic/offer", &origin, &announce).await,
            line.change("POST", "/answer", &origin, &answer).await,
            line.change("POST", "/offers", &proof, &offers).await,
            line.call(&self.user.request("publishService", service)).await,
            line.call(&self.tagged).await,
        ];
        told.iter().map(|told| matches!(told, Told::Done(_))).collect()
    }

    /// Whether each of them is seen.
    async fn seen(&self, line: &mut Line) -> Vec<bool> {
        let session = self.page.poll("own", "answerer", json!({})).await.status == 200;
        let answer = self.page.poll(&self.code, "offerer", json!({})).await.json()["answer"] == "refused";
        let offer = self.peer.get("/offers/mine").await.json()["offers"][0].is_object();
        let name = self.user.request("getUser", json!({"username": "alice"}));
        let name = line.reply(&name).await["result"]["available"] == false;
        let count = json!([{"method": "countOffersByTags", "params": {"tags": ["full"]}}]);
        let tagged = line.reply(&count).await["result"]["counts"]["full"] == 1;
        vec![session, answer, offer, name, tagged]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_changes_and_nothing_else_until_it_has_room() {
    let place = Place::new();
    let mut server = limitable(&place).await;
    let mut crowd = Crowd::new(server.address, 200).await;
    crowd.work_for(server.address, 30).await;
    let changes = Changes::new(&server).await;
    let mut line = Line::new(server.address, true);
    ready(&server, true).await;

    fill(&server, &place).await;
    assert_eq!(changes.ask(&mut line).await, [false; 5]);
    ready(&server, false).await;
    assert_eq!(http::get(server.address, "/healthz").await.status, 200);
    assert_eq!(changes.seen(&mut line).await, [false; 5], "what was refused is seen");
    crowd.check(server.address).await;
    assert_eq!(changes.ask(&mut line).await, [false; 5], "the disk is as full as before");

    make_room(&server).await;
    ready(&server, true).await;
    assert_eq!(changes.ask(&mut line).await, [true; 5], "what was refused can be asked for again, word for word");
    assert_eq!(changes.seen(&mut line).await, [true; 5]);
    crowd.work_for(server.address, 30).await;
    server.kill().await;
    server.assert_no_panic();
    place.assert_sound();
    crowd.check(place.server(&[]).await.address).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_now_and_then_keeps_what_was_acknowledged_and_nothing_that_was_refused() {
    const TIMES: usize = 4;
    let place = Place::new();
    let mut server = limitable(&place).await;
    let mut crowd = Crowd::new(server.address, 201).await;
    let (tally, address) = (crowd.tally(), server.address);
    let now_and_then = async {
        for time in 1..=TIMES {
            let done = tally.counts().done + 10;
            tally.until(|counts| counts.done >= done).await;
            fill(&server, &place).await;
            let refused = tally.counts().refused + 10;
            tally.until(|counts| counts.refused >= refused).await;
            ready(&server, false).await;
            if time < TIMES {
                make_room(&server).await;
                ready(&server, true).await;
            }
        }
        server.kill().await;
    };
    tokio::join!(crowd.work(address), now_and_then);
    server.assert_no_panic();
    place.assert_sound();
    crowd.check(place.server(&[]).await.address).await;
    let counts = tally.counts();
    figure("F11", "times that the disk was full", TIMES as f64, "", Goal::Told);
    figure("F11", "changes refused meanwhile, each with 503", counts.refused as f64, "", Goal::AtLeast(1.0));
    figure("F11", "changes acknowledged meanwhile and lost", 0.0, "", Goal::Exactly(0.0));
    figure("F11", "restarts needed to go on", 0.0, "", Goal::Exactly(0.0));
}

#[tokio::test]
async fn a_server_with_a_full_disk_ends_in_order() {
    let place = Place::new();
    let server = limitable(&place).await;
    let page = Page { server: server.address, origin: "https://a.example" };
    let code = page.announce("topic").await;
    fill(&server, &place).await;
    let refused = page.say(&code, "answerer", "answer", "refused").await;
    assert_eq!((refused.status, refused.error().as_str()), (503, UNAVAILABLE));
    end(server).await;
    let server = place.server(&[]).await;
    let page = Page { server: server.address, ..page };
    assert_eq!(page.poll(&code, "offerer", json!({})).await.json()["answer"], Value::Null);
}
